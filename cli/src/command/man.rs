//! `slim man`.

use crate::args::{Cli, ManArgs};
use crate::failure::{Code, Failure};
use clap::CommandFactory as _;

pub(super) fn run(args: &ManArgs) -> Result<Code, Failure> {
    let written = std::fs::create_dir_all(&args.dir).and_then(|()| clap_mangen::generate_to(Cli::command(), &args.dir));
    written.map_err(|error| {
        Failure::failed(&format!("the manual pages cannot be written to {}: {error}", args.dir.display()))
    })?;
    Ok(Code::Done)
}
