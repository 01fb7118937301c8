//! The Java keystore of trusted certificates, as ca-certificates-java's program keeps it in `/etc/ssl/certs/java/cacerts`.
//!
//! The program reads lines `+FILE` and `-FILE`, and adds or removes the certificate under the alias `debian:` with the file's name. A
//! certificate that is added carries the time of that; here it is the draft's.

mod jks;

use super::certificates::subject;
use super::{Output, path, read, unproven, write};
use crate::engine::native::script::Unproven;
use jks::Keystore;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// The one file that the program knows.
const FILE: &str = "/etc/ssl/certs/java/cacerts";

/// Does what the lines ask for.
///
/// # Errors
/// When the keystore is not one of trusted certificates alone, for another password, and for files that are not one certificate.
pub fn update(draft: &mut Draft<'_>, password: &str, lines: &[u8]) -> Result<Output, Unproven> {
    let file = ImagePath::literal(FILE);
    let old = read(draft, &file)?;
    let mut keystore = match &old {
        Some(bytes) => Keystore::read(bytes, password).map_err(|reason| unproven(FILE, reason))?,
        None => Keystore::default(),
    };
    let now = draft.now.seconds.saturating_mul(1000);
    let lines = std::str::from_utf8(lines).map_err(|_| unproven(FILE, "names that are not UTF-8"))?;
    let (mut added, mut removed) = (0, 0);
    for line in lines.lines() {
        // Java sees no difference between names of other capitals.
        let alias = |name: &str| format!("debian:{}", name.rsplit('/').next().unwrap_or(name)).to_lowercase();
        if let Some(name) = line.strip_prefix('+') {
            let text = read(draft, &path(name)?)?.ok_or_else(|| unproven(name, "the certificate is not there"))?;
            let certificate = subject::certificate(&text).map_err(|_| unproven(name, "not one certificate"))?;
            keystore.remove(&alias(name));
            keystore.add(alias(name), now, certificate);
            added += 1;
        } else if let Some(name) = line.strip_prefix('-') {
            removed += usize::from(keystore.remove(&alias(name)));
        } else {
            return Err(unproven(FILE, format!("line {line:?} is not known")));
        }
    }
    let bytes = keystore.write(password).map_err(|reason| unproven(FILE, reason))?;
    let changed = old.as_ref() != Some(&bytes);
    match &old {
        None => {
            let place = super::place(draft, &file);
            draft.put(place, Node { mtime: draft.now, ..Node::file(bytes) });
        }
        Some(_) if changed => write(draft, &file, bytes)?,
        Some(_) => {}
    }
    let summary = format!("{added} certificates added to the Java keystore, {removed} removed");
    Ok(Output::done(if changed { summary } else { String::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slim::tree::{MemoryContents, text};

    const TREE: &str = "/etc/ssl/certs/java/\n/c/A.pem = -----BEGIN CERTIFICATE-----\\nAAEC\\n-----END CERTIFICATE-----\\n\n\
        /c/two.pem = -----BEGIN CERTIFICATE-----\\nAAEC\\n-----END CERTIFICATE-----\\n-----BEGIN CERTIFICATE-----\\nAAEC\\n-----END CERTIFICATE-----\\n";

    fn keystore(draft: &Draft<'_>) -> Vec<u8> {
        draft.read(&ImagePath::literal(FILE)).unwrap().unwrap()
    }

    #[test]
    fn certificates_come_and_go_by_their_files_names() {
        let mut draft = Draft::new(text::tree(TREE).unwrap(), &MemoryContents);
        update(&mut draft, "changeit", b"+/c/A.pem\n").unwrap();
        let bytes = keystore(&draft);
        assert!(bytes.windows(12).any(|window| window == b"debian:a.pem"), "an alias is in small letters");
        assert!(bytes.windows(3).any(|window| window == [0, 1, 2]));
        update(&mut draft, "changeit", b"-/c/gone.pem\n").unwrap();
        assert_eq!(keystore(&draft), bytes);
        update(&mut draft, "changeit", b"-/c/A.pem\n").unwrap();
        assert!(keystore(&draft).len() < bytes.len());
    }

    #[test]
    fn what_the_program_would_take_otherwise_is_not_known() {
        for (password, lines) in
            [("changeit", &b"+/c/nope.pem"[..]), ("changeit", b"+/c/two.pem"), ("changeit", b"?"), ("other", b"")]
        {
            let mut draft = Draft::new(text::tree(TREE).unwrap(), &MemoryContents);
            update(&mut draft, "changeit", b"+/c/A.pem\n").unwrap();
            assert!(update(&mut draft, password, lines).is_err(), "{password} {lines:?}");
        }
    }
}
