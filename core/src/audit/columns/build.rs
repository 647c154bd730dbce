//! Builds a batch out of the records of some blobs.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Int64Builder, StringBuilder, StringViewBuilder, TimestampMicrosecondBuilder,
    UInt16Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;
use bytes::Bytes;
use jiff::Timestamp;

use super::dictionary::Dictionary;
use super::find::{Found, find};
use super::plan::{Plan, UTC};
use crate::audit::blob::Blob;
use crate::audit::content_type::ContentType;
use crate::audit::fields::{Fields, Place};
use crate::audit::schema::ValueType;
use crate::error::{Error, ErrorKind, Result};
use crate::lenient;

/// Bodies shorter than this are copied together: a buffer for each of many tiny blobs costs more than that.
const TINY: usize = 16 * 1024;
/// How long most ids and keys are.
const USUAL_TEXT: usize = 40;

/// A batch, and how many values of each extended column did not fit.
#[derive(Debug)]
pub(in crate::audit) struct Built {
    pub(in crate::audit) batch: RecordBatch,
    pub(in crate::audit) conflicts: Vec<u64>,
}

/// Builds one batch of all rows of these blobs.
pub(in crate::audit) fn build(plan: &Plan, blobs: &[Blob]) -> Result<Built> {
    let rows = blobs.iter().map(|blob| blob.rows().len()).sum();
    let mut common = Common::with_capacity(rows);
    let mut extended: Vec<_> = plan.paths.columns.iter().map(|of| Column::new(of.type_, rows)).collect();
    let mut conflicts = vec![0; extended.len()];
    let mut found = Vec::new();
    let mut raw = StringViewBuilder::with_capacity(if plan.raw { rows } else { 0 });
    for blob in blobs {
        for fields in blob.fields() {
            common.append(fields);
            if !extended.is_empty() {
                find(&plan.paths, fields.raw(), &mut found);
                for ((column, found), conflicts) in extended.iter_mut().zip(&found).zip(&mut conflicts) {
                    *conflicts += u64::from(!column.append(*found));
                }
            }
        }
        if plan.raw {
            append_raw(&mut raw, blob);
        }
    }
    let mut columns = common.finish().map_err(bug)?;
    columns.extend(extended.into_iter().map(Column::finish));
    if plan.raw {
        columns.push(Arc::new(raw.finish()));
    }
    let batch = RecordBatch::try_new(Arc::clone(&plan.schema), columns).map_err(bug)?;
    Ok(Built { batch, conflicts })
}

/// The records as they came: views of the body where that does not keep much else in memory.
fn append_raw(raw: &mut StringViewBuilder, blob: &Blob) {
    let body = blob.body();
    let places = blob.rows().iter().map(|row| row.place);
    let wanted: usize = places.clone().map(Place::len).sum();
    let block = (body.len() >= TINY && body.len() < u32::MAX as usize && wanted >= body.len() / 2)
        .then(|| raw.append_block(Buffer::from(Bytes::clone(body))));
    for place in places {
        let range = place.range();
        let is_viewed = block.zip(u32::try_from(range.start).ok()).zip(u32::try_from(range.len()).ok());
        let is_viewed = is_viewed
            .is_some_and(|((block, start), length)| raw.try_append_view(block, start, length).is_ok());
        if !is_viewed {
            raw.append_value(String::from_utf8_lossy(&body[range]));
        }
    }
}

pub(super) fn bug(error: ArrowError) -> Error {
    Error::new(ErrorKind::Service, "the columns of a batch do not go together; this is a bug")
        .with_source(error)
}

/// The columns that are always there.
struct Common {
    id: StringBuilder,
    creation_time: TimestampMicrosecondBuilder,
    operation: Dictionary,
    record_type: Dictionary,
    workload: Dictionary,
    user_id: Dictionary,
    client_ip: StringBuilder,
    client_address: StringBuilder,
    client_port: UInt16Builder,
    organization_id: Dictionary,
    user_type: Dictionary,
    user_key: StringBuilder,
    result_status: Dictionary,
    object_id: StringBuilder,
    scope: Dictionary,
    app_access_context: StringBuilder,
    content_type: Dictionary,
    content_id: Dictionary,
}

impl Common {
    fn with_capacity(rows: usize) -> Self {
        let texts = || StringBuilder::with_capacity(rows, rows * USUAL_TEXT);
        let sparse = || StringBuilder::with_capacity(rows, 0);
        let repeating = || Dictionary::with_capacity(rows);
        Common {
            id: texts(),
            creation_time: TimestampMicrosecondBuilder::with_capacity(rows).with_timezone(UTC),
            operation: repeating(),
            record_type: repeating(),
            workload: repeating(),
            user_id: repeating(),
            client_ip: sparse(),
            client_address: sparse(),
            client_port: UInt16Builder::with_capacity(rows),
            organization_id: repeating(),
            user_type: repeating(),
            user_key: texts(),
            result_status: repeating(),
            object_id: texts(),
            scope: repeating(),
            app_access_context: sparse(),
            content_type: repeating(),
            content_id: repeating(),
        }
    }

