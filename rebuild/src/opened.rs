//! An image with its layers read: everything the analysis works on.

use crate::event::{Event, Reporter, Task, Unit};
use crate::image::{Image, LayerBlob, Platform};
use crate::layer::{Budget, LayerArchive, LayerError, read_layer};
use crate::spool::Spool;
use crate::store::{Source, StoreError};
use slim::tree::{Layer, Stack, Tree};
use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An image, its layers' archives in the spool, and the layers as values.
#[derive(Debug)]
pub struct Opened {
    /// Manifest and config.
    pub image: Image,
    /// One per layer, bottom first.
    pub archives: Vec<LayerArchive>,
    /// The layers of the archives.
    pub stack: Stack,
}

/// An image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A layer is not what it should be.
    #[error("{image}: {error}")]
    Layer {
        /// The image's name for people.
        image: String,
        /// What is wrong.
        error: LayerError,
    },
}

impl Opened {
    /// Reads manifest, config and every layer, several layers at a time. Each blob's digest, size and diff id is verified.
    ///
    /// # Errors
    /// When the store fails, something is not what its digest promises, or a layer is no sound archive.
    pub fn read(
        source: &dyn Source,
        platform: Option<&Platform>,
        jobs: usize,
        spool: &Spool,
        reporter: &dyn Reporter,
    ) -> Result<Self, OpenError> {
        let image = Image::open(source, platform)?;
        if let (Some(chosen), None) = (&image.index, platform) {
            reporter.event(Event::Warning(format!("{}: {}", image.name, chosen.note)));
        }
        let budget = Budget::default();
        let read = |index: usize| {
            let layer = &image.layers[index];
            layer_archive(source, layer, index, spool, &budget, reporter).map_err(|error| error.of(&image.name))
        };
        let mut archives = side_by_side(image.layers.len(), jobs, read)?;
        let mut below = Tree::new();
        let mut layers: Vec<Layer> = Vec::with_capacity(archives.len());
        for (index, archive) in archives.iter_mut().enumerate() {
            let label = image.layers[index].blob.digest.short();
            archive.settle(&below, label).map_err(|error| OpenError::Layer { image: image.name.clone(), error })?;
            archive.layer.lay_over(&mut below, index);
            layers.push(archive.layer.clone());
        }
        Ok(Self { image, archives, stack: Stack { layers } })
    }
}

/// What can go wrong with one layer, before the image's name is added.
enum Fault {
    Store(StoreError),
    Layer(LayerError),
}

impl Fault {
    fn of(self, image: &str) -> OpenError {
        match self {
            Self::Store(error) => OpenError::Store(error),
            Self::Layer(error) => OpenError::Layer { image: image.into(), error },
        }
    }
}

fn layer_archive(
    source: &dyn Source,
    layer: &LayerBlob,
    index: usize,
    spool: &Spool,
    budget: &Budget,
    reporter: &dyn Reporter,
) -> Result<LayerArchive, Fault> {
    let label = layer.blob.digest.short();
    let task = Task::start(reporter, format!("layer {label}"), Some(layer.blob.size), Unit::Bytes);
    let bytes = source.blob(&layer.blob).map_err(Fault::Store)?;
    let archive = read_layer(Box::new(Watched { inner: bytes, task: &task }), index, label, spool, budget);
    let archive = archive.map_err(Fault::Layer)?;
    if archive.diff_id != layer.diff_id {
        let (expected, found) = (layer.diff_id.clone(), archive.diff_id);
        return Err(Fault::Layer(LayerError::DiffId { layer: label.into(), expected, found }));
    }
    Ok(archive)
}

/// Tells a task of the bytes that pass, and stops when it is cancelled.
pub(crate) struct Watched<'a, R> {
    pub(crate) inner: R,
    pub(crate) task: &'a Task<'a>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.task.cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let count = self.inner.read(buffer)?;
        self.task.advance(count as u64);
        Ok(count)
    }
}

/// Does `count` pieces of work on at most `jobs` threads; results keep their order, the first error in that order wins.
pub(crate) fn side_by_side<T: Send, E: Send>(
    count: usize,
    jobs: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<T, E>>>> = Mutex::new((0..count).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let result = work(index);
                    if result.is_err() {
                        // Nobody begins more work after a failure.
                        next.store(count, Ordering::Relaxed);
                    }
                    if let Some(slot) = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_mut(index) {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().flatten().collect()
}
