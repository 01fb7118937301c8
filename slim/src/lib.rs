//! Pure analysis of container images.
//!
//! An image is a [`Stack`](tree::Stack) of layers that merges into a [`Tree`](tree::Tree). Package databases tell who owns what
//! in it ([`packages`]); ELF files, scripts and configuration tell what reaches what ([`elf`], [`script`], [`scan`],
//! [`graph`]); [`reach`] and [`policy`] decide what stays. Every decision is a step of a [`plan`], every change a
//! [`Delta`](delta::Delta), and [`verify`] checks that what was whole is whole afterwards.
//!
//! Nothing here opens a file, a socket or a process, or asks for the time: bytes come through
//! [`Contents`](tree::Contents), and the rest comes as arguments.

pub mod delta;
pub mod diff;
pub mod distro;
pub mod draft;
pub mod elf;
pub mod explain;
pub mod graph;
pub mod launch;
pub mod packages;
pub mod path;
pub mod picture;
pub mod plan;
pub mod policy;
pub mod prune;
pub mod reach;
pub mod removed;
pub mod report;
pub mod scan;
pub mod script;
pub mod trace;
pub mod tree;
pub mod verify;
