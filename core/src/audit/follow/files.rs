//! Files that a crash neither tears nor doubles.
//!
//! What is written is safe when the state says how long the file is. What a run that was killed wrote behind
//! that is cut off when the file is opened again. A file has its final name only when nothing more comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::batch::Chunk;
use super::form::{Form, Found, is_there, partial, sync_folder, take_up, trouble};
use super::state::{FileRow, Following};
use crate::audit::content::Content;
use crate::error::{Error, Result};
use crate::page::Warning;

/// What is written is gathered to so many bytes.
const BUFFER: usize = 256 * 1024;

/// When a file is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_bytes: u64,
    pub(super) max_age: SignedDuration,
}

/// The files of one folder that are being written.
pub(super) struct Files {
    directory: PathBuf,
    limits: Limits,
    form: Form,
    /// By day and content type.
    open: BTreeMap<String, Open>,
    /// The highest numbers that were given here. None is given twice, though somebody may have taken the file
    /// away: until the state has forgotten it, it stands there by its name.
    numbers: BTreeMap<String, u32>,
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
    /// Files into which nothing more comes: to be remembered as sealed, and then finished.
    pub(super) due: Vec<FileRow>,
    /// Files that need not be remembered any more.
    pub(super) gone: Vec<String>,
    /// Files that hold less than was written into them.
    pub(super) errors: Vec<Error>,
}

/// Files that got their final name.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) paths: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Finished {
    pub(super) fn extend(&mut self, more: Finished) {
        self.paths.extend(more.paths);
        self.warnings.extend(more.warnings);
    }
}

impl Files {
    /// Takes up the files where the state says that they are safe. Those of another folder or form are whole.
    pub(super) fn open(
        directory: &Path,
        limits: Limits,
        form: Form,
        rows: Vec<FileRow>,
        following: Following,
    ) -> Result<(Files, TakenUp)> {
        fs::create_dir_all(directory).map_err(|e| trouble(directory, e))?;
        let directory = directory.canonicalize().map_err(|e| trouble(directory, e))?;
        let (open, numbers) = (BTreeMap::new(), BTreeMap::new());
        let mut files = Files { directory, limits, form, open, numbers, _following: following };
        let mut found = TakenUp::default();
        for row in rows {
            let path = PathBuf::from(&row.path);
            let (key, number) = key_of(&path);
            let is_here = path.parent() == Some(&files.directory);
            if is_here {
                files.used(&key, number);
            }
            match take_up(&row) {
                Ok(Found::Open(file)) if is_here && row.form == files.form => {
                    let file = BufWriter::with_capacity(BUFFER, file);
                    files.open.insert(key, Open { row, file });
                }
                // Nothing is made of a file that holds nothing.
                Ok(Found::Open(_)) if row.bytes == 0 => {
                    fs::remove_file(partial(&path)).map_err(|e| trouble(&path, e))?;
                    found.gone.push(row.path);
                }
                Ok(Found::Open(_) | Found::Whole) => found.due.push(FileRow { sealed: true, ..row }),
                Ok(Found::Gone) => found.gone.push(row.path),
                Err(error) => {
                    found.errors.push(error);
                    found.gone.push(row.path);
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
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
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
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            let key = key(&chunk.content, now);
            let Some(open) = self.open.get_mut(&key) else { continue };
            let written = self.form.write(&mut open.file, chunk);
            open.row.bytes += written.map_err(|e| trouble(Path::new(&open.row.path), e))?;
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

    /// Takes out what is long or old enough, or everything; it is to be remembered as sealed, and then finished.
    pub(super) fn seal(&mut self, now: Timestamp, everything: bool) -> Vec<FileRow> {
        let Limits { max_bytes, max_age } = self.limits;
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

    /// Makes what it will be of each file into which nothing more comes.
    pub(super) fn finish(rows: &[FileRow], following: &Following) -> Result<Finished> {
        let mut finished = Finished::default();
        for row in rows {
            finished.warnings.extend(Form::finish(row, following)?);
            finished.paths.push(row.path.clone());
        }
        Ok(finished)
    }

    /// A name that no file has, nor any that is being written here or by somebody else.
    fn make(&mut self, key: &str, now: Timestamp) -> Result<Open> {
        loop {
            let number = self.numbers.get(key).map_or(1, |number| number + 1);
            self.used(key, number);
            let path = self.directory.join(format!("{key}.{number:06}.{}", self.form.ending()));
            if is_there(&path) {
                continue;
            }
            let file = match OpenOptions::new().write(true).create_new(true).open(partial(&path)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(trouble(&path, error)),
            };
            // Somebody else's file may have got this name in between.
            if is_there(&path) {
                fs::remove_file(partial(&path)).map_err(|e| trouble(&path, e))?;
                continue;
            }
            sync_folder(&path).map_err(|e| trouble(&path, e))?;
            let path = path.to_str().ok_or_else(|| {
                Error::invalid(format!("the folder {} is not valid UTF-8", self.directory.display()))
            })?;
            let form = self.form.clone();
            let row = FileRow {
                path: path.to_owned(),
                opened_at: now,
                bytes: 0,
                sealed: false,
                finished: false,
                form,
            };
            return Ok(Open { row, file: BufWriter::with_capacity(BUFFER, file) });
        }
    }

    fn used(&mut self, key: &str, number: u32) {
        let highest = self.numbers.entry(key.to_owned()).or_default();
        *highest = number.max(*highest);
    }
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

/// The name without number and ending, and the number.
fn key_of(path: &Path) -> (String, u32) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut parts = name.rsplitn(3, '.').skip(1);
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or_default();
    (parts.next().unwrap_or_default().to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_the_name() {
        for ending in ["jsonl", "parquet"] {
            let path = format!("/x/2026-11-22.Audit.Exchange.000012.{ending}");
            assert_eq!(key_of(Path::new(&path)), ("2026-11-22.Audit.Exchange".to_owned(), 12));
        }
    }
}
