//! Shell scripts.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(script) = slim::script::parse(data) {
        let _ = (script.commands().len(), script.redirections().len());
    }
});
