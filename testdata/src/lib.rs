//! testdata

pub mod elf;
