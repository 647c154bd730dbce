//! What a file of a sink is like, and how it gets from one step of its life to the next.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::batch::Chunk;
use super::state::FileRow;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Warning;

const PARTIAL: &str = "partial";

/// What a file is like. Stands in the state with the file, which is finished the way that it was begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::audit::follow) enum Form {
    /// A record a line.
    #[default]
    Lines,
}

/// How a file of an earlier run stands.
pub(super) enum Found {
    /// What is safe of it, with the place to go on at.
    Open(File),
    /// Nothing more comes, and all that is left to do is to [`finish`](Form::finish) it, if that.
    Whole,
    /// It is not there any more: somebody took it when it was whole, or nothing was ever written into it.
    Gone,
}

impl Form {
    pub(in crate::audit::follow) fn is_lines(&self) -> bool {
        *self == Form::Lines
    }

    /// What the names of such files end in.
    pub(super) fn ending(&self) -> &'static str {
        match self {
            Form::Lines => "jsonl",
        }
    }

    /// Writes the records into the partial file; gives how many bytes that were.
    pub(super) fn write(&self, file: &mut impl Write, chunk: &Chunk) -> io::Result<u64> {
        match self {
            Form::Lines => chunk.raws().try_fold(0, |sum, raw| Ok(sum + write_line(file, raw)?)),
        }
    }

    /// Makes the whole file of a partial one, if that is not done yet.
    ///
    /// Whenever it is broken off, doing it again goes on with it: the file gets its name when it is whole on the
    /// disk, and a partial file goes before that, so that there is never one beside a file that holds the same.
    pub(super) fn finish(row: &FileRow) -> Result<Vec<Warning>> {
        let path = Path::new(&row.path);
        match fs::rename(partial(path), path).and_then(|()| sync_folder(path)) {
            // It has its name already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            outcome => outcome.map(|()| Vec::new()).map_err(|e| trouble(path, e)),
        }
    }
}

/// Looks how a file of an earlier run stands, and cuts off what is not safe.
pub(super) fn take_up(row: &FileRow) -> Result<Found> {
    let path = Path::new(&row.path);
    if row.finished {
        return Ok(if path.exists() { Found::Whole } else { Found::Gone });
    }
    let mut file = match fs::OpenOptions::new().write(true).open(partial(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match row.bytes {
                _ if row.sealed && is_there(path) => Ok(Found::Whole),
                0 => Ok(Found::Gone),
                _ => Err(shorter(row, 0)),
            };
        }
        Err(error) => return Err(trouble(path, error)),
    };
    let length = file.metadata().map_err(|e| trouble(path, e))?.len();
    if length < row.bytes {
        return Err(shorter(row, length));
    }
    let cut = file
        .set_len(row.bytes)
        .and_then(|()| io::Seek::seek(&mut file, io::SeekFrom::End(0)))
        .and_then(|_| file.sync_all());
    cut.map_err(|e| trouble(path, e))?;
    Ok(if row.sealed { Found::Whole } else { Found::Open(file) })
}

fn shorter(row: &FileRow, length: u64) -> Error {
    let message = format!(
        "{}.{PARTIAL} holds {length} bytes, and {} were written into it and counted as safe",
        row.path, row.bytes
    );
    Error::new(ErrorKind::Storage, message)
        .with_hint("Somebody moved or cut it: leave files alone until they have lost the ending .partial. New records go into a new file")
}

/// A record as it came, on one line: line breaks can only stand between its parts.
fn write_line(file: &mut impl Write, raw: &[u8]) -> io::Result<u64> {
    let mut written = 1;
    for piece in raw.split(|byte| matches!(byte, b'\n' | b'\r')) {
        file.write_all(piece)?;
        written += piece.len() as u64;
    }
    file.write_all(b"\n")?;
    Ok(written)
}

/// Whether there is already a file that has this name, or will have.
pub(super) fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Where the records are until the file is whole.
pub(super) fn partial(path: &Path) -> PathBuf {
    with_ending(path, PARTIAL)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A new name is safe only when the folder is on the disk; systems whose folders cannot be opened see to it themselves.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn trouble(path: &Path, error: io::Error) -> Error {
    let message = format!("{} cannot be written: {error}", path.display());
    Error::new(ErrorKind::Storage, message)
        .with_hint("Nothing is lost: what the state does not count as safe is fetched again. Check the disk and the permissions")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_on_its_line() {
        let mut file = Vec::new();
        let written = write_line(&mut file, b"{\r\n  \"Id\": \"a\\nb\"\n}").unwrap();
        assert_eq!(file, b"{  \"Id\": \"a\\nb\"}\n");
        assert_eq!(written, file.len() as u64);
    }
}
