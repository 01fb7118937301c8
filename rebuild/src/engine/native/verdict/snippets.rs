//! Scripts that debhelper wrote.

/// Whether every statement of a script stands between debhelper's markers (debhelper(7), dh_installdeb(1)); what may stand outside
/// is the frame that package templates have: `set -e`, `exit 0`, comments.
pub fn only_snippets(script: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(script) else { return false };
    let (mut inside, mut any) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("# Automatically added by dh") {
            (inside, any) = (true, true);
        } else if line.starts_with("# End automatically added section") {
            inside = false;
        } else if !(inside || line.is_empty() || line.starts_with('#') || matches!(line, "set -e" | "exit 0")) {
            return false;
        }
    }
    any && !inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_and_their_frame() {
        let snippet = "# Automatically added by dh_x/1.2\nfoo\n# End automatically added section\n";
        assert!(only_snippets(format!("#!/bin/sh\nset -e\n{snippet}\nexit 0\n").as_bytes()));
        assert!(!only_snippets(format!("#!/bin/sh\nset -e\nrm x\n{snippet}").as_bytes()));
        assert!(!only_snippets(b"#!/bin/sh\nset -e\n"));
    }
}
