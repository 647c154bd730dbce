//! The follower: sets its parts to work, makes batches of what they bring, and remembers what is safe.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::{FutureExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::batch::{Batch, Chunk, Event, Fetched};
use super::clock::Rhythm;
use super::fetcher;
use super::ledger::Ledger;
use super::lister::{Lister, Trouble, gap_error};
use super::options::{CommitMode, FollowFeed, Options};
use super::shared::Shared;
use super::state::{Delivered, Following, GapRow, Safe, State};
use crate::Client;
use crate::audit::PAGE_OF_RECORDS;
use crate::audit::announce::{self, FeedKey};
use crate::audit::content::Content;
use crate::audit::content_type::ContentType;
use crate::audit::feed::{subscribed, without_repeats};
use crate::audit::progress::Speed;
use crate::audit::record::AuditRecord;
use crate::audit::records::OnError;
use crate::audit::route::Route;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, Paged, Report};

/// Begins a follower; nothing is opened or sent before the first batch is asked for.
pub(super) fn open(client: Client, request: FollowFeed, options: Options) -> Paged<AuditRecord> {
    let follower = Follower::new(client, request, options);
    let ledger = Arc::clone(&follower.ledger);
    let pages = stream::try_unfold(follower, |mut follower| {
        async move { Ok(follower.next_page().await?.map(|page| (page, follower))) }.boxed()
    });
    Paged::new(pages).with_commit(ledger).endless()
}

/// A follower, as whoever asks for batches has it.
pub(super) struct Follower {
    client: Client,
    request: FollowFeed,
    options: Options,
    pub(super) ledger: Arc<Ledger>,
    run: Option<Run>,
    trouble: Trouble,
    /// The blob that is being handed out.
    blob: Option<Box<Fetched>>,
    report: Report,
    speed: Speed,
    /// What is raised once the records that came before it are handed out.
    raised: Option<Error>,
    has_ended: bool,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ledger.end();
    }
}

/// A follower at work; dropping it ends its tasks, and then gives the state back.
struct Run {
    shared: Arc<Shared>,
    events: mpsc::Receiver<Event>,
    _tasks: Vec<AbortOnDropHandle<()>>,
    following: Following,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.following.leave();
    }
}

impl Follower {
    pub(super) fn new(client: Client, request: FollowFeed, options: Options) -> Self {
        Follower {
            client,
            request,
            options,
            ledger: Arc::default(),
            run: None,
            trouble: Trouble::default(),
            blob: None,
            report: Report::default(),
            speed: Speed::default(),
            raised: None,
            has_ended: false,
        }
    }

    async fn next_page(&mut self) -> Result<Option<Page<AuditRecord>>> {
        if self.request.commit == CommitMode::Auto {
            self.ledger.remember(Safe::default()).await?;
        }
        let Some(batch) = self.next_batch(PAGE_OF_RECORDS).await? else { return Ok(None) };
        let report = self.report(&batch).await?;
        let Batch { chunks, errors, warnings, delivered } = batch;
        let records = chunks.into_iter().flat_map(|chunk| chunk.records.into_records()).collect();
        self.ledger.hand_out(delivered);
        Ok(Some(Page { errors, warnings, report: Some(report), ..Page::of(records) }))
    }

