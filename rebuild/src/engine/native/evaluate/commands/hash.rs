//! `md5sum`.

use super::options;
use crate::engine::native::evaluate::{Shell, Status};
use md5::{Digest, Md5};

/// `md5sum [FILE …]`
pub(super) fn md5sum(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "b", &[])?;
    if options.operands.is_empty() {
        let input = shell.input()?;
        shell.out(format!("{}  -\n", hex::encode(Md5::digest(&input))))?;
        return Ok(0);
    }
    let mut status = 0;
    for name in &options.operands {
        match shell.read_file(name)? {
            Some(_) if name.contains(['\\', '\n']) => return Err(shell.unproven(name.clone(), "a name to be escaped")),
            Some(bytes) => shell.out(format!("{}  {name}\n", hex::encode(Md5::digest(&bytes))))?,
            None => status = 1,
        }
    }
    Ok(status)
}
