//! The graph of packages in the DOT language (graphviz.org, "DOT Language").

use super::{Block, Picture, bytes};
use std::fmt::Write as _;

/// Most kinds of use that an edge is labelled with.
const RULES: usize = 3;

/// The picture as DOT. Roots have a double border, removed packages are grey and stand together.
pub fn dot(picture: &Picture) -> String {
    let mut text = String::from("digraph slim {\n");
    let (kept, removed) = picture.bytes();
    let heading = format!("{}: {} kept, {} removed", picture.title, bytes(kept), bytes(removed));
    let _ = writeln!(text, "  graph [label={}, labelloc=t, rankdir=LR, fontname=sans];", quote(&heading));
    text.push_str(
        "  node [shape=box, style=\"filled,rounded\", fontname=sans, fillcolor=\"#d6e6f5\", color=\"#2b6cb0\"];\n",
    );
    text.push_str("  edge [fontname=sans, fontsize=9, color=\"#555555\"];\n");
    let shown = |block: &Block| !block.application || block.bytes_kept + block.bytes_removed > 0;
    for (index, block) in picture.blocks.iter().enumerate().filter(|(_, block)| block.kept && shown(block)) {
        node(&mut text, "  ", index, block);
    }
    let gone: Vec<usize> = (0..picture.blocks.len()).filter(|index| !picture.blocks[*index].kept).collect();
    if !gone.is_empty() {
        let _ = writeln!(
            text,
            "  subgraph cluster_removed {{\n    label={}; color=\"#999999\"; fontcolor=\"#555555\"; style=dashed;",
            quote(&format!("removed packages: {}", gone.len()))
        );
        for index in &gone {
            node(&mut text, "    ", *index, &picture.blocks[*index]);
        }
        // Nothing joins them: invisible edges put them in columns instead of one long row.
        let mut column = 1;
        while column * column < gone.len() {
            column += 1;
        }
        for pair in gone.windows(2).enumerate().filter(|(at, _)| (at + 1) % column != 0).map(|(_, pair)| pair) {
            let _ = writeln!(text, "    p{} -> p{} [style=invis];", pair[0], pair[1]);
        }
        text.push_str("  }\n");
    }
    for arc in &picture.arcs {
        let mut label = arc.rules.iter().take(RULES).cloned().collect::<Vec<_>>().join(", ");
        if arc.rules.len() > RULES {
            label.push_str(", …");
        }
        if arc.uses > arc.rules.len() {
            let _ = write!(label, " ({})", arc.uses);
        }
        // Of a removed package only mere files were of use.
        let style = if picture.blocks.get(arc.to).is_some_and(|block| block.kept) { "" } else { ", style=dashed" };
        let _ = writeln!(text, "  p{} -> p{} [label={}{style}];", arc.from, arc.to, quote(&label));
    }
    text.push_str("}\n");
    text
}

fn node(text: &mut String, indent: &str, index: usize, block: &Block) {
    let size = bytes(block.bytes_kept + block.bytes_removed);
    let label = format!("{}\n{}", block.name, [&block.version, &size].map(String::as_str).join(" ").trim());
    let reason = if block.roots.is_empty() { block.reason.clone() } else { block.roots.join("; ") };
    let mut attributes = format!("label={}, tooltip={}", quote(&label), quote(&reason));
    if !block.kept {
        attributes.push_str(", fillcolor=\"#eeeeee\", color=\"#999999\", fontcolor=\"#777777\"");
    } else if block.application {
        attributes.push_str(", shape=folder, fillcolor=\"#fdebc8\", color=\"#b7791f\"");
    } else if !block.roots.is_empty() {
        attributes.push_str(", peripheries=2, penwidth=2, fillcolor=\"#c6e9d0\", color=\"#22704a\"");
    }
    let _ = writeln!(text, "{indent}p{index} [{attributes}];");
}

/// A quoted string: a backslash and a quote escaped, line ends as `\n`, other control characters as question marks.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
