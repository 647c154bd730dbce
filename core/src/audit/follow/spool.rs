//! Where records wait for their Parquet file: as they came, those of a blob behind a line that says what they are.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::batch::Chunk;
use super::state::Following;
use crate::audit::content_type::ContentType;
use crate::error::{Error, ErrorKind, Result};

/// What is read of a file at once.
const BUFFER: usize = 256 * 1024;

/// The line before the records of a blob.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    content_type: Cow<'a, ContentType>,
    content_id: Cow<'a, str>,
    /// How long the records are that follow, in bytes, each without the line break behind it.
    records: Vec<usize>,
}

/// Appends the records of a chunk; gives how many bytes that were.
pub(super) fn write(file: &mut impl Write, chunk: &Chunk) -> io::Result<u64> {
    let head = Head {
        content_type: Cow::Borrowed(&chunk.content.content_type),
        content_id: Cow::Borrowed(&chunk.content.content_id),
        records: chunk.raws().map(<[u8]>::len).collect(),
    };
    let line = serde_json::to_vec(&head)?;
    let lines = std::iter::once(line.as_slice()).chain(chunk.raws());
    lines.into_iter().try_fold(0, |written, line| {
        file.write_all(line)?;
        file.write_all(b"\n")?;
        Ok(written + line.len() as u64 + 1)
    })
}

/// The records that wait, each with the id of its blob.
pub(super) struct Spool<'a> {
    path: PathBuf,
    file: io::Take<BufReader<File>>,
    following: &'a Following,
    content_id: Arc<str>,
    /// How long the next ones are, those of the blob at hand.
    lengths: std::vec::IntoIter<usize>,
}

impl<'a> Spool<'a> {
    /// Of the first so many bytes of a file, which are what is safe of it; gives their content type as well.
    ///
    /// Nothing more comes when the follower has ended: who comes next shall not have to wait.
    pub(super) fn open(path: &Path, safe: u64, following: &'a Following) -> Result<(Spool<'a>, ContentType)> {
        let file = File::open(path).map_err(|e| unreadable(path, e))?;
        let file = BufReader::with_capacity(BUFFER, file).take(safe);
        let (content_id, lengths) = (Arc::from(""), Vec::new().into_iter());
        let mut spool = Spool { path: path.to_owned(), file, following, content_id, lengths };
        let content_type = spool.head().and_then(|of| of.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()));
        Ok((spool, content_type.map_err(|e| unreadable(path, e))?))
    }

    /// Goes on to the records of the next blob.
    fn head(&mut self) -> io::Result<Option<ContentType>> {
        let mut line = Vec::new();
        if self.file.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let head: Head<'_> = serde_json::from_slice(&line)?;
        self.content_id = Arc::from(&*head.content_id);
        self.lengths = head.records.into_iter();
        Ok(Some(head.content_type.into_owned()))
    }

    fn record(&mut self) -> io::Result<Option<(Bytes, Arc<str>)>> {
        loop {
            let Some(length) = self.lengths.next() else {
                if self.head()?.is_none() {
                    return Ok(None);
                }
                continue;
            };
            if length as u64 >= self.file.limit() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut record = vec![0; length + 1];
            self.file.read_exact(&mut record)?;
            if record.pop() != Some(b'\n') {
                return Err(io::ErrorKind::InvalidData.into());
            }
            return Ok(Some((record.into(), Arc::clone(&self.content_id))));
        }
    }
}

impl Iterator for Spool<'_> {
    type Item = Result<(Bytes, Arc<str>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.following.has_left() {
            return Some(Err(Error::new(ErrorKind::Cancelled, "the follower has ended")));
        }
        self.record().map_err(|e| unreadable(&self.path, e)).transpose()
    }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let message = format!("{} cannot be read: {error}", path.display());
    Error::new(ErrorKind::Storage, message)
        .with_hint("It holds records that the state counts as safe. Check the disk. If the file was changed, move it away: it can be read as text, and the follower goes on without it")
        .with_source(error)
}