    fn append(&mut self, fields: Fields<'_>) {
        self.id.append_option(fields.id());
        self.creation_time.append_option(fields.creation_time().map(Timestamp::as_microsecond));
        self.operation.append(fields.operation());
        append_name(&mut self.record_type, fields.record_type().map(|of| (of.0, of.name())));
        self.workload.append(fields.workload());
        self.user_id.append(fields.user_id());
        self.client_ip.append_option(fields.client_ip());
        let (address, port) = fields.address().unzip();
        match address {
            Some(address) => {
                // Writing into a builder cannot fail; the empty rest ends the value.
                let _ = write!(self.client_address, "{address}");
                self.client_address.append_value("");
            }
            None => self.client_address.append_null(),
        }
        self.client_port.append_option(port.flatten());
        self.organization_id.append(fields.organization_id());
        append_name(&mut self.user_type, fields.user_type().map(|of| (of.0, of.name())));
        self.user_key.append_option(fields.user_key());
        self.result_status.append(fields.result_status());
        self.object_id.append_option(fields.object_id());
        append_name(&mut self.scope, fields.scope().map(|of| (of.0, of.name())));
        self.app_access_context.append_option(fields.app_access_context_json());
        self.content_type.append(fields.content_type().map(ContentType::as_str));
        self.content_id.append(fields.content_id());
    }

    /// In the order of the schema.
    fn finish(mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        Ok(vec![
            Arc::new(self.id.finish()),
            Arc::new(self.creation_time.finish()),
            self.operation.finish()?,
            self.record_type.finish()?,
            self.workload.finish()?,
            self.user_id.finish()?,
            Arc::new(self.client_ip.finish()),
            Arc::new(self.client_address.finish()),
            Arc::new(self.client_port.finish()),
            self.organization_id.finish()?,
            self.user_type.finish()?,
            Arc::new(self.user_key.finish()),
            self.result_status.finish()?,
            Arc::new(self.object_id.finish()),
            self.scope.finish()?,
            Arc::new(self.app_access_context.finish()),
            self.content_type.finish()?,
            self.content_id.finish()?,
        ])
    }
}

/// A number by its name, or as text where it has none.
fn append_name(column: &mut Dictionary, number: Option<(i64, Option<&str>)>) {
    match number {
        Some((_, Some(name))) => column.append(Some(name)),
        Some((number, None)) => column.append(Some(&number.to_string())),
        None => column.append(None),
    }
}

/// The column of a path.
enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Truth(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Column {
    fn new(type_: ValueType, rows: usize) -> Self {
        match type_ {
            ValueType::Text => Column::Text(StringBuilder::with_capacity(rows, 0)),
            ValueType::Int => Column::Int(Int64Builder::with_capacity(rows)),
            ValueType::Truth => Column::Truth(BooleanBuilder::with_capacity(rows)),
            ValueType::Time => {
                Column::Time(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone(UTC))
            }
        }
    }

    /// Adds a value, or null; false if there was one that does not fit.
    fn append(&mut self, found: Found<'_>) -> bool {
        let Found::Json(json) = found else {
            self.append_null();
            return found == Found::Absent;
        };
        let text = lenient::text(json);
        if let Column::Text(column) = self {
            // Objects and lists as they are.
            column.append_value(text.as_deref().unwrap_or(json));
            return true;
        }
        let text = text.as_deref().map(str::trim);
        let fits = match self {
            Column::Text(_) => true,
            Column::Int(column) => {
                let value = lenient::int(json);
                column.append_option(value);
                value.is_some()
            }
            Column::Truth(column) => {
                let value = text.and_then(truth);
                column.append_option(value);
                value.is_some()
            }
            Column::Time(column) => {
                let value = text.and_then(lenient::time);
                column.append_option(value.map(Timestamp::as_microsecond));
                value.is_some() || text.is_some_and(|text| text.starts_with("0001-01-01"))
            }
        };
        // A blank stands for nothing.
        fits || text == Some("")
    }

    fn append_null(&mut self) {
        match self {
            Column::Text(column) => column.append_null(),
            Column::Int(column) => column.append_null(),
            Column::Truth(column) => column.append_null(),
            Column::Time(column) => column.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Column::Text(mut column) => Arc::new(column.finish()),
            Column::Int(mut column) => Arc::new(column.finish()),
            Column::Truth(mut column) => Arc::new(column.finish()),
            Column::Time(mut column) => Arc::new(column.finish()),
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
