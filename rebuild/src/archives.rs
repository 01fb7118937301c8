//! archives

/// Options.
#[derive(Debug, Clone, Default)]
pub struct Options {}
