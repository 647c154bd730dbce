//! What must be true of a state, whatever a damaged file holds; for `core/fuzz`.

#![allow(clippy::expect_used)] // A failed expectation is what the fuzzer looks for.

use std::collections::HashSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::form::Form;
use super::state::{
    FIRST_LISTED, FileRow, GapRow, Safe, SpanRow, State, TypeRow, WorkKey, WorkRow, read_row, write_row,
};
use crate::audit::{Content, ContentType};
use crate::error::{ErrorKind, Result};
use crate::fuzzing::{TENANT, check_error};

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

/// A file, and the bytes of a state with something in every table.
static SOUND: LazyLock<(PathBuf, Vec<u8>)> = LazyLock::new(|| {
    // The store's panics are its way to say that a file is damaged; the fuzzer's hook would end the run.
    #[cfg(not(test))]
    std::panic::set_hook(Box::new(|_| {}));
    let path = std::env::temp_dir().join(format!("m365kit-fuzz-{}.m365state", std::process::id()));
    fill(&path).expect("a state");
    let bytes = fs::read(&path).expect("the file of the state");
    (path, bytes)
});

fn fill(path: &Path) -> Result<()> {
    let now = Timestamp::constant(1_795_000_000, 0);
    let of = ContentType::Exchange;
    let state = State::open(path, TENANT)?;
    let row = TypeRow { since: now, listed_to: now, swept_at: None, started_at: None };
    state.add((0..20).map(content).collect(), false, Some((&of, row)))?;
    for (key, work) in state.pick(4, now, &HashSet::new(), [0, FIRST_LISTED])? {
        state.park(key, &work, now)?;
    }
    let span = SpanRow { end: now, attempts: 1, retry_at: now, error: "x".to_owned() };
    state.set_span(&of, now, Some(&span))?;
    state.add_gap(&GapRow { content_type: of, start: now, end: now, told: false }, row)?;
    let file = FileRow {
        path: "/x.jsonl".to_owned(),
        opened_at: now,
        bytes: 1,
        sealed: false,
        finished: false,
        form: Form::Lines,
    };
    state.commit(&Safe { files: vec![file], ..Safe::default() }, now)
}

fn content(number: u8) -> Content {
    Content {
        content_type: ContentType::Exchange,
        content_id: format!("content {number}"),
        content_uri: None,
        content_created: None,
        content_expiration: None,
        extra: serde_json::Map::new(),
    }
}

/// A state whose file is damaged: each five bytes are a place in it and what stands there, an odd one at the
/// end is where it is cut. Opened and used it does its work, or is refused.
pub(in crate::audit) fn state_file(damages: &[u8]) {
    let (path, sound) = &*SOUND;
    let mut bytes = sound.clone();
    let (changes, rest) = damages.as_chunks::<5>();
    for [a, b, c, d, value] in changes {
        let place = u32::from_le_bytes([*a, *b, *c, *d]) as usize % bytes.len();
        bytes[place] = *value;
    }
    if let [cut] = rest {
        bytes.truncate(bytes.len() / 256 * usize::from(*cut));
    }
    fs::write(path, bytes).expect("room for a file");
    if let Err(error) = use_it(path) {
        let kinds = [ErrorKind::Storage, ErrorKind::InvalidRequest, ErrorKind::NotFound];
        assert!(kinds.contains(&error.kind()), "{error}");
        assert!(!error.message().is_empty());
        check_error(&error);
    }
}

fn use_it(path: &Path) -> Result<()> {
    let now = Timestamp::constant(1_795_000_000, 0);
    let state = State::open_present(path, TENANT)?;
    state.export_tables()?;
    state.each_work(|_, _| {})?;
    state.types()?;
    state.gaps()?;
    state.files()?;
    state.spans(&ContentType::Exchange)?;
    state.add(vec![content(99)], true, None)?;
    for (key, work) in state.pick(9, now, &HashSet::new(), [0, FIRST_LISTED])? {
        match key {
            WorkKey::Fresh(_) => state.park(key, &work, now).map(drop)?,
            WorkKey::Parked(..) => {}
        }
    }
    state.forget(now)
}
