//! What the parts of a follower send to whoever puts the batches together.

use tokio::sync::OwnedSemaphorePermit;

use super::state::{Delivered, WorkKey, WorkRow};
use crate::audit::blob::Blob;
use crate::audit::content::Content;
use crate::error::Error;
use crate::page::Warning;

/// News of a lister or the fetcher.
pub(super) enum Event {
    /// A blob is there.
    Fetched(Box<Fetched>),
    /// A blob is lost for good.
    Lost { key: WorkKey, row: Box<WorkRow>, error: Error },
    /// A span is lost for good; its number in the state.
    Gap { number: u64, error: Error },
    /// Something failed and is tried again.
    Problem(Error),
    /// Something that the caller should know.
    Warnings(Vec<Warning>),
    /// All that was there at the beginning is listed, fetched and sent here.
    CaughtUp,
    /// Nothing more can come.
    Ended(Error),
}

/// A blob that waits for being handed out, and the room that it takes.
pub(super) struct Fetched {
    pub(super) key: WorkKey,
    pub(super) content: Content,
    pub(super) blob: Blob,
    pub(super) _room: Option<OwnedSemaphorePermit>,
}

/// What is handed out at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) chunks: Vec<Chunk>,
    pub(super) errors: Vec<Error>,
    pub(super) warnings: Vec<Warning>,
    /// What is safe when the caller says that this batch is.
    pub(super) delivered: Vec<Delivered>,
}

/// The records of one blob in a batch.
pub(super) struct Chunk {
    pub(super) content: Content,
    pub(super) records: Blob,
}

impl Chunk {
    pub(super) fn is_empty(&self) -> bool {
        self.records.rows().is_empty()
    }

    /// The records, each as it came.
    pub(super) fn raws(&self) -> impl Iterator<Item = &[u8]> {
        self.records.fields().map(|record| record.raw().as_bytes())
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
            && self.errors.is_empty()
            && self.warnings.is_empty()
            && self.delivered.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.records.rows().len()).sum()
    }
}
