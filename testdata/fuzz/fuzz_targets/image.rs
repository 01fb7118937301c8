//! Manifests, indexes and image configurations.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rebuild::image::Config;
use rebuild::image::manifest::Document;

fuzz_target!(|data: &[u8]| {
    let _ = Document::parse("fuzz", "", data);
    if let Ok(config) = Config::parse("fuzz", data) {
        let _ = (config.entrypoint(), config.env(), config.healthcheck(), config.volumes(), config.platform());
        let _ = config.history_of_layers(config.diff_ids().len());
    }
});
