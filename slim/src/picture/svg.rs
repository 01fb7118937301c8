//! The map of bytes: a self-contained SVG 1.1 document without scripts, links or fonts of its own.

use super::treemap::{Area, squarify};
use super::{Block, Picture, bytes};
use std::fmt::Write as _;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 760.0;
const MARGIN: f64 = 16.0;
const HEAD: f64 = 58.0;
const FOOT: f64 = 34.0;
/// Height of a group's heading.
const CAPTION: f64 = 22.0;
/// Width of a character of a sans-serif font, in parts of its size: wide enough for most.
const ADVANCE: f64 = 0.58;

/// How a group of blocks is drawn.
struct Look {
    fill: &'static str,
    line: &'static str,
    ink: &'static str,
}

const KEPT: Look = Look { fill: "#a9cdee", line: "#1f5f99", ink: "#0b2e4f" };
const ROOT: Look = Look { fill: "#8fd3a8", line: "#1d6b41", ink: "#08351d" };
const APPLICATION: Look = Look { fill: "#f7d694", line: "#96650f", ink: "#4a3105" };
const REMOVED: Look = Look { fill: "#dddddd", line: "#8a8a8a", ink: "#4a4a4a" };

/// The picture as SVG: areas in proportion to bytes, what is kept beside what is removed.
pub fn svg(picture: &Picture) -> String {
    let (kept, removed) = picture.bytes();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\" role=\"img\">"
    );
    let _ = writeln!(text, "<title>{}: bytes by package</title>", escape(&picture.title));
    let _ = writeln!(text, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>");
    let room = (WIDTH - 2.0 * MARGIN) / (22.0 * ADVANCE);
    write(&mut text, MARGIN, 32.0, 22.0, "#111111", true, &fitted(&picture.title, room));
    let (stay, go) = (picture.blocks.iter().filter(|b| b.kept && !b.application).count(), gone(picture));
    let share = if kept + removed == 0 { 0.0 } else { removed as f64 * 100.0 / (kept + removed) as f64 };
    let line = format!(
        "{} in {stay} packages stay, {} go with {go} packages ({share:.0}% of the bytes)",
        bytes(kept),
        bytes(removed)
    );
    write(&mut text, MARGIN, 52.0, 14.0, "#444444", false, &line);
    let whole = Area { x: MARGIN, y: HEAD, width: WIDTH - 2.0 * MARGIN, height: HEIGHT - HEAD - FOOT };
    let groups = [("kept", kept, false), ("removed", removed, true)];
    let groups: Vec<_> = groups.into_iter().filter(|(_, bytes, _)| *bytes > 0).collect();
    let mut x = whole.x;
    for (name, size, goes) in &groups {
        // Side by side; a sliver would hide its own caption.
        let share = (*size as f64 / (kept + removed) as f64).clamp(0.06, if groups.len() == 1 { 1.0 } else { 0.94 });
        let area = Area { x, width: whole.width * share, ..whole };
        x += area.width;
        group(&mut text, picture, name, *size, *goes, area.inside(2.0));
    }
    legend(&mut text, removed > 0);
    text.push_str("</svg>\n");
    text
}

fn gone(picture: &Picture) -> usize {
    picture.blocks.iter().filter(|block| !block.kept).count()
}

fn group(text: &mut String, picture: &Picture, name: &str, size: u64, goes: bool, area: Area) {
    let ink = if goes { REMOVED.ink } else { KEPT.ink };
    let caption = fitted(&format!("{name}: {}", bytes(size)), area.width / (13.0 * ADVANCE));
    write(text, area.x + 2.0, area.y + 15.0, 13.0, ink, true, &caption);
    let area = Area { y: area.y + CAPTION, height: area.height - CAPTION, ..area };
    let of = |block: &Block| if goes { block.bytes_removed } else { block.bytes_kept };
    let mut blocks: Vec<&Block> = picture.blocks.iter().filter(|block| of(block) > 0).collect();
    blocks.sort_by(|a, b| of(b).cmp(&of(a)).then_with(|| a.name.cmp(&b.name)));
    let sizes: Vec<u64> = blocks.iter().map(|block| of(block)).collect();
    for (block, place) in blocks.iter().zip(squarify(&sizes, area)) {
        let look = match block {
            _ if goes => &REMOVED,
            block if block.application => &APPLICATION,
            block if !block.roots.is_empty() => &ROOT,
            _ => &KEPT,
        };
        tile(text, block, of(block), look, place);
    }
}

