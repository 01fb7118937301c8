//! Programs of other languages that stand in a command line or a script: `perl -MJSON -e '…'`, `node -r dotenv/config`, `python3 - <<END`.

use super::{Finding, Language, Scene, awk, calls, node, perl, php, python, tcl};
use crate::path::ImagePath;

/// How an interpreter is told a program on its command line.
struct Teller {
    /// What its name begins with.
    name: &'static str,
    language: Language,
    /// The last letters of options whose argument is a program.
    text: &'static [&'static str],
    /// Options whose argument is a module that is loaded first, glued to them or not.
    module: &'static [&'static str],
    /// How the language says that it loads a module.
    import: [&'static str; 2],
}

const TELLERS: [Teller; 8] = [
    Teller { name: "python", language: Language::Python, text: &["c"], module: &[], import: ["", ""] },
    Teller { name: "perl", language: Language::Perl, text: &["e", "E"], module: &["-M", "-m"], import: ["use ", ";"] },
    Teller {
        name: "plackup",
        language: Language::Perl,
        text: &["e"],
        module: &["-s", "--server"],
        import: ["use Plack::Handler::", ";"],
    },
    Teller { name: "ruby", language: Language::Perl, text: &["e"], module: &[], import: ["", ""] },
    Teller {
        name: "node",
        language: Language::Script,
        text: &["e", "p", "-eval", "-print"],
        module: &["-r", "--require", "--import"],
        import: ["require('", "')"],
    },
    Teller { name: "php", language: Language::Php, text: &["r"], module: &[], import: ["", ""] },
    Teller { name: "lua", language: Language::Lua, text: &["e"], module: &[], import: ["", ""] },
    Teller { name: "expect", language: Language::Tcl, text: &["c"], module: &[], import: ["", ""] },
];

/// The program that an interpreter is told by its options: modules to load first, and a text. `None` where it is told none of both.
pub(super) fn told(name: &str, arguments: &[String]) -> Option<(Language, String)> {
    let teller = TELLERS.iter().find(|teller| name.starts_with(teller.name))?;
    let takes_text = |argument: &String| {
        argument.strip_prefix('-').is_some_and(|option| {
            teller.text.iter().any(|end| option == *end || !option.starts_with('-') && option.ends_with(end))
        })
    };
    let mut lines = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let next = arguments.get(index + 1);
        let module = teller.module.iter().find_map(|option| match argument.strip_prefix(option)? {
            "" => next.map(String::as_str),
            glued => Some(glued.trim_start_matches('=')),
        });
        if let Some(module) = module {
            // Perl: `-MList::Util=sum`, `-M-strict`.
            let module = module.split('=').next().unwrap_or(module);
            lines.push(format!("{}{module}{}", teller.import[0], teller.import[1]));
        }
        if takes_text(argument) {
            lines.extend(next.cloned());
            break;
        }
    }
    (!lines.is_empty()).then(|| (teller.language, lines.join("\n")))
}

/// Adds what a program uses that stands in another file: commands that it starts, modules that it loads.
pub(super) fn find(
    scene: &Scene<'_>,
    from: Option<&ImagePath>,
    place: &str,
    language: Language,
    text: &str,
    finding: &mut Finding,
) {
    if language == Language::Awk {
        return awk::text(scene, from, place, text, finding);
    }
    calls::text(scene, from, place, language, text, finding);
    if language == Language::Python {
        return python::text(scene, from, text, finding);
    }
    // What the image's configuration holds has no file that could load modules.
    let Some(path) = from else { return };
    match language {
        Language::Perl => perl::find(scene, path, text.as_bytes(), finding),
        Language::Script => node::find(scene, path, text.as_bytes(), false, finding),
        Language::Php => php::find(scene, path, text.as_bytes(), finding),
        Language::Tcl => tcl::find(scene, path, text.as_bytes(), finding),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_tell_programs() {
        for (line, expected) in [
            ("perl -ne TEXT x", "TEXT"),
            ("perl -MJSON -MList::Util=sum -e TEXT", "use JSON;|use List::Util;|TEXT"),
            ("perl -w x -e", ""),
            ("plackup -s Starman x", "use Plack::Handler::Starman;"),
            ("node -r dotenv/config x.js", "require('dotenv/config')"),
            ("node --require=m --eval TEXT", "require('m')|TEXT"),
            ("php -r TEXT", "TEXT"),
            ("python3.11 -Ic TEXT", "TEXT"),
            ("expect -c TEXT", "TEXT"),
            ("cat -e TEXT", ""),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let found = told(&words[0], &words[1..]).map(|(_, text)| text.replace('\n', "|")).unwrap_or_default();
            assert_eq!(found, expected, "{line}");
        }
    }
}
