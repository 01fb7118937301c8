//! ELF files: facts, exports, strings.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = (slim::elf::read(data), slim::elf::exports(data));
    let _ = slim::elf::strings(data).map(Iterator::count);
});
