//! What a file of a sink is like: JSON Lines, or Parquet.
//!
//! Both begin as a file whose name ends in `.partial`, which is appended to, and cut after a crash. JSON Lines
//! are whole then and only lack their name. A Parquet file cannot be appended to, so that its records wait in
//! the partial file, and it is built from that when nothing more comes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::batch::Chunk;
use super::spool::{self, Spool};
use super::state::{FileRow, Following};
use crate::audit::columns::{Compression, Plan, Spooled, write_file};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Warning, WarningCode};

const PARTIAL: &str = "partial";

/// What a file is like. Stands in the state with the file, which is finished the way that it was begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::audit::follow) enum Form {
    /// A record a line.
    #[default]
    Lines,
    /// Columns.
    Parquet(ParquetForm),
}

/// What a Parquet file is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct ParquetForm {
    pub(in crate::audit::follow) compression: Compression,
    pub(in crate::audit::follow) extended: Vec<String>,
    pub(in crate::audit::follow) raw: bool,
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

impl ParquetForm {
    /// Refuses what cannot be meant.
    pub(super) fn plan(&self) -> Result<Plan> {
        if let Compression::Unknown(name) = &self.compression {
            return Err(Error::invalid(format!("compression {name:?} is none of zstd, snappy and none")));
        }
        Plan::new(Some(&self.extended), self.raw, None)
    }
}

impl Form {
    pub(in crate::audit::follow) fn is_lines(&self) -> bool {
        *self == Form::Lines
    }

    /// What the names of such files end in.
    pub(super) fn ending(&self) -> &'static str {
        match self {
            Form::Lines => "jsonl",
            Form::Parquet(_) => "parquet",
        }
    }

    /// Writes the records into the partial file; gives how many bytes that were.
    pub(super) fn write(&self, file: &mut impl Write, chunk: &Chunk) -> io::Result<u64> {
        match self {
            Form::Lines => chunk.raws().try_fold(0, |sum, raw| Ok(sum + write_line(file, raw)?)),
            Form::Parquet(_) => spool::write(file, chunk),
        }
    }

    /// Makes the whole file of a partial one, if that is not done yet.
    ///
    /// Whenever it is broken off, doing it again goes on with it: the file gets its name when it is whole on the
    /// disk, and a partial file goes before that, so that there is never one beside a file that holds the same.
    pub(super) fn finish(row: &FileRow, following: &Following) -> Result<Vec<Warning>> {
        let path = Path::new(&row.path);
        let mut warnings = Vec::new();
        let whole = match &row.form {
            Form::Lines => partial(path),
            Form::Parquet(form) => {
                if partial(path).exists() {
                    warnings = build(row, form, following)?;
                    fs::remove_file(partial(path)).map_err(|e| trouble(path, e))?;
                    sync_folder(path).map_err(|e| trouble(path, e))?;
                }
                building(path)
            }
        };
        match fs::rename(whole, path).and_then(|()| sync_folder(path)) {
            // It has its name already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(warnings),
            outcome => outcome.map(|()| warnings).map_err(|e| trouble(path, e)),
        }
    }
}

/// Builds the Parquet file from what waits, under a name that says it is not whole.
fn build(row: &FileRow, form: &ParquetForm, following: &Following) -> Result<Vec<Warning>> {
    let path = Path::new(&row.path);
    let unfinished = building(path);
    let built = Spool::open(&partial(path), row.bytes, following).and_then(|(spool, content_type)| {
        write_file(spool, &content_type, &form.plan()?, &form.compression, &unfinished)
    });
    match built {
        Ok(Spooled { conflicts, .. }) => Ok(told_of(path, conflicts)),
        Err(error) => {
            // What waits is still there, and a disk that is full needs the room.
            let _ = fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

fn told_of(path: &Path, conflicts: BTreeMap<String, u64>) -> Vec<Warning> {
    let warning = |(column, count)| {
        let message =
            format!("{count} values of {column} do not fit its type and are null in {}", path.display());
        Warning::new(WarningCode::TypeConflict, message)
    };
    conflicts.into_iter().map(warning).collect()
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
    // In this order: the one becomes the other.
    building(path).exists() || path.exists()
}

/// Where the records are until the file is whole.
pub(super) fn partial(path: &Path) -> PathBuf {
    with_ending(path, PARTIAL)
}

/// Where a Parquet file is built. Ends as what waits does, so that whoever leaves that alone leaves this alone.
fn building(path: &Path) -> PathBuf {
    with_ending(path, "building.partial")
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
