//! Quoted texts of sources, by each language's ways to quote.

use super::Language;

/// How many characters a text may have that goes over several lines, or stands between signs of its own, as in `qx(…)`.
const TEXT_LIMIT: usize = 1 << 13;

/// How many lines a document may have.
const DOCUMENT_LIMIT: usize = 512;

/// How many commands between signs of their own a line may hold.
const LITERAL_LIMIT: usize = 64;

/// What may open a text behind Perl's `q`, `qq` and `qw`. Other signs it may be mean other things in Ruby, as in `|q|`.
const BRACKETS: [char; 4] = ['(', '[', '{', '/'];

/// A quoted text of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'t> {
    /// The sign that opens it.
    pub sign: &'t str,
    /// Where it begins, with what opens it.
    pub start: usize,
    /// Behind what closes it.
    pub end: usize,
    /// What is between.
    pub inner: &'t str,
}

/// The quoted texts of a line, without those of comments, and where one begins that the line does not close.
pub(super) fn texts(line: &str, language: Language) -> (Vec<Text<'_>>, Option<usize>) {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        if language.begins_comment(&line[at..]) {
            break;
        }
        let Some((length, sign)) = opening(line, at, language) else {
            at += c.len_utf8();
            continue;
        };
        let begin = at + length;
        let Some(closed) = closing(&line[begin..], sign) else { return (found, Some(at)) };
        let end = begin + closed + sign.len();
        found.push(Text { sign, start: at, end, inner: &line[begin..begin + closed] });
        at = end;
    }
    (found, None)
}

/// What the quoted texts of a line say.
pub(super) fn inner(line: &str, language: Language) -> impl Iterator<Item = &str> {
    texts(line, language).0.into_iter().map(|text| text.inner)
}

/// A text that begins in the first line at a place, and ends in a later one.
pub(super) fn over_lines(lines: &[&str], at: usize, language: Language) -> Option<String> {
    let (length, sign) = opening(lines.first()?, at, language)?;
    let text = ahead(lines, at + length);
    closing(&text, sign).map(|end| text[..end].to_owned())
}

/// Texts of Perl and Ruby that are commands: `qx(…)`, `%x{…}`, which may go over several lines; also the first of a list of words, `%w[…]`.
pub(super) fn literals(lines: &[&str]) -> Vec<String> {
    let Some(line) = lines.first() else { return Vec::new() };
    let text = |mark: &str, at: usize| {
        let begin = line.len() - line[at + mark.len()..].trim_start().len();
        let open = line[begin..].chars().next().filter(char::is_ascii_punctuation)?;
        let sign = &line[begin..begin + open.len_utf8()];
        let text = ahead(if mark == "%w" { &lines[..1] } else { lines }, begin + sign.len());
        closing(&text, sign).map(|end| text[..end].to_owned())
    };
    let marks = ["qx", "%x", "%w"].into_iter();
    marks
        .flat_map(|mark| line.match_indices(mark).take(LITERAL_LIMIT).filter_map(move |(at, _)| text(mark, at)))
        .collect()
}

/// The text that begins behind the first line, as in ``<<`END` `` or `<<~END`: what stands before it, its sign, and its lines.
pub(super) fn document<'t>(lines: &[&'t str]) -> Option<(&'t str, char, String)> {
    let (line, next) = lines.split_first()?;
    let (before, rest) = line.split_once("<<")?;
    // PHP has three of them.
    let rest = rest.trim_start_matches(['~', '-', '<']);
    let quote = rest.chars().next().filter(|c| matches!(c, '`' | '"' | '\'') || c.is_ascii_uppercase())?;
    let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let name = rest.trim_start_matches(['`', '"', '\'']).split(is_other).next().filter(|name| !name.is_empty())?;
    let end =
        next.iter().take(DOCUMENT_LIMIT).position(|line| line.trim().trim_end_matches([')', ';', ',']) == name)?;
    Some((before, quote, next[..end].join("\n")))
}

