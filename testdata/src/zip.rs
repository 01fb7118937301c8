//! Zip archives (PKWARE's APPNOTE.TXT), as archives of Java classes are.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write as _;

/// An archive of entries by name, every other one compressed.
///
/// # Panics
/// When an entry is larger than an archive of this kind can hold.
pub fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (index, (name, entry)) in entries.iter().enumerate() {
        let method = if index % 2 == 1 { 8 } else { 0 };
        let packed = if method == 8 { deflated(entry) } else { entry.to_vec() };
        let sizes = [long(packed.len()), long(entry.len())].concat();
        // From the version that is needed to the length of the extra field: what the entry and its line in the directory have in common.
        let head =
            [&[20, 0, 0, 0][..], &short(method), &[0; 4], &checksum(entry), &sizes, &short(name.len()), &short(0)]
                .concat();
        let at = bytes.len();
        bytes.extend([b"PK\x03\x04", &head[..], name.as_bytes(), &packed].concat());
        directory.extend([b"PK\x01\x02", &[20, 0][..], &head, &[0; 10], &long(at), name.as_bytes()].concat());
    }
    let count = short(entries.len());
    let end =
        [b"PK\x05\x06", &[0; 4][..], &count, &count, &long(directory.len()), &long(bytes.len()), &[0; 2]].concat();
    [bytes, directory, end].concat()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written")
}

/// CRC-32 of the unpacked bytes.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut checksum = Crc::new();
    checksum.update(bytes);
    checksum.sum().to_le_bytes()
}

fn short(value: usize) -> [u8; 2] {
    u16::try_from(value).expect("at most 64 KiB").to_le_bytes()
}

fn long(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("at most 4 GiB").to_le_bytes()
}
