//! `follow(...).into_jsonl(...)`: a copy of the feed in files, exactly once.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, stream};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::files::Files;
use super::follower::Follower;
use super::options::{CommitMode, FollowFeed};
use super::state::{Delivered, FileRow, Following, Safe};
use crate::Client;
use crate::dispatch::{Item, Listing, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::interval::Interval;
use crate::page::{Page, Paged};

const MAX_BYTES: u64 = 256 * 1024 * 1024;
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// Records that are written in one transaction at most.
const STEP: usize = 10_000;

/// Follows the audit feed into files of JSON Lines, each record exactly once, whatever ends the program.
///
/// A file holds the records of one content type that became available on one day (UTC), as they came, one a
/// line: `2026-11-22.Audit.Exchange.000001.jsonl`. While it is written its name ends in `.partial`. It gets
/// its final name when it is long or old enough, or when the follower has caught up and stops, and does not
/// change any more. Files and state are one transaction: after a crash the files are cut to what the state
/// counts as safe, and what was cut off is fetched again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowIntoJsonl {
    /// What to follow. Its `commit` must be `auto`: the files say what is safe.
    pub follow: FollowFeed,
    /// The folder of the files; made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub directory: PathBuf,
    /// How long a file may become, in bytes, give or take a batch. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// How long a file may be written into. Default: an hour.
    #[serde(default)]
    pub max_age: Option<Interval>,
}

/// What was written in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SinkStep {
    /// Records written.
    pub records: u64,
    /// Blobs of content that are whole in the files now.
    pub blobs: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Files that got their final name: nothing changes in them any more.
    pub sealed: Vec<String>,
}

impl Item for SinkStep {}

impl FollowIntoJsonl {
    pub(super) fn new(follow: FollowFeed, directory: PathBuf) -> Self {
        FollowIntoJsonl { follow, directory, max_bytes: None, max_age: None }
    }
}

impl Operation for FollowIntoJsonl {
    const NAME: &'static str = "audit.follow.into_jsonl";
}

impl Listing for FollowIntoJsonl {
    type Item = SinkStep;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<SinkStep>> {
        let options = self.follow.check()?;
        if self.follow.commit != CommitMode::Auto {
            return Err(Error::invalid("commit must be auto: the files say what is safe"));
        }
        if self.directory.as_os_str().is_empty() {
            return Err(Error::invalid("directory is empty: name the folder of the files"));
        }
        if self.max_bytes == Some(0) {
            return Err(Error::invalid("max_bytes is 0: it must be at least 1"));
        }
        let max_age = self.max_age.map_or(MAX_AGE, |age| age.0);
        if max_age.is_zero() {
            return Err(Error::invalid("max_age is 0: it must be longer"));
        }
        let sink = Sink {
            follower: Follower::new(client, self.follow, options),
            directory: self.directory,
            max_bytes: self.max_bytes.unwrap_or(MAX_BYTES),
            max_age,
            files: None,
            sealed: Vec::new(),
            untold: Vec::new(),
            errors: Vec::new(),
            has_ended: false,
        };
        let steps = stream::unfold(Some(sink), |sink| {
            async move {
                let mut sink = sink?;
                match sink.next_step().await {
                    Ok(Some(page)) => Some((Ok(page), Some(sink))),
                    Ok(None) => None,
                    Err(error) => Some((Err(error), None)),
                }
            }
            .boxed()
        });
        Ok(Paged::new(steps).endless())
    }
}

struct Sink {
    follower: Follower,
    directory: PathBuf,
    max_bytes: u64,
    max_age: Duration,
    files: Option<Files>,
    /// Files that got their name, which the caller does not know yet.
    sealed: Vec<String>,
    /// The same, which the caller knows and the state does not.
    untold: Vec<String>,
    errors: Vec<Error>,
    has_ended: bool,
}

impl Sink {
    async fn next_step(&mut self) -> Result<Option<Page<SinkStep>>> {
        if self.has_ended {
            return Ok(None);
        }
        // What goes wrong here goes wrong again for the next batch, and is told there.
        if self.files.is_none() && self.follower.begin().await.is_ok() {
            self.take_up_files().await?;
        }
        let Some(mut batch) = self.next_batch().await? else {
            self.has_ended = true;
            return self.last_step().await;
        };
        let mut errors = std::mem::take(&mut self.errors);
        errors.append(&mut batch.errors);
        let warnings = std::mem::take(&mut batch.warnings);
        let step = self.write(batch).await?;
        // A batch may hold nothing but news.
        let steps = Vec::from_iter((step != SinkStep::default()).then_some(step));
        let report = self.follower.report(&Batch::default()).await?;
        Ok(Some(Page { errors, warnings, report: Some(report), ..Page::of(steps) }))
    }

