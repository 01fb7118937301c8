//! deb822 paragraphs and dpkg's status file: unchanged, it is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slim::packages::dpkg::paragraph::paragraphs;
use slim::packages::dpkg::status::Status;

fuzz_target!(|data: &[u8]| {
    for paragraph in paragraphs(data) {
        let _ = (paragraph.fields().count(), paragraph.get("Package"));
    }
    assert_eq!(Status::parse(&Status::parse(data).write()).stanzas().len(), Status::parse(data).stanzas().len());
});
