//! Values as people read them: tables and sentences that are understood without colour, and JSON.
//!
//! Nothing here computes: what is shown is what the library says.

mod catalogue;
mod difference;
mod explanation;
mod inspection;
mod problems;
mod summary;
pub(crate) mod text;
pub(crate) mod unknowns;

pub(crate) use catalogue::catalogue;
pub(crate) use difference::difference;
pub(crate) use explanation::explanation;
pub(crate) use inspection::inspection;
pub(crate) use problems::problems;
pub(crate) use summary::summary;

use crate::failure::Failure;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::io::{ErrorKind, Write as _};

/// JSON with a newline at its end.
pub(crate) fn json(value: &impl Serialize) -> String {
    // These are plain structs with text keys: there is nothing that could fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Writes to standard output. Whoever closes it early (`| head`) has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(&format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// A table without lines: a header, and columns of which these are numbers.
pub(crate) fn table<const N: usize>(header: [&str; N], numbers: &[usize], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
