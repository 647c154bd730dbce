//! Listings of entities: from page to page by the service's own links, each entity once.

use std::collections::HashSet;

use futures::stream;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use super::api::{Api, Segment};
use super::query::Query;
use super::value;
use crate::Client;
use crate::dispatch::Item;
use crate::error::{Error, Result};
use crate::http::{Answer, Request};
use crate::page::{Page, Paged, Warning, WarningCode};

/// What a listing holds.
pub(crate) trait Entity: Item + DeserializeOwned {
    /// What tells it from all others of the listing.
    fn key(&self) -> &str;

    /// Remembers that only these properties were asked for.
    fn note_selection(&mut self, _selected: &[String]) {}
}

/// Lists what is at an address; nothing is sent before the first page is asked for.
///
/// The size of a page is a preference and never `$top`, which the service takes for the most that is wanted at all.
pub(crate) fn list<T: Entity>(
    client: Client,
    api: &'static Api,
    segments: &[Segment<'_>],
    query: &Query,
    token: Option<&str>,
) -> Result<Paged<T>> {
    let mut request = api.request(&client, Method::GET, segments, query)?;
    if let Some(token) = token {
        request.url = resumed(&client, api, token)?;
    }
    let size = query.page_size.or(query.top).unwrap_or(api.page_size);
    request = prefer(request, size);
    let walk = Walk {
        selected: query.select.clone(),
        client,
        api,
        size,
        next: Some(request),
        // More than was asked for never comes.
        left: query.top.map(|top| top as usize),
        given: HashSet::new(),
        followed: HashSet::new(),
    };
    Ok(Paged::new(stream::unfold(walk, |mut walk| async move {
        let page = walk.next_page().await?;
        if page.is_err() {
            walk.next = None;
        }
        Some((page, walk))
    })))
}

/// A page of entities as it came, and where the next one is.
pub(crate) struct Slice<T> {
    pub(crate) items: Vec<T>,
    pub(crate) count: Option<u64>,
    pub(crate) next: Option<String>,
}

/// Reads a page.
pub(crate) fn slice<T: DeserializeOwned>(answer: &Answer) -> Result<Slice<T>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        value: Vec<&'a RawValue>,
        #[serde(rename = "@odata.count", default)]
        count: Option<u64>,
        #[serde(rename = "@odata.nextLink", default)]
        next: Option<String>,
    }

    let page: Envelope<'_> = serde_json::from_slice(&answer.body).map_err(|e| {
        let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
        Error::decode(format!("the answer is not a page; it begins {start:?}"))
            .with_status(answer.status.as_u16())
            .with_source(e)
    })?;
    let items = page.value.iter().enumerate().map(|(index, raw)| value::element(raw, index));
    Ok(Slice {
        items: items.collect::<Result<_>>()?,
        count: page.count,
        next: page.next.filter(|link| !link.trim().is_empty()),
    })
}

struct Walk {
    client: Client,
    selected: Option<Vec<String>>,
    api: &'static Api,
    size: u32,
    next: Option<Request>,
    left: Option<usize>,
    /// Keys of what was given out: links by `$skip` bring things again when others arrive in between.
    given: HashSet<String>,
    /// Links of this listing, by which a loop is told.
    followed: HashSet<String>,
}

impl Walk {
    async fn next_page<T: Entity>(&mut self) -> Option<Result<Page<T>>> {
        let request = self.next.take()?;
        let slice = match self.client.corridor().exchange(&request, slice::<T>).await {
            Ok(slice) => slice,
            Err(error) => return Some(Err(error)),
        };
        let mut items = slice.items;
        items.retain(|item| self.given.insert(item.key().to_owned()));
        if let Some(selected) = &self.selected {
            for item in &mut items {
                item.note_selection(selected);
            }
        }
        if let Some(left) = &mut self.left {
            items.truncate(*left);
            *left -= items.len();
        }
        let mut page = Page { count: slice.count, ..Page::of(items) };
        let Some(link) = slice.next.filter(|_| self.left != Some(0)) else { return Some(Ok(page)) };
        if !self.followed.insert(link.clone()) {
            let message = "the link to the next page leads back; stopped there";
            page.warnings.push(Warning::new(WarningCode::LoopingLink, message));
            return Some(Ok(page));
        }
        match self.follow(&request.url, &link) {
            Ok((request, token)) => {
                self.next = Some(request);
                page.token = Some(token);
                Some(Ok(page))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The request for the next page, and the token that stands for it.
    fn follow(&self, from: &Url, link: &str) -> Result<(Request, String)> {
        let url = self.client.corridor().hosts.follow(&self.api.service, from, link)?;
        let token = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok((prefer(self.api.to(Method::GET, url), self.size), token))
    }
}

/// Where a token leads: an address of this API, on the host of this client.
fn resumed(client: &Client, api: &Api, token: &str) -> Result<Url> {
    let service = &api.service;
    let hosts = &client.corridor().hosts;
    let url = hosts.service(service)?.join(token).ok();
    url.filter(|url| {
        let below = url.path().strip_prefix(api.root).is_some_and(|rest| rest.starts_with('/'));
        below && token.starts_with('/') && hosts.trusts(service, url)
    })
    .ok_or_else(|| Error::invalid(format!("token {token:?} was not given out by this listing")))
}

/// Members of enumerations that are newer than the service's own description come only to those who ask.
fn prefer(request: Request, size: u32) -> Request {
    let text = format!("odata.maxpagesize={size}, include-unknown-enum-members");
    match HeaderValue::from_str(&text) {
        Ok(value) => request.header("prefer", value),
        Err(_) => request,
    }
}
