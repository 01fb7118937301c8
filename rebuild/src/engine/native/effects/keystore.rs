//! The Java keystore of trusted certificates, as ca-certificates-java's program keeps it in `/etc/ssl/certs/java/cacerts`.
//!
//! The program reads lines `+FILE` and `-FILE`, and adds or removes the certificate under the alias `debian:` with the file's name. A
//! certificate that is added carries the time of that; here it is the draft's.

mod jks;

use super::certificates::subject;
use super::{Output, path, read, unproven, write};
use crate::engine::native::script::Unproven;
use base64::Engine as _;
use jks::Keystore;
use slim::draft::Draft;
use slim::path::ImagePath;
use slim::tree::Node;

/// The one file that the program knows.
pub const FILE: &str = "/etc/ssl/certs/java/cacerts";

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

/// What `keytool -list -rfc` says of it: the certificates by alias, as PEM.
///
/// # Errors
/// When the keystore is not there, not one of trusted certificates alone, or for another password.
pub fn list(draft: &Draft<'_>, password: &str) -> Result<String, Unproven> {
    let bytes = read(draft, &ImagePath::literal(FILE))?.ok_or_else(|| unproven(FILE, "there is none"))?;
    let keystore = Keystore::read(&bytes, password).map_err(|reason| unproven(FILE, reason))?;
    let mut entries: Vec<_> = keystore.entries().collect();
    entries.sort_by_key(|entry| entry.alias.encode_utf16().collect::<Vec<_>>());
    let mut text =
        format!("Keystore type: JKS\nKeystore provider: SUN\n\nYour keystore contains {} entries\n\n", entries.len());
    for entry in entries {
        let created = jiff::Timestamp::from_millisecond(entry.created)
            .map_err(|_| unproven(FILE, format!("{} has no date", entry.alias)))?;
        let certificate = base64::engine::general_purpose::STANDARD.encode(&entry.certificate);
        // Java's encoder ends the lines of a text by CR and LF, all but the last.
        let lines: Vec<&str> =
            certificate.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        text.push_str(&format!(
            "Alias name: {}\nCreation date: {}\nEntry type: trustedCertEntry\n\n-----BEGIN CERTIFICATE-----\n{}\n\
             -----END CERTIFICATE-----\n\n\n{STARS}\n{STARS}\n\n\n",
            entry.alias,
            created.strftime("%b %-d, %Y"),
            lines.join("\r\n"),
        ));
    }
    Ok(text)
}

/// What keytool prints between two entries.
const STARS: &str = "*******************************************";

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

    /// Held against keytool of OpenJDK 17.
    #[test]
    fn a_keystore_is_listed_by_alias() {
        let mut draft = Draft::new(text::tree(TREE).unwrap(), &MemoryContents);
        draft.now.seconds = 1_795_478_400;
        let long = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "AAEC".repeat(20));
        draft.put(ImagePath::literal("/c/B.pem"), Node::file(long.into_bytes()));
        update(&mut draft, "changeit", b"+/c/B.pem\n+/c/A.pem\n").unwrap();
        assert_eq!(
            list(&draft, "changeit").unwrap(),
            format!(
                "Keystore type: JKS\nKeystore provider: SUN\n\nYour keystore contains 2 entries\n\n\
                 Alias name: debian:a.pem\nCreation date: Nov 24, 2026\nEntry type: trustedCertEntry\n\n\
                 -----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n\n\n{STARS}\n{STARS}\n\n\n\
                 Alias name: debian:b.pem\nCreation date: Nov 24, 2026\nEntry type: trustedCertEntry\n\n\
                 -----BEGIN CERTIFICATE-----\n{}\r\n{}\n-----END CERTIFICATE-----\n\n\n{STARS}\n{STARS}\n\n\n",
                "AAEC".repeat(16),
                "AAEC".repeat(4)
            )
        );
        assert!(list(&draft, "other").is_err());
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
