//! What a program starts because of its options, by the recipes' tables of them: `tar -czf x.tgz`, `split --filter 'gzip > $FILE'`.

use recipes::Options;

/// What a command line starts beside its program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Started {
    /// Texts for the shell.
    pub texts: Vec<String>,
    /// Programs.
    pub programs: Vec<String>,
}

/// What arguments have a program start.
pub(super) fn started(options: &Options, arguments: &[String]) -> Started {
    let mut started = Started::default();
    for (index, argument) in arguments.iter().enumerate() {
        let next = arguments.get(index + 1);
        for option in &options.texts {
            started.texts.extend(value(option, argument, next, options.letters));
        }
        let letters = letters(argument, index == 0).filter(|_| options.letters);
        for (option, programs) in &options.programs {
            let name = option.trim_start_matches('-');
            let is_letter = name.len() == 1 && letters.is_some_and(|letters| letters.contains(name));
            if is_letter
                || argument == option
                || argument.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
            {
                started.programs.extend(programs.iter().cloned());
            }
        }
        let file = options.files.iter().find_map(|option| argument.strip_prefix(option)?.strip_prefix('='));
        let operand = file.unwrap_or(argument);
        let is_computed = operand.contains('$') && !operand.starts_with('-');
        for (_, programs) in options.ends.iter().filter(|(end, _)| is_computed || argument.ends_with(end.as_str())) {
            started.programs.extend(programs.iter().cloned());
        }
    }
    started
}

/// The value of an option, or what stands behind the beginning of an operand (`EXEC:`).
fn value(option: &str, argument: &str, next: Option<&String>, has_letters: bool) -> Option<String> {
    if !option.starts_with('-') {
        // Options of the operand itself follow its command.
        return argument.strip_prefix(option).map(|rest| rest.split(',').next().unwrap_or(rest).to_owned());
    }
    let is_last =
        || option.len() == 2 && letters(argument, false).is_some_and(|letters| letters.ends_with(&option[1..]));
    if argument == option || has_letters && is_last() {
        return next.cloned();
    }
    let rest = argument.strip_prefix(option)?;
    let glued = if option.starts_with("--") { rest.strip_prefix('=')? } else { rest };
    Some(glued.to_owned())
}

/// The letters of options that stand together.
fn letters(argument: &str, is_first: bool) -> Option<&str> {
    let letters = argument.strip_prefix('-').or(is_first.then_some(argument))?;
    (!letters.is_empty() && letters.chars().all(|c| c.is_ascii_alphabetic())).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_start_programs() {
        let options = Options {
            texts: ["--filter", "-I", "EXEC:"].map(str::to_owned).to_vec(),
            programs: [("-z".into(), vec!["gzip".into()]), ("--xz".into(), vec!["xz".into()])].into(),
            ends: [(".tgz".into(), vec!["gzip".into()])].into(),
            files: vec!["--file".into()],
            letters: true,
            ..Options::default()
        };
        for (line, texts, programs) in [
            ("--filter A b", "A", ""),
            ("--filter=A", "A", ""),
            ("-I A", "A", ""),
            ("-IA", "A", ""),
            ("-xI A", "A", ""),
            ("--file=$a", "", "gzip"),
            ("EXEC:A,pty -", "A", ""),
            ("czf a b", "", "gzip"),
            ("-xzf a", "", "gzip"),
            ("a z", "", ""),
            ("--zone", "", ""),
            ("--xz", "", "xz"),
            ("xf a.tgz", "", "gzip"),
            ("xf $a", "", "gzip"),
            ("-C$a x", "", ""),
        ] {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let started = started(&options, &arguments);
            assert_eq!(
                (started.texts.join(" ").as_str(), started.programs.join(" ").as_str()),
                (texts, programs),
                "{line}"
            );
        }
        let without = Options { letters: false, ..options };
        assert_eq!(started(&without, &["czf".to_owned()]), Started::default());
    }
}