/// How long what opens a text at a place is, and the sign that it ends with.
fn opening(line: &str, at: usize, language: Language) -> Option<(usize, &str)> {
    let rest = &line[at..];
    if language == Language::Python && ["\"\"\"", "'''"].iter().any(|sign| rest.starts_with(sign)) {
        return Some((3, &rest[..3]));
    }
    if language == Language::Lua && rest.starts_with("[[") {
        return Some((2, &rest[..2]));
    }
    let signs: &[char] = match language {
        Language::Awk | Language::Erlang | Language::Elixir | Language::Tcl => &['"'],
        Language::Python | Language::Lua => &['"', '\''],
        Language::Script | Language::Php | Language::Perl => &['"', '\'', '`'],
    };
    if rest.starts_with(signs) {
        return Some((1, &rest[..1]));
    }
    let is_within = line[..at].ends_with(|c: char| c.is_alphanumeric() || "_$@&.>:".contains(c));
    if language != Language::Perl || is_within {
        return None;
    }
    let mark = ["qw", "qq", "q"].into_iter().find(|mark| rest.starts_with(mark))?;
    let signs = if mark == "qw" { rest[2..].trim_start() } else { &rest[mark.len()..] };
    signs.starts_with(BRACKETS).then(|| (rest.len() - signs.len() + 1, &signs[..1]))
}

/// Where a text ends that a sign opened; a backslash takes the next character, and brackets may nest.
fn closing(text: &str, sign: &str) -> Option<usize> {
    // Lua's are taken as they stand.
    if sign == "[[" {
        return text.find("]]");
    }
    let close = match sign {
        "(" => ")",
        "[" => "]",
        "{" => "}",
        "<" => ">",
        other => other,
    };
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        if text[at..].starts_with(close) {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        } else if text[at..].starts_with(sign) {
            depth += 1;
        }
        escaped = c == '\\';
    }
    None
}

/// What follows a place of the first line, as far as a text may go.
fn ahead(lines: &[&str], at: usize) -> String {
    let Some((first, next)) = lines.split_first() else { return String::new() };
    let next = next.iter().flat_map(|line| std::iter::once('\n').chain(line.chars()));
    first[at..].chars().chain(next).take(TEXT_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_with_what_opened_them() {
        let found = |line: &str, language| {
            let (texts, open) = texts(line, language);
            let texts = texts.iter().map(|text| text.inner).collect::<Vec<_>>().join("|");
            format!("{texts} {}", open.map(|at| at.to_string()).unwrap_or_default())
        };
        for (line, language, expected) in [
            ("a('b\\'c', \"d\") # 'e'", Language::Python, "b\\'c|d "),
            ("a(\"\"\"b \"c\" d\"\"\")", Language::Python, "b \"c\" d "),
            ("a(\"\"\"", Language::Python, " 2"),
            ("a(`b ${c}", Language::Script, " 2"),
            ("qw(a (b) c), q{d}, qq[e], qw /f g/", Language::Perl, "a (b) c|d|e|f g "),
            ("$q(a) $h{q} |q| faq(b) x.q(c)", Language::Perl, " "),
            ("q(a)", Language::Script, " "),
            ("f('it\\'s', \"a\"); // 'b'", Language::Php, "it\\'s|a "),
            ("{ print \"\\\"x\" } # \"y\" '", Language::Awk, "\\\"x "),
            ("print 'a' \"b\"", Language::Awk, "b "),
            ("f[[a \"b\" c]] .. t[1]", Language::Lua, "a \"b\" c "),
            ("f([[a", Language::Lua, " 2"),
            ("f([[C:\\]])", Language::Lua, "C:\\ "),
        ] {
            assert_eq!(found(line, language), expected, "{line}");
        }
    }

    #[test]
    fn texts_go_over_lines() {
        let lines = ["run(\"\"\"", "  a", "  b \"\"\" + c"];
        assert_eq!(over_lines(&lines, 4, Language::Python).as_deref(), Some("\n  a\n  b "));
        assert_eq!(over_lines(&lines[..2], 4, Language::Python), None);
        assert_eq!(over_lines(&["f([[", "a b", "]])"], 2, Language::Lua).as_deref(), Some("\na b\n"));
        assert_eq!(literals(&["x = qx{", "a; ${b}", "}"]), ["\na; ${b}\n"]);
        assert_eq!(literals(&["%w[", "a]"]), [""; 0]);
    }

    #[test]
    fn documents_stand_behind_their_line() {
        for (first, expected) in [
            ("$x = <<`E`;", Some(("$x = ", '`'))),
            ("system <<~E", Some(("system ", 'E'))),
            ("f(<<<'E'", Some(("f(", '\''))),
            ("x << 3", None),
            ("x <<OTHER", None),
        ] {
            let expected = expected.map(|(before, quote)| (before, quote, "a\n  b".to_owned()));
            assert_eq!(document(&[first, "a", "  b", "E", "c"]), expected, "{first}");
        }
    }
}
