//! Files of JSON Lines that a crash neither tears nor doubles.
//!
//! A line is safe when the state says how long the file is. What a run that was killed wrote behind that is
//! cut off when the file is opened again. A file has its final name only when nothing more comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::batch::Chunk;
use super::state::{FileRow, Following};
use crate::audit::content::Content;
use crate::error::{Error, ErrorKind, Result};

const PARTIAL: &str = "partial";
/// Lines are gathered to so many bytes before they are written.
const BUFFER: usize = 256 * 1024;

/// The files of one folder that are being written.
pub(super) struct Files {
    directory: PathBuf,
    max_bytes: u64,
    max_age: SignedDuration,
    /// By day and content type.
    open: BTreeMap<String, Open>,
    /// As long as these files are at work, also for somebody who has gone, nobody else may take them up. Stands
    /// last, so that it outlives them.
    _following: Following,
}

struct Open {
    row: FileRow,
    file: BufWriter<File>,
}

/// What was found of the files of an earlier run.
#[derive(Default)]
pub(super) struct TakenUp {
    /// Files that are whole and have their name.
    pub(super) named: Vec<String>,
    /// Files that hold less than was written into them.
    pub(super) errors: Vec<Error>,
}

impl Files {
    /// Takes up the files where the state says that they are safe.
    pub(super) fn open(
        directory: &Path,
        max_bytes: u64,
        max_age: SignedDuration,
        rows: Vec<FileRow>,
        following: Following,
    ) -> Result<(Files, TakenUp)> {
        fs::create_dir_all(directory).map_err(|e| trouble(directory, e))?;
        let directory = directory.canonicalize().map_err(|e| trouble(directory, e))?;
        let mut files = Files { directory, max_bytes, max_age, open: BTreeMap::new(), _following: following };
        let mut found = TakenUp::default();
        for row in rows {
            let path = PathBuf::from(&row.path);
            let goes_on = !row.sealed && path.parent() == Some(&files.directory);
            match take_up(&row) {
                Ok(Some(file)) if goes_on => {
                    let file = BufWriter::with_capacity(BUFFER, file);
                    files.open.insert(key_of(&path), Open { row, file });
                }
                outcome => {
                    match outcome {
                        Ok(Some(_)) => give_name(&path).map_err(|e| trouble(&path, e))?,
                        Ok(None) => {}
                        Err(error) => found.errors.push(error),
                    }
                    found.named.push(row.path);
                }
            }
        }
        Ok((files, found))
    }

