//! `slim completions`.

use crate::args::{Cli, CompletionsArgs};
use crate::failure::{Code, Failure};
use crate::render;
use clap::CommandFactory as _;

pub(super) fn run(args: &CompletionsArgs) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "slim", &mut script);
    render::print(&String::from_utf8_lossy(&script))?;
    Ok(Code::Done)
}
