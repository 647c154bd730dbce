//! The feed behind `records(...)`: windows are listed, blobs fetched, and records handed out.
//!
//! ```text
//! types × windows ──list──► content ──fetch──► blobs ──cut──► pages of records
//!                  few at once        many at once, within a budget of bytes
//! ```
//! Nothing runs that nobody waits for: the streams are driven by who asks for the next page, and
//! dropping the feed ends its requests.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use super::blob::Blob;
use super::budget::Budget;
use super::content::{Content, fetch};
use super::content_type::ContentType;
use super::listing::Listing;
use super::record::{AuditRecord, Origin};
use super::records::{ListRecords, OnError};
use super::route::Route;
use super::subscriptions::ListSubscriptions;
use super::window::{Span, Window};
use super::{PAGE_OF_RECORDS, codes};
use crate::Client;
use crate::dispatch::Call;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::page::{Page, Paged, Report, Warning, WarningCode};

/// Windows that are listed ahead of the one whose content is being fetched.
const LISTED_AHEAD: usize = 2;
/// Blobs that may be fetched ahead, for each request that may be in flight.
const FETCHED_AHEAD: usize = 4;

/// Begins a feed; nothing is sent before the first page is asked for.
pub(super) fn open(client: Client, request: ListRecords, span: Span) -> Paged<AuditRecord> {
    let feed = Feed {
        seen_ids: request.dedupe.then(SeenIds::default),
        client,
        request,
        span,
        steps: None,
        blob: None,
        news: News::default(),
        failures: Vec::new(),
        without_id: 0,
        report: Report::default(),
        told: None,
        ended: false,
    };
    Paged::new(stream::unfold(feed, |mut feed| {
        async move { feed.next_page().await.map(|page| (page, feed)) }.boxed()
    }))
}

struct Feed {
    client: Client,
    request: ListRecords,
    span: Span,
    steps: Option<BoxStream<'static, Step>>,
    blob: Option<(Blob, Option<OwnedSemaphorePermit>)>,
    news: News,
    failures: Vec<Error>,
    seen_ids: Option<SeenIds>,
    without_id: u64,
    report: Report,
    /// The report as the last page gave it.
    told: Option<Report>,
    ended: bool,
}

/// What the next page has to tell beside its records.
#[derive(Default)]
struct News {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

/// What the streams behind the feed bring.
enum Step {
    Listed { pages: u64, warnings: Vec<Warning>, error: Option<Error> },
    Fetched { outcome: Result<Blob>, room: Option<OwnedSemaphorePermit> },
}

impl Feed {
    async fn next_page(&mut self) -> Option<Result<Page<AuditRecord>>> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(records) = self.records_in_hand() {
                return Some(Ok(self.page(records)));
            }
            let step = match &mut self.steps {
                Some(steps) => steps.next().await,
                None => match self.begin().await {
                    Ok(steps) => {
                        self.steps = Some(steps);
                        continue;
                    }
                    Err(error) => return Some(Err(self.ended_by(error))),
                },
            };
            let Some(step) = step else { return self.end() };
            if let Err(error) = self.take(step) {
                return Some(Err(self.ended_by(error)));
            }
        }
    }

    fn records_in_hand(&mut self) -> Option<Vec<AuditRecord>> {
        let (blob, _) = self.blob.as_mut()?;
        let mut records = blob.take(PAGE_OF_RECORDS);
        if blob.is_drained() {
            self.blob = None;
        }
        self.without_id += records.iter().filter(|record| record.id.is_none()).count() as u64;
        if let Some(seen) = &mut self.seen_ids {
            let all = records.len();
            records.retain(|record| record.id.as_deref().is_none_or(|id| seen.insert(id)));
            self.report.duplicates += (all - records.len()) as u64;
        }
        self.report.records += records.len() as u64;
        Some(records)
    }

    fn take(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Listed { pages, warnings, error } => {
                self.report.pages += pages;
                self.news.warnings.extend(warnings);
                match error {
                    None => self.report.windows += 1,
                    Some(error) => self.failed(error)?,
                }
            }
            Step::Fetched { outcome: Err(error), .. } => self.failed(error)?,
            Step::Fetched { outcome: Ok(mut blob), room } => {
                self.report.blobs += 1;
                self.report.bytes += blob.bytes as u64;
                std::mem::take(&mut blob.errors).into_iter().try_for_each(|error| self.failed(error))?;
                self.blob = Some((blob, room));
            }
        }
        Ok(())
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

    fn page(&mut self, records: Vec<AuditRecord>) -> Page<AuditRecord> {
        self.report.refusals = self.client.corridor().pace.refusals();
        self.told = Some(self.report);
        let News { errors, warnings } = std::mem::take(&mut self.news);
        Page { errors, warnings, report: Some(self.report), ..Page::of(records) }
    }

    /// A last page with what is left to tell, and then the summary of the failures if that is wanted.
    fn end(&mut self) -> Option<Result<Page<AuditRecord>>> {
        if self.without_id > 0 {
            let count = std::mem::take(&mut self.without_id);
            let message = format!("{count} records have no id; they cannot be told from duplicates");
            self.news.warnings.push(warning(WarningCode::MissingId, message));
        }
        if !self.news.warnings.is_empty() || self.told != Some(self.report) {
            // Asked again, the ended stream of steps says again that it has ended.
            self.steps = Some(stream::empty().boxed());
            return Some(Ok(self.page(Vec::new())));
        }
        self.ended = true;
        if self.request.on_error == OnError::Raise && !self.failures.is_empty() {
            return Some(Err(summary(std::mem::take(&mut self.failures), &self.report)));
        }
        None
    }

    fn ended_by(&mut self, error: Error) -> Error {
        self.ended = true;
        self.steps = None;
        error
    }

    /// Makes the plan, and the streams that carry it out.
    async fn begin(&mut self) -> Result<BoxStream<'static, Step>> {
        let corridor = self.client.corridor();
        let now = corridor.service_now().await?;
        let (span, clamped) = self.span.resolve(now)?;
        if clamped {
            self.news.warnings.push(span.clamp_warning());
        }
        if let Some(skew) = corridor.clock.skew() {
            let message =
                format!("the local clock differs from the service's by {skew:.0} s; the service's is used");
            self.news.warnings.push(warning(WarningCode::ClockSkew, message));
        }
        let types = match self.request.content_types.clone() {
            Some(types) => without_repeats(types),
            None => subscribed(&self.client).await?,
        };
        let shared = Arc::new(Shared {
            route: Route::of(&self.client).await?,
            client: self.client.clone(),
            budget: Budget::new(),
            ended_types: Mutex::default(),
            extended: self.request.extended.take(),
        });
        Ok(steps(shared, types, span, self.request.ordered))
    }
}

