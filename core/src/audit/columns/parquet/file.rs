//! One Parquet file: batches are encoded column by column, on several threads, and written row group by row
//! group.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::Compression;
use super::target::trouble;
use crate::audit::columns::plan::RAW;
use crate::error::{Error, ErrorKind, Result};

/// A row group is written with so many rows, about as many as readers like to read at once.
const GROUP_ROWS: usize = 120_000;
/// A row group is written when it takes so much memory, compressed.
const GROUP_BYTES: usize = 64 * 1024 * 1024;

/// A file that is being written.
pub(super) struct ParquetFile {
    /// Where it lies now.
    path: PathBuf,
    /// What it is called where something goes wrong.
    name: PathBuf,
    file: SerializedFileWriter<File>,
    groups: ArrowRowGroupWriterFactory,
    fields: Vec<Arc<Field>>,
    group: Vec<ArrowColumnWriter>,
    rows_in_group: usize,
    rows: u64,
}

/// A file that is whole and on the disk.
#[derive(Debug)]
pub(in crate::audit) struct WholeFile {
    pub(in crate::audit) path: PathBuf,
    pub(in crate::audit) rows: u64,
    pub(in crate::audit) bytes: u64,
}

/// Columns of one batch that are encoded one after the other.
pub(super) struct Lane<'a> {
    name: &'a Path,
    columns: &'a mut [ArrowColumnWriter],
    arrays: Vec<(Arc<Field>, ArrayRef)>,
}

impl ParquetFile {
    /// Makes the file, or empties it. Errors call it by `name`.
    pub(super) fn create(
        path: PathBuf,
        name: PathBuf,
        schema: &Schema,
        compression: &Compression,
    ) -> Result<ParquetFile> {
        let file = File::create(&path).map_err(|e| trouble(&name, e))?;
        let schema = as_written(schema);
        let properties = properties(&schema, compression);
        let begun = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer);
        let (file, groups) = begun.map_err(|e| failed(&name, e))?;
        let fields = schema.fields().to_vec();
        Ok(ParquetFile { path, name, file, groups, fields, group: Vec::new(), rows_in_group: 0, rows: 0 })
    }

    /// What of a batch can be encoded at the same time. To be given to [`encode`], and then [`settle`d](Self::settle).
    pub(super) fn lanes(&mut self, batch: &RecordBatch) -> Result<Vec<Lane<'_>>> {
        if self.group.is_empty() {
            let made = self.groups.create_column_writers(self.file.flushed_row_groups().len());
            self.group = made.map_err(|e| failed(&self.name, e))?;
        }
        self.rows_in_group += batch.num_rows();
        self.rows += batch.num_rows() as u64;
        let mut arrays: Vec<_> = self.fields.iter().cloned().zip(batch.columns().iter().cloned()).collect();
        // The whole records are most of the work.
        let has_raw = self.fields.last().is_some_and(|field| field.name() == RAW);
        let at = self.group.len().min(arrays.len()) - usize::from(has_raw);
        let of_raw = arrays.split_off(at);
        let (columns, raw) = self.group.split_at_mut(at);
        let lanes = [(columns, arrays), (raw, of_raw)].into_iter().filter(|(columns, _)| !columns.is_empty());
        let name = self.name.as_path();
        Ok(lanes.map(|(columns, arrays)| Lane { name, columns, arrays }).collect())
    }

    /// After [`encode`]: writes the row group if it is full.
    pub(super) fn settle(&mut self) -> Result<()> {
        if self.rows_in_group >= GROUP_ROWS || self.held() >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// What it holds in memory, in bytes.
    pub(super) fn held(&self) -> usize {
        self.group.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    /// Writes what there is as a row group, and gives the memory back.
    pub(super) fn write_group(&mut self) -> Result<()> {
        let columns = std::mem::take(&mut self.group);
        if columns.is_empty() {
            return Ok(());
        }
        self.rows_in_group = 0;
        let write = || {
            let mut group = self.file.next_row_group()?;
            for column in columns {
                column.close()?.append_to_row_group(&mut group)?;
            }
            group.close().map(drop)
        };
        write().map_err(|e| failed(&self.name, e))
    }

    /// Writes the rest, and waits until all is on the disk.
    pub(super) fn finish(mut self) -> Result<WholeFile> {
        self.write_group()?;
        let ParquetFile { path, name, file, rows, .. } = self;
        let file = file.into_inner().map_err(|e| failed(&name, e))?;
        let length = file.sync_all().and_then(|()| Ok(file.metadata()?.len()));
        let bytes = length.map_err(|e| trouble(&name, e))?;
        Ok(WholeFile { path, rows, bytes })
    }
}

/// Encodes all lanes, on as many threads as there are processors.
pub(super) fn encode(lanes: Vec<Lane<'_>>) -> Result<()> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(lanes.len());
    if threads <= 1 {
        return lanes.into_iter().try_for_each(Lane::encode);
    }
    let lanes = Mutex::new(lanes.into_iter());
    let work = || loop {
        // The lock is given back before the lane is encoded.
        let lane = lanes.lock().unwrap_or_else(PoisonError::into_inner).next();
        match lane {
            Some(lane) => lane.encode()?,
            None => return Ok(()),
        }
    };
    thread::scope(|scope| {
        // Where there are no more threads to be had, this one does it all.
        let more = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(more).collect();
        let outcome = work();
        let broken_off = || Error::new(ErrorKind::Service, "a thread that wrote columns broke off");
        others.into_iter().fold(outcome, |outcome, other| {
            let other = other.join().unwrap_or_else(|_| Err(broken_off()));
            outcome.and(other)
        })
    })
}

impl Lane<'_> {
    fn encode(self) -> Result<()> {
        let columns = self.columns.iter_mut();
        for (column, (field, array)) in columns.zip(self.arrays) {
            let written = compute_leaves(&field, &array)
                .and_then(|leaves| leaves.iter().try_for_each(|leaf| column.write(leaf)));
            written.map_err(|e| failed(self.name, e))?;
        }
        Ok(())
    }
}

/// Texts are written as plain ones: not every reader that learns from the file that they were views knows these.
fn as_written(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn properties(schema: &Schema, compression: &Compression) -> WriterProperties {
    let codec = match compression {
        Compression::Zstd | Compression::Unknown(_) => Codec::ZSTD(ZstdLevel::default()),
        Compression::Snappy => Codec::SNAPPY,
        Compression::None => Codec::UNCOMPRESSED,
    };
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("m365kit ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(codec)
        .set_statistics_enabled(EnabledStatistics::Page);
    if schema.column_with_name(RAW).is_some() {
        // No two are alike, and nobody looks for one by its beginning.
        let raw = || ColumnPath::new(vec![RAW.to_owned()]);
        properties = properties
            .set_column_dictionary_enabled(raw(), false)
            .set_column_statistics_enabled(raw(), EnabledStatistics::None);
    }
    properties.set_column_dictionary_enabled(ColumnPath::new(vec!["id".to_owned()]), false).build()
}

fn failed(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => trouble(path, *error),
            Err(source) => {
                Error::new(ErrorKind::Storage, format!("{} cannot be written: {source}", path.display()))
            }
        },
        error => Error::new(ErrorKind::Storage, format!("{} cannot be written: {error}", path.display()))
            .with_source(error),
    }
}