    /// Makes the files that these records need and that are not there, all of them empty.
    ///
    /// They must be remembered before anything is written, so that no file with records is ever unknown.
    pub(super) fn prepare(&mut self, chunks: &[Chunk], now: Timestamp) -> Result<Vec<FileRow>> {
        let mut made = Vec::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.records.is_empty()) {
            let key = key(&chunk.content, now);
            if !self.open.contains_key(&key) {
                let open = self.make(&key, now)?;
                made.push(open.row.clone());
                self.open.insert(key, open);
            }
        }
        Ok(made)
    }

    /// Writes the records, and waits until they are on the disk; gives how the files stand now.
    pub(super) fn write(&mut self, chunks: &[Chunk], now: Timestamp) -> Result<Vec<FileRow>> {
        let mut touched = BTreeSet::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.records.is_empty()) {
            let key = key(&chunk.content, now);
            let Some(open) = self.open.get_mut(&key) else { continue };
            for record in &chunk.records {
                let written = write_line(&mut open.file, &record.raw);
                open.row.bytes += written.map_err(|e| trouble(Path::new(&open.row.path), e))?;
            }
            touched.insert(key);
        }
        let mut rows = Vec::new();
        for (_, open) in self.open.iter_mut().filter(|(key, _)| touched.contains(*key)) {
            let synced = open.file.flush().and_then(|()| open.file.get_ref().sync_data());
            synced.map_err(|e| trouble(Path::new(&open.row.path), e))?;
            rows.push(open.row.clone());
        }
        Ok(rows)
    }

    /// What stands in the open files, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.open.values().map(|open| open.row.bytes).sum()
    }

    /// Takes out what is long or old enough, or everything; it is to be remembered as sealed, and then named.
    pub(super) fn seal(&mut self, now: Timestamp, everything: bool) -> Vec<FileRow> {
        let (max_bytes, max_age) = (self.max_bytes, self.max_age);
        let is_due = |row: &FileRow| {
            let is_old = now.duration_since(row.opened_at) >= max_age;
            row.bytes > 0 && (everything || is_old || row.bytes >= max_bytes)
        };
        let mut due = Vec::new();
        self.open.retain(|_, open| {
            if is_due(&open.row) {
                due.push(FileRow { sealed: true, ..open.row.clone() });
                return false;
            }
            true
        });
        due
    }

    /// Gives files that are whole their name.
    pub(super) fn name(rows: &[FileRow]) -> Result<Vec<String>> {
        for row in rows {
            let path = Path::new(&row.path);
            give_name(path).map_err(|e| trouble(path, e))?;
        }
        Ok(rows.iter().map(|row| row.path.clone()).collect())
    }

    /// A name that no file has, nor any that is being written here or by somebody else.
    fn make(&self, key: &str, now: Timestamp) -> Result<Open> {
        let mut sequence = 1u32;
        loop {
            let path = self.directory.join(format!("{key}.{sequence:06}.jsonl"));
            sequence += 1;
            if path.exists() {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(partial(&path)) {
                Ok(file) => {
                    sync_folder(&path).map_err(|e| trouble(&path, e))?;
                    let path = path.to_str().ok_or_else(|| {
                        Error::invalid(format!("the folder {} is not valid UTF-8", self.directory.display()))
                    })?;
                    let row = FileRow { path: path.to_owned(), opened_at: now, bytes: 0, sealed: false };
                    return Ok(Open { row, file: BufWriter::with_capacity(BUFFER, file) });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(trouble(&path, error)),
            }
        }
    }
}

/// Cuts off what is not safe. None if the file has its name already, or nothing was ever written into it.
fn take_up(row: &FileRow) -> Result<Option<File>> {
    let path = Path::new(&row.path);
    let mut file = match OpenOptions::new().write(true).open(partial(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let has_its_name = row.sealed && path.exists();
            return if has_its_name || row.bytes == 0 { Ok(None) } else { Err(shorter(row, 0)) };
        }
        Err(error) => return Err(trouble(path, error)),
    };
    let length = file.metadata().map_err(|e| trouble(path, e))?.len();
    if length < row.bytes {
        return Err(shorter(row, length));
    }
    let cut =
        file.set_len(row.bytes).and_then(|()| file.seek(SeekFrom::End(0))).and_then(|_| file.sync_all());
    cut.map_err(|e| trouble(path, e))?;
    Ok(Some(file))
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

/// The UTC day on which the content became available, and its content type.
fn key(content: &Content, now: Timestamp) -> String {
    let day = content.content_created.unwrap_or(now).strftime("%Y-%m-%d");
    let of: String =
        content.content_type.as_str().chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("{day}.{of}")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// The name without sequence and ending.
fn key_of(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplitn(3, '.').nth(2).unwrap_or_default().to_owned()
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PARTIAL);
    name.into()
}

fn give_name(path: &Path) -> io::Result<()> {
    fs::rename(partial(path), path)?;
    sync_folder(path)
}

/// A new name is safe only when the folder is on the disk; systems whose folders cannot be opened see to it themselves.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn trouble(path: &Path, error: io::Error) -> Error {
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

    #[test]
    fn the_key_stands_in_the_name() {
        assert_eq!(
            key_of(Path::new("/x/2026-11-22.Audit.Exchange.000012.jsonl")),
            "2026-11-22.Audit.Exchange"
        );
    }
}
