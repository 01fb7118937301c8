//! What language runtimes load by name: modules, distributions, classes.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests build their own trees")]

mod calls;
#[path = "../image/mod.rs"]
mod image;
mod java;
mod node;
mod perl;
mod php;
mod python;
