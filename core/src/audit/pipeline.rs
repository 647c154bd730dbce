//! The streams behind the feed: windows are listed, and what they name is fetched.
//!
//! ```text
//! types × windows ──list──► pages of content ──fetch──► blobs
//!                  few at once                many at once, within a budget of bytes
//! ```
//! A page is fetched while the next ones are listed, and few are listed ahead: what is held does not grow
//! with the number of blobs.
//!
//! Nothing runs that nobody waits for: the streams are driven by who asks for the next step, and
//! dropping them ends their requests.
//!
//! What a blob becomes is its [`Form`]. A new one is a type that implements it: `finds` says what the one
//! pass over the bytes looks for, `make` turns the blob into a piece, on a worker task and for many blobs at
//! once, and `count` and `retain` are what the feed needs for its report and for `dedupe`. `Feed::new` with
//! that form checks the request; `Feed::next` then gives the pieces, in order if that is asked for, each
//! with the room in the budget that it takes as long as it is kept. Errors, warnings, report and summary are
//! the feed's: `Feed::page` puts what was met since the last page beside its items. After the last piece what
//! hands out pages ends with `Feed::last_page`; what hands out one result asks `Feed::verdict` whether there
//! is one, and then calls `Feed::end` and `Feed::page`. `AsRecords` is the example of the one, `write_jsonl`
//! of the other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::blob::Blob;
use super::budget::Budget;
use super::codes;
use super::content::{Content, fetch_finding};
use super::content_type::ContentType;
use super::progress::Known;
use super::record::Origin;
use super::route::Route;
use super::scan::Finds;
use super::seen::Seen;
use super::walk::{Walk, Walked};
use super::window::Window;
use crate::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Warning, WarningCode};

/// Windows that are listed ahead of the one whose content is being fetched.
const LISTED_AHEAD: usize = 2;
/// Pages of a window that are listed ahead of the one whose content is being fetched.
const PAGES_AHEAD: usize = 2;
/// Blobs that may be fetched ahead, for each request that may be in flight: so many that the others go on
/// while one is asked for again and again. What they may hold is limited by the budget.
const FETCHED_AHEAD: usize = 16;
/// But no more than this, unless more may be in flight: each takes its place in memory, however short it is.
const MOST_AHEAD: usize = 1_024;

/// What the blobs of a feed are read as.
pub(super) trait Form: Send + Sync + 'static {
    /// What a blob becomes.
    type Piece: Send + 'static;

    /// What is looked for in the records. It has to be the ids at least where duplicates are left out.
    fn finds(&self) -> Finds;

    /// Makes it of a blob, on a worker task. What is no record in the blob is told by the feed.
    fn make(&self, blob: Blob) -> Self::Piece;

    /// How many records it has.
    fn count(piece: &Self::Piece) -> usize;

    /// Leaves out the records whose id `is_new` refuses. It is asked in order, once for each record.
    fn retain(piece: &mut Self::Piece, is_new: impl FnMut(Option<&str>) -> bool);

    /// How many records have no id; none if the ids were not looked for.
    fn without_id(piece: &Self::Piece) -> usize;

    /// What it holds in memory, in bytes.
    fn held(piece: &Self::Piece) -> usize;
}

/// What the streams behind the feed bring.
pub(super) enum Step<P> {
    Listed(News),
    Fetched { outcome: Result<Fetched<P>>, room: Option<OwnedSemaphorePermit> },
}

/// A blob that is there, in its form.
pub(super) struct Fetched<P> {
    pub(super) piece: P,
    /// How long it is, decompressed.
    pub(super) bytes: usize,
    /// What in it is no record.
    pub(super) errors: Vec<Error>,
}

/// What all tasks of one feed have in common.
pub(super) struct Pipeline {
    client: Client,
    route: Route,
    budget: Budget,
    known: Arc<Known>,
    /// Content types of which nothing more can be read, so that each is reported once.
    ended_types: Mutex<HashSet<ContentType>>,
}

/// What was listed, without the content itself.
#[derive(Default)]
pub(super) struct News {
    pub(super) pages: u64,
    /// Whether a window is listed to its end, and nothing in it failed.
    pub(super) is_whole: bool,
    pub(super) warnings: Vec<Warning>,
    pub(super) errors: Vec<Error>,
}

