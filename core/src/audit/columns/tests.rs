//! Columns and files as a reader sees them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType, UInt16Type};
use arrow_array::{Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::build::{Built, build};
use super::plan::Plan;
use super::{Compression, write_file};
use crate::audit::blob::Blob;
use crate::audit::content_type::ContentType;
use crate::audit::record::Origin;

pub(super) fn plan(extended: &[&str]) -> Plan {
    let extended: Vec<_> = extended.iter().map(|path| (*path).to_owned()).collect();
    Plan::new(Some(&extended), true, None).unwrap()
}

pub(super) fn batch(plan: &Plan, records: &[&str]) -> Built {
    let body = format!("[{}]", records.join(","));
    let origin = Origin::new(Some(ContentType::Exchange), "blob");
    build(plan, &[Blob::read(&body.into(), &origin).unwrap()]).unwrap()
}

/// The values of a column as texts.
pub(super) fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(column).unwrap();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    if let Some(column) = column.as_string_opt::<i32>() {
        column.iter().map(owned).collect()
    } else if let Some(column) = column.as_string_view_opt() {
        column.iter().map(owned).collect()
    } else {
        let column = column.as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
        column.into_iter().map(owned).collect()
    }
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (*text != "-").then(|| (*text).to_owned())).collect()
}

pub(super) fn read(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    reader.with_batch_size(1 << 20).build().unwrap().map(Result::unwrap).collect()
}

const FIRST: &str = r#"{"Id":"a","CreationTime":"2026-11-22T07:08:09","Operation":"Add User.","RecordType":8,
    "Workload":"AzureActiveDirectory","UserId":"SHAREPOINT\\system","ClientIP":"[::ffff:203.0.113.7]:443",
    "OrganizationId":"o","UserType":0,"UserKey":"k","ResultStatus":"Success","ObjectId":"","Scope":1,
    "AppAccessContext":{"APIId":"x"}}"#;

