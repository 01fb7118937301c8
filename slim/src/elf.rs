//! What ELF files and the files around the dynamic loader say.

pub mod cache;
