//! Which columns there are: the schema, which is stable, and what is looked for in a record.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::paths::Paths;
use crate::audit::schema::ValueType;
use crate::error::{Error, Result};

/// How many rows a batch has, if the caller does not say.
const BATCH_ROWS: u32 = 10_000;
const MAX_BATCH_ROWS: u32 = 1_000_000;

/// The column with the whole record, last where it is there.
pub(super) const RAW: &str = "raw";

/// The columns that are always there, with the field of the record that each is read from.
const COMMON: &[(&str, &str)] = &[
    ("id", "Id"),
    ("creation_time", "CreationTime"),
    ("operation", "Operation"),
    ("record_type", "RecordType"),
    ("workload", "Workload"),
    ("user_id", "UserId"),
    ("client_ip", "ClientIP"),
    ("client_address", ""),
    ("client_port", ""),
    ("organization_id", "OrganizationId"),
    ("user_type", "UserType"),
    ("user_key", "UserKey"),
    ("result_status", "ResultStatus"),
    ("object_id", "ObjectId"),
    ("scope", "Scope"),
    ("app_access_context", "AppAccessContext"),
    ("content_type", ""),
    ("content_id", ""),
    (RAW, ""),
];

static COMMON_FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let names = COMMON.iter().map(|(column, _)| *column).filter(|column| *column != RAW);
    names.map(|column| Field::new(column, type_of(column), true)).collect()
});

fn type_of(column: &str) -> DataType {
    match column {
        "creation_time" => instant(),
        "client_port" => DataType::UInt16,
        "id" | "client_ip" | "client_address" | "user_key" | "object_id" | "app_access_context" => {
            DataType::Utf8
        }
        _ => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    }
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

/// The zone of all instants, written so that every reader of Arrow knows it without a table of zones.
pub(super) const UTC: &str = "+00:00";

/// What a batch is made of.
#[derive(Debug, Clone)]
pub(in crate::audit) struct Plan {
    pub(super) schema: SchemaRef,
    pub(super) paths: Arc<Paths>,
    pub(super) raw: bool,
    pub(super) batch_rows: usize,
}

impl Plan {
    /// Refuses what cannot be meant.
    pub(in crate::audit) fn new(
        extended: Option<&[String]>,
        raw: bool,
        batch_rows: Option<u32>,
    ) -> Result<Plan> {
        let batch_rows = batch_rows.unwrap_or(BATCH_ROWS);
        if !(1..=MAX_BATCH_ROWS).contains(&batch_rows) {
            return Err(Error::invalid(format!(
                "batch_rows is {batch_rows}: it must be from 1 to {MAX_BATCH_ROWS}"
            )));
        }
        let paths = Paths::check(extended.unwrap_or_default(), COMMON)?;
        let of_paths = paths.columns.iter().map(|column| {
            let type_ = match column.type_ {
                ValueType::Text => DataType::Utf8,
                ValueType::Int => DataType::Int64,
                ValueType::Truth => DataType::Boolean,
                ValueType::Time => instant(),
            };
            Field::new(&column.path, type_, true)
        });
        let of_raw = raw.then(|| Field::new(RAW, DataType::Utf8View, true));
        let fields: Fields = COMMON_FIELDS.iter().cloned().chain(of_paths).chain(of_raw).collect();
        Ok(Plan {
            schema: Arc::new(Schema::new(fields)),
            paths: Arc::new(paths),
            raw,
            batch_rows: batch_rows as usize,
        })
    }

    /// The names of the columns for paths, in order.
    pub(super) fn extended(&self) -> impl Iterator<Item = &str> {
        self.paths.columns.iter().map(|column| column.path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_what_is_documented() {
        let extended =
            ["Item.Subject", "Item.SizeInBytes", "ExternalAccess", "TimeOfClick"].map(str::to_owned);
        let plan = Plan::new(Some(&extended), true, None).unwrap();
        let told: Vec<_> = plan
            .schema
            .fields()
            .iter()
            .map(|field| {
                assert!(field.is_nullable());
                format!("{} {}", field.name(), field.data_type())
            })
            .collect();
        assert_eq!(
            told,
            [
                "id Utf8",
                "creation_time Timestamp(µs, \"+00:00\")",
                "operation Dictionary(Int32, Utf8)",
                "record_type Dictionary(Int32, Utf8)",
                "workload Dictionary(Int32, Utf8)",
                "user_id Dictionary(Int32, Utf8)",
                "client_ip Utf8",
                "client_address Utf8",
                "client_port UInt16",
                "organization_id Dictionary(Int32, Utf8)",
                "user_type Dictionary(Int32, Utf8)",
                "user_key Utf8",
                "result_status Dictionary(Int32, Utf8)",
                "object_id Utf8",
                "scope Dictionary(Int32, Utf8)",
                "app_access_context Utf8",
                "content_type Dictionary(Int32, Utf8)",
                "content_id Dictionary(Int32, Utf8)",
                "Item.Subject Utf8",
                "Item.SizeInBytes Int64",
                "ExternalAccess Boolean",
                "TimeOfClick Timestamp(µs, \"+00:00\")",
                "raw Utf8View",
            ]
        );
        assert!(Plan::new(None, false, None).unwrap().schema.field_with_name(RAW).is_err());
    }

    #[test]
    fn a_batch_has_rows() {
        for rows in [0, MAX_BATCH_ROWS + 1] {
            assert!(Plan::new(None, true, Some(rows)).unwrap_err().message().contains("batch_rows"));
        }
    }
}
