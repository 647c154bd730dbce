//! The feed in a file of JSON Lines: `records(...).write_jsonl(...)`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use futures::future::{BoxFuture, FutureExt};
use futures::stream;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::columns::Written;
use super::lines::{LinePages, Lines};
use super::progress::TELL;
use super::records::{ListRecords, RecordsBuilder};
use crate::Client;
use crate::dispatch::{Listing, Operation};
use crate::error::{Error, Result};
use crate::page::{Page, Paged};
use crate::whole_file::{self, Trouble, on_disk};

/// Writes the records into a file of JSON Lines: each as it came, on a line of its own.
///
/// The file gets its name when it is whole: a write that fails leaves nothing behind, and what stood there.
/// With `on_error` as `raise` it fails at its end if a part of the feed could not be read; with `collect`
/// the rest is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WriteJsonl {
    /// Which records.
    pub records: ListRecords,
    /// The file; its folder is made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub target: PathBuf,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    pub overwrite: bool,
    /// Whether a file that is there is added to.
    #[serde(default)]
    pub append: bool,
}

impl Operation for WriteJsonl {
    const NAME: &'static str = "audit.records.write_jsonl";
}

impl Listing for WriteJsonl {
    type Item = Written;
    const IS_FEED: bool = true;
    const RUNS: bool = true;

    fn open(self, client: Client) -> Result<Paged<Written>> {
        let present = match (self.overwrite, self.append) {
            (true, true) => {
                return Err(Error::invalid(
                    "overwrite and append exclude each other: the file is replaced or added to",
                ));
            }
            (true, false) => Present::Replaced,
            (false, true) => Present::AddedTo,
            (false, false) => Present::Refused,
        };
        if self.target.file_name().is_none() {
            return Err(Error::invalid(format!(
                "target {} is not the name of a file",
                self.target.display()
            )));
        }
        let lines = LinePages::new(client, self.records)?;
        let run = Run { lines, target: self.target, present, file: None, written: Written::default() };
        Ok(Paged::new(stream::unfold(Some(run), |run| {
            async move {
                let mut run = run?;
                match run.step().await {
                    Ok(Some(page)) => Some((Ok(page), Some(run))),
                    Ok(None) => Some((run.finish().await, None)),
                    Err(error) => Some((Err(error), None)),
                }
            }
            .boxed()
        })))
    }
}

/// Puts a request to write JSON Lines together; what each part means is said at [`WriteJsonl`].
#[derive(Debug, Clone)]
#[must_use = "nothing is written until it is awaited, or `run` is read to its end"]
pub struct WriteJsonlBuilder {
    client: Client,
    request: WriteJsonl,
}

impl RecordsBuilder {
    /// Writes the records into a file of JSON Lines. To be awaited.
    pub fn write_jsonl(self, target: impl Into<PathBuf>) -> WriteJsonlBuilder {
        let RecordsBuilder { client, request: records } = self;
        let request = WriteJsonl { records, target: target.into(), overwrite: false, append: false };
        WriteJsonlBuilder { client, request }
    }
}

impl WriteJsonlBuilder {
    /// Whether a file that is there is replaced.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.request.overwrite = overwrite;
        self
    }

    /// Whether a file that is there is added to.
    pub fn append(mut self, append: bool) -> Self {
        self.request.append = append;
        self
    }

    /// Begins, for whoever wants to see the progress: each page has a report, the last one what was written.
    pub fn run(self) -> Paged<Written> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}

impl IntoFuture for WriteJsonlBuilder {
    type Output = Result<Written>;
    type IntoFuture = BoxFuture<'static, Result<Written>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.run().last_item().await?.unwrap_or_default()) })
    }
}

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Present {
    Refused,
    Replaced,
    AddedTo,
}

struct Run {
    lines: LinePages,
    target: PathBuf,
    present: Present,
    /// What is written so far; it is gone when it is dropped.
    file: Option<NamedTempFile>,
    written: Written,
}

impl Run {
    /// Writes the next lines and tells how far it has come; none at the end.
    async fn step(&mut self) -> Result<Option<Page<Written>>> {
        let mut file = if let Some(file) = self.file.take() {
            file
        } else {
            let (target, present) = (self.target.clone(), self.present);
            on_disk(&self.target, move || begin(&target, present)).await?
        };
        let Ok(lines) = tokio::time::timeout(TELL, self.lines.next()).await else {
            self.file = Some(file);
            return Ok(Some(self.lines.feed.page(Vec::new())));
        };
        let Some(Lines { records, bytes }) = lines? else {
            self.file = Some(file);
            return Ok(None);
        };
        self.written.records += records;
        self.written.bytes += bytes.len() as u64;
        let file = on_disk(&self.target, move || {
            file.write_all(&bytes)?;
            Ok(file)
        });
        self.file = Some(file.await?);
        Ok(Some(self.lines.feed.page(Vec::new())))
    }

