//! ELF files: facts, exports, strings.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = (slim::elf::exports(data), slim::elf::strings(data).map(Iterator::count));
    if let Ok(facts) = slim::elf::read(data) {
        // As a program of Go, of which addresses and lengths are read, too.
        let facts = slim::elf::Facts { go_buildinfo: true, ..facts };
        let texts = slim::elf::Texts::new(data, &facts);
        let _ = (texts.paths().count(), texts.sentences().count(), texts.words().count(), texts.counted_words().count());
    }
});
