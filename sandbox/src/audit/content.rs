//! Listing what is available, and fetching it (management-activity, 4.5 and 4.7).

use std::ops::Range;
use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::errors::code;
use super::{ContentType, gate, paging};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock;
use crate::faults::Bend;
use crate::feed::{Blob, Feed, NoBlob, RETENTION};
use crate::tenant::{Added, State, Tenant};
use crate::token::Grant;

/// Bodies up to about this size are made in one piece and go out with their length; larger ones are streamed.
const WHOLE: usize = 4 * 1024 * 1024;
const PIECE: usize = 256 * 1024;

/// One available content.
pub(crate) enum Item {
    /// From the feed.
    Made(Blob),
    /// From a test.
    Added(Arc<Added>),
}

/// What is listed for a window: a range of the feed, and what was added.
pub(crate) struct Listing {
    content_type: ContentType,
    made: Range<usize>,
    added: Vec<Arc<Added>>,
    /// Spans in which the subscription was enabled.
    periods: Vec<(i64, i64)>,
    /// Whether all of the window lies in one of them.
    covered: bool,
}

/// What became available in `from..until` while the subscription was enabled, and is there now.
pub(crate) fn listable(
    tenant: &Tenant,
    state: &State,
    content_type: ContentType,
    from: i64,
    until: i64,
) -> Listing {
    let now = tenant.clock.now();
    let until = until.min(now + 1);
    let oldest = now - RETENTION;
    let mut added: Vec<_> = state
        .added
        .iter()
        .filter(|one| one.content_type == content_type && (from..until).contains(&one.created))
        .filter(|one| one.created > oldest || state.expiries.contains_key(&one.id))
        .map(Arc::clone)
        .collect();
    added.sort_by_key(|one| one.created);
    let from = from.max(oldest + 1);
    let periods = state.subscriptions.get(content_type).periods.clone();
    let covered = periods.iter().any(|&(start, end)| start <= from && until <= end);
    Listing { content_type, made: tenant.feed.window(content_type, from, until), added, periods, covered }
}

impl Listing {
    /// The items from `offset` on, in the order in which they became available.
    pub(crate) fn items<'a>(&'a self, feed: &'a Feed, offset: usize) -> Box<dyn Iterator<Item = Item> + 'a> {
        let content_type = self.content_type;
        if self.covered && self.added.is_empty() {
            // The common case has to be cheap: a deep page of a large feed must not count its way there.
            let start = self.made.start.saturating_add(offset).min(self.made.end);
            return Box::new(
                (start..self.made.end).map(move |index| Item::Made(Blob { content_type, index })),
            );
        }
        let mut made = self.made.clone().map(move |index| Blob { content_type, index }).peekable();
        let mut added = self.added.iter().peekable();
        let merged = std::iter::from_fn(move || match (made.peek(), added.peek()) {
            (Some(&blob), Some(one)) if feed.created(blob) <= one.created => made.next().map(Item::Made),
            (_, Some(_)) => added.next().map(|one| Item::Added(Arc::clone(one))),
            (Some(_), None) => made.next().map(Item::Made),
            (None, None) => None,
        });
        let seen = move |item: &Item| {
            let created = item.created(feed);
            self.periods.iter().any(|&(start, end)| (start..end).contains(&created))
        };
        Box::new(merged.filter(seen).skip(offset))
    }
}

impl Item {
    pub(crate) fn created(&self, feed: &Feed) -> i64 {
        match self {
            Self::Made(blob) => feed.created(*blob),
            Self::Added(one) => one.created,
        }
    }

    pub(crate) fn id(&self, feed: &Feed) -> String {
        match self {
            Self::Made(blob) => feed.content_id(*blob),
            Self::Added(one) => one.id.clone(),
        }
    }

    /// When it can no longer be fetched.
    pub(crate) fn expires(&self, feed: &Feed, state: &State) -> i64 {
        let regular = self.created(feed) + RETENTION;
        if state.expiries.is_empty() {
            regular
        } else {
            *state.expiries.get(&self.id(feed)).unwrap_or(&regular)
        }
    }

