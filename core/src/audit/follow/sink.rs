//! A copy of the feed in files, exactly once: what `into_jsonl` and `into_parquet` have in common.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, stream};
use jiff::SignedDuration;
use serde::Serialize;

use super::batch::Batch;
use super::files::{Files, Finished, Limits};
use super::follower::Follower;
use super::form::Form;
use super::ledger::Ledger;
use super::options::{CommitMode, FollowFeed, Options};
use super::state::{Delivered, FileRow, Following, Safe, State};
use crate::Client;
use crate::audit::scan::Finds;
use crate::dispatch::Item;
use crate::error::{Error, ErrorKind, Result};
use crate::interval::Interval;
use crate::page::{Page, Paged};

const MAX_BYTES: u64 = 256 * 1024 * 1024;
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// Records that are written in one transaction at most.
const STEP: usize = 10_000;

/// What was written in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SinkStep {
    /// Records written.
    pub records: u64,
    /// Blobs of content that are whole in the files now.
    pub blobs: u64,
    /// Bytes written, before any compression.
    pub bytes: u64,
    /// Files that got their final name: nothing changes in them any more. A run that was killed may not have
    /// told of one; the next run tells of it then, or once more.
    pub sealed: Vec<String>,
}

impl Item for SinkStep {}

/// Where the files lie and what they are like, as the caller has said it.
pub(super) struct Target {
    pub(super) directory: PathBuf,
    pub(super) max_bytes: Option<u64>,
    pub(super) max_age: Option<Interval>,
    pub(super) form: Form,
}

/// Begins to write the feed into files; nothing is opened or sent before the first step is asked for.
pub(super) fn open(client: Client, follow: FollowFeed, target: Target) -> Result<Paged<SinkStep>> {
    // Records are written as they came: it is enough to know where they are.
    let options = Options { finds: Finds::Places, ..follow.check()? };
    if follow.commit != CommitMode::Auto {
        return Err(Error::invalid("commit must be auto: the files say what is safe"));
    }
    if target.directory.as_os_str().is_empty() {
        return Err(Error::invalid("directory is empty: name the folder of the files"));
    }
    if target.max_bytes == Some(0) {
        return Err(Error::invalid("max_bytes is 0: it must be at least 1"));
    }
    let max_age = target.max_age.map_or(MAX_AGE, |age| age.0);
    if max_age.is_zero() {
        return Err(Error::invalid("max_age is 0: it must be longer"));
    }
    let sink = Sink {
        follower: Follower::new(client, follow, options),
        directory: target.directory,
        form: target.form,
        max_bytes: target.max_bytes.unwrap_or(MAX_BYTES),
        max_age,
        files: None,
        finished: Finished::default(),
        untold: Vec::new(),
        errors: Vec::new(),
        has_ended: false,
    };
    let steps = stream::try_unfold(sink, |mut sink| {
        async move { Ok(sink.next_step().await?.map(|page| (page, sink))) }.boxed()
    });
    Ok(Paged::new(steps).endless())
}

struct Sink {
    follower: Follower,
    directory: PathBuf,
    form: Form,
    max_bytes: u64,
    max_age: Duration,
    files: Option<Files>,
    /// Files that got their name, which the caller does not know yet.
    finished: Finished,
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
        let mut warnings = std::mem::take(&mut batch.warnings);
        let step = self.write(batch).await?;
        warnings.append(&mut self.finished.warnings);
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
                        self.finished.extend(finish(&ledger, due, following.clone()).await?);
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
        ledger
            .remember(Safe { files: rows, named: std::mem::take(&mut self.untold), ..Safe::default() })
            .await?;
        self.finished.extend(finish(&ledger, due, self.follower.following()).await?);
        Ok(SinkStep { records, blobs, bytes, sealed: self.tell() })
    }

    /// The files that the caller is told of; the state is told when the caller asks for more.
    fn tell(&mut self) -> Vec<String> {
        let sealed = std::mem::take(&mut self.finished.paths);
        self.untold.extend_from_slice(&sealed);
        sealed
    }

    async fn last_step(&mut self) -> Result<Option<Page<SinkStep>>> {
        let (Some(mut files), Some(now)) = (self.files.take(), self.follower.shared().map(|s| s.now()))
        else {
            return Ok(None);
        };
        let due = files.seal(now, true);
        let ledger = Arc::clone(&self.follower.ledger);
        self.finished.extend(finish(&ledger, due, self.follower.following()).await?);
        let sealed = self.tell();
        ledger.remember(Safe { named: std::mem::take(&mut self.untold), ..Safe::default() }).await?;
        let errors = std::mem::take(&mut self.errors);
        let warnings = std::mem::take(&mut self.finished.warnings);
        if sealed.is_empty() && errors.is_empty() {
            return Ok(None);
        }
        let step = SinkStep { sealed, ..SinkStep::default() };
        let report = self.follower.report(&Batch::default()).await?;
        Ok(Some(Page { errors, warnings, report: Some(report), ..Page::of(vec![step]) }))
    }

    async fn take_up_files(&mut self) -> Result<()> {
        let shared = self.follower.shared().cloned();
        let (Some(shared), Some(following)) = (shared, self.follower.following()) else { return Ok(()) };
        let rows = shared.on_state(State::files).await?;
        let (directory, form) = (self.directory.clone(), self.form.clone());
        let max_age = SignedDuration::try_from(self.max_age).unwrap_or(SignedDuration::MAX);
        let limits = Limits { max_bytes: self.max_bytes, max_age };
        let (files, found) = on_disk(move || Files::open(&directory, limits, form, rows, following)).await?;
        self.files = Some(files);
        self.errors.extend(found.errors);
        let ledger = Arc::clone(&self.follower.ledger);
        ledger.remember(Safe { named: found.gone, ..Safe::default() }).await?;
        self.finished.extend(finish(&ledger, found.due, self.follower.following()).await?);
        Ok(())
    }
}

/// Makes whole files of those into which nothing more comes. The state knows of it before, so that a run that
/// ends in between is gone on with, and after, so that nobody looks for a file that was taken away.
async fn finish(ledger: &Ledger, mut due: Vec<FileRow>, following: Option<Following>) -> Result<Finished> {
    let Some(following) = following.filter(|_| !due.is_empty()) else { return Ok(Finished::default()) };
    ledger.remember(Safe { files: due.clone(), ..Safe::default() }).await?;
    let (finished, due) = on_disk(move || {
        let finished = Files::finish(&due, &following)?;
        for row in &mut due {
            row.finished = true;
        }
        Ok((finished, due))
    })
    .await?;
    ledger.remember(Safe { files: due, ..Safe::default() }).await?;
    Ok(finished)
}

/// Works on files, on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Error::new(ErrorKind::Storage, "the work on the files was broken off").with_source(e))
    })
}
