//! Archives of packages: finding newer ones, fetching them, and reading what they hold.

pub mod deb;
