//! Listing the content of the feed, and fetching one blob of it.

use futures::{FutureExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::blob::Blob;
use super::content_type::ContentType;
use super::listing::{Listing, Row, next_link};
use super::record::{AuditRecord, Origin};
use super::route::Route;
use super::scan::Finds;
use super::window::{Span, Window};
use super::{PAGE_OF_RECORDS, codes};
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::{self, Item, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Request;
use crate::interval::Interval;
use crate::lenient;
use crate::page::{Page, Paged, Warning};

/// A blob of content that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The division of the feed that it belongs to.
    pub content_type: ContentType,
    /// Its id; opaque.
    pub content_id: String,
    /// Where the service says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_uri: Option<String>,
    /// When it became available, which is not when the events in it happened.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_created: Option<Timestamp>,
    /// When it can no longer be fetched.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_expiration: Option<Timestamp>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Item for Content {}

impl Row for Content {
    fn key(&self) -> String {
        self.content_id.clone()
    }
}

/// Lists the content of one type that became available within a span of time.
///
/// Spans longer than 24 hours, up to seven days, are listed day by day.
///
/// Source: "Office 365 Management Activity API reference", List available content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListContent {
    /// What to list.
    pub content_type: ContentType,
    /// The beginning of the span. Default: a day before its end.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// The end of the span, not included. Default: now.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// The length of the span up to its end, in place of `start`: at most seven days.
    #[serde(default)]
    pub last: Option<Interval>,
    /// Continues a listing from the token it gave out; the other times are then not used. Short-lived.
    #[serde(default)]
    pub token: Option<String>,
}

impl Operation for ListContent {
    const NAME: &'static str = "audit.list_content";
}

impl dispatch::Listing for ListContent {
    type Item = Content;

    fn open(self, client: Client) -> Result<Paged<Content>> {
        let span = Span::new(self.start, self.end, self.last)?;
        pages_of_windows(client, "subscriptions/content", self.content_type, span, self.token.as_deref())
    }
}

/// Where a listing goes on: what remains of its span, and the link within the present window.
#[derive(Debug, Serialize, Deserialize)]
struct Resume {
    start: Timestamp,
    end: Timestamp,
    until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The pages of a listing that may span several windows, each with a token behind it.
pub(super) fn pages_of_windows<T: Row + Send + 'static>(
    client: Client,
    path: &'static str,
    content_type: ContentType,
    span: Span,
    token: Option<&str>,
) -> Result<Paged<T>> {
    content_type.check()?;
    let resume: Option<Resume> = token
        .map(|token| {
            serde_json::from_str(token)
                .map_err(|e| Error::invalid("token is not one that a listing gave out").with_source(e))
        })
        .transpose()?;
    let state =
        Walk { client, path, content_type, span, resume, until: None, listing: None, warnings: Vec::new() };
    Ok(Paged::new(stream::try_unfold(state, |mut walk| {
        async move { Ok(walk.next_page().await?.map(|page| (page, walk))) }.boxed()
    })))
}

struct Walk {
    client: Client,
    path: &'static str,
    content_type: ContentType,
    span: Span,
    resume: Option<Resume>,
    until: Option<Timestamp>,
    listing: Option<Listing>,
    warnings: Vec<Warning>,
}

impl Walk {
    async fn next_page<T: Row>(&mut self) -> Result<Option<Page<T>>> {
        if self.until.is_none() {
            self.begin().await?;
        }
        while let Some(listing) = &mut self.listing {
            let page = listing.next_page().await?;
            let window = listing.window();
            let link = listing.link().map(str::to_owned);
            if link.is_none() {
                let (client, route) = listing.parts();
                let after = Window { start: window.end, end: self.until.unwrap_or(window.end) };
                self.listing = after
                    .split()
                    .next()
                    .map(|next| Listing::new(client, route, self.path, self.content_type.clone(), next));
            }
            if let Some(page) = page {
                let token = self.token(window, link);
                let mut warnings = std::mem::take(&mut self.warnings);
                warnings.extend(page.warnings);
                return Ok(Some(Page { token, warnings, ..Page::of(page.items) }));
            }
        }
        Ok(None)
    }

    async fn begin(&mut self) -> Result<()> {
        let route = Route::of(&self.client).await?;
        let (window, until, link) = if let Some(at) = self.resume.take() {
            (Window { start: at.start, end: at.end }, at.until, at.next)
        } else {
            let (whole, clamped) =
                self.span.resolve(self.client.corridor().service_now(&Service::Management).await?)?;
            self.warnings.extend(clamped.then(|| whole.clamp_warning()));
            (whole.split().next().unwrap_or(whole), whole.end, None)
        };
        let listing = Listing::new(self.client.clone(), route, self.path, self.content_type.clone(), window);
        self.until = Some(until);
        self.listing = Some(match link {
            Some(link) => listing.resume(link),
            None => listing,
        });
        Ok(())
    }

    fn token(&self, window: Window, link: Option<String>) -> Option<String> {
        let until = self.until?;
        let at = match (link, &self.listing) {
            (Some(next), _) => Resume { start: window.start, end: window.end, until, next: Some(next) },
            (None, Some(listing)) => {
                Resume { start: listing.window().start, end: listing.window().end, until, next: None }
            }
            (None, None) => return None,
        };
        serde_json::to_string(&at).ok()
    }
}

/// Fetches one blob of content: the records in it, in the order in which they stand there.
///
/// Source: "Office 365 Management Activity API reference", Retrieve content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetContent {
    /// The id of the content.
    pub content_id: String,
    /// Where the service says that it is; used if it lies on the client's cloud. Default: rebuilt from the id.
    #[serde(default)]
    pub content_uri: Option<String>,
}

