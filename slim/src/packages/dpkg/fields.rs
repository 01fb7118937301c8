//! How dpkg writes a stanza: which fields, in which order, in which form (deb-control(5); the field table of dpkg's parser).

use super::version::Version;
use std::borrow::Cow;

/// What a field's value is, as far as writing it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it stands.
    Text,
    /// `yes`, or not written at all.
    Flag,
    /// One of dpkg's own words: written in lower case, and `no` not at all.
    Word,
    /// A list of relations; `true` when alternatives (`|`) are allowed.
    Relations(bool),
    /// A version: an epoch of zero is not written.
    Version,
    /// Written from what dpkg itself knows, never from a package.
    State,
    /// Of archives only: never written to the status file.
    Archive,
}

/// All fields that dpkg knows, in the order in which it writes them.
const KNOWN: [(&str, Form); 29] = [
    ("Package", Form::Text),
    ("Essential", Form::Flag),
    ("Protected", Form::Flag),
    ("Status", Form::State),
    ("Priority", Form::Word),
    ("Section", Form::Text),
    ("Installed-Size", Form::Text),
    ("Origin", Form::Text),
    ("Maintainer", Form::Text),
    ("Bugs", Form::Text),
    ("Architecture", Form::Text),
    ("Multi-Arch", Form::Word),
    ("Source", Form::Text),
    ("Version", Form::Version),
    ("Config-Version", Form::State),
    ("Replaces", Form::Relations(false)),
    ("Provides", Form::Relations(false)),
    ("Depends", Form::Relations(true)),
    ("Pre-Depends", Form::Relations(true)),
    ("Recommends", Form::Relations(true)),
    ("Suggests", Form::Relations(true)),
    ("Breaks", Form::Relations(false)),
    ("Conflicts", Form::Relations(false)),
    ("Enhances", Form::Relations(true)),
    ("Conffiles", Form::State),
    ("Filename", Form::Archive),
    ("Size", Form::Archive),
    ("MD5sum", Form::Archive),
    ("Description", Form::Text),
];

/// Fields that only dpkg may write and that are not part of [`KNOWN`]'s places.
const STATE_ONLY: [&str; 2] = ["Triggers-Pending", "Triggers-Awaited"];

/// A control file that dpkg would not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {reason}: {value:?}")]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub reason: &'static str,
    /// The value, or the part of it that is wrong.
    pub value: String,
}

fn error(field: &str, reason: &'static str, value: &[u8]) -> FieldError {
    FieldError { field: field.into(), reason, value: String::from_utf8_lossy(value).into_owned() }
}

/// The fields of a paragraph as dpkg's parser cuts them: blanks after the colon and at the very end go, a newline right after the
/// colon and trailing blanks of inner lines stay.
pub fn fields(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let mut end = line_end(rest, 0);
            while matches!(rest.get(end), Some(b' ' | b'\t')) {
                end = line_end(rest, end);
            }
            let (field, tail) = rest.split_at(end);
            rest = tail;
            let Some(colon) = memchr::memchr(b':', field).filter(|_| field.first() != Some(&b'#')) else { continue };
            let value = &field[colon + 1..];
            let start = value.iter().position(|b| *b == b'\n' || !b.is_ascii_whitespace()).unwrap_or(value.len());
            return Some((field[..colon].trim_ascii(), value[start..].trim_ascii_end()));
        }
    })
}

fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at + 1)
}

fn find<'a>(raw: &'a [u8], name: &str) -> Option<&'a [u8]> {
    fields(raw).find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
}

/// Writes the stanza that dpkg would write for an installed package with this control file.
///
/// `status` is the value of `Status`, `conffiles` the lines of `Conffiles` (without the leading newline; empty for none), `old` the
/// stanza that is replaced: its priority and section stay where the control file names none.
///
/// # Errors
/// When the control file has a field that only dpkg may write, or relations that dpkg does not accept.
pub fn compose(control: &[u8], status: &str, conffiles: &str, old: Option<&[u8]>) -> Result<Vec<u8>, FieldError> {
    let mut stanza = Vec::with_capacity(control.len() + 128);
    for name in STATE_ONLY.iter().chain(&["Status", "Config-Version"]) {
        if let Some(value) = find(control, name) {
            return Err(error(name, "only dpkg itself may write it", value));
        }
    }
    for (name, form) in KNOWN {
        let value = match (name, form) {
            ("Status", _) => Some(Cow::Borrowed(status.as_bytes())),
            ("Conffiles", _) if !conffiles.is_empty() => {
                stanza.extend_from_slice(b"Conffiles:\n");
                stanza.extend_from_slice(conffiles.trim_end_matches('\n').as_bytes());
                stanza.push(b'\n');
                None
            }
            (_, Form::State | Form::Archive) => None,
            ("Priority" | "Section", _) => {
                let own = find(control, name).filter(|value| !value.is_empty());
                let value = own.or_else(|| old.and_then(|old| find(old, name)));
                value.map(|value| written(name, form, value)).transpose()?.flatten()
            }
            _ => find(control, name).map(|value| written(name, form, value)).transpose()?.flatten(),
        };
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line(&mut stanza, name.as_bytes(), &value);
        }
    }
    for (name, value) in fields(control) {
        let known = KNOWN.iter().any(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
            || name.eq_ignore_ascii_case(b"MSDOS-Filename");
        if !known {
            line(&mut stanza, name, value);
        }
    }
    Ok(stanza)
}

fn line(stanza: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    stanza.extend_from_slice(name);
    stanza.extend_from_slice(b": ");
    stanza.extend_from_slice(value);
    stanza.push(b'\n');
}

