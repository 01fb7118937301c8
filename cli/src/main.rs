//! `slim`: patch, shrink and explain container images without running them.
//!
//! What was typed ([`args`]) becomes a request to the `rebuild` library ([`request`]); its events become progress
//! ([`progress`]), its values tables or JSON ([`render`]), its errors advice and an exit code ([`failure`]).

mod args;
mod command;
mod failure;
mod interrupt;
mod progress;
mod render;
mod report_file;
mod request;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match command::run(&cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.print();
            failure.code.into()
        }
    }
}
