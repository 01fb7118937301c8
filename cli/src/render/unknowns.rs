//! What could not be known, in words.

use slim::report::UnknownReport;

/// A line for every file and for what is done about it, in order: a script may leave hundreds of places open in one and the same way.
pub(crate) fn by_file(unknowns: &[UnknownReport]) -> Vec<String> {
    let mut gathered: Vec<(&UnknownReport, usize)> = Vec::new();
    for unknown in unknowns {
        match gathered.iter_mut().find(|(first, _)| first.path == unknown.path && first.taken == unknown.taken) {
            Some((_, others)) => *others += 1,
            None => gathered.push((unknown, 0)),
        }
    }
    gathered.into_iter().map(|(first, others)| line(first, others)).collect()
}

/// An unknown, and how many others of its file are like it.
pub(crate) fn line(unknown: &UnknownReport, others: usize) -> String {
    let more = match others {
        0 => String::new(),
        1 => " and 1 more place".to_owned(),
        many => format!(" and {many} more places"),
    };
    let place = format!("{}{more}", unknown.place);
    let place = if place.is_empty() { place } else { format!(" ({})", place.trim_start_matches(" and ")) };
    format!("unknown: {}{place}: {}; {}", unknown.path, unknown.what, unknown.taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_file_are_one_line() {
        let unknown = |path: &str, place: &str, what: &str, taken: &str| UnknownReport {
            path: path.into(),
            place: place.into(),
            what: what.into(),
            taken: taken.into(),
        };
        let unknowns = [
            unknown("/bin/a", "line 1", "the command is $A", "nothing"),
            unknown("/bin/b", "", "modules are computed", "they go"),
            unknown("/bin/a", "line 2", "the command is $B", "nothing"),
            unknown("/bin/a", "line 3", "it opens libraries", "they stay"),
            unknown("/bin/a", "line 9", "the command is $C", "nothing"),
            unknown("/bin/b", "", "others are computed", "they go"),
        ];
        assert_eq!(
            by_file(&unknowns),
            [
                "unknown: /bin/a (line 1 and 2 more places): the command is $A; nothing",
                "unknown: /bin/b (1 more place): modules are computed; they go",
                "unknown: /bin/a (line 3): it opens libraries; they stay",
            ]
        );
    }
}