/// What all tasks of one feed share.
struct Shared {
    client: Client,
    route: Route,
    budget: Budget,
    /// Content types of which nothing more can be read, so that each is reported once.
    ended_types: Mutex<HashSet<ContentType>>,
    extended: Option<Vec<String>>,
}

/// A window and what was listed of it.
#[derive(Default)]
struct Listed {
    content: Vec<Content>,
    pages: u64,
    warnings: Vec<Warning>,
    error: Option<Error>,
}

enum Work {
    Tell(Step),
    Fetch(Content),
}

fn steps(
    shared: Arc<Shared>,
    types: Vec<ContentType>,
    span: Window,
    ordered: bool,
) -> BoxStream<'static, Step> {
    let jobs: Vec<_> =
        types.into_iter().flat_map(|of| span.split().map(move |window| (of.clone(), window))).collect();
    let fetched_ahead = shared.client.concurrency() * FETCHED_AHEAD;
    let lister = Arc::clone(&shared);
    let listings = stream::iter(jobs).map(move |(of, window)| {
        on_a_task(list(Arc::clone(&lister), of, window))
            .map(|listed| listed.unwrap_or_else(|error| Listed { error: Some(error), ..Listed::default() }))
    });
    let mut seen = Seen::default();
    if ordered {
        let work = listings.buffered(LISTED_AHEAD).flat_map(move |listed| stream::iter(seen.work(listed)));
        work.map(move |work| carry_out(Arc::clone(&shared), work)).buffered(fetched_ahead).boxed()
    } else {
        let work =
            listings.buffer_unordered(LISTED_AHEAD).flat_map(move |listed| stream::iter(seen.work(listed)));
        work.map(move |work| carry_out(Arc::clone(&shared), work)).buffer_unordered(fetched_ahead).boxed()
    }
}

/// Runs on a task of its own, which goes on while the stream that waits for it is not asked: a listing
/// that stood still with a place in the pace would hold up the very blobs that it waits for.
fn on_a_task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> BoxFuture<'static, Result<T>> {
    async move {
        AbortOnDropHandle::new(tokio::spawn(work)).await.map_err(|e| {
            Error::new(ErrorKind::Service, "a task of the feed ended early; this is a bug").with_source(e)
        })
    }
    .boxed()
}

