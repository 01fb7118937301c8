//! The dpkg family: Debian, Ubuntu and their like.

pub mod paragraph;