fn tile(text: &mut String, block: &Block, size: u64, look: &Look, place: Area) {
    let place = place.inside(0.75);
    let why = if block.roots.is_empty() { block.reason.clone() } else { block.roots.join("; ") };
    let name = [&block.name, &block.version].map(String::as_str).join(" ");
    let _ = writeln!(
        text,
        "<g><title>{}, {}: {}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"{}\" stroke=\"{}\" \
         stroke-width=\"0.75\"/>",
        escape(name.trim()),
        bytes(size),
        escape(&why),
        place.x,
        place.y,
        place.width,
        place.height,
        look.fill,
        look.line
    );
    label(text, block, size, look, place);
    text.push_str("</g>\n");
}

/// Name and size where there is room for them: along the tile, or up it when it is tall.
fn label(text: &mut String, block: &Block, size: u64, look: &Look, place: Area) {
    let upright = place.height > 1.6 * place.width;
    let (along, across) = if upright { (place.height, place.width) } else { (place.width, place.height) };
    let letters = block.name.chars().count().max(4) as f64;
    // As large as fits, within what is pleasant to read.
    let font = (along - 8.0).max(0.0) / (letters * ADVANCE);
    let font = font.min((across - 4.0) * 0.7).min(18.0);
    if font < 7.0 && (across < 12.0 || along < 40.0) {
        return;
    }
    let font = font.max(7.5);
    let name = fitted(&block.name, (along - 7.9) / (font * ADVANCE));
    let second = (font * 0.8).max(7.5);
    let lines = across > font + second + 8.0 && along > 7.0 * second * ADVANCE + 8.0;
    if upright {
        let _ = writeln!(
            text,
            "<g transform=\"translate({:.1} {:.1}) rotate(-90)\">",
            place.x + 3.0,
            place.y + place.height - 4.0
        );
    } else {
        let _ = writeln!(text, "<g transform=\"translate({:.1} {:.1})\">", place.x + 4.0, place.y + 3.0);
    }
    write(text, 0.0, font * 0.9, font, look.ink, false, &name);
    if lines {
        write(text, 0.0, font + second, second, look.ink, false, &bytes(size));
    }
    text.push_str("</g>\n");
}

fn legend(text: &mut String, removes: bool) {
    let entries = [
        (&ROOT, "package in which the container starts"),
        (&KEPT, "package that this uses"),
        (&APPLICATION, "files of no package: the application"),
        (&REMOVED, "removed: nothing in use leads to it"),
    ];
    let mut x = MARGIN + 2.0;
    for (look, meaning) in entries.into_iter().take(if removes { 4 } else { 3 }) {
        let y = HEIGHT - 24.0;
        let (fill, line) = (look.fill, look.line);
        let _ = writeln!(
            text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"14\" height=\"14\" rx=\"2\" fill=\"{fill}\" stroke=\"{line}\"/>"
        );
        write(text, x + 20.0, HEIGHT - 12.5, 12.0, "#333333", false, meaning);
        x += 44.0 + meaning.chars().count() as f64 * 12.0 * 0.52;
    }
}

fn write(text: &mut String, x: f64, y: f64, size: f64, ink: &str, bold: bool, words: &str) {
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let words = escape(words);
    let _ =
        writeln!(text, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" fill=\"{ink}\"{weight}>{words}</text>");
}

/// At most so many characters.
fn fitted(text: &str, room: f64) -> String {
    let count = text.chars().count();
    if count as f64 <= room {
        return text.to_owned();
    }
    let mut left = text.chars();
    let mut short = String::new();
    while (short.chars().count() + 2) as f64 <= room
        && let Some(c) = left.next()
    {
        short.push(c);
    }
    short.push('…');
    short
}

/// Text that is markup nowhere (XML 1.0, 2.2 and 2.4): special characters as entities, what XML cannot hold as a mark.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control()
                || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}