fn written<'a>(name: &str, form: Form, value: &'a [u8]) -> Result<Option<Cow<'a, [u8]>>, FieldError> {
    Ok(match form {
        Form::Text | Form::State | Form::Archive => Some(Cow::Borrowed(value)),
        Form::Flag => value.eq_ignore_ascii_case(b"yes").then_some(Cow::Borrowed(&b"yes"[..])),
        Form::Word if value.eq_ignore_ascii_case(b"no") => None,
        Form::Word => Some(Cow::Owned(value.to_ascii_lowercase())),
        Form::Version => {
            let text = String::from_utf8_lossy(value);
            Version::new(&text).map_err(|_| error(name, "expected a version (deb-version(7))", value))?;
            Some(Cow::Borrowed(without_zero_epoch(value)))
        }
        Form::Relations(alternatives) => Some(Cow::Owned(relations(name, value, alternatives)?)),
    })
}

/// A version as dpkg writes it and hands it to scripts: an epoch of zero goes unsaid.
pub fn without_zero_epoch(version: &[u8]) -> &[u8] {
    match version.iter().position(|b| *b == b':') {
        Some(colon)
            if colon > 0 && version[..colon].iter().all(|b| *b == b'0') && !version[colon + 1..].contains(&b':') =>
        {
            &version[colon + 1..]
        }
        _ => version,
    }
}

/// Rewrites a list of relations in dpkg's form: `a (>= 1) | b:any, c`.
///
/// # Errors
/// When dpkg would refuse the list, alternatives where there may be none among them.
pub fn relations(field: &str, value: &[u8], alternatives: bool) -> Result<Vec<u8>, FieldError> {
    let mut out = Vec::with_capacity(value.len());
    if value.trim_ascii().is_empty() {
        return Ok(out);
    }
    for (index, group) in value.split(|b| *b == b',').enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        for (index, relation) in group.split(|b| *b == b'|').enumerate() {
            if index > 0 {
                if !alternatives {
                    return Err(error(field, "alternatives ('|') are not allowed", group));
                }
                out.extend_from_slice(b" | ");
            }
            write_relation(&mut out, field, relation.trim_ascii())?;
        }
    }
    Ok(out)
}

fn write_relation(out: &mut Vec<u8>, field: &str, relation: &[u8]) -> Result<(), FieldError> {
    let (name, version) = match relation.iter().position(|b| *b == b'(') {
        Some(open) => {
            let inner = relation[open + 1..].trim_ascii_end().strip_suffix(b")");
            let inner = inner.ok_or_else(|| error(field, "expected ')'", relation))?;
            (relation[..open].trim_ascii(), Some(inner.trim_ascii()))
        }
        None => (relation, None),
    };
    if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
        return Err(error(field, "expected a package name", relation));
    }
    out.extend_from_slice(name);
    let Some(version) = version else { return Ok(()) };
    let sign = version.iter().take_while(|b| matches!(b, b'<' | b'>' | b'=')).count();
    let (operator, version) = version.split_at(sign);
    // A single `<` or `>` is an old spelling that always meant "or equal".
    let operator: &[u8] = match operator {
        b"" | b"=" => b"=",
        b"<" | b"<=" => b"<=",
        b">" | b">=" => b">=",
        b"<<" => b"<<",
        b">>" => b">>",
        _ => return Err(error(field, "unknown relation operator", operator)),
    };
    let version = version.trim_ascii();
    if version.is_empty() || version.iter().any(u8::is_ascii_whitespace) {
        return Err(error(field, "expected a version", relation));
    }
    out.extend_from_slice(b" (");
    out.extend_from_slice(operator);
    out.push(b' ');
    out.extend_from_slice(without_zero_epoch(version));
    out.push(b')');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_take_dpkgs_form() {
        let write = |text: &str| relations("Depends", text.as_bytes(), true).map(|v| String::from_utf8(v).unwrap());
        for (text, expected) in [
            ("a(>=1)|b , c", "a (>= 1) | b, c"),
            ("libc6 (>= 2.34),\n  python3:any (<< 3.12)", "libc6 (>= 2.34), python3:any (<< 3.12)"),
            ("a (> 1), b (<2), c ( = 0:3 )", "a (>= 1), b (<= 2), c (= 3)"),
            ("", ""),
        ] {
            assert_eq!(write(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["a,", "a (>= 1", "(>= 1)", "a b", "a (=> 1)", "a (>=)"] {
            assert!(write(text).is_err(), "{text}");
        }
        assert!(relations("Breaks", b"a | b", false).is_err(), "dpkg refuses alternatives in Breaks");
    }

    #[test]
    fn a_stanza_has_dpkgs_order_names_and_forms() {
        let control = b"x-custom: 1\ndescription: short \n long\npackage: a\nVERSION: 0:1.0\nMulti-Arch: no\nBreaks: b(<<1)\nEssential: no\n\
            Depends: \nSize: 5\npriority: Optional\nArchitecture: all\nX-Lines:\n one\n two\n";
        let old = b"Package: a\nSection: admin\nPriority: extra\n";
        let stanza = compose(control, "install ok installed", " /etc/a 00\n", Some(old)).unwrap();
        let expected = "Package: a\nStatus: install ok installed\nPriority: optional\nSection: admin\nArchitecture: all\nVersion: 1.0\n\
            Breaks: b (<< 1)\nConffiles:\n /etc/a 00\nDescription: short \n long\nx-custom: 1\nX-Lines: \n one\n two\n";
        assert_eq!(String::from_utf8(stanza).unwrap(), expected);
    }

    #[test]
    fn fields_of_dpkgs_own_are_refused() {
        assert!(compose(b"Package: a\nStatus: install ok installed\n", "x", "", None).is_err());
        assert!(compose(b"Package: a\nTriggers-Pending: x\n", "x", "", None).is_err());
    }
}
