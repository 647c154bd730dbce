//! Batches as bytes: each an Arrow IPC stream of its own.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use futures::{FutureExt, TryFutureExt};

use super::batches::ColumnBatch;
use super::build::bug;
use super::gather::on_a_worker;
use crate::dispatch::Columns;
use crate::error::Result;
use crate::page::{Page, Paged};

/// Pages that are written while the one before is handed out.
const AT_ONCE: usize = 2;

/// The same batches for languages that take them as bytes.
pub(crate) fn as_bytes(columns: Columns) -> Paged<ColumnBatch> {
    let pages = stream::unfold(columns.into_batches(), |mut batches| async move {
        let page = batches.next_page().await.transpose()?;
        Some((page, batches))
    });
    let written = pages.map(|page| match page {
        Ok(Page { items, token, count, errors, warnings, report }) => on_a_worker(move || {
            items.iter().map(|batch| write(batch).map_err(bug)).collect::<Result<Vec<_>>>()
        })
        .map_ok(move |items| Page { items, token, count, errors, warnings, report })
        .boxed(),
        Err(error) => std::future::ready(Err(error)).boxed(),
    });
    Paged::new(written.buffered(AT_ONCE))
}

fn write(batch: &RecordBatch) -> Result<ColumnBatch, ArrowError> {
    let rows = batch.num_rows() as u64;
    let batch = without_views(batch)?;
    let mut bytes = Vec::with_capacity(batch.get_array_memory_size());
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    Ok(ColumnBatch { rows, ipc: Bytes::from(bytes) })
}

/// Views as plain texts: not every reader of the bytes knows views.
fn without_views(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if let Some(views) = column.as_string_view_opt() {
            fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
            columns.push(plain(views));
        } else {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn plain(views: &StringViewArray) -> ArrayRef {
    let bytes = views.lengths().map(|length| length as usize).sum();
    let mut texts = StringBuilder::with_capacity(views.len(), bytes);
    views.iter().for_each(|text| texts.append_option(text));
    Arc::new(texts.finish())
}
