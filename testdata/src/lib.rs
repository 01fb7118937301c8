//! Bytes for tests, made by another hand than the readers'.

pub mod deb;
pub mod elf;
