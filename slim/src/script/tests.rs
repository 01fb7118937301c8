use super::*;

fn names(text: &str) -> Vec<String> {
    let script = parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let name = |command: &&SimpleCommand| command.name().unwrap_or_else(|| "?".into());
    script.commands().iter().map(name).collect()
}

#[test]
fn every_command_is_found_wherever_it_stands() {
    for (text, expected) in [
        ("a; b && c || d | e &\nf", "a b c d e f"),
        ("if a; then b; elif c; then d; else e; fi > $(f)", "a b c d e f"),
        ("for x in $(a) `b`; do c; done; while d; do e; done; until f\ndo g\ndone", "a b c d e f g"),
        ("case $(a) in (x|y) b;; z) c\n;; *) d; esac", "a b c d"),
        ("f() { a; }; g() ( b ); function h { c; }\nf", "a b c f"),
        ("X=$(a) b \"$(c \"$(d)\")\" ${Y:-$(e)}", "b a c d e"),
        ("a <<EOF | b\n$(c)\nEOF\nd", "a c b d"),
        ("a <<'EOF'\n$(c)\nEOF\nd", "a d"),
        ("a <<-E1 <<E2\n\tone `b`\n\tE1\ntwo\nE2\nc", "a b c"),
        ("x=$(cat <<E\n)\nE\n)\ny", "? cat y"),
        ("x=$(case a in a) b;; esac); c", "? b c"),
        ("echo \\\n two # not $(this)\n# nor $(that)\nb", "echo b"),
        ("a=1 b=2", "?"),
        ("[[ -n $x && $y =~ ^(a|b)$ ]] && c; if [[ $(d) == x ]]; then e; fi", "c d e"),
        ("((x++)); for ((i=0;i<3;i++)); do a; done; ( (b); c )", "a b c"),
        ("arr=(a $(b)); arr+=(c); c <(d) > >(e) <<< \"$(f)\" &>/dev/null", "? b ? c d e f"),
        ("{ a; } 2>&1 | b; ! c", "a b c"),
        ("a $((1 + $(b))) $( (c) | d )", "a b c d"),
        ("echo ${x//a/$(b)} ${x@Q} ${!x} $'it\\'s'; c", "echo c"),
        ("exec \"$@\"", "exec"),
        ("f() { local x=( a $(b) ); declare -A y+=([k]=v) z=1; c; }", "local b declare c"),
        ("a |& b | { c; } |& d", "a b c d"),
        ("time ( a; b ); time -p { c; }; time -p d; time for x in y; do e; done", "a b c time e"),
    ] {
        assert_eq!(names(text).join(" "), expected, "{text}");
    }
}

#[test]
fn what_is_readable_beside_unreadable_lines_is_found() {
    for (text, expected, gaps) in [
        ("a\nb", "a b", ""),
        ("a\n\n# c\nfi\n\nb", "a b", "4:fi"),
        ("a\nif b; then\n  c ) d\n  e\nfi\ng", "a e g", "2:if b; then 3:c ) d 5:fi"),
        ("a\necho 'x\nb", "a b", "2:echo 'x"),
        ("a <<E\n$(b)\nE\n)\nc", "a b c", "4:)"),
        ("a\r\nb\n", "a\r b", ""),
    ] {
        let (script, found) = salvage(text.as_bytes()).unwrap();
        let names: Vec<_> = script.commands().iter().filter_map(|command| command.name()).collect();
        assert_eq!(names.join(" "), expected, "{text:?}");
        let shown: Vec<_> = found.iter().map(|gap| format!("{}:{}", gap.line, gap.text)).collect();
        assert_eq!(shown.join(" "), gaps, "{text:?}");
    }
    let (_, gaps) = salvage("fi\n".repeat(1000).as_bytes()).unwrap();
    assert_eq!((gaps.len(), gaps[64].text.lines().count()), (65, 936), "what follows the last is one gap");
}

#[test]
fn syntax_errors_name_their_line() {
    for (text, line, reason) in [
        ("a\nif b; then", 2, "middle"),
        ("a\n)", 2, "unexpected"),
        ("echo 'x", 1, "single quote"),
        ("echo \"x\n", 2, "double quote"),
        ("a; fi", 1, "unexpected"),
        ("x=$(a", 1, "')'"),
        ("a | | b", 1, "unexpected"),
        ("case x in a b) ;; esac", 1, "')' expected"),
        ("a >", 1, "target"),
        ("echo ${x", 1, "not closed"),
        ("a\0b", 1, "NUL"),
    ] {
        let error = parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.reason.contains(reason), "{text:?}: {error}");
    }
}