    /// Gives the file its name.
    async fn finish(&mut self) -> Result<Page<Written>> {
        self.lines.feed.verdict()?;
        if let Some(file) = self.file.take() {
            let (target, present) = (self.target.clone(), self.present);
            on_disk(&self.target, move || finish(file, &target, present)).await?;
        }
        let Written { records, bytes, .. } = self.written;
        let files = vec![self.target.display().to_string()];
        self.lines.feed.end();
        Ok(self.lines.feed.page(vec![Written { records, bytes, files, conflicts: BTreeMap::new() }]))
    }
}

/// A file beside the target, so that it can take its place at once.
fn begin(target: &Path, present: Present) -> Result<NamedTempFile, Trouble> {
    match fs::metadata(target) {
        Ok(there) if there.is_dir() => return Err(Trouble::Refused("is a folder; name a file")),
        Ok(_) if present == Present::Refused => {
            return Err(Trouble::Refused("is there already; pass overwrite or append"));
        }
        // Tried now, and not when all has been read.
        Ok(_) if present == Present::AddedTo => drop(OpenOptions::new().append(true).open(target)?),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    whole_file::beside(target)
}

fn finish(mut file: NamedTempFile, target: &Path, present: Present) -> Result<(), Trouble> {
    if present == Present::AddedTo
        && let Some(whole) =
            OpenOptions::new().read(true).append(true).open(target).map(Some).or_else(none)?
    {
        return add(&mut file, whole);
    }
    whole_file::name(file, target, present == Present::Replaced)
}

fn none<T>(error: io::Error) -> io::Result<Option<T>> {
    if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) }
}

/// Adds what was written to a file that is there; if that fails it is as it was.
fn add(written: &mut NamedTempFile, mut whole: File) -> Result<(), Trouble> {
    let before = whole.metadata()?.len();
    let added = (|| {
        if before > 0 && written.as_file().metadata()?.len() > 0 {
            let mut last = [0];
            whole.seek(SeekFrom::End(-1))?;
            whole.read_exact(&mut last)?;
            if last != *b"\n" {
                whole.write_all(b"\n")?;
            }
        }
        written.seek(SeekFrom::Start(0))?;
        io::copy(written.as_file_mut(), &mut whole)?;
        whole.sync_all()
    })();
    if let Err(error) = added {
        whole.set_len(before)?;
        return Err(error.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(target: &Path, present: Present, text: &str) -> Result<(), String> {
        let told = |trouble| match trouble {
            Trouble::Refused(why) => why.to_owned(),
            Trouble::Failed(error) => error.to_string(),
        };
        let mut file = begin(target, present).map_err(told)?;
        file.write_all(text.as_bytes()).unwrap();
        finish(file, target, present).map_err(told)
    }

    fn names(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_whole_and_what_was_there_is_replaced_or_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/feed.jsonl");
        let unfinished = begin(&target, Present::Refused).map_err(|_| ()).unwrap();
        assert!(!target.exists());
        drop(unfinished);
        write(&target, Present::Refused, "1\n").unwrap();
        assert!(write(&target, Present::Refused, "2\n").unwrap_err().contains("overwrite or append"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "1\n");
        write(&target, Present::Replaced, "2").unwrap();
        write(&target, Present::AddedTo, "3\n").unwrap();
        write(&target, Present::AddedTo, "").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "2\n3\n");
        write(&folder.path().join("new/other.jsonl"), Present::AddedTo, "4\n").unwrap();
        let mut names = names(target.parent().unwrap());
        names.sort();
        assert_eq!(names, ["feed.jsonl", "other.jsonl"]);
        assert!(write(folder.path(), Present::Replaced, "").unwrap_err().contains("folder"));
    }

    #[test]
    fn what_appears_while_it_is_written_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("feed.jsonl");
        let file = begin(&target, Present::Refused).map_err(|_| ()).unwrap();
        fs::write(&target, "theirs").unwrap();
        assert!(finish(file, &target, Present::Refused).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        assert_eq!(names(folder.path()), ["feed.jsonl"]);
    }
}
