//! The feed behind `records(...)` and all that is made of it: makes the plan, hands out the blobs in their
//! form, and tells what was met on the way.
//!
//! The windows are listed and the blobs fetched in `pipeline`.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::content_type::ContentType;
use super::pipeline::{Fetched, Form, Pipeline, Step, steps};
use super::progress::{Known, Progress};
use super::records::{ListRecords, OnError};
use super::route::Route;
use super::subscriptions::ListSubscriptions;
use super::window::Span;
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::Call;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::identity::guid;
use crate::page::{Page, Report, Warning, WarningCode};

/// The feed in one form. It is read by [`next`](Feed::next), and told of by [`page`](Feed::page).
pub(super) struct Feed<F: Form> {
    client: Client,
    request: ListRecords,
    form: Arc<F>,
    span: Span,
    source: Source<F::Piece>,
    news: News,
    failures: Vec<Error>,
    seen_ids: Option<SeenIds>,
    without_id: u64,
    report: Report,
    progress: Progress,
    /// The report as the last page gave it.
    told: Option<Report>,
    ended: bool,
}

/// Where the pieces come from.
enum Source<P> {
    /// Nothing was sent yet.
    Untouched,
    /// The plan is being made.
    Planning(BoxFuture<'static, Result<Begun<P>>>),
    Steps(BoxStream<'static, Step<P>>),
}

/// The streams that carry out the plan, and what the caller should know about it.
struct Begun<P> {
    steps: BoxStream<'static, Step<P>>,
    warnings: Vec<Warning>,
}

/// A piece of the feed, and the room that it takes until it is dropped.
pub(super) struct InHand<P> {
    pub(super) piece: P,
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// What the next page has to tell beside its items.
#[derive(Default)]
struct News {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

impl<F: Form> Feed<F> {
    /// A feed whose request has been checked; nothing is sent before the first piece is asked for.
    pub(super) fn new(client: Client, request: ListRecords, form: F) -> Result<Self> {
        let span = request.check()?;
        Ok(Feed {
            seen_ids: request.dedupe.then(SeenIds::default),
            client,
            request,
            form: Arc::new(form),
            span,
            source: Source::Untouched,
            news: News::default(),
            failures: Vec::new(),
            without_id: 0,
            report: Report::default(),
            progress: Progress::default(),
            told: None,
            ended: false,
        })
    }

    /// The next blob in its form; none at the end. An error ends the feed. Who gives up waiting loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<InHand<F::Piece>>> {
        if self.ended {
            return Ok(None);
        }
        let outcome = self.next_piece().await;
        if !matches!(outcome, Ok(Some(_))) {
            self.ended = true;
            self.source = Source::Untouched;
        }
        outcome
    }

    async fn next_piece(&mut self) -> Result<Option<InHand<F::Piece>>> {
        loop {
            let step = match &mut self.source {
                Source::Steps(steps) => steps.next().await,
                Source::Planning(begun) => {
                    let Begun { steps, warnings } = begun.await?;
                    self.news.warnings.extend(warnings);
                    self.source = Source::Steps(steps);
                    continue;
                }
                Source::Untouched => {
                    self.progress.begin();
                    self.source = Source::Planning(self.begin());
                    continue;
                }
            };
            match step {
                None => return Ok(None),
                Some(Step::Listed(listed)) => {
                    self.report.pages += listed.pages;
                    self.report.windows += u64::from(listed.is_whole);
                    self.news.warnings.extend(listed.warnings);
                    listed.errors.into_iter().try_for_each(|error| self.failed(error))?;
                }
                Some(Step::Fetched { outcome: Err(error), .. }) => {
                    self.progress.ends_blob();
                    self.failed(error)?;
                }
                Some(Step::Fetched { outcome: Ok(fetched), room }) => {
                    return self.take(fetched, room).map(Some);
                }
            }
        }
    }

    fn take(
        &mut self,
        fetched: Fetched<F::Piece>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<InHand<F::Piece>> {
        let Fetched { mut piece, bytes, errors } = fetched;
        self.progress.ends_blob();
        self.report.blobs += 1;
        self.report.bytes += bytes as u64;
        self.without_id += F::without_id(&piece) as u64;
        let all = F::count(&piece);
        if let Some(seen) = &mut self.seen_ids {
            F::retain(&mut piece, |id| id.is_none_or(|id| seen.insert(id)));
        }
        self.report.duplicates += (all - F::count(&piece)) as u64;
        self.report.records += F::count(&piece) as u64;
        errors.into_iter().try_for_each(|error| self.failed(error))?;
        Ok(InHand { piece, room })
    }

    fn failed(&mut self, error: Error) -> Result<()> {
        tracing::warn!(
            target: "m365kit::audit", kind = error.kind().as_str(), code = error.code(),
            content_type = error.place().content_type, content_id = error.place().content_id,
            "a part of the feed could not be read: {}", error.message()
        );
        self.report.failed += 1;
        // What ends everything is not the failure of a part.
        if self.request.on_error == OnError::RaiseAtOnce || error.kind() == ErrorKind::Cancelled {
            return Err(error);
        }
        self.failures.push(error.clone());
        self.news.errors.push(error);
        Ok(())
    }

    /// A page of these items, with what was met since the last one.
    pub(super) fn page<T>(&mut self, items: Vec<T>) -> Page<T> {
        self.report.refusals = self.client.corridor().pace.refusals();
        self.progress.tell(&mut self.report);
        self.told = Some(self.report.clone());
        let News { errors, warnings } = std::mem::take(&mut self.news);
        Page { errors, warnings, report: Some(self.report.clone()), ..Page::of(items) }
    }

    /// After the last piece: what can be told only now goes into the next page.
    pub(super) fn end(&mut self) {
        if self.without_id > 0 {
            let count = std::mem::take(&mut self.without_id);
            let message = format!("{count} records have no id; they cannot be told from duplicates");
            self.news.warnings.push(Warning::new(WarningCode::MissingId, message));
        }
    }

    /// After the last piece, for whoever hands out what came: a page with what is left to tell, then the
    /// verdict, then nothing.
    pub(super) fn last_page<T>(&mut self) -> Option<Result<Page<T>>> {
        self.rest().map(Ok).or_else(|| self.verdict().err().map(Err))
    }

    /// After the last piece: a page with what is left to tell; none if all is told.
    pub(super) fn rest<T>(&mut self) -> Option<Page<T>> {
        self.end();
        let is_told = self.news.warnings.is_empty() && self.told.as_ref() == Some(&self.report);
        (!is_told).then(|| self.page(Vec::new()))
    }

    /// After the last piece: the summary of all that failed, if the caller wants it as an error.
    pub(super) fn verdict(&mut self) -> Result<()> {
        if self.request.on_error == OnError::Raise && !self.failures.is_empty() {
            return Err(summary(std::mem::take(&mut self.failures), &self.report));
        }
        Ok(())
    }

    fn begin(&self) -> BoxFuture<'static, Result<Begun<F::Piece>>> {
        let (client, request) = (self.client.clone(), self.request.clone());
        begin(client, request, self.span, Arc::clone(&self.form), self.progress.known()).boxed()
    }
}

/// Makes the plan, and the streams that carry it out.
async fn begin<F: Form>(
    client: Client,
    request: ListRecords,
    span: Span,
    form: Arc<F>,
    known: Arc<Known>,
) -> Result<Begun<F::Piece>> {
    let corridor = client.corridor();
    let now = corridor.service_now(&Service::Management).await?;
    let (span, clamped) = span.resolve(now)?;
    let clamped = clamped.then(|| span.clamp_warning());
    let warnings = clamped.into_iter().chain(corridor.clock.warning()).collect();
    let types = match request.content_types {
        Some(types) => without_repeats(types),
        None => subscribed(&client).await?,
    };
    let route = Route::of(&client).await?;
    let pipeline = Pipeline::new(client, route, known);
    Ok(Begun { steps: steps(pipeline, types, span, request.ordered, &form), warnings })
}

/// The record ids of this run; GUIDs, which nearly all of them are, take sixteen bytes each.
#[derive(Default)]
struct SeenIds {
    guids: HashSet<u128, foldhash::fast::RandomState>,
    others: HashSet<Box<str>>,
}

impl SeenIds {
    fn insert(&mut self, id: &str) -> bool {
        match guid(id) {
            Some(guid) => self.guids.insert(guid),
            None => self.others.insert(id.into()),
        }
    }
}

pub(super) async fn subscribed(client: &Client) -> Result<Vec<ContentType>> {
    let subscriptions = ListSubscriptions {}.send(client.clone(), None).await?;
    let mut types: Vec<_> =
        subscriptions.into_iter().filter(super::Subscription::is_enabled).map(|s| s.content_type).collect();
    if types.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "the tenant is subscribed to no content type")
            .with_hint("Start a subscription first: audit.start"));
    }
    types.sort_by_key(|of| ContentType::KNOWN.iter().position(|known| known == of).unwrap_or(usize::MAX));
    Ok(without_repeats(types))
}

pub(super) fn without_repeats(types: Vec<ContentType>) -> Vec<ContentType> {
    let mut seen = HashSet::new();
    types.into_iter().filter(|of| seen.insert(of.clone())).collect()
}

/// One error for all that failed: of their kind if they share one.
pub(super) fn summary(failures: Vec<Error>, report: &Report) -> Error {
    let Some(first) = failures.first().cloned() else {
        return Error::new(ErrorKind::Service, "a part of the feed could not be read");
    };
    let one_kind = failures.iter().all(|error| error.kind() == first.kind());
    let kind = if one_kind { first.kind() } else { ErrorKind::Service };
    let repeat = if failures.iter().any(Error::is_retryable) { Repeat::Fault } else { Repeat::Never };
    let message = format!(
        "{} of the feed's parts could not be read, {} records were delivered; the first: {}",
        failures.len(),
        report.records,
        first.message()
    );
    let hint = first.hint().unwrap_or(
        "The errors of this error say what failed; on_error=\"collect\" hands them out beside the records",
    );
    Error::new(kind, message)
        .with_hint(hint)
        .with_code(first.code().map(str::to_owned))
        .with_repeat(repeat)
        .with_errors(failures)
}
