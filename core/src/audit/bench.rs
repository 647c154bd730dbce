//! What `benches/core` measures of the decoder; no part of the interface.

#![allow(missing_docs)]

use bytes::Bytes;

use super::blob::Blob;
use super::record::{AuditRecord, Origin};
use super::scan::Finds;

/// How many records a body has, of which it is known where they stand.
pub fn places(body: &Bytes) -> usize {
    blob(body, Finds::Places).map_or(0, |blob| blob.rows().len())
}

/// The same with their common fields.
pub fn fields(body: &Bytes) -> usize {
    blob(body, Finds::Fields).map_or(0, |blob| blob.rows().len())
}

/// The records of a body.
pub fn records(body: &Bytes) -> Vec<AuditRecord> {
    blob(body, Finds::Fields).map_or_else(Vec::new, Blob::into_records)
}

/// The lines of a body, which is taken: nobody else has it.
pub fn lines(body: &mut Option<Bytes>) -> Bytes {
    let blob = body.as_ref().and_then(|body| blob(body, Finds::Places));
    *body = None;
    blob.map_or_else(Bytes::new, Blob::into_lines)
}

fn blob(body: &Bytes, finds: Finds) -> Option<Blob> {
    Blob::scan(body, &Origin::new(None, "blob"), finds, usize::MAX).ok()
}
