//! One Parquet file out of records that lie somewhere else already, such as in a file of lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::Compression;
use super::file::{ParquetFile, WholeFile, encode};
use crate::audit::blob::Blob;
use crate::audit::columns::build::{Built, build};
use crate::audit::columns::plan::Plan;
use crate::audit::content_type::ContentType;
use crate::audit::record::Origin;
use crate::audit::scan::Finds;
use crate::error::Result;

/// Records are built into columns when they have so many bytes.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// What was written into a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::audit) struct Spooled {
    /// Rows of the file: as many as there were records.
    pub(in crate::audit) rows: u64,
    /// How long the file is.
    pub(in crate::audit) bytes: u64,
    /// How many values of each column did not fit its type and became null; columns without any are left out.
    pub(in crate::audit) conflicts: BTreeMap<String, u64>,
}

/// Writes records, each as it came and with the blob that it came in, into one file with the columns of the
/// plan.
///
/// The file is made, or emptied if it is there, and is whole and on the disk afterwards; to give it its final
/// name is the caller's. Memory is bounded whatever the number of records: they are asked for as they are
/// written. After an error what there is of the file is worth nothing.
///
/// Blocks: to be called where a thread may wait. An error of the records ends it, and so does one that is no
/// JSON; what is no object among them is left out.
pub(in crate::audit) fn write_file(
    records: impl IntoIterator<Item = Result<(Bytes, Arc<str>)>>,
    content_type: &ContentType,
    plan: &Plan,
    compression: &Compression,
    path: &Path,
) -> Result<Spooled> {
    let mut file = ParquetFile::create(path.to_owned(), path.to_owned(), &plan.schema, compression)?;
    let mut conflicts = vec![0; plan.extended().count()];
    let mut group = Group::new(content_type);
    for record in records {
        let (raw, content_id) = record?;
        group.add(&raw, &content_id)?;
        if group.rows >= plan.batch_rows || group.bytes >= BATCH_BYTES {
            group.write(plan, &mut file, &mut conflicts)?;
        }
    }
    group.write(plan, &mut file, &mut conflicts)?;
    let WholeFile { rows, bytes, .. } = file.finish()?;
    let counted = plan.extended().map(str::to_owned).zip(conflicts);
    Ok(Spooled { rows, bytes, conflicts: counted.filter(|(_, count)| *count > 0).collect() })
}

/// Records that are gathered into a batch: as blobs again, which is what columns are built from.
struct Group<'a> {
    content_type: &'a ContentType,
    blobs: Vec<Blob>,
    content_id: Arc<str>,
    body: BytesMut,
    rows: usize,
    bytes: usize,
}

impl<'a> Group<'a> {
    fn new(content_type: &'a ContentType) -> Self {
        let (blobs, body) = (Vec::new(), BytesMut::new());
        Group { content_type, blobs, content_id: Arc::from(""), body, rows: 0, bytes: 0 }
    }

    fn add(&mut self, raw: &[u8], content_id: &Arc<str>) -> Result<()> {
        if self.content_id != *content_id {
            self.end_blob()?;
            self.content_id = Arc::clone(content_id);
        }
        self.body.extend_from_slice(if self.body.is_empty() { b"[" } else { b"," });
        self.body.extend_from_slice(raw);
        self.rows += 1;
        self.bytes += raw.len();
        Ok(())
    }

    fn end_blob(&mut self) -> Result<()> {
        if !self.body.is_empty() {
            self.body.extend_from_slice(b"]");
            let origin = Origin::new(Some(self.content_type.clone()), Arc::clone(&self.content_id));
            let body = self.body.split().freeze();
            self.blobs.push(Blob::scan(&body, &origin, Finds::Fields, usize::MAX)?);
        }
        Ok(())
    }

    fn write(&mut self, plan: &Plan, file: &mut ParquetFile, conflicts: &mut [u64]) -> Result<()> {
        self.end_blob()?;
        let Built { batch, conflicts: more } = build(plan, &self.blobs)?;
        (self.rows, self.bytes) = (0, 0);
        self.blobs.clear();
        if batch.num_rows() > 0 {
            encode(file.lanes(&batch)?)?;
            file.settle()?;
        }
        conflicts.iter_mut().zip(more).for_each(|(all, more)| *all += more);
        Ok(())
    }
}
