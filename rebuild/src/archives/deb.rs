//! Reading a `.deb` (deb(5)): control members into memory, contents into the spool.
//!
//! Several threads may read packages into one spool; decompressing is the expensive part.

mod ar;
mod data;

pub use data::{DebEntry, DebKind};

use crate::spool::Spool;
use std::io::{self, Read};

/// What a package may ask for before it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all control members together.
    pub control: u64,
    /// Bytes of all files together.
    pub data: u64,
    /// Number of files, directories and links.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { control: 64 << 20, data: 32 << 30, entries: 2_000_000 }
    }
}

/// A member of `control.tar`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlMember {
    /// `postinst`, `conffiles`, …
    pub name: String,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A package as its archive has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deb {
    /// The `control` file: one paragraph.
    pub control: Vec<u8>,
    /// The other control members, in the archive's order.
    pub members: Vec<ControlMember>,
    /// What is to be unpacked, in the archive's order.
    pub entries: Vec<DebEntry>,
}

/// A file that is no acceptable Debian package.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// The outer `ar` archive is damaged or not of a package.
    #[error("not a Debian package: {0}")]
    Format(String),
    /// A member is missing.
    #[error("the package has no {0}")]
    Missing(&'static str),
    /// A member is there twice: readers differ in which of them they take.
    #[error("the package has two members {0}")]
    Twice(&'static str),
    /// The compression is not one that dpkg knows.
    #[error("member {0} has an unknown compression; expected .gz, .xz, .zst, .bz2, .lzma or none")]
    Compression(String),
    /// Larger than the limits.
    #[error("the package is too large: {what} over {limit}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An entry that dpkg or slim does not unpack.
    #[error("entry {path:?}: {reason}")]
    Entry {
        /// The name in the archive.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Reading, decompressing or spooling failed.
    #[error("reading the package failed: {0}")]
    Io(#[from] io::Error),
}

impl Deb {
    /// Reads a package to its end; contents of its files go to the spool.
    ///
    /// # Errors
    /// When it is damaged, goes beyond the limits, or holds something other than files, directories and links below the root.
    pub fn read(reader: &mut dyn Read, spool: &Spool, limits: &Limits) -> Result<Self, DebError> {
        let mut archive = ar::Archive::new(reader)?;
        let (mut control, mut entries) = (None, None);
        let mut version = false;
        while let Some(mut member) = archive.next()? {
            let name = member.name.clone();
            if name == "debian-binary" {
                let mut text = String::new();
                member.by_ref().take(64).read_to_string(&mut text)?;
                if !text.starts_with("2.") {
                    return Err(DebError::Format(format!("format version {:?}; expected 2.x", text.trim_end())));
                }
                version = true;
            } else if !version {
                return Err(DebError::Format(format!("first member {name:?}; expected debian-binary")));
            } else if let Some(suffix) = name.strip_prefix("control.tar") {
                if control.is_some() {
                    return Err(DebError::Twice("control.tar"));
                }
                let suffix = suffix.to_owned();
                control = Some(read_control(decoder(&suffix, &name, &mut member)?, limits)?);
            } else if let Some(suffix) = name.strip_prefix("data.tar") {
                if control.is_none() {
                    return Err(DebError::Missing("control.tar before its data.tar"));
                }
                if entries.is_some() {
                    return Err(DebError::Twice("data.tar"));
                }
                let suffix = suffix.to_owned();
                entries = Some(data::read(decoder(&suffix, &name, &mut member)?, spool, limits)?);
            } else if !name.starts_with('_') {
                return Err(DebError::Format(format!("unexpected member {name:?}")));
            }
            member.skip()?;
        }
        let mut members: Vec<ControlMember> = control.ok_or(DebError::Missing("control.tar"))?;
        let at = members.iter().position(|member| member.name == "control").ok_or(DebError::Missing("control file"))?;
        let control = members.remove(at).bytes;
        Ok(Self { control, members, entries: entries.ok_or(DebError::Missing("data.tar"))? })
    }

    /// A control member's bytes.
    pub fn member(&self, name: &str) -> Option<&[u8]> {
        self.members.iter().find(|member| member.name == name).map(|member| &member.bytes[..])
    }

    /// A field of the control file.
    pub fn field(&self, name: &str) -> Option<String> {
        slim::packages::dpkg::paragraph::Paragraph::new(&self.control).get(name).map(|value| value.into_owned())
    }
}

fn decoder<'a>(suffix: &str, name: &str, reader: &'a mut dyn Read) -> Result<Box<dyn Read + 'a>, DebError> {
    Ok(match suffix {
        "" => Box::new(reader),
        ".gz" => Box::new(flate2::read::MultiGzDecoder::new(reader)),
        ".xz" => Box::new(liblzma::read::XzDecoder::new_multi_decoder(reader)),
        ".lzma" => {
            let stream = liblzma::stream::Stream::new_lzma_decoder(256 << 20).map_err(io::Error::from)?;
            Box::new(liblzma::read::XzDecoder::new_stream(reader, stream))
        }
        ".zst" => Box::new(zstd::stream::read::Decoder::new(reader)?),
        ".bz2" => Box::new(bzip2::read::MultiBzDecoder::new(reader)),
        _ => return Err(DebError::Compression(name.to_owned())),
    })
}

fn read_control(reader: Box<dyn Read + '_>, limits: &Limits) -> Result<Vec<ControlMember>, DebError> {
    let limit = limits.control;
    // Room for headers: the sizes that they name are checked before anything is read.
    let mut archive = tar::Archive::new(reader.take(limit.saturating_add(1 << 20)));
    let mut members: Vec<ControlMember> = Vec::new();
    let mut total = 0_u64;
    for entry in archive.entries()? {
        let mut entry = entry?;
        total = total.saturating_add(entry.size()).saturating_add(512);
        if total > limit || members.len() > 1000 {
            return Err(DebError::TooLarge { what: "control members", limit });
        }
        let path = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(path.strip_prefix(b"./").unwrap_or(&path)).trim_end_matches('/').to_owned();
        match entry.header().entry_type() {
            tar::EntryType::Directory if name.is_empty() || name == "." => continue,
            tar::EntryType::Regular | tar::EntryType::Continuous => {}
            _ => return Err(DebError::Entry { path: name, reason: "a control member must be a plain file".into() }),
        }
        if name.is_empty() || name.contains(['/', '\n']) || members.iter().any(|member| member.name == name) {
            return Err(DebError::Entry { path: name, reason: "not a name of a control member".into() });
        }
        let (mode, mtime) = (entry.header().mode()? & 0o7777, i64::try_from(entry.header().mtime()?).unwrap_or(0));
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        members.push(ControlMember { name, mode, mtime, bytes });
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