impl Operation for GetContent {
    const NAME: &'static str = "audit.get_content";
}

impl dispatch::Listing for GetContent {
    type Item = AuditRecord;

    fn open(self, client: Client) -> Result<Paged<AuditRecord>> {
        if self.content_id.trim().is_empty() {
            return Err(Error::invalid("content_id is empty"));
        }
        let pages = stream::try_unfold(None, move |rest: Option<Blob>| {
            let (client, request) = (client.clone(), self.clone());
            async move {
                let mut blob = match rest {
                    Some(blob) if blob.is_drained() => return Ok(None),
                    Some(blob) => blob,
                    None => {
                        let route = Route::of(&client).await?;
                        let origin = Origin::new(None, request.content_id);
                        fetch(&client, &route, &origin, request.content_uri.as_deref()).await?
                    }
                };
                let (records, errors) = blob.take(PAGE_OF_RECORDS);
                Ok(Some((Page { errors, ..Page::of(records) }, Some(blob))))
            }
            .boxed()
        });
        Ok(Paged::new(pages))
    }
}

/// Fetches a blob whole, with all fields of its records.
pub(super) async fn fetch(
    client: &Client,
    route: &Route,
    origin: &Origin,
    uri: Option<&str>,
) -> Result<Blob> {
    fetch_finding(Finds::Fields, client, route, origin, uri).await
}

/// Fetches a blob whole, trying the address rebuilt from its id if the given one does not have it.
pub(super) async fn fetch_finding(
    finds: Finds,
    client: &Client,
    route: &Route,
    origin: &Origin,
    uri: Option<&str>,
) -> Result<Blob> {
    let request = route.content(client.corridor(), origin.content_id(), uri);
    let outcome = match fetch_pages(finds, client, route, origin, &request).await {
        Err(error) if is_misplaced(&error) => match route.content_anew(origin.content_id(), &request) {
            Some(rebuilt) => fetch_pages(finds, client, route, origin, &rebuilt).await,
            None => Err(error),
        },
        outcome => outcome,
    };
    outcome.map_err(|error| error.at(|place| origin.mark(place)))
}

fn is_misplaced(error: &Error) -> bool {
    error.code() == Some(codes::BAD_CONTENT_ID)
        || (error.kind() == ErrorKind::NotFound && error.code().is_none())
}

/// No documentation says that blobs page, and one published test suite does it all the same.
async fn fetch_pages(
    finds: Finds,
    client: &Client,
    route: &Route,
    origin: &Origin,
    first: &Request,
) -> Result<Blob> {
    let (corridor, longest) = (client.corridor(), client.max_record_bytes());
    let read = |answer: &crate::http::Answer| {
        let link = next_link(answer);
        Blob::scan(&answer.body, origin, finds, longest).map(|blob| (blob, link))
    };
    let (mut blob, mut link) = corridor.exchange(first, read).await?;
    let mut followed = std::collections::HashSet::new();
    while let Some(next) = link.take() {
        if !followed.insert(next.clone()) {
            break;
        }
        let path = format!("audit/{}", origin.content_id());
        let Some(request) = route.next_page(corridor, &next, &path) else { break };
        let (more, after) = corridor.exchange(&request, read).await?;
        blob.append(&more)?;
        link = after;
    }
    Ok(blob)
}