    /// The item as listings, notifications and deliveries show it.
    pub(crate) fn show(&self, tenant: &Tenant, state: &State, content_type: ContentType) -> Value {
        let id = self.id(&tenant.feed);
        let uri = match self {
            Self::Added(one) if one.uri.is_some() => one.uri.clone().unwrap_or_default(),
            _ => uri(tenant, &tenant.urls.main, &id),
        };
        json!({
            "contentType": content_type.as_str(),
            "contentId": id,
            "contentUri": uri,
            "contentCreated": clock::millis(self.created(&tenant.feed)),
            "contentExpiration": clock::millis(self.expires(&tenant.feed, state)),
        })
    }
}

/// Where a content is fetched.
pub(crate) fn uri(tenant: &Tenant, origin: &str, id: &str) -> String {
    format!("{origin}/api/v1.0/{}/activity/feed/audit/{id}", tenant.id)
}

/// `GET /subscriptions/content`
pub(super) fn list(tenant: &Tenant, call: &Call, grant: &Grant, bend: &Bend) -> Answer {
    let (window, place) = match paging::read(tenant, call, grant) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let state = tenant.state();
    if let Err(refusal) = state.subscriptions.check_enabled(window.content_type) {
        return refusal;
    }
    let listing = listable(tenant, &state, window.content_type, window.from, window.until);
    let size = if place.empty > 0 { 0 } else { tenant.config.page_size };
    let mut rest = listing.items(&tenant.feed, place.offset);
    let mut items: Vec<Value> =
        rest.by_ref().take(size).map(|item| item.show(tenant, &state, window.content_type)).collect();
    if let Some(origin) = &bend.foreign_uri {
        for item in &mut items {
            let foreign = item["contentId"].as_str().map(|id| uri(tenant, origin, id));
            item["contentUri"] = foreign.into();
        }
    }
    let more = rest.next().is_some();
    drop(rest);
    paging::answer(tenant, call, bend, (&window, place), items, more)
}

/// `GET /audit/{contentId}`
pub(super) fn blob(tenant: &Tenant, id: &str, grant: &Grant) -> Answer {
    let now = tenant.clock.now();
    let state = tenant.state();
    let item = match state.added.iter().find(|one| one.id == id) {
        Some(one) => Item::Added(Arc::clone(one)),
        None => match tenant.feed.find(id) {
            Ok(blob) => Item::Made(blob),
            Err(NoBlob::Malformed) => {
                let message = format!("Content ID {id} in the URL is invalid.");
                return code(StatusCode::BAD_REQUEST, "AF20052", &message);
            }
            Err(NoBlob::Unknown) => return unknown(id),
        },
    };
    let content_type = match &item {
        Item::Made(blob) => blob.content_type,
        Item::Added(one) => one.content_type,
    };
    if let Err(refusal) = gate::check_permission(content_type, grant) {
        return refusal;
    }
    if item.created(&tenant.feed) > now {
        return unknown(id);
    }
    if item.expires(&tenant.feed, &state) <= now {
        let message = format!(
            "Content requested with the key {id} has already expired. Content older than 7 days cannot be retrieved."
        );
        return code(StatusCode::GONE, "AF20051", &message);
    }
    drop(state);
    match item {
        Item::Added(one) => {
            Answer::whole(StatusCode::OK, "application/json; charset=utf-8", one.body.clone())
        }
        Item::Made(blob) => made(tenant, blob),
    }
}

fn made(tenant: &Tenant, blob: Blob) -> Answer {
    let estimate = tenant.feed.all_records(blob) * tenant.feed.mean_record();
    let body = Arc::clone(&tenant.feed).body(blob, if estimate <= WHOLE { 2 * WHOLE } else { PIECE });
    let mut answer = Answer::pieces(StatusCode::OK, Box::new(body.pieces(blob.content_type)));
    if estimate <= WHOLE {
        answer.collect();
    }
    answer
}

fn unknown(id: &str) -> Answer {
    code(StatusCode::NOT_FOUND, "AF20050", &format!("The specified content ({id}) does not exist."))
}
