//! `/etc/ld.so.cache`: what is read can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slim::elf::cache::Cache;

fuzz_target!(|data: &[u8]| {
    if let Ok(cache) = Cache::read(data) {
        let again = Cache::read(&cache.write()).expect("our own cache is readable");
        assert_eq!(again.entries.len(), cache.entries.len());
    }
});
