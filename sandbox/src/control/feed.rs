//! The feed as tests see and change it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Result, instant};
use crate::audit::{ContentType, Item, listable};
use crate::clock::SECOND;
use crate::config::Live;
use crate::feed::{self, RETENTION};
use crate::tenant::{Added, Tenant};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FeedArgs {
    content_types: Option<Vec<ContentType>>,
    #[serde(default)]
    ids: bool,
    #[serde(default = "yes")]
    bytes: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AddContent {
    content_type: ContentType,
    #[serde(default)]
    records: Option<Vec<Value>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    listed_at: Option<String>,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    content_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expire {
    content_id: String,
    #[serde(default)]
    at: Option<String>,
}

/// A pace as `live` takes it: `null` ends the growth.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pace {
    blobs_per_minute: Option<f64>,
    #[serde(default)]
    records: Option<usize>,
    #[serde(default)]
    content_types: Option<Vec<ContentType>>,
}

/// What a client could fetch now, in the order of content types and of availability.
pub(super) fn feed(tenant: &Tenant, args: FeedArgs) -> Value {
    let feed = &tenant.feed;
    let content_types = args.content_types.unwrap_or_else(|| ContentType::ALL.to_vec());
    let mut items = Vec::new();
    let any_added;
    {
        let state = tenant.state();
        let now = tenant.clock.now();
        for content_type in content_types {
            let listing = listable(tenant, &state, content_type, now - RETENTION, now + 1);
            items.extend(listing.all(feed).filter(|item| item.expires(feed, &state) > now));
        }
        any_added = !state.added.is_empty();
    }
    // Where records repeat beyond their blob, only their ids tell how many there are.
    let config = &tenant.config;
    let repeats = config.duplicates.across_blobs > 0 || config.distinct_blobs.is_some();
    let by_id = args.ids || repeats || any_added;
    let (mut records, mut own, mut bytes) = (0, 0, 0);
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    let mut add = |id: String| {
        if seen.insert(id.clone()) && args.ids {
            ids.push(id);
        }
    };
    let mut scratch = Vec::new();
    for item in &items {
        match item {
            &Item::Made(blob) => {
                records += feed.all_records(blob);
                own += feed.own_records(blob);
                if by_id {
                    feed.own_ids(blob).chain(feed.repeated_ids(blob)).for_each(&mut add);
                }
                bytes += if args.bytes { feed.length(blob, &mut scratch) } else { 0 };
            }
            Item::Added(one) => {
                records += one.records;
                bytes += one.body.len();
                one.record_ids.iter().cloned().for_each(&mut add);
            }
        }
    }
    let unique = if by_id { seen.len() } else { own };
    let mut shown = json!({ "blobs": items.len(), "records": records, "uniqueRecords": unique });
    if args.bytes {
        shown["bytes"] = json!(bytes);
    }
    if args.ids {
        shown["ids"] = json!(ids);
    }
    shown
}

pub(super) fn add_content(tenant: &Tenant, args: AddContent) -> Result {
    let wrong = |what: &str| Err(ControlError(format!("add_content: {what}")));
    let (body, records) = match (args.records, args.body) {
        (Some(records), None) => (Value::from(records.clone()).to_string(), records),
        (None, Some(body)) => {
            let records = serde_json::from_str(&body).unwrap_or_default();
            (body, records)
        }
        _ => return wrong("takes either `records` or `body`"),
    };
    // Whoever announces new content holds the state while it looks at the clock, and so must this.
    let mut state = tenant.state();
    let now = tenant.clock.now();
    let created = match &args.created {
        Some(text) => instant("add_content", "created", text)?,
        None => now,
    };
    let listed = match &args.listed_at {
        Some(text) => instant("add_content", "listedAt", text)?,
        None => created,
    };
    let expires = args.expires.as_deref().map(|text| instant("add_content", "expires", text)).transpose()?;
    let number = state.added.len();
    let id = feed::added_id(args.content_type, created, number);
    if let Some(expires) = expires {
        state.expiries.insert(id.clone(), expires);
    }
    let added = Arc::new(Added {
        content_type: args.content_type,
        id: id.clone(),
        number,
        created,
        listed,
        uri: args.content_uri,
        records: records.len(),
        record_ids: records.iter().filter_map(|record| record["Id"].as_str().map(str::to_owned)).collect(),
        body: Bytes::from(body),
    });
    state.added.push(Arc::clone(&added));
    let shown = Item::Added(added).show(tenant, &state, args.content_type);
    Ok(json!({ "contentId": id, "contentUri": shown["contentUri"] }))
}

/// Lets a content expire.
pub(super) fn expire_content(tenant: &Tenant, args: Expire) -> Result {
    let at = match &args.at {
        Some(text) => instant("expire_content", "at", text)?,
        None => tenant.clock.now() - SECOND,
    };
    tenant.state().expiries.insert(args.content_id, at);
    Ok(json!({}))
}

/// Changes the pace at which the feed grows.
pub(super) fn live(tenant: &Tenant, pace: Pace) -> Result {
    let live = match pace.blobs_per_minute {
        None if pace.records.is_some() || pace.content_types.is_some() => {
            return Err(ControlError("live: without a pace there are no records and no contentTypes".into()));
        }
        None => None,
        Some(blobs_per_minute) => {
            Some(Live { blobs_per_minute, records: pace.records, content_types: pace.content_types })
        }
    };
    if let Some(live) = &live {
        live.check("live: ").map_err(|error| ControlError(error.0))?;
    }
    tenant.feed.grow(tenant.clock.now(), live.as_ref());
    Ok(json!({}))
}
