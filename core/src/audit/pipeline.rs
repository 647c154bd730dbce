//! The streams behind the feed: windows are listed, and what they name is fetched.
//!
//! ```text
//! types × windows ──list──► content ──fetch──► blobs
//!                  few at once        many at once, within a budget of bytes
//! ```
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
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use super::blob::Blob;
use super::budget::Budget;
use super::codes;
use super::content::{Content, fetch_finding};
use super::content_type::ContentType;
use super::record::Origin;
use super::route::Route;
use super::scan::Finds;
use super::walk::{Walk, Walked};
use super::window::Window;
use crate::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Warning, WarningCode};

/// Windows that are listed ahead of the one whose content is being fetched.
const LISTED_AHEAD: usize = 2;
/// Blobs that may be fetched ahead, for each request that may be in flight: so many that the others go on
/// while one is asked for again and again. What they may hold is limited by the budget.
const FETCHED_AHEAD: usize = 16;

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
    Listed { pages: u64, warnings: Vec<Warning>, errors: Vec<Error> },
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
    /// Content types of which nothing more can be read, so that each is reported once.
    ended_types: Mutex<HashSet<ContentType>>,
}

/// A window and what was listed of it.
#[derive(Default)]
struct Listed {
    content: Vec<Content>,
    pages: u64,
    warnings: Vec<Warning>,
    errors: Vec<Error>,
}

enum Work {
    Tell(Listed),
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
    let fetched_ahead = pipeline.client.concurrency() * FETCHED_AHEAD;
    let lister = Arc::clone(&pipeline);
    let listings = stream::iter(jobs).map(move |(of, window)| {
        on_a_task(list(Arc::clone(&lister), of, window))
            .map(|listed| listed.unwrap_or_else(|error| Listed { errors: vec![error], ..Listed::default() }))
    });
    let mut seen = Seen::default();
    let form = Arc::clone(form);
    let carry_out = move |work| carry_out(Arc::clone(&pipeline), Arc::clone(&form), work);
    if ordered {
        let work = listings.buffered(LISTED_AHEAD).flat_map(move |listed| stream::iter(seen.work(listed)));
        work.map(carry_out).buffered(fetched_ahead).boxed()
    } else {
        let work =
            listings.buffer_unordered(LISTED_AHEAD).flat_map(move |listed| stream::iter(seen.work(listed)));
        work.map(carry_out).buffer_unordered(fetched_ahead).boxed()
    }
}

/// Runs on a task of its own, which goes on while the stream that waits for it is not asked: a listing
/// that stood still with a place in the pace would hold up the very blobs that it waits for.
pub(super) fn on_a_task<T: Send + 'static>(
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
async fn list(pipeline: Arc<Pipeline>, of: ContentType, window: Window) -> Listed {
    let mut listed = Listed::default();
    if pipeline.has_ended(&of) {
        return listed;
    }
    let mut walk = Walk::new(pipeline.client.clone(), pipeline.route.clone(), of.clone(), window);
    loop {
        match walk.next().await {
            Ok(Some(Walked::Page(page))) => {
                listed.pages += 1;
                listed.warnings.extend(page.warnings);
                listed.content.extend(page.items);
            }
            Ok(Some(Walked::Done | Walked::BrokeOff(_))) => {}
            Ok(Some(Walked::Failed(_, error))) => listed.errors.push(error),
            Ok(None) => break,
            Err(error) => {
                if !codes::ends_content_type(&error) || pipeline.end(&of) {
                    listed.errors.push(error);
                }
                break;
            }
        }
    }
    if walk.repeated() > 0 {
        listed.warnings.push(repeated_content(walk.repeated(), &of, Some(window)));
    }
    listed
        .content
        .sort_by(|a, b| (a.content_created, &a.content_id).cmp(&(b.content_created, &b.content_id)));
    listed
}

fn carry_out<F: Form>(
    pipeline: Arc<Pipeline>,
    form: Arc<F>,
    work: Work,
) -> BoxFuture<'static, Step<F::Piece>> {
    Box::pin(async move {
        let content = match work {
            Work::Tell(Listed { pages, warnings, errors, .. }) => {
                return Step::Listed { pages, warnings, errors };
            }
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
    pub(super) fn new(client: Client, route: Route) -> Self {
        Pipeline { client, route, budget: Budget::new(), ended_types: Mutex::default() }
    }

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
        let Listed { content, pages, mut warnings, errors } = listed;
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
        work.push_front(Work::Tell(Listed { content: Vec::new(), pages, warnings, errors }));
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