/// A piece of a window's listing.
struct Listed {
    of: ContentType,
    window: Window,
    content: Vec<Content>,
    /// Whether it is the last one.
    is_last: bool,
    news: News,
}

enum Work {
    Tell(News),
    Fetch(Content),
}

/// Lists and fetches these content types over this span.
pub(super) fn steps<F: Form>(
    pipeline: Pipeline,
    types: Vec<ContentType>,
    span: Window,
    ordered: bool,
    form: &Arc<F>,
) -> BoxStream<'static, Step<F::Piece>> {
    let jobs: Vec<_> =
        types.into_iter().flat_map(|of| span.split().map(move |window| (of.clone(), window))).collect();
    let pipeline = Arc::new(pipeline);
    pipeline.known.plans(jobs.len());
    let most_in_flight = pipeline.client.concurrency();
    let fetched_ahead = (most_in_flight * FETCHED_AHEAD).min(MOST_AHEAD.max(most_in_flight));
    let lister = Arc::clone(&pipeline);
    let listings = stream::iter(jobs).map(move |(of, window)| {
        let pipeline = Arc::clone(&lister);
        // Begun when it is asked for, and that is ahead of its turn.
        async move { list(pipeline, of, window) }
    });
    let known = Arc::clone(&pipeline.known);
    let mut met = Met { known, content: HashMap::new(), repeated: HashMap::new() };
    let form = Arc::clone(form);
    let carry_out = move |work| carry_out(Arc::clone(&pipeline), Arc::clone(&form), work);
    if ordered {
        let pieces = listings.buffered(LISTED_AHEAD).flatten();
        let work = pieces.flat_map(move |listed| stream::iter(met.work(listed)));
        work.map(carry_out).buffered(fetched_ahead).boxed()
    } else {
        let pieces = listings.buffer_unordered(LISTED_AHEAD).flatten_unordered(LISTED_AHEAD);
        let work = pieces.flat_map(move |listed| stream::iter(met.work(listed)));
        work.map(carry_out).buffer_unordered(fetched_ahead).boxed()
    }
}

/// Runs on a task of its own, which goes on while the stream that waits for it is not asked: a listing
/// that stood still with a place in the pace would hold up the very blobs that it waits for.
pub(super) fn on_a_task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> BoxFuture<'static, Result<T>> {
    async move { AbortOnDropHandle::new(tokio::spawn(work)).await.map_err(ended_early) }.boxed()
}

fn ended_early(error: JoinError) -> Error {
    Error::new(ErrorKind::Service, "a task of the feed ended early; this is a bug").with_source(error)
}

/// Lists a window to its end, on a task of its own, a few pages ahead of who reads them.
fn list(pipeline: Arc<Pipeline>, of: ContentType, window: Window) -> BoxStream<'static, Listed> {
    let (pages, listed) = mpsc::channel(PAGES_AHEAD);
    let task = AbortOnDropHandle::new(tokio::spawn(walk(pipeline, of.clone(), window, pages)));
    stream::unfold((listed, Some(task)), move |(mut listed, mut task)| {
        let of = of.clone();
        async move {
            let next = match (listed.recv().await, &mut task) {
                (Some(next), _) => next,
                (None, None) => return None,
                (None, Some(handle)) => {
                    let error = ended_early(handle.await.err()?);
                    let news = News { errors: vec![error], ..News::default() };
                    task = None;
                    Listed { of, window, content: Vec::new(), is_last: true, news }
                }
            };
            Some((next, (listed, task)))
        }
    })
    .boxed()
}

