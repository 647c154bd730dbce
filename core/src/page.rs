//! Listings that page by themselves: item by item, or page by page.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, vec};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// What a warning is about.
    WarningCode {
        /// The start of the span had slipped out of the seven days that the service keeps, and was moved.
        StartClamped = "start_clamped",
        /// The link to the next page belonged to another span; the span was listed again.
        StaleLink = "stale_link",
        /// The link to the next page led back to a page already read; the listing ended there.
        LoopingLink = "looping_link",
        /// The service named the same content more than once; it was fetched once.
        DuplicateContent = "duplicate_content",
        /// Records without an id were delivered; they cannot be told from duplicates.
        MissingId = "missing_id",
        /// The local clock differs from the service's; the difference is allowed for.
        ClockSkew = "clock_skew",
        /// A search found more records than the service hands out for one query.
        RecordLimit = "record_limit",
        /// Values did not fit the type of their column and became null.
        TypeConflict = "type_conflict",
        /// There are no services: no licence yet or no longer, a token for another audience, or a disturbance.
        NoServices = "no_services",
    }
}

/// Something that a caller should know although nothing failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// What it is about.
    pub code: WarningCode,
    /// The same in words, with the figures.
    pub message: String,
    /// The content type that was being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The beginning of the span that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The end of the span that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl Warning {
    pub(crate) fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Warning { code, message: message.into(), content_type: None, start: None, end: None }
    }
}

/// What a feed has done so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Spans listed to their end.
    pub windows: u64,
    /// Spans that there are to list; none of what has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_known: Option<u64>,
    /// Pages of listings read.
    pub pages: u64,
    /// Blobs of content fetched.
    pub blobs: u64,
    /// Blobs listed so far: all there are once every span is listed. None of what does not list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blobs_known: Option<u64>,
    /// Records delivered.
    pub records: u64,
    /// Bytes of content fetched, decompressed.
    pub bytes: u64,
    /// Bytes that the blobs listed so far hold, as far as those fetched tell; none before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_known: Option<u64>,
    /// Records left out because their id had been delivered before; counted with `dedupe` only.
    pub duplicates: u64,
    /// Blobs, pages, content types and records that could not be delivered.
    pub failed: u64,
    /// Requests that the service refused because of its rate limits, by this client in all.
    pub refusals: u64,
    /// Seconds since it began; none before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<f64>,
    /// Records a second, of late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Seconds left at the present rate; none while that cannot be known: until every span is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<f64>,
    /// Blobs and spans that keep failing and are tried again on a schedule; of a follower only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<u64>,
    /// How far the follower is behind, in seconds: the age of the oldest content that is not delivered yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<f64>,
    /// How far the query has come; of a search only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<QueryStatus>,
}

text_enum! {
    /// How far the service has come with the query of a search.
    QueryStatus {
        /// It waits for its turn.
        NotStarted = "notStarted",
        /// It is being carried out.
        Running = "running",
        /// Its records can be read.
        Succeeded = "succeeded",
        /// The service could not carry it out.
        Failed = "failed",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

/// A page of a listing, or a piece of a feed.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What the page holds; may be empty.
    pub items: Vec<T>,
    /// Continues the listing after this page; none where there is nothing after it, and for feeds.
    pub token: Option<String>,
    /// How many items there are in all, over all pages, where the service was asked for that and says so.
    pub count: Option<u64>,
    /// What could not be delivered since the last page.
    pub errors: Vec<Error>,
    /// What the caller should know since the last page.
    pub warnings: Vec<Warning>,
    /// What the feed has done so far; none for plain listings.
    pub report: Option<Report>,
}

impl<T> Page<T> {
    pub(crate) fn of(items: Vec<T>) -> Self {
        Page { items, token: None, count: None, errors: Vec::new(), warnings: Vec::new(), report: None }
    }
}

/// A listing: a stream of its items, or by [`next_page`](Paged::next_page) of its pages.
///
/// Pages are fetched as they are asked for; dropping it ends what is under way.
pub struct Paged<T> {
    pages: BoxStream<'static, Result<Page<T>>>,
    items: vec::IntoIter<T>,
    token: Option<String>,
    count: Option<u64>,
    errors: Vec<Error>,
    warnings: Vec<Warning>,
    report: Option<Report>,
    commit: Option<Arc<dyn Commit>>,
    /// Pages that have arrived.
    arrived: u64,
    /// Whether it has no end, and so must not keep all that it has told.
    is_endless: bool,
}

/// What a listing without an end keeps of errors and of warnings, each.
const NEWEST: usize = 1_000;

/// What a listing does when it is told that the pages handed out so far are safe.
pub(crate) trait Commit: Send + Sync + 'static {
    /// Remembers for good that the first so many pages, or all, need not be handed out again.
    fn commit(self: Arc<Self>, pages: Option<u64>) -> BoxFuture<'static, Result<()>>;
}