    /// The next batch; while there is none, files that are old enough get their name.
    async fn next_batch(&mut self) -> Result<Option<Batch>> {
        let shared = self.follower.shared().cloned();
        let following = self.follower.following();
        let ledger = Arc::clone(&self.follower.ledger);
        let mut next = pin!(self.follower.next_batch(STEP));
        loop {
            tokio::select! {
                batch = &mut next => return batch,
                () = tokio::time::sleep(self.max_age) => {
                    let (Some(files), Some(shared)) = (&mut self.files, &shared) else { continue };
                    let due = files.seal(shared.now(), false);
                    if !due.is_empty() {
                        ledger.remember(Safe { files: due.clone(), ..Safe::default() }).await?;
                        self.sealed.extend(name(due, following.clone()).await?);
                    }
                }
            }
        }
    }

    /// Writes a batch: files and position are one transaction.
    async fn write(&mut self, batch: Batch) -> Result<SinkStep> {
        let is_whole = |delivered: &&Delivered| matches!(delivered, Delivered::Whole { .. });
        let (records, blobs) = (batch.len() as u64, batch.delivered.iter().filter(is_whole).count() as u64);
        let ledger = Arc::clone(&self.follower.ledger);
        let (Some(mut files), Some(now)) = (self.files.take(), self.follower.shared().map(|s| s.now()))
        else {
            // Nothing but news of why it has not begun.
            return Ok(SinkStep::default());
        };
        let Batch { chunks, delivered, .. } = batch;
        let (mut files, chunks, made) = on_disk(move || {
            let made = files.prepare(&chunks, now)?;
            Ok((files, chunks, made))
        })
        .await?;
        if !made.is_empty() {
            ledger.remember(Safe { files: made, ..Safe::default() }).await?;
        }
        let before = files.length();
        let (mut files, rows) = on_disk(move || {
            let rows = files.write(&chunks, now)?;
            Ok((files, rows))
        })
        .await?;
        let bytes = files.length() - before;
        let due = files.seal(now, false);
        self.files = Some(files);
        ledger.hand_out(delivered);
        // Of two rows of one file the later one counts: the one that says it is sealed.
        let rows = rows.into_iter().chain(due.iter().cloned()).collect();
        ledger.remember(Safe { files: rows, named: self.named(), ..Safe::default() }).await?;
        self.sealed.extend(name(due, self.follower.following()).await?);
        self.untold.clone_from(&self.sealed);
        Ok(SinkStep { records, blobs, bytes, sealed: std::mem::take(&mut self.sealed) })
    }

    /// Files that got their name since the state was told of any.
    fn named(&mut self) -> Vec<String> {
        self.untold.extend_from_slice(&self.sealed);
        std::mem::take(&mut self.untold)
    }

    async fn last_step(&mut self) -> Result<Option<Page<SinkStep>>> {
        let (Some(mut files), Some(now)) = (self.files.take(), self.follower.shared().map(|s| s.now()))
        else {
            return Ok(None);
        };
        let due = files.seal(now, true);
        let ledger = Arc::clone(&self.follower.ledger);
        ledger.remember(Safe { files: due.clone(), ..Safe::default() }).await?;
        self.sealed.extend(name(due, self.follower.following()).await?);
        ledger.remember(Safe { named: self.named(), ..Safe::default() }).await?;
        let errors = std::mem::take(&mut self.errors);
        if self.sealed.is_empty() && errors.is_empty() {
            return Ok(None);
        }
        let step = SinkStep { sealed: std::mem::take(&mut self.sealed), ..SinkStep::default() };
        let report = self.follower.report(&Batch::default()).await?;
        Ok(Some(Page { errors, report: Some(report), ..Page::of(vec![step]) }))
    }

    async fn take_up_files(&mut self) -> Result<()> {
        let shared = self.follower.shared().cloned();
        let (Some(shared), Some(following)) = (shared, self.follower.following()) else { return Ok(()) };
        let rows = shared.on_state(super::state::State::files).await?;
        let (directory, max_bytes) = (self.directory.clone(), self.max_bytes);
        let max_age = SignedDuration::try_from(self.max_age).unwrap_or(SignedDuration::MAX);
        let (files, found) =
            on_disk(move || Files::open(&directory, max_bytes, max_age, rows, following)).await?;
        self.files = Some(files);
        self.errors.extend(found.errors);
        let ledger = Arc::clone(&self.follower.ledger);
        ledger.remember(Safe { named: found.named, ..Safe::default() }).await
    }
}

async fn name(rows: Vec<FileRow>, following: Option<Following>) -> Result<Vec<String>> {
    on_disk(move || {
        let named = Files::name(&rows);
        drop(following);
        named
    })
    .await
}

/// Works on files, on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Error::new(ErrorKind::Storage, "the work on the files was broken off").with_source(e))
    })
}
