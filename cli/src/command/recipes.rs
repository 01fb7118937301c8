//! `slim recipes`.

use crate::args::{RecipesArgs, RecipesCommand};
use crate::failure::{Code, Failure};
use crate::render;
use crate::render::text::{clean_lines, count};
use crate::request::read_recipe;
use recipes::Recipes;
use std::path::PathBuf;

pub(super) fn run(args: &RecipesArgs) -> Result<Code, Failure> {
    match &args.command {
        RecipesCommand::List { json } => {
            let catalogue = embedded()?.catalogue();
            render::print(&if *json { render::json(&catalogue) } else { render::catalogue(&catalogue) })?;
        }
        RecipesCommand::Show { id } => {
            let text = recipes::quote(id).ok_or_else(|| {
                Failure::failed(&format!("no recipe and no rule has the id {id:?}"))
                    .hint("`slim recipes list` lists them")
            })?;
            render::print(&text)?;
        }
        RecipesCommand::Check { files } => return check(files),
    }
    Ok(Code::Done)
}

fn embedded() -> Result<Recipes, Failure> {
    Recipes::embedded().map_err(|error| Failure::of(&error))
}

/// Each file alone, then what it would stand in for.
fn check(files: &[PathBuf]) -> Result<Code, Failure> {
    let mut table = embedded()?;
    let (mut text, mut wrong) = (String::new(), 0_usize);
    for file in files {
        match read_recipe(file) {
            Ok(recipe) => {
                let rules = recipe.rules().count();
                text.push_str(&format!("{}: {}\n", file.display(), count(rules, "rule")));
                for told in table.overlay(recipe) {
                    text.push_str(&format!("  {told}\n"));
                }
            }
            Err(failure) => {
                wrong += 1;
                text.push_str(&format!("{}\n", failure.heading));
                failure.causes.iter().for_each(|cause| text.push_str(&format!("  {cause}\n")));
            }
        }
    }
    render::print(&clean_lines(&text))?;
    Ok(if wrong == 0 { Code::Done } else { Code::Failed })
}
