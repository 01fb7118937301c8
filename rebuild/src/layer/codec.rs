//! Compression of layer blobs: none, gzip (RFC 1952) or zstd (RFC 8878).
//!
//! Compressed output is a row of independent blocks, each a whole gzip member or zstd frame, so blocks are compressed side by
//! side and the bytes do not depend on how many threads did it. Readers must therefore go on after a member's end.

use rayon::prelude::*;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr;

/// How a layer blob is compressed, and how hard when slim writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip at a level of 1 to 12.
    Gzip(u8),
    /// zstd at a level of 1 to 22.
    Zstd(u8),
}

/// Bytes in a block before compression.
const GZIP_BLOCK: usize = 1 << 20;
const ZSTD_BLOCK: usize = 8 << 20;

/// Largest window that a zstd frame of a layer may ask for (2^27 bytes): more would be memory for a stranger to claim.
const ZSTD_WINDOW_LOG: u32 = 27;

impl Compression {
    /// gzip as most builders write it.
    pub const GZIP: Self = Self::Gzip(6);
    /// zstd at its own default.
    pub const ZSTD: Self = Self::Zstd(3);

    /// Tells from the first bytes of a blob; media types are not always true.
    pub fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::GZIP,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::ZSTD,
            // A skippable frame: seekable and chunked zstd layers begin with one.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::ZSTD,
            _ => Self::None,
        }
    }

    /// The OCI media type of a layer compressed like this.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::None => "application/vnd.oci.image.layer.v1.tar",
            Self::Gzip(_) => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd(_) => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }

    /// Whether two blobs are compressed by the same algorithm, whatever the level.
    pub fn same_algorithm(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Gzip(level) => write!(f, "gzip:{level}"),
            Self::Zstd(level) => write!(f, "zstd:{level}"),
        }
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, level) = text.split_once(':').map_or((text, None), |(name, level)| (name, Some(level)));
        let level = |default: u8, most: u8| match level.map(str::parse) {
            None => Ok(default),
            Some(Ok(level)) if (1..=most).contains(&level) => Ok(level),
            Some(_) => Err(format!("{text:?}: the level must be a number from 1 to {most}")),
        };
        match name {
            "none" if !text.contains(':') => Ok(Self::None),
            "gzip" => Ok(Self::Gzip(level(6, 12)?)),
            "zstd" => Ok(Self::Zstd(level(3, 22)?)),
            _ => Err(format!("{text:?} is not none, gzip[:1-12] or zstd[:1-22]")),
        }
    }
}

/// Reads what is inside a blob, whichever compression its first bytes show.
///
/// # Errors
/// When the first bytes cannot be read or a decoder cannot be made.
pub fn decoder<'a>(mut blob: Box<dyn Read + Send + 'a>) -> io::Result<(Compression, Box<dyn Read + Send + 'a>)> {
    let mut head = Vec::with_capacity(4);
    blob.by_ref().take(4).read_to_end(&mut head)?;
    let compression = Compression::detect(&head);
    let whole = io::Cursor::new(head).chain(blob);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip(_) => {
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)))
        }
        Compression::Zstd(_) => {
            let mut decoder = zstd::stream::read::Decoder::new(whole)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    };
    Ok((compression, reader))
}

/// Compresses what is written to it.
#[derive(Debug)]
pub struct Encoder<W> {
    inner: W,
    compression: Compression,
    pending: Vec<u8>,
    wrote: bool,
}

impl<W: Write> Encoder<W> {
    /// An encoder in front of a writer.
    pub fn new(inner: W, compression: Compression) -> Self {
        Self { inner, compression, pending: Vec::new(), wrote: false }
    }

    /// Compresses what is left and gives the writer back.
    ///
    /// # Errors
    /// When compressing or writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.pending.is_empty() || !self.wrote {
            self.pack(self.pending.len())?;
        }
        Ok(self.inner)
    }

    fn block(&self) -> usize {
        match self.compression {
            Compression::Zstd(_) => ZSTD_BLOCK,
            _ => GZIP_BLOCK,
        }
    }

    /// As many blocks at a time as keep all threads busy, in bounded memory.
    fn batch(&self) -> usize {
        self.block() * rayon::current_num_threads().clamp(1, 16) * 2
    }

    fn pack(&mut self, length: usize) -> io::Result<()> {
        let pending = &self.pending[..length];
        let blocks: Vec<&[u8]> =
            if pending.is_empty() { vec![pending] } else { pending.chunks(self.block()).collect() };
        let compression = self.compression;
        let packed: Vec<_> = blocks.into_par_iter().map(|block| pack(block, compression)).collect();
        for block in packed {
            self.inner.write_all(&block?)?;
        }
        self.pending.drain(..length);
        self.wrote = true;
        Ok(())
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.compression == Compression::None {
            self.wrote = true;
            return self.inner.write(bytes);
        }
        self.pending.extend_from_slice(bytes);
        let batch = self.batch();
        if self.pending.len() >= batch {
            self.pack(self.pending.len() / self.block() * self.block())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn pack(block: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(block.to_vec()),
        Compression::Zstd(level) => zstd::bulk::compress(block, i32::from(level)),
        Compression::Gzip(level) => {
            let level = libdeflater::CompressionLvl::new(i32::from(level))
                .map_err(|_| io::Error::other("gzip level out of range"))?;
            let mut compressor = libdeflater::Compressor::new(level);
            let mut packed = vec![0; compressor.gzip_compress_bound(block.len())];
            let size = compressor
                .gzip_compress(block, &mut packed)
                .map_err(|_| io::Error::other("libdeflate: not enough room"))?;
            packed.truncate(size);
            Ok(packed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(bytes: &[u8], compression: Compression) -> (Vec<u8>, Vec<u8>) {
        let mut encoder = Encoder::new(Vec::new(), compression);
        encoder.write_all(bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let (found, mut reader) = decoder(Box::new(io::Cursor::new(packed.clone()))).unwrap();
        assert!(found.same_algorithm(compression));
        let mut back = Vec::new();
        reader.read_to_end(&mut back).unwrap();
        (packed, back)
    }

    #[test]
    fn what_is_packed_comes_back_whole() {
        let bytes: Vec<u8> = (0..5_000_000_u32).map(|i| ((i / 7) ^ (i >> 9)) as u8).collect();
        for compression in [Compression::None, Compression::Gzip(1), Compression::GZIP, Compression::Zstd(1)] {
            for size in [0, 1, GZIP_BLOCK, bytes.len()] {
                let (_, back) = round_trip(&bytes[..size], compression);
                assert!(back == bytes[..size], "{compression} of {size} bytes");
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_show() {
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i / 5) as u8).collect();
        for compression in [Compression::Gzip(1), Compression::Zstd(1)] {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| round_trip(&bytes, compression).0)
            };
            assert!(with(1) == with(3));
        }
    }

    #[test]
    fn every_member_of_a_gzip_blob_is_read() {
        let mut blob = pack(b"one ", Compression::GZIP).unwrap();
        blob.extend(pack(b"two", Compression::GZIP).unwrap());
        let mut text = String::new();
        decoder(Box::new(io::Cursor::new(blob))).unwrap().1.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
    }

    #[test]
    fn names_of_compressions() {
        assert_eq!("gzip".parse(), Ok(Compression::GZIP));
        assert_eq!("zstd:19".parse(), Ok(Compression::Zstd(19)));
        for bad in ["zstd:0", "zstd:23", "gzip:x", "none:1", "xz", ""] {
            assert!(bad.parse::<Compression>().is_err(), "{bad}");
        }
    }
}
