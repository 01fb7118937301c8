//! Bytes for slim's tests, made by another hand than the readers'.

pub mod registry;
