//! The recipe files, built into the program.

macro_rules! recipes {
    ($($file:literal),* $(,)?) => { &[$(($file, include_str!(concat!("../", $file)))),*] };
}

/// Name and text of every file, sorted by name.
pub(crate) const EMBEDDED: &[(&str, &str)] = recipes![
    "distros/alpine.yaml",
    "distros/debian.yaml",
    "packages/apache.yaml",
    "packages/ca-certificates.yaml",
    "packages/callers.yaml",
    "packages/crypto.yaml",
    "packages/databases.yaml",
    "packages/glibc.yaml",
    "packages/kerberos.yaml",
    "packages/nginx.yaml",
    "packages/openssl.yaml",
    "packages/pam.yaml",
    "packages/redis.yaml",
    "packages/selinux.yaml",
    "packages/servers.yaml",
    "packages/supervisors.yaml",
    "packages/toolkits.yaml",
    "packages/tools.yaml",
    "runtimes/languages.yaml",
    "runtimes/launch.yaml",
    "runtimes/perl.yaml",
    "runtimes/php.yaml",
    "runtimes/python.yaml",
    "scripts/debian-scripts.yaml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_in_order() {
        let mut files = Vec::new();
        for directory in ["distros", "packages", "runtimes", "scripts"] {
            for entry in std::fs::read_dir(format!("{}/{directory}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
                files.push(format!("{directory}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        files.sort();
        assert_eq!(files, EMBEDDED.iter().map(|(file, _)| *file).collect::<Vec<_>>());
    }

    #[test]
    fn a_file_is_named_after_its_recipe() {
        for (file, text) in EMBEDDED {
            let table = crate::Recipes::parse(file, text).unwrap();
            assert!(file.ends_with(&format!("/{}.yaml", table.recipes()[0].id)), "{file}");
        }
    }
}