    /// The next batch: what is there, up to so many records; waits if there is nothing.
    pub(super) async fn next_batch(&mut self, most: usize) -> Result<Option<Batch>> {
        self.speed.begin();
        let mut batch = Batch::default();
        while batch.len() < most && self.raised.is_none() {
            if self.take_records(&mut batch, most) {
                continue;
            }
            if self.has_ended {
                break;
            }
            let event = match self.event(batch.is_empty()).await {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    self.raised = Some(error);
                    break;
                }
            };
            self.take(event, &mut batch).await;
        }
        if batch.is_empty() {
            return match self.raised.take() {
                Some(error) => {
                    self.has_ended = true;
                    self.run = None;
                    Err(error)
                }
                None => Ok(None),
            };
        }
        self.report.records += batch.len() as u64;
        Ok(Some(batch))
    }

    /// What has been done so far, with this batch.
    pub(super) async fn report(&mut self, batch: &Batch) -> Result<Report> {
        if let Some(run) = &self.run {
            let counts = &run.shared.counts;
            self.report.windows = counts.windows.load(Ordering::Relaxed);
            self.report.pages = counts.pages.load(Ordering::Relaxed);
            self.report.blobs = counts.blobs.load(Ordering::Relaxed);
            self.report.bytes = counts.bytes.load(Ordering::Relaxed);
            self.report.refusals = self.client.corridor().pace.refusals();
            let (behind, parked) = run.shared.lag().await?;
            let handed_out =
                batch.delivered.iter().filter(|delivered| delivered.ends_parking()).count() as u64;
            let parked = parked.saturating_sub(handed_out + self.ledger.no_longer_parked());
            (self.report.behind, self.report.parked) = (behind, Some(parked));
        }
        self.speed.tell(&mut self.report);
        Ok(self.report.clone())
    }

    /// The state, once the follower has begun.
    pub(super) fn shared(&self) -> Option<&Arc<Shared>> {
        self.run.as_ref().map(|run| &run.shared)
    }

    /// A share in the right to follow, once the follower has begun.
    pub(super) fn following(&self) -> Option<Following> {
        self.run.as_ref().map(|run| run.following.clone())
    }

    /// Begins, if it has not: also called by whoever needs the state before the first batch.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if self.run.is_some() {
            return Ok(());
        }
        let route = Route::of(&self.client).await?;
        let (path, tenant) = (self.request.state.clone(), route.tenant().to_owned());
        let opened = tokio::task::spawn_blocking(move || {
            let state = State::open(&path, &tenant)?;
            let following = state.follow()?;
            let gaps = state.gaps()?;
            Ok::<_, Error>((state, following, gaps))
        });
        let (state, following, gaps) = opened.await.unwrap_or_else(|e| {
            Err(Error::new(ErrorKind::Storage, "opening the state was broken off").with_source(e))
        })?;
        let types = match self.request.content_types.clone() {
            Some(types) => without_repeats(types),
            None => subscribed(&self.client).await?,
        };
        let (shared, events) = Shared::new(
            self.client.clone(),
            route,
            (state, following.downgrade()),
            self.options.clone(),
            &self.request,
            &types,
        );
        self.ledger.begin(&shared);
        let untold = gaps.into_iter().filter(|(_, gap)| !gap.told).collect();
        let looks_for_more = self.request.content_types.is_none() && !self.request.stop_when_caught_up;
        let tasks = vec![
            on_a_task(list(Arc::clone(&shared), types, untold, looks_for_more)),
            on_a_task(fetcher::run(Arc::clone(&shared))),
            on_a_task(listen(Arc::clone(&shared))),
        ];
        self.run = Some(Run { shared, events, _tasks: tasks, following });
        Ok(())
    }

    /// The next news; none if there is none and it need not be waited for.
    async fn event(&mut self, waits: bool) -> Result<Option<Event>> {
        while let Err(error) = self.begin().await {
            // A service that is down for a while must not end what is meant to run for ever.
            let goes_on = error.is_retryable() && !self.request.stop_when_caught_up;
            if !goes_on || self.request.on_error == OnError::RaiseAtOnce {
                return Err(error);
            }
            if let Some(news) = self.trouble.news(error) {
                return Ok(Some(Event::Problem(news)));
            }
            tokio::time::sleep(Rhythm::new(self.options.poll_interval).idle(1)).await;
        }
        let Some(run) = &mut self.run else { return Ok(None) };
        if waits {
            return Ok(run.events.recv().await);
        }
        Ok(run.events.try_recv().ok())
    }

    /// Moves records of the blob in hand into the batch; false if there is no blob in hand.
    fn take_records(&mut self, batch: &mut Batch, most: usize) -> bool {
        let Some(fetched) = &mut self.blob else { return false };
        let records = fetched.blob.take_part(most.saturating_sub(batch.len()));
        for error in records.errors() {
            self.report.failed += 1;
            if self.request.on_error == OnError::RaiseAtOnce {
                // The records that were read with it come first, and are not read again.
                self.raised.get_or_insert(error);
            } else {
                batch.errors.push(error);
            }
        }
        let key = fetched.key;
        if fetched.blob.is_drained() {
            let content_id = fetched.content.content_id.as_str().into();
            batch.delivered.push(Delivered::Whole { key, content_id });
        } else {
            batch.delivered.push(Delivered::Part { key, position: fetched.blob.taken() as u64 });
        }
        batch.chunks.push(Chunk { content: fetched.content.clone(), records });
        if fetched.blob.is_drained() {
            self.blob = None;
        }
        true
    }

    async fn take(&mut self, event: Event, batch: &mut Batch) {
        match event {
            Event::Fetched(fetched) => self.blob = Some(fetched),
            Event::Lost { key, row, error } => {
                let content_id = row.content.content_id.as_str().into();
                self.failed(error, Some(Delivered::Whole { key, content_id }), batch).await;
            }
            Event::Gap { number, error } => self.failed(error, Some(Delivered::GapTold(number)), batch).await,
            Event::Problem(error) => self.failed(error, None, batch).await,
            Event::Warnings(warnings) => batch.warnings.extend(warnings),
            Event::CaughtUp => self.has_ended = self.request.stop_when_caught_up,
            Event::Ended(error) => self.raised = Some(error),
        }
    }

    async fn failed(&mut self, error: Error, delivered: Option<Delivered>, batch: &mut Batch) {
        tracing::warn!(
            target: "m365kit::audit", kind = error.kind().as_str(), code = error.code(),
            content_type = error.place().content_type, content_id = error.place().content_id,
            "a part of the feed could not be read: {}", error.message()
        );
        self.report.failed += 1;
        if self.request.on_error == OnError::RaiseAtOnce {
            // The caller is told by the error itself: the next run must not end by it again.
            if let (Some(delivered), Some(run)) = (delivered, &self.run) {
                let safe = Safe { delivered: vec![delivered], ..Safe::default() };
                let now = run.shared.now();
                if let Err(error) = run.shared.on_state(move |state| state.commit(&safe, now)).await {
                    tracing::warn!(target: "m365kit::audit", "{}", error.message());
                }
            }
            self.raised = Some(error);
            return;
        }
        batch.delivered.extend(delivered);
        batch.errors.push(error);
    }
}

