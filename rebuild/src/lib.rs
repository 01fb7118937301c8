//! Everything of slim that touches the world.
//!
//! A [`store`] gives and takes images, [`layer`] turns their archives into the tree of the `slim` crate and back,
//! [`archives`] finds newer packages, an [`engine`] turns an upgrade into a draft of the tree, and the
//! pipeline puts these in a row.
//!
//! Nothing here prints: what happens is told as [`event::Event`]s, what went wrong as typed errors.

mod account;
pub mod archives;
pub mod change;
pub mod engine;
pub mod event;
mod glob;
pub mod image;
pub mod layer;
pub mod lock;
pub mod opened;
pub mod output;
pub mod pipeline;
pub mod publish;
pub mod question;
pub mod request;
pub mod spool;
pub mod store;
pub mod subject;
pub mod trial;
pub mod upgrade;
