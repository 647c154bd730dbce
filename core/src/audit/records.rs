//! `records(...)`: what the feed is for. The request, and the builder that Rust programs use.

use std::vec;

use futures::FutureExt;
use futures::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::PAGE_OF_RECORDS;
use super::blob::Blob;
use super::content_type::ContentType;
use super::feed::{Feed, InHand};
use super::lines::{Lines, RecordLines};
use super::pipeline::Form;
use super::record::AuditRecord;
use super::scan::Finds;
use super::window::Span;
use crate::Client;
use crate::dispatch::{Listing, Operation, yes};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::open_enum::text_enum;
use crate::page::{Page, Paged};

/// Blobs that are there already share a page until it has as many records as this: a page has its price, above
/// all on the way into another language.
const WORTH_A_PAGE: usize = 500;
/// Or until it holds so many bytes.
const LARGE_PAGE: usize = 1024 * 1024;

text_enum! {
    /// What happens when a blob, a page or a content type cannot be read.
    OnError {
        /// Everything else is delivered, and then an error with the summary is raised.
        Raise = "raise",
        /// The feed ends with the first error.
        RaiseAtOnce = "raise_at_once",
        /// Everything else is delivered, and the errors are collected beside it.
        Collect = "collect",
    }
}

impl OnError {
    /// Refuses what this version does not know.
    pub(super) fn check(&self) -> Result<()> {
        let OnError::Unknown(text) = self else { return Ok(()) };
        Err(Error::invalid(format!("on_error {text:?} is none of raise, raise_at_once and collect")))
    }
}

/// Streams the audit records that became available within a span of time.
///
/// Lists the content of each type in windows of at most 24 hours, fetches the blobs concurrently under the
/// pace, and yields their records in bounded memory. One bad blob, page or content type does not end the
/// others. Content that the service names more than once is fetched once; the newest 65,536 names of each
/// type are remembered for that.
///
/// Source: "Office 365 Management Activity API reference", List available content, Retrieve content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListRecords {
    /// What to read. Default: all that the tenant is subscribed to.
    #[serde(default)]
    pub content_types: Option<Vec<ContentType>>,
    /// The beginning of the span, on the time at which content became available. Default: a day before its end.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// The end of the span, not included. Default: now.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// The length of the span up to its end, in place of `start`: at most seven days.
    #[serde(default)]
    pub last: Option<Interval>,
    /// What happens when a part of the feed cannot be read.
    #[serde(default = "raise")]
    pub on_error: OnError,
    /// Whether records come by content type, and then by the time at which their content became available: in
    /// the order in which the service lists it, which is that of time within each of its pages at least.
    /// Without it they come as they arrive, which is faster.
    #[serde(default = "yes")]
    pub ordered: bool,
    /// Whether records whose id was delivered before are left out. Remembers every id of the run.
    #[serde(default)]
    pub dedupe: bool,
    /// Fields beyond the common ones to read, by their paths, such as `Item.Subject`.
    #[serde(default)]
    pub extended: Option<Vec<String>>,
}

fn raise() -> OnError {
    OnError::Raise
}

impl Default for ListRecords {
    fn default() -> Self {
        ListRecords {
            content_types: None,
            start: None,
            end: None,
            last: None,
            on_error: raise(),
            ordered: true,
            dedupe: false,
            extended: None,
        }
    }
}

impl Operation for ListRecords {
    const NAME: &'static str = "audit.records";
}

impl Listing for ListRecords {
    type Item = AuditRecord;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<AuditRecord>> {
        let form = AsRecords { extended: self.extended.clone() };
        let feed = Feed::new(client, self, form)?;
        let pages = Pages { feed, left: Vec::new().into_iter(), room: None, ahead: None };
        Ok(Paged::new(stream::unfold(pages, |mut pages| {
            async move { pages.next().await.map(|page| (page, pages)) }.boxed()
        })))
    }
}

impl ListRecords {
    /// Refuses what cannot be right.
    pub(super) fn check(&self) -> Result<Span> {
        if let Some(types) = &self.content_types {
            if types.is_empty() {
                return Err(Error::invalid(
                    "content_types is empty: leave it out to read all that are subscribed",
                ));
            }
            types.iter().try_for_each(ContentType::check)?;
        }
        self.on_error.check()?;
        if self.extended.iter().flatten().any(|path| path.split('.').any(|part| part.trim().is_empty())) {
            return Err(Error::invalid("extended holds an empty path"));
        }
        Span::new(self.start, self.end, self.last)
    }
}

