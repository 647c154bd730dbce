//! Making the file of a state, so that it is there whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{DatabaseError, StorageError};

use super::open::CACHE;

/// Makes the file unless there is one.
///
/// The store makes its own file in several steps, and takes one on which it was broken off for somebody else's
/// for ever after. So it gets its name when it is done.
pub(super) fn make_if_missing(path: &Path) -> Result<(), DatabaseError> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = unfinished(path);
    discard(&unfinished)?;
    let made = redb::Builder::new().set_cache_size(CACHE).create(&unfinished).map(drop);
    let placed = made.and_then(|()| place(&unfinished, path));
    // It has another name now, or is of no use.
    let _ = fs::remove_file(&unfinished);
    placed
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Takes away what a program that was ended has left; what another is at work on is locked.
fn discard(unfinished: &Path) -> Result<(), DatabaseError> {
    let left = match File::open(unfinished) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(io_trouble)?,
    };
    match left.try_lock() {
        Ok(()) => fs::remove_file(unfinished).map_err(io_trouble),
        Err(TryLockError::WouldBlock) => Err(DatabaseError::DatabaseAlreadyOpen),
        Err(TryLockError::Error(error)) => Err(io_trouble(error)),
    }
}

/// Gives the file its name, unless another was quicker: then that one is the state.
fn place(unfinished: &Path, path: &Path) -> Result<(), DatabaseError> {
    let linked = match fs::hard_link(unfinished, path) {
        // Not every file system has links.
        Err(error) if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
            fs::rename(unfinished, path)
        }
        linked => linked,
    };
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Another took it for one that was left: it makes its own.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(DatabaseError::DatabaseAlreadyOpen),
        placed => placed.map_err(io_trouble),
    }
}

fn io_trouble(error: io::Error) -> DatabaseError {
    DatabaseError::Storage(StorageError::Io(error))
}