#[test]
fn the_common_columns_hold_what_the_record_says() {
    let plan = plan(&[]);
    let batch =
        batch(&plan, &[FIRST, "{}", r#"{"RecordType":99999,"UserType":"7","Scope":5,"ClientIP":"host"}"#])
            .batch;
    for (column, values) in [
        ("id", ["a", "-", "-"]),
        ("operation", ["Add User.", "-", "-"]),
        ("record_type", ["AzureActiveDirectory", "-", "99999"]),
        ("workload", ["AzureActiveDirectory", "-", "-"]),
        ("user_id", ["SHAREPOINT\\system", "-", "-"]),
        ("client_ip", ["[::ffff:203.0.113.7]:443", "-", "host"]),
        ("client_address", ["203.0.113.7", "-", "-"]),
        ("user_type", ["Regular", "-", "CustomPolicy"]),
        ("object_id", ["", "-", "-"]),
        ("scope", ["Onprem", "-", "5"]),
        ("app_access_context", [r#"{"APIId":"x"}"#, "-", "-"]),
        ("content_type", ["Audit.Exchange"; 3]),
        ("content_id", ["blob"; 3]),
    ] {
        assert_eq!(texts(&batch, column), some(&values), "{column}");
    }
    let time = batch.column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(time.value(0), 1_795_331_289_000_000);
    assert_eq!(batch.column_by_name("client_port").unwrap().as_primitive::<UInt16Type>().value(0), 443);
    assert_eq!(texts(&batch, "raw")[0].as_deref(), Some(FIRST));
}

#[test]
fn values_that_do_not_fit_become_null_and_are_counted() {
    let plan = plan(&["Item.SizeInBytes", "ExternalAccess", "TimeOfClick", "LogonError", "Item.Subject"]);
    let records = [
        r#"{"Item":{"SizeInBytes":"12","Subject":7},"ExternalAccess":"True","TimeOfClick":"2026-11-22 00:00:00","LogonError":{"a": [1]}}"#,
        r#"{"Item":{"SizeInBytes":"x","Subject":true},"ExternalAccess":1,"TimeOfClick":5,"LogonError":null}"#,
        r#"{"Item":{"SizeInBytes":"","Subject":"s\n"},"ExternalAccess":"","TimeOfClick":"0001-01-01T00:00:00","LogonError":""}"#,
        r#"{"Item":"text","ExternalAccess":[],"TimeOfClick":{}}"#,
    ];
    let Built { batch, conflicts } = batch(&plan, &records);
    assert_eq!(conflicts, [2, 2, 2, 0, 1]);
    let sizes = batch.column_by_name("Item.SizeInBytes").unwrap().as_primitive::<Int64Type>();
    assert_eq!(sizes.iter().collect::<Vec<_>>(), [Some(12), None, None, None]);
    let access = batch.column_by_name("ExternalAccess").unwrap().as_boolean();
    assert_eq!(access.iter().collect::<Vec<_>>(), [Some(true), None, None, None]);
    assert_eq!(batch.column_by_name("TimeOfClick").unwrap().null_count(), 3);
    assert_eq!(texts(&batch, "LogonError"), some(&[r#"{"a": [1]}"#, "-", "", "-"]));
    assert_eq!(texts(&batch, "Item.Subject"), some(&["7", "true", "s\n", "-"]));
}

#[test]
fn the_whole_record_is_a_view_of_the_blob() {
    let plan = plan(&[]);
    let filler = "x".repeat(20_000);
    let body = Bytes::from(format!(r#"[{{"Id":"a","Filler":"{filler}"}},{{"Id":"b"}}]"#));
    let blob = Blob::read(&body, &Origin::new(None, "blob")).unwrap();
    let batch = build(&plan, &[blob]).unwrap().batch;
    let raw = batch.column_by_name("raw").unwrap().as_string_view();
    assert_eq!(raw.data_buffers()[0].as_ptr(), body.as_ptr());
    assert_eq!(raw.value(1), r#"{"Id":"b"}"#);
}

#[test]
fn spooled_records_become_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spooled");
    let extended = ["recipientCount".to_owned()];
    let plan = Plan::new(Some(&extended), true, Some(3)).unwrap();
    let records = (0..10).map(|n| {
        let count = if n % 4 == 0 { "\"many\"".to_owned() } else { n.to_string() };
        let raw = format!("{{\"Id\":\"{n}\",\n\"recipientCount\":{count}}}");
        Ok((Bytes::from(raw), Arc::from(format!("blob{}", n / 2))))
    });
    let written = write_file(records, &ContentType::Exchange, &plan, &Compression::Snappy, &path).unwrap();
    assert_eq!((written.rows, written.bytes), (10, path.metadata().unwrap().len()));
    assert_eq!(written.conflicts, [("recipientCount".to_owned(), 3)].into());
    let batch = &read(&path)[0];
    assert_eq!(texts(batch, "id")[9].as_deref(), Some("9"));
    assert_eq!(texts(batch, "content_id")[9].as_deref(), Some("blob4"));
    let failing = || std::iter::once(Err(crate::Error::invalid("no")));
    assert!(write_file(failing(), &ContentType::Exchange, &plan, &Compression::None, &path).is_err());
}

/// What stands in a record anywhere.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        Just("2026-11-22T00:00:00".into()),
        Just("203.0.113.7:1".into()),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            proptest::collection::btree_map("(SizeInBytes|Subject|ParentFolder|.{0,3})", inner, 0..3)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

const NAMES: &str = "(Id|CreationTime|Operation|RecordType|Workload|UserId|ClientIP|UserType|Scope|AppAccessContext|Item|ExternalAccess|TimeOfClick|recipientCount|LogonError|.{0,4})";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_record_fails_a_batch_or_a_file(
        records in proptest::collection::vec(proptest::collection::btree_map(NAMES, value(), 0..8), 0..12)
    ) {
        let records: Vec<_> = records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let plan = plan(&["Item.SizeInBytes", "Item.Subject", "ExternalAccess", "TimeOfClick", "recipientCount", "LogonError"]);
        let built = batch(&plan, &records.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(built.batch.num_rows(), records.len());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any");
        let spooled = records.iter().map(|raw| Ok((Bytes::from(raw.clone()), Arc::from("blob"))));
        let written = write_file(spooled, &ContentType::Exchange, &plan, &Compression::Zstd, &path).unwrap();
        prop_assert_eq!(written.rows, records.len() as u64);
        let wanted: Vec<_> = records.into_iter().map(Some).collect();
        prop_assert_eq!(texts(&built.batch, "raw"), wanted.clone());
        let back: Vec<_> = read(&path).iter().flat_map(|batch| texts(batch, "raw")).collect();
        prop_assert_eq!(back, wanted);
        let operations: Vec<_> = read(&path).iter().flat_map(|batch| texts(batch, "operation")).collect();
        prop_assert_eq!(operations, texts(&built.batch, "operation"));
    }
}

/// The files below a folder, by their paths within it.
pub(super) fn files(folder: &Path) -> Vec<String> {
    fn all(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { all(&path) } else { vec![path] }).collect()
    }
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string().replace('\\', "/");
    let mut names: Vec<_> = all(folder).iter().map(name).collect();
    names.sort();
    names
}
