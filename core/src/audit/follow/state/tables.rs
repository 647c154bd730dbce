//! The tables, and the errors of the store.

use std::path::Path;

use redb::{DatabaseError, TableDefinition};

use crate::error::{Error, ErrorKind};

/// `head`: whose state it is.
pub(super) const HEAD: TableDefinition<&str, &[u8]> = TableDefinition::new("head");
/// Content type: how far it has come.
pub(super) const TYPES: TableDefinition<&str, &[u8]> = TableDefinition::new("types");
/// Order: a blob that is to be fetched. Announced ones come before those that were listed.
pub(super) const FRESH: TableDefinition<u64, &[u8]> = TableDefinition::new("fresh");
/// Second at which it is due, and order: a blob that has failed.
pub(super) const PARKED: TableDefinition<(i64, u64), &[u8]> = TableDefinition::new("parked");
/// Content id: the second at which it may be forgotten; zero while it is on the work list.
pub(super) const KNOWN: TableDefinition<&str, i64> = TableDefinition::new("known");
/// Second, and the content id that may be forgotten then.
pub(super) const FORGET: TableDefinition<(i64, &str), ()> = TableDefinition::new("forget");
/// Content type and second of the beginning: a span that could not be listed.
pub(super) const SPANS: TableDefinition<(&str, i64), &[u8]> = TableDefinition::new("spans");
/// A number: a span that is lost.
pub(super) const GAPS: TableDefinition<u64, &[u8]> = TableDefinition::new("gaps");
/// The path that it will have: a file that is being written.
pub(super) const FILES: TableDefinition<&str, &[u8]> = TableDefinition::new("files");

/// Listed blobs are ordered from here on, announced ones before.
pub(in crate::audit::follow) const FIRST_LISTED: u64 = 1 << 62;

/// A failure of the store, with the file and what to do.
pub(super) fn trouble(path: &Path, error: impl Into<redb::Error>) -> Error {
    let error = error.into();
    let path = path.display();
    let (kind, message, hint) = match &error {
        redb::Error::DatabaseAlreadyOpen => (
            ErrorKind::Conflict,
            format!("the state {path} is in use by another process"),
            "One follower at a time may use a state: end the other one, or name another file",
        ),
        redb::Error::Corrupted(why) => (
            ErrorKind::Storage,
            format!("{path} is not a state, or is damaged: {why}"),
            "Nothing was changed. Name another file, or restore this one from a copy",
        ),
        redb::Error::UpgradeRequired(version) => (
            ErrorKind::Storage,
            format!("{path} has the format {version} of an older store"),
            "Nothing was changed. Name another file",
        ),
        redb::Error::Io(why) if why.kind() == std::io::ErrorKind::InvalidData => (
            ErrorKind::Storage,
            format!("{path} is not a state: {why}"),
            "Nothing was changed. Name another file",
        ),
        redb::Error::Io(why) => (
            ErrorKind::Storage,
            format!("the state {path} cannot be read or written: {why}"),
            "What was committed before is safe. Check the disk and the permissions",
        ),
        other => (
            ErrorKind::Storage,
            format!("the state {path} cannot be used: {other}"),
            "What was committed before is safe. Check the disk and the permissions",
        ),
    };
    Error::new(kind, message).with_hint(hint).with_source(error)
}

/// After this the store must be opened anew: it trusts nothing that it holds in memory.
pub(super) fn needs_reopening(error: &redb::Error) -> bool {
    use redb::Error::{Corrupted, DatabaseClosed, Io, PreviousIo};

    matches!(error, Io(_) | PreviousIo | DatabaseClosed | Corrupted(_))
}

pub(super) fn is_locked(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::DatabaseAlreadyOpen)
}
