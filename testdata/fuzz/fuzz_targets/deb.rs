//! Debian packages.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rebuild::archives::deb::{Deb, Limits};
use rebuild::spool::Spool;

fuzz_target!(|data: &[u8]| {
    let spool = Spool::new(&std::env::temp_dir());
    let limits = Limits { control: 1 << 20, data: 1 << 24, entries: 1 << 12 };
    let _ = Deb::read(&mut &*data, &spool, &limits);
});