/// A blob as its records.
struct AsRecords {
    extended: Option<Vec<String>>,
}

impl Form for AsRecords {
    type Piece = Vec<AuditRecord>;

    fn finds(&self) -> Finds {
        Finds::Fields
    }

    fn make(&self, blob: Blob) -> Vec<AuditRecord> {
        let mut records = blob.into_records();
        if let Some(paths) = &self.extended {
            for record in &mut records {
                record.extend(paths);
            }
        }
        records
    }

    fn count(records: &Vec<AuditRecord>) -> usize {
        records.len()
    }

    fn retain(records: &mut Vec<AuditRecord>, mut is_new: impl FnMut(Option<&str>) -> bool) {
        records.retain(|record| is_new(record.id()));
    }

    fn without_id(records: &Vec<AuditRecord>) -> usize {
        records.iter().filter(|record| record.id().is_none()).count()
    }

    fn held(records: &Vec<AuditRecord>) -> usize {
        records.iter().map(AuditRecord::held).sum()
    }
}

/// The records in pages: a blob's, or those of several that are there already.
struct Pages {
    feed: Feed<AsRecords>,
    /// Records that did not fit into a page, and the room that they take.
    left: vec::IntoIter<AuditRecord>,
    room: Option<OwnedSemaphorePermit>,
    /// What came after the page that was handed out last.
    ahead: Option<Result<Option<InHand<Vec<AuditRecord>>>>>,
}

impl Pages {
    async fn next(&mut self) -> Option<Result<Page<AuditRecord>>> {
        match self.records().await {
            Ok(Some(records)) => Some(Ok(self.feed.page(records))),
            Ok(None) => self.feed.last_page(),
            Err(error) => Some(Err(error)),
        }
    }

    async fn records(&mut self) -> Result<Option<Vec<AuditRecord>>> {
        if !self.left.as_slice().is_empty() {
            return Ok(Some(self.left.by_ref().take(PAGE_OF_RECORDS).collect()));
        }
        self.room = None;
        let next = match self.ahead.take() {
            Some(next) => next?,
            None => self.feed.next().await?,
        };
        let Some(InHand { piece: mut records, room }) = next else { return Ok(None) };
        if records.len() > PAGE_OF_RECORDS {
            (self.left, self.room) = (records.into_iter(), room);
            return Ok(Some(self.left.by_ref().take(PAGE_OF_RECORDS).collect()));
        }
        let mut held = AsRecords::held(&records);
        while records.len() < WORTH_A_PAGE && held < LARGE_PAGE {
            match self.feed.next().now_or_never() {
                Some(Ok(Some(InHand { piece, .. }))) if records.len() + piece.len() <= PAGE_OF_RECORDS => {
                    held += AsRecords::held(&piece);
                    records.extend(piece);
                }
                end => {
                    self.ahead = end;
                    break;
                }
            }
        }
        Ok(Some(records))
    }
}

/// Puts a request for records together; what each part means is said at [`ListRecords`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until `stream` is called"]
pub struct RecordsBuilder {
    pub(super) client: Client,
    pub(super) request: ListRecords,
}

impl RecordsBuilder {
    /// The beginning of the span.
    pub fn start(mut self, start: Timestamp) -> Self {
        self.request.start = Some(start);
        self
    }

    /// The end of the span, not included.
    pub fn end(mut self, end: Timestamp) -> Self {
        self.request.end = Some(end);
        self
    }

    /// The length of the span up to its end.
    pub fn last(mut self, last: impl Into<Interval>) -> Self {
        self.request.last = Some(last.into());
        self
    }

    /// What happens when a part of the feed cannot be read.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.request.on_error = on_error;
        self
    }

    /// Whether the order of content is kept.
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.request.ordered = ordered;
        self
    }

    /// Whether records whose id was delivered before are left out.
    pub fn dedupe(mut self, dedupe: bool) -> Self {
        self.request.dedupe = dedupe;
        self
    }

    /// Fields beyond the common ones to read, by their paths.
    pub fn extended<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.extended = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// Reads them as lines; see [`RecordLines`](super::RecordLines). Begins as [`stream`](Self::stream) does.
    pub fn lines(self) -> Paged<Lines> {
        RecordLines { records: self.request }.open(self.client).unwrap_or_else(Paged::failed)
    }

    /// Begins. Nothing is sent before the first record is asked for; a request that cannot be right is the
    /// first thing that the stream says.
    pub fn stream(self) -> Paged<AuditRecord> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}