/// Tells of the gaps that nobody was told of, and sets a lister to work on each content type.
async fn list(
    shared: Arc<Shared>,
    types: Vec<ContentType>,
    untold: Vec<(u64, GapRow)>,
    looks_for_more: bool,
) {
    for (number, gap) in untold {
        shared.send(Event::Gap { number, error: gap_error(&gap) }).await;
    }
    let mut listers = JoinSet::new();
    for of in types {
        listers.spawn(Lister::new(Arc::clone(&shared), of).run());
    }
    if looks_for_more {
        loop {
            tokio::time::sleep(shared.rhythm.slow()).await;
            // What fails here fails in the listers as well, and is told there.
            for of in subscribed(&shared.client).await.unwrap_or_default() {
                if shared.adds_type(&of) {
                    listers.spawn(Lister::new(Arc::clone(&shared), of).run());
                }
            }
        }
    }
    while listers.join_next().await.is_some() {}
}

/// Puts on the work list what webhooks announce, ahead of what was listed.
async fn listen(shared: Arc<Shared>) {
    let Ok(feed) = FeedKey::new(&shared.client, shared.route.tenant()) else { return };
    let mut announcements = announce::listen(&feed);
    loop {
        let content = Content::clone(&*announcements.next().await);
        if !shared.follows(&content.content_type) {
            continue;
        }
        match shared.on_state(move |state| state.add(vec![content], true, None)).await {
            Ok(0) => {}
            Ok(_) => shared.work.notify_one(),
            // Polling finds it, and tells of the trouble if that lasts.
            Err(error) => tracing::debug!(target: "m365kit::audit", "{}", error.message()),
        }
    }
}

fn on_a_task(work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(work))
}
