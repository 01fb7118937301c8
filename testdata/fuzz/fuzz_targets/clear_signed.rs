//! `InRelease`: the signed text is a part of the message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rebuild::archives::release::Release;

fuzz_target!(|data: &[u8]| {
    let _ = rebuild::archives::signature::split(data).map(|message| Release::parse(&message.text));
});
