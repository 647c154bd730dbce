//! What must be true of the rows of a state, whatever a damaged file holds; for `core/fuzz`.

#![allow(clippy::expect_used)] // A failed expectation is what the fuzzer looks for.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{FileRow, GapRow, SpanRow, TypeRow, WorkRow, read_row, write_row};
use crate::error::ErrorKind;
use crate::fuzzing::check_error;

/// A row of any of the tables: read and written again it is the same, or it is refused as damaged.
pub(in crate::audit) fn state_row(json: &[u8]) {
    same_again::<TypeRow>("types", json);
    same_again::<FileRow>("files", json);
    same_again::<GapRow>("gaps", json);
    if let Some(row) = same_again::<SpanRow>("spans", json) {
        for start in [i64::MIN, 0, i64::MAX] {
            if let Ok(window) = row.window(start) {
                let _ = (window.to_seconds(), window.clamp(row.retry_at));
            }
        }
    }
    // Floats among what is not known may lose their last digit, the rest must not.
    if let Some(row) = read::<WorkRow>("work", json) {
        let again: WorkRow =
            read_row("work", &write_row(&row).expect("a row")).expect("a row that was written");
        assert_eq!((&again.content.content_id, again.position), (&row.content.content_id, row.position));
        assert_eq!((again.attempts, &again.error), (row.attempts, &row.error));
    }
}

fn same_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(table: &str, json: &[u8]) -> Option<T> {
    let row: T = read(table, json)?;
    let again: T =
        read_row(table, &write_row(&row).expect("a row can be written")).expect("a row that was written");
    assert_eq!(again, row);
    Some(row)
}

fn read<T: DeserializeOwned>(table: &str, json: &[u8]) -> Option<T> {
    read_row(table, json)
        .inspect_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Storage);
            check_error(error);
        })
        .ok()
}
