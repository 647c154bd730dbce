//! What is available, and where a reader is in it (management-activity, 4.5).

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::ContentType;
use crate::clock;
use crate::feed::{Blob, Feed, RETENTION};
use crate::tenant::{Added, State, Tenant};

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
    /// What is listed since then, and before, is in it; content that is late may be listed after its time.
    listed: Range<i64>,
}

/// Where a reader of a listing is. It names items and does not count them, so that what comes or goes meanwhile does not
/// move the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Number of the first blob of the feed that was not read yet.
    pub(crate) made: usize,
    /// The last added content that was read: when it became available, and its number.
    pub(crate) added: (i64, usize),
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
    select(tenant, state, content_type, (from, until), (i64::MIN, now + 1))
}

/// What came to be listed in `from..until` while the subscription was enabled, and is there now.
pub(crate) fn announced(
    tenant: &Tenant,
    state: &State,
    content_type: ContentType,
    from: i64,
    until: i64,
) -> Listing {
    // A test may have added content that is as old as can be.
    select(tenant, state, content_type, (from - RETENTION, until), (from, until))
}

fn select(
    tenant: &Tenant,
    state: &State,
    content_type: ContentType,
    (from, until): (i64, i64),
    (since, before): (i64, i64),
) -> Listing {
    let oldest = tenant.clock.now() - RETENTION;
    let mut added: Vec<_> = state
        .added
        .iter()
        .filter(|one| one.content_type == content_type && (from..until).contains(&one.created))
        .filter(|one| (since..before).contains(&one.listed))
        .filter(|one| one.created > oldest || state.expiries.contains_key(&one.id))
        .map(Arc::clone)
        .collect();
    added.sort_by_key(|one| one.key());
    let from = from.max(oldest + 1).max(since.saturating_sub(tenant.feed.latest()));
    let until = until.min(before);
    let periods = state.subscriptions.get(content_type).periods.clone();
    let covered = periods.iter().any(|&(start, end)| start <= from && until <= end);
    let made = tenant.feed.window(content_type, from, until);
    Listing { content_type, made, added, periods, covered, listed: since..before }
}

impl Listing {
    /// The items behind `cursor`, in the order in which they became available.
    pub(crate) fn items<'a>(&'a self, feed: &'a Feed, cursor: Cursor) -> Box<dyn Iterator<Item = Item> + 'a> {
        let content_type = self.content_type;
        let start = self.made.start.max(cursor.made).min(self.made.end);
        let made = (start..self.made.end).map(move |index| Blob { content_type, index });
        if self.covered && self.added.is_empty() && feed.latest() == 0 {
            return Box::new(made.map(Item::Made));
        }
        let mut made = made.filter(|&blob| self.listed.contains(&feed.listed(blob))).peekable();
        let mut added = self.added.iter().filter(move |one| one.key() > cursor.added).peekable();
        let merged = std::iter::from_fn(move || match (made.peek(), added.peek()) {
            (Some(&blob), Some(one)) if feed.created(blob) <= one.created => made.next().map(Item::Made),
            (_, Some(_)) => added.next().map(|one| Item::Added(Arc::clone(one))),
            (Some(_), None) => made.next().map(Item::Made),
            (None, None) => None,
        });
        Box::new(merged.filter(move |item| {
            let created = item.created(feed);
            self.periods.iter().any(|&(start, end)| (start..end).contains(&created))
        }))
    }

    pub(super) const fn content_type(&self) -> ContentType {
        self.content_type
    }

    /// All items, from the first.
    pub(crate) fn all<'a>(&'a self, feed: &'a Feed) -> Box<dyn Iterator<Item = Item> + 'a> {
        self.items(feed, Cursor::default())
    }
}

impl Cursor {
    /// Moves behind an item.
    pub(crate) fn pass(&mut self, item: &Item) {
        match item {
            Item::Made(blob) => self.made = blob.index + 1,
            Item::Added(one) => self.added = one.key(),
        }
    }
}

impl Item {
    pub(crate) fn created(&self, feed: &Feed) -> i64 {
        match self {
            Self::Made(blob) => feed.created(*blob),
            Self::Added(one) => one.created,
        }
    }

    /// From when on it is listed and can be fetched.
    pub(crate) fn listed(&self, feed: &Feed) -> i64 {
        match self {
            Self::Made(blob) => feed.listed(*blob),
            Self::Added(one) => one.listed,
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
