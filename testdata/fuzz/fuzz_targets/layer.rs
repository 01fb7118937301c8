//! Layer blobs: tar, compressed or not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rebuild::layer::{Budget, read_layer};
use rebuild::spool::Spool;

fuzz_target!(|data: &[u8]| {
    let spool = Spool::new(&std::env::temp_dir());
    let _ = read_layer(Box::new(data), 0, "fuzz", &spool, &Budget::default());
});