async fn walk(pipeline: Arc<Pipeline>, of: ContentType, window: Window, pages: mpsc::Sender<Listed>) {
    let piece = |mut content: Vec<Content>, is_last, news| {
        content.sort_by(|a, b| (a.content_created, &a.content_id).cmp(&(b.content_created, &b.content_id)));
        Listed { of: of.clone(), window, content, is_last, news }
    };
    let mut end = News { is_whole: true, ..News::default() };
    let mut walk = Walk::new(pipeline.client.clone(), pipeline.route.clone(), of.clone(), window);
    while !pipeline.has_ended(&of) {
        match walk.next().await {
            Ok(Some(Walked::Page(page))) => {
                pipeline.known.lists(page.items.len());
                let news = News { pages: 1, warnings: page.warnings, ..News::default() };
                if pages.send(piece(page.items, false, news)).await.is_err() {
                    return;
                }
            }
            Ok(Some(Walked::Done | Walked::BrokeOff(_))) => {}
            Ok(Some(Walked::Failed(_, error))) => end.errors.push(error),
            Ok(None) => break,
            Err(error) => {
                if !codes::ends_content_type(&error) || pipeline.end(&of) {
                    end.errors.push(error);
                }
                break;
            }
        }
    }
    pipeline.known.ends_window();
    end.is_whole = end.errors.is_empty();
    if walk.repeated() > 0 {
        end.warnings.push(repeated_content(walk.repeated(), &of, Some(window)));
    }
    // Who no longer listens has been told all that was asked for.
    let _ = pages.send(piece(Vec::new(), true, end)).await;
}

fn carry_out<F: Form>(
    pipeline: Arc<Pipeline>,
    form: Arc<F>,
    work: Work,
) -> BoxFuture<'static, Step<F::Piece>> {
    Box::pin(async move {
        let content = match work {
            Work::Tell(news) => return Step::Listed(news),
            Work::Fetch(content) => content,
        };
        let origin = Origin::new(Some(content.content_type.clone()), content.content_id.as_str());
        if content.content_expiration.is_some_and(|end| end <= pipeline.client.corridor().now()) {
            return Step::Fetched { outcome: Err(expired(&origin)), room: None };
        }
        let mut room = pipeline.budget.room().await;
        // On all cores: blobs are decompressed, cut and turned into their form there.
        let outcome = on_a_task(async move {
            let uri = content.content_uri.as_deref();
            let blob = fetch_finding(form.finds(), &pipeline.client, &pipeline.route, &origin, uri).await?;
            let (bytes, errors) = (blob.bytes, blob.errors());
            let piece = form.make(blob);
            let held = F::held(&piece);
            pipeline.budget.learn(held);
            Ok((Fetched { piece, bytes, errors }, held))
        });
        let outcome = outcome.await.and_then(|outcome| outcome).map(|(fetched, held)| {
            if let Some(room) = &mut room {
                Budget::settle(room, held);
            }
            fetched
        });
        Step::Fetched { outcome, room }
    })
}

impl Pipeline {
    pub(super) fn new(client: Client, route: Route, known: Arc<Known>) -> Self {
        Pipeline { client, route, budget: Budget::new(), known, ended_types: Mutex::default() }
    }

    fn has_ended(&self, of: &ContentType) -> bool {
        self.ended_types.lock().unwrap_or_else(PoisonError::into_inner).contains(of)
    }

    /// True for the first who says so.
    fn end(&self, of: &ContentType) -> bool {
        self.ended_types.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone())
    }
}

/// The content that was asked for in this run.
struct Met {
    known: Arc<Known>,
    content: HashMap<ContentType, Seen>,
    /// How many blobs of a window had been named before.
    repeated: HashMap<(ContentType, Window), u64>,
}

impl Met {
    fn work(&mut self, listed: Listed) -> VecDeque<Work> {
        let Listed { of, window, content, is_last, mut news } = listed;
        let mut work = VecDeque::with_capacity(content.len() + 1);
        for item in content {
            if self.content.entry(item.content_type.clone()).or_default().insert(&item.content_id) {
                work.push_back(Work::Fetch(item));
            } else {
                self.known.repeats();
                *self.repeated.entry((of.clone(), window)).or_default() += 1;
            }
        }
        if is_last && let Some(count) = self.repeated.remove(&(of.clone(), window)) {
            news.warnings.push(repeated_content(count, &of, None));
        }
        work.push_front(Work::Tell(news));
        work
    }
}

pub(super) fn expired(origin: &Origin) -> Error {
    Error::new(ErrorKind::Gone, "the content has expired: it was kept for seven days")
        .with_code(Some("AF20051".into()))
        .at(|place| origin.mark(place))
}

fn repeated_content(count: u64, of: &ContentType, window: Option<Window>) -> Warning {
    let message = format!("{count} blobs of {of} were named more than once; each was fetched once");
    Warning {
        content_type: Some(of.to_string()),
        start: window.map(|w| w.start),
        end: window.map(|w| w.end),
        ..Warning::new(WarningCode::DuplicateContent, message)
    }
}
