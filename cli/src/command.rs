//! The commands, one file each.

mod completions;
mod diff;
mod fetch;
mod graph;
mod inspect;
mod man;
mod rebuild;
mod recipes;
mod schema;
mod verify;
mod why;

use crate::args::{Cli, Command};
use crate::failure::{Code, Failure};
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Runs what was asked for.
pub(crate) fn run(cli: &Cli) -> Result<Code, Failure> {
    match &cli.command {
        Command::Rebuild(args) => rebuild::run(args, cli.quiet),
        Command::Inspect(args) => inspect::run(args, cli.quiet),
        Command::Why(args) => why::run(args, false, cli.quiet),
        Command::WhyNot(args) => why::run(&args.question, true, cli.quiet),
        Command::Graph(args) => graph::run(args, cli.quiet),
        Command::Diff(args) => diff::run(args, cli.quiet),
        Command::Verify(args) => verify::run(args, cli.quiet),
        Command::Fetch(args) => fetch::run(args, cli.quiet),
        Command::Recipes(args) => recipes::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
        Command::ReportSchema(args) => schema::run(args),
    }
}

/// Does work that shows its progress and can be interrupted.
fn watched<T, E>(quiet: bool, work: impl FnOnce(&Progress) -> Result<T, E>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let interrupt = Interrupt::listen();
    let progress = Progress::new(quiet, interrupt.clone());
    let result = work(&progress);
    progress.clear();
    result.map_err(|error| settle(error.into(), &interrupt))
}

/// Whatever stopped after Ctrl-C stopped because of it.
fn settle(failure: Failure, interrupt: &Interrupt) -> Failure {
    if interrupt.is_set() { Failure::interrupted() } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_is_no_failure_of_the_image() {
        let interrupt = Interrupt::default();
        let failure = Failure::failed("layer abc: broken");
        assert_eq!(settle(failure.clone(), &interrupt), failure);
        interrupt.set();
        assert_eq!(settle(failure, &interrupt).code, Code::Interrupted);
    }
}