#[test]
fn lines_are_counted_through_quotes_continuations_and_here_documents() {
    let script = parse(b"a 'x\ny' \\\n z\nb <<E\n1\n$(c)\nE\nd").unwrap();
    let lines: Vec<_> = script.commands().iter().map(|command| command.line).collect();
    assert_eq!(lines, [1, 4, 6, 8]);
}

#[test]
fn deep_and_long_input_is_an_error_and_nothing_worse() {
    for piece in
        ["(", "{ ", "$(", "\"$(", "${x:-", "if ", "$((", "case x in a) ", "f() { ", "while ", "[[ $(", "<(", "a=("]
    {
        assert!(parse(piece.repeat(100_000).as_bytes()).is_err(), "{piece}");
    }
    assert!(parse(&vec![b'a'; MAX_SIZE + 1]).is_err());
    // Backquotes do not nest: an even number of them is one word of empty substitutions, an odd one leaves the last open.
    assert!(parse("`".repeat(100_000).as_bytes()).is_ok());
    assert!(parse("`".repeat(100_001).as_bytes()).is_err());
    let fits = format!("{}a{}", "( ".repeat(12), ")".repeat(12));
    assert_eq!(names(&fits), ["a"]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-c$(){}<>|&;'\"`\\\\ \n\t=\\[\\]#!*?:+%-]{0,60}") {
        let _ = parse(text.as_bytes()).map(|script| script.commands().len());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(&bytes);
    }
}

/// Another project's parser reads the same commands: the referee for what is a script at all.
#[test]
fn a_second_parser_agrees_on_what_is_a_script() {
    for text in [
        "a; b && c || d | e &\nf",
        "case x in (x|y) b;; z) c\n;; *) d; esac",
        "f() { a; }; g() ( b )\nf <<EOF\n$(c)\nEOF\n",
        "if a; then b; fi; fi",
        "a | | b",
        "while read x; do y; done < z",
    ] {
        let mut parser = brush_parser::Parser::new(text.as_bytes(), &brush_parser::ParserOptions::default());
        assert_eq!(parser.parse_program().is_ok(), parse(text.as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn aliases_hold_for_the_lines_after_the_one_that_defines_them() {
    let aliases = |list: &[(&str, &str)]| -> Arc<Aliases> {
        Arc::new(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let mut reader = Reader::new(b"one; two\none | x=$(one) one two\n\nif one\nthen one; fi\n)").unwrap();
    let mut names = |known: &Arc<Aliases>| -> Option<String> {
        let body = reader.next(known).unwrap()?;
        let names: Vec<_> = Script { body }.commands().iter().filter_map(|command| command.name()).collect();
        Some(names.join(" "))
    };
    assert_eq!(names(&aliases(&[])).as_deref(), Some("one two"));
    assert_eq!(names(&aliases(&[("one", "1"), ("two", "2")])).as_deref(), Some("1 1 1"));
    assert_eq!(names(&aliases(&[("one", "1 && one")])).as_deref(), Some("1 one 1 one"));
    assert!(reader.next(&aliases(&[])).is_err(), "an unexpected parenthesis");
    assert!(Reader::new(b"").unwrap().next(&aliases(&[])).unwrap().is_none());
    for (value, plain) in
        [("sed -e 's/a/b/'", true), ("a | b ", true), ("a |", false), ("echo 'x", false), ("a\nb", false), ("}", false)]
    {
        assert_eq!(is_plain_alias(value), plain, "{value}");
    }
}

#[test]
fn a_script_is_bytes() {
    let script = parse(b"# caf\xe9\necho 'caf\xe9' caf\\\xe9 \"$(x \xe9)\"\n").unwrap();
    let words: Vec<_> = script.commands()[0].words.iter().filter_map(Word::literal).collect();
    assert_eq!(words.len(), 3);
    assert_eq!(*bytes::encode(&words[1]), *b"caf\xe9");
    assert_eq!(words[1], words[2]);
}
