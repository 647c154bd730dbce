//! The files of one run that are being written: one, or one for each folder.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::take::take_record_batch;

use super::Compression;
use super::file::{ParquetFile, WholeFile, encode};
use super::partition::Partitioning;
use super::target::Workshop;
use crate::audit::columns::build::bug;
use crate::error::Result;

/// So many files are written at once; beyond that the one that has waited longest is finished.
const OPEN: usize = 32;
/// What all of them may hold in memory, in bytes, before the largest is written down.
const HELD: usize = 96 * 1024 * 1024;

/// The files that are being written, and those that are whole.
pub(super) struct Writers {
    // Stands first: its files are closed before the folder that they lie in goes.
    open: HashMap<String, Open>,
    workshop: Workshop,
    partitioning: Partitioning,
    compression: Compression,
    /// Of the files: without what the folders say.
    schema: SchemaRef,
    columns: Vec<usize>,
    whole: Vec<(String, WholeFile)>,
    batches: u64,
}

struct Open {
    file: ParquetFile,
    /// The batch that it was last written with.
    last: u64,
}

/// What was written.
pub(super) struct Finished {
    pub(super) files: Vec<String>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Writers {
    pub(super) fn new(
        workshop: Workshop,
        partitioning: Partitioning,
        compression: Compression,
        schema: &SchemaRef,
    ) -> Result<Writers> {
        let columns = partitioning.columns_left(schema);
        let schema = schema.project(&columns).map_err(bug)?.into();
        Ok(Writers {
            open: HashMap::new(),
            workshop,
            partitioning,
            compression,
            schema,
            columns,
            whole: Vec::new(),
            batches: 0,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.batches += 1;
        if self.partitioning.is_none() {
            return self.write_pieces(vec![(String::new(), batch.clone())]);
        }
        let mut pieces = self.split(batch).map_err(bug)?;
        while !pieces.is_empty() {
            let rest = pieces.split_off(pieces.len().min(OPEN));
            self.write_pieces(std::mem::replace(&mut pieces, rest))?;
        }
        Ok(())
    }

    fn create(&mut self, folder: &str) -> Result<ParquetFile> {
        let (path, name) = (self.workshop.next_path(), self.workshop.name_of(folder));
        ParquetFile::create(path, name, &self.schema, &self.compression)
    }

    fn split(&self, batch: &RecordBatch) -> Result<Vec<(String, RecordBatch)>, ArrowError> {
        let columns = batch.project(&self.columns)?;
        let folders = self.partitioning.split(batch)?.into_iter();
        folders.map(|(folder, rows)| Ok((folder, take_record_batch(&columns, &rows)?))).collect()
    }

    /// Writes at most as many pieces as there may be open files.
    fn write_pieces(&mut self, pieces: Vec<(String, RecordBatch)>) -> Result<()> {
        self.make_room(&pieces)?;
        let pieces: HashMap<String, RecordBatch> = pieces.into_iter().collect();
        for folder in pieces.keys() {
            if !self.open.contains_key(folder) {
                let file = self.create(folder)?;
                self.open.insert(folder.clone(), Open { file, last: self.batches });
            }
        }
        let mut lanes = Vec::new();
        for (folder, open) in &mut self.open {
            if let Some(piece) = pieces.get(folder) {
                open.last = self.batches;
                lanes.extend(open.file.lanes(piece)?);
            }
        }
        encode(lanes)?;
        let written = self.open.iter_mut().filter(|(folder, _)| pieces.contains_key(*folder));
        for (_, open) in written {
            open.file.settle()?;
        }
        self.write_down()
    }

    /// Finishes the files that have waited longest, so that there is room for those of these pieces.
    fn make_room(&mut self, pieces: &[(String, RecordBatch)]) -> Result<()> {
        let new = pieces.iter().filter(|(folder, _)| !self.open.contains_key(folder)).count();
        let is_needed = |folder: &String| pieces.iter().any(|(of, _)| of == folder);
        for _ in 0..(self.open.len() + new).saturating_sub(OPEN) {
            let idle = self.open.iter().filter(|(folder, _)| !is_needed(folder));
            let Some(folder) = idle.min_by_key(|(_, open)| open.last).map(|(folder, _)| folder.clone())
            else {
                break;
            };
            if let Some(open) = self.open.remove(&folder) {
                self.whole.push((folder, open.file.finish()?));
            }
        }
        Ok(())
    }

    fn write_down(&mut self) -> Result<()> {
        while self.open.values().map(|open| open.file.held()).sum::<usize>() > HELD {
            let Some(largest) = self.open.values_mut().max_by_key(|open| open.file.held()) else { break };
            largest.file.write_group()?;
        }
        Ok(())
    }

    /// Finishes all files, and gives them their names.
    pub(super) fn finish(mut self) -> Result<Finished> {
        let is_empty = self.whole.is_empty() && self.open.is_empty();
        if is_empty && self.partitioning.is_none() && self.workshop.wants_empty_file() {
            let file = self.create("")?;
            self.open.insert(String::new(), Open { file, last: 0 });
        }
        for (folder, open) in self.open.drain() {
            self.whole.push((folder, open.file.finish()?));
        }
        // In the order in which they were begun within each folder.
        self.whole.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (rows, bytes) =
            self.whole.iter().fold((0, 0), |(rows, bytes), (_, file)| (rows + file.rows, bytes + file.bytes));
        let files = self.workshop.finish(&self.whole)?;
        let files = files.iter().map(|path| path.display().to_string()).collect();
        Ok(Finished { files, rows, bytes })
    }
}
