//! What an image holds.

use super::table;
use super::text::{bytes, clean, count, short, short_digest, words};
use slim::report::Inspection;
use std::fmt::Write as _;

/// Most characters of the command that made a layer.
const COMMAND: usize = 70;

/// Head, layers, packages. `updates` says whether newer versions were asked for.
pub(crate) fn inspection(inspection: &Inspection, updates: bool) -> String {
    let mut text = head(inspection);
    text.push('\n');
    text.push_str(&layers(inspection));
    text.push('\n');
    text.push_str(&packages(inspection, updates));
    text
}

fn head(inspection: &Inspection) -> String {
    let image = &inspection.image;
    let or = |value: String, otherwise: &str| if value.is_empty() { otherwise.into() } else { value };
    let size = match image.compressed {
        Some(compressed) => format!("{} compressed, {} unpacked", bytes(compressed), bytes(image.files_size)),
        None => format!("{} unpacked", bytes(image.files_size)),
    };
    let lines = [
        ("image", clean(&image.name)),
        ("digest", clean(image.digest.as_deref().unwrap_or("not computed"))),
        ("platform", clean(&image.platform)),
        ("distro", clean(image.distro.as_deref().unwrap_or("not known"))),
        ("size", size),
        ("files", image.files.to_string()),
        ("entrypoint", or(words(&inspection.entrypoint), "none")),
        ("command", or(words(&inspection.command), "none")),
        ("user", or(clean(&inspection.user), "root")),
        ("directory", or(clean(&inspection.working_directory), "/")),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:<12}{value}");
    }
    for (index, variable) in inspection.environment.iter().enumerate() {
        let _ = writeln!(text, "{:<12}{}", if index == 0 { "environment" } else { "" }, clean(variable));
    }
    text
}

fn layers(inspection: &Inspection) -> String {
    let held = |index| inspection.packages.iter().filter(|package| package.layer == index).count();
    let rows: Vec<_> = inspection
        .layers
        .iter()
        .map(|layer| {
            [
                layer.index.to_string(),
                short_digest(&layer.digest),
                bytes(layer.size),
                held(layer.index).to_string(),
                short(layer.created_by.as_deref().unwrap_or("-"), COMMAND),
            ]
        })
        .collect();
    table(["layer", "digest", "size", "packages", "made by"], &[0, 2, 3], &rows)
}

fn packages(inspection: &Inspection, updates: bool) -> String {
    if inspection.packages.is_empty() {
        return "no packages\n".into();
    }
    let mut text;
    if updates {
        let rows: Vec<_> = inspection
            .packages
            .iter()
            .map(|package| {
                [
                    clean(&package.name),
                    clean(&package.version),
                    package.new_version.as_deref().map_or_else(|| "-".into(), clean),
                    clean(&package.architecture),
                    package.layer.to_string(),
                    bytes(package.size),
                ]
            })
            .collect();
        text = table(["package", "version", "newer", "architecture", "layer", "size"], &[4, 5], &rows);
        let newer = inspection.packages.iter().filter(|package| package.new_version.is_some()).count();
        let _ = writeln!(text, "\n{}, {newer} upgradable", count(inspection.packages.len(), "package"));
    } else {
        let rows: Vec<_> = inspection
            .packages
            .iter()
            .map(|package| {
                [
                    clean(&package.name),
                    clean(&package.version),
                    clean(&package.architecture),
                    package.layer.to_string(),
                    bytes(package.size),
                ]
            })
            .collect();
        text = table(["package", "version", "architecture", "layer", "size"], &[3, 4], &rows);
        let _ = writeln!(text, "\n{}", count(inspection.packages.len(), "package"));
    }
    text
}