/// Lists a window to its end, in the order of creation.
async fn list(shared: Arc<Shared>, of: ContentType, window: Window) -> Listed {
    let mut listed = Listed::default();
    if shared.has_ended(&of) {
        return listed;
    }
    let (client, route) = (shared.client.clone(), shared.route.clone());
    let mut listing = Listing::new(client, route, "subscriptions/content", of.clone(), window);
    loop {
        match listing.next_page::<Content>().await {
            Ok(Some(page)) => {
                listed.pages += 1;
                listed.warnings.extend(page.warnings);
                listed.content.extend(page.items);
            }
            Ok(None) => break,
            Err(error) => {
                if !codes::ends_content_type(&error) || shared.end(&of) {
                    listed.error = Some(error);
                }
                break;
            }
        }
    }
    if listing.repeated() > 0 {
        listed.warnings.push(repeated_content(listing.repeated(), &of, Some(window)));
    }
    listed
        .content
        .sort_by(|a, b| (a.content_created, &a.content_id).cmp(&(b.content_created, &b.content_id)));
    listed
}

fn carry_out(shared: Arc<Shared>, work: Work) -> BoxFuture<'static, Step> {
    Box::pin(async move {
        let content = match work {
            Work::Tell(step) => return step,
            Work::Fetch(content) => content,
        };
        let origin = Origin::new(Some(content.content_type.clone()), content.content_id.as_str());
        if content.content_expiration.is_some_and(|end| end <= shared.client.corridor().now()) {
            return Step::Fetched { outcome: Err(expired(&origin)), room: None };
        }
        let room = shared.budget.room().await;
        // On all cores: blobs are decompressed and cut there.
        let outcome = on_a_task(async move {
            let uri = content.content_uri.as_deref();
            let mut blob = fetch(&shared.client, &shared.route, &origin, uri).await?;
            shared.budget.learn(blob.bytes);
            if let Some(paths) = &shared.extended {
                blob.extend_records(paths);
            }
            Ok(blob)
        });
        let outcome = outcome.await.and_then(|outcome| outcome);
        Step::Fetched { outcome, room }
    })
}

impl Shared {
    fn has_ended(&self, of: &ContentType) -> bool {
        self.ended_types.lock().unwrap_or_else(PoisonError::into_inner).contains(of)
    }

    /// True for the first who says so.
    fn end(&self, of: &ContentType) -> bool {
        self.ended_types.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone())
    }
}

/// The content that was asked for in this run, by type.
#[derive(Default)]
struct Seen {
    ids: HashMap<ContentType, HashSet<Box<str>>>,
}

impl Seen {
    fn work(&mut self, listed: Listed) -> VecDeque<Work> {
        let Listed { content, pages, mut warnings, error } = listed;
        let mut repeated = HashMap::new();
        let mut work = VecDeque::with_capacity(content.len() + 1);
        for item in content {
            if self.ids.entry(item.content_type.clone()).or_default().insert(item.content_id.as_str().into())
            {
                work.push_back(Work::Fetch(item));
            } else {
                *repeated.entry(item.content_type).or_insert(0) += 1;
            }
        }
        warnings.extend(repeated.iter().map(|(of, count)| repeated_content(*count, of, None)));
        work.push_front(Work::Tell(Step::Listed { pages, warnings, error }));
        work
    }
}

/// The record ids of this run; GUIDs, which nearly all of them are, take sixteen bytes each.
#[derive(Default)]
struct SeenIds {
    guids: HashSet<u128>,
    others: HashSet<Box<str>>,
}

impl SeenIds {
    fn insert(&mut self, id: &str) -> bool {
        if crate::identity::is_guid(id)
            && let Ok(guid) = u128::from_str_radix(&id.replace('-', ""), 16)
        {
            return self.guids.insert(guid);
        }
        self.others.insert(id.into())
    }
}

async fn subscribed(client: &Client) -> Result<Vec<ContentType>> {
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

fn without_repeats(types: Vec<ContentType>) -> Vec<ContentType> {
    let mut seen = HashSet::new();
    types.into_iter().filter(|of| seen.insert(of.clone())).collect()
}

fn expired(origin: &Origin) -> Error {
    Error::new(ErrorKind::Gone, "the content has expired: it was kept for seven days")
        .with_code(Some("AF20051".into()))
        .at(|place| origin.mark(place))
}

fn warning(code: WarningCode, message: String) -> Warning {
    Warning { code, message, content_type: None, start: None, end: None }
}

fn repeated_content(count: u64, of: &ContentType, window: Option<Window>) -> Warning {
    let message = format!("{count} blobs of {of} were named more than once; each was fetched once");
    Warning {
        content_type: Some(of.to_string()),
        start: window.map(|w| w.start),
        end: window.map(|w| w.end),
        ..warning(WarningCode::DuplicateContent, message)
    }
}

/// One error for all that failed: of their kind if they share one.
fn summary(failures: Vec<Error>, report: &Report) -> Error {
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