/// Says that the pages which a listing has handed out so far are safe; usable while it is asked for the next.
#[derive(Clone)]
pub struct Committer(Arc<dyn Commit>);

impl Committer {
    /// Remembers for good that what was handed out so far need not be handed out again.
    pub async fn commit(&self) -> Result<()> {
        Arc::clone(&self.0).commit(None).await
    }

    /// The same for the first `pages` pages of the listing only, for whoever cannot be sure to have received
    /// the newest one: while the next page is waited for, it may have been handed out a moment ago.
    pub async fn commit_first(&self, pages: u64) -> Result<()> {
        Arc::clone(&self.0).commit(Some(pages)).await
    }
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").finish_non_exhaustive()
    }
}

impl<T> Paged<T> {
    pub(crate) fn new(pages: impl Stream<Item = Result<Page<T>>> + Send + 'static) -> Self {
        Paged {
            pages: pages.boxed(),
            items: Vec::new().into_iter(),
            token: None,
            count: None,
            errors: Vec::new(),
            warnings: Vec::new(),
            report: None,
            commit: None,
            arrived: 0,
            is_endless: false,
        }
    }

    /// A listing that says nothing but why it could not begin.
    pub(crate) fn failed(error: Error) -> Self
    where
        T: Send + 'static,
    {
        Paged::new(futures::stream::once(std::future::ready(Err(error))))
    }

    /// Of a listing that has no end.
    pub(crate) fn endless(mut self) -> Self {
        self.is_endless = true;
        self
    }

    pub(crate) fn with_commit(mut self, commit: Arc<dyn Commit>) -> Self {
        self.commit = Some(commit);
        self
    }

    /// Says that what was handed out so far is safe, by a handle that can be used at any time; none where
    /// there is nothing to remember, which is all but `follow`.
    pub fn committer(&self) -> Option<Committer> {
        self.commit.clone().map(Committer)
    }

    /// Says that what was handed out so far is safe. Of a page that is read item by item that is so when its
    /// last item was handed out.
    pub async fn commit(&self) -> Result<()> {
        match self.committer() {
            Some(committer) => {
                let in_hand = u64::from(!self.items.as_slice().is_empty());
                committer.commit_first(self.arrived - in_hand).await
            }
            None => Err(Error::invalid("this listing keeps no position: there is nothing to commit")),
        }
    }

    /// The next page; none at the end. Items of a page that was begun item by item are skipped.
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>> {
        self.items = Vec::new().into_iter();
        match self.pages.next().await {
            Some(page) => {
                let page = page?;
                self.note(&page);
                Ok(Some(page))
            }
            None => Ok(None),
        }
    }

    /// Reads all pages; gives the last item, which is the result of what runs to its end.
    pub(crate) async fn last_item(mut self) -> Result<Option<T>> {
        let mut last = None;
        while let Some(page) = self.next_page().await? {
            last = page.items.into_iter().last().or(last);
        }
        Ok(last)
    }

    /// Continues the listing after the page that was read last.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// How many items there are in all, where the service was asked for that and has said so.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// What could not be delivered so far, where the caller chose to collect that; of a listing without an end
    /// the newest 1,000.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// What the caller should know so far; of a listing without an end the newest 1,000.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What a feed has done so far; none for plain listings.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    fn note(&mut self, page: &Page<T>) {
        self.arrived += 1;
        self.token.clone_from(&page.token);
        // Services say it on the first page only.
        self.count = page.count.or(self.count);
        self.errors.extend_from_slice(&page.errors);
        self.warnings.extend_from_slice(&page.warnings);
        if self.is_endless {
            self.errors.drain(..self.errors.len().saturating_sub(NEWEST));
            self.warnings.drain(..self.warnings.len().saturating_sub(NEWEST));
        }
        if page.report.is_some() {
            self.report.clone_from(&page.report);
        }
    }
}

impl<T: Unpin> Stream for Paged<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match self.pages.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(page))) => {
                    self.note(&page);
                    self.items = page.items.into_iter();
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T> fmt::Debug for Paged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paged")
            .field("token", &self.token)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}
