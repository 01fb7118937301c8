//! Copies an image between local stores: `copy-image oci:DIR docker-archive:FILE:app:1`.

#![allow(clippy::disallowed_macros, reason = "a program talks to its user")]

use rebuild::event::Silent;
use rebuild::image::manifest::OCI_MANIFEST;
use rebuild::image::{Image, Reference, Rewrite};
use rebuild::store::{Sink, Source, StoreError, locate, open_sink, open_source};

fn no_registry<T>(reference: &Reference) -> Result<T, StoreError> {
    let reason = "this example knows local stores only".into();
    Err(StoreError::Reference { reference: reference.to_string(), reason })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else { return Err("usage: copy-image FROM TO".into()) };
    let temporary = std::env::temp_dir();
    let from: Box<dyn Source> = open_source(&locate(from, &temporary)?, &temporary, &Silent, no_registry)?;
    let image = Image::open(from.as_ref(), None)?;
    let mut to: Box<dyn Sink> = open_sink(&to.parse()?, no_registry)?;
    let config = image.manifest.config.blob();
    for blob in image.layers.iter().map(|layer| &layer.blob).chain([&config]) {
        if !to.has(blob, None)? {
            to.blob(blob, &mut from.blob(blob)?, &Silent)?;
        }
    }
    let name = to.name();
    let mut rewrite = Rewrite::new(&image);
    if to.wants_oci() && image.media_type != OCI_MANIFEST {
        rewrite.into_oci();
    }
    let documents = rewrite.finish();
    let digest = to.finish(&documents.media_type, &documents.manifest_bytes)?;
    println!("{name}: {digest}, {} layers, {} bytes", image.layers.len(), image.size());
    Ok(())
}
