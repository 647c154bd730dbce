//! Listing what is available, and fetching it (management-activity, 4.5 and 4.7).

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::Value;

use super::errors::code;
use super::listing::{Item, Listing, listable, uri};
use super::paging::Rest;
use super::{gate, paging};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::DAY;
use crate::faults::{Bend, WrongUri};
use crate::feed::{Blob, NoBlob};
use crate::identity::Grant;
use crate::random::{fraction, guid, hash_text};
use crate::tenant::{State, Tenant};

/// Bodies up to about this size are made in one piece and go out with their length; larger ones are streamed.
const WHOLE: usize = 4 * 1024 * 1024;
const PIECE: usize = 256 * 1024;

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
    let mut cursor = place.cursor;
    let mut rest = listing.items(&tenant.feed, cursor);
    let mut items: Vec<Value> = rest
        .by_ref()
        .take(size)
        .map(|item| {
            cursor.pass(&item);
            item.show(tenant, &state, window.content_type)
        })
        .collect();
    let more = rest.next().is_some();
    drop(rest);
    if place.first && bend.before > 0 {
        let before = listable(tenant, &state, window.content_type, window.from - DAY, window.from);
        let strays = last(tenant, &state, &before, bend.before);
        items.splice(0..0, strays);
    }
    if let Some((share, seed)) = bend.changes {
        let stays =
            |item: &Value| fraction(hash_text(seed, item["contentId"].as_str().unwrap_or_default())) >= share;
        items.retain(stays);
    }
    if let Some(wrong) = &bend.uri {
        for item in &mut items {
            let uri = item["contentId"].as_str().map(|id| bent_uri(tenant, wrong, id));
            item["contentUri"] = uri.into();
        }
    }
    paging::answer(tenant, call, bend, (&window, place), items, Rest { cursor, more })
}

/// The last items of a listing.
fn last(tenant: &Tenant, state: &State, listing: &Listing, count: usize) -> Vec<Value> {
    let mut kept = std::collections::VecDeque::with_capacity(count);
    for item in listing.all(&tenant.feed) {
        if kept.len() == count {
            kept.pop_front();
        }
        kept.push_back(item);
    }
    kept.iter().map(|item| item.show(tenant, state, listing.content_type())).collect()
}

fn bent_uri(tenant: &Tenant, wrong: &WrongUri, id: &str) -> String {
    let main = &tenant.urls.main;
    match wrong {
        WrongUri::Host(origin) => uri(tenant, origin, id),
        WrongUri::Tenant => {
            let other = guid(hash_text(tenant.config.seed, "another tenant"));
            format!("{main}/api/v1.0/{other}/activity/feed/audit/{id}")
        }
        WrongUri::Path => format!("{main}/{}/activity/feed/audit/{id}", tenant.id),
    }
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
    if item.listed(&tenant.feed) > now {
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
    let feed = &tenant.feed;
    let blob = feed.form(blob);
    let estimate = feed.all_records(blob) * feed.mean_record();
    let piece = if estimate <= WHOLE { 2 * WHOLE } else { PIECE };
    let make = || {
        let body = Arc::clone(feed).body(blob, piece);
        Answer::pieces(StatusCode::OK, Box::new(body.pieces(blob.content_type)))
    };
    if feed.shelf.is_open() {
        let body = feed.shelf.get(blob, None, || make().collect());
        return Answer::whole(StatusCode::OK, "application/json; charset=utf-8", body).kept_as(blob);
    }
    let mut answer = make();
    if estimate <= WHOLE {
        answer.collect();
    }
    answer
}

fn unknown(id: &str) -> Answer {
    code(StatusCode::NOT_FOUND, "AF20050", &format!("The specified content ({id}) does not exist."))
}
