//! Time windows of the two listings, and the links from one page to the next (management-activity, 4.5 and 4.6).

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::Value;

use super::errors::code;
use super::{ContentType, gate};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::config::PageHeader;
use crate::faults::Bend;
use crate::random::hash_text;
use crate::tenant::Tenant;
use crate::token::Grant;

/// How long a link can be followed.
const LINK_LIFE: i64 = 10 * MINUTE;

/// What is listed.
pub(super) struct Window {
    pub(super) content_type: ContentType,
    /// Inclusive.
    pub(super) from: i64,
    /// Exclusive.
    pub(super) until: i64,
    /// Both ends as the client wrote them: links repeat them.
    start: String,
    end: String,
}

/// Where in a listing a page begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: usize,
    /// Empty pages from here on, this one included.
    pub(super) empty: usize,
    first: bool,
}

/// Reads the window of a request, and the place in it.
pub(super) fn read(tenant: &Tenant, call: &Call, grant: &Grant) -> Result<(Window, Place), Answer> {
    let content_type = gate::content_type(call, grant)?;
    let window = window(tenant, call, content_type)?;
    let place = match call.param("nextPage") {
        None => Place { offset: 0, empty: 0, first: true },
        Some(token) => follow(tenant, &window, token).ok_or_else(|| {
            code(StatusCode::BAD_REQUEST, "AF20031", "Invalid nextPage Input: the value is not known.")
        })?,
    };
    Ok((window, place))
}

/// A page with its link. `items` are those of the page, `more` says whether others follow.
pub(super) fn answer(
    tenant: &Tenant,
    call: &Call,
    bend: &Bend,
    (window, place): (&Window, Place),
    mut items: Vec<Value>,
    more: bool,
) -> Answer {
    let repeats =
        if bend.duplicate { items.len() } else { tenant.config.duplicates.listing.min(items.len()) };
    items.extend_from_within(..repeats);
    let next = next(tenant, place, more, bend);
    let answer = Answer::json(StatusCode::OK, &items);
    let Some(next) = next else { return answer };
    let name = match tenant.config.paging.header {
        PageHeader::NextPageUri | PageHeader::Lower => HeaderName::from_static("nextpageuri"),
        PageHeader::NextPageUrl => HeaderName::from_static("nextpageurl"),
    };
    answer.with(name, &link(tenant, call, window, next, bend))
}

/// The place of the next page, if there is one.
fn next(tenant: &Tenant, place: Place, more: bool, bend: &Bend) -> Option<Place> {
    if bend.looped {
        return Some(place);
    }
    let size = tenant.config.page_size;
    let offset = if place.empty > 0 { place.offset } else { place.offset + size };
    let empty = if place.first { tenant.config.paging.empty_pages } else { place.empty.saturating_sub(1) };
    let forced = bend.stale || bend.foreign_next.is_some();
    (more || empty > 0 || forced).then_some(Place { offset, empty, first: false })
}

fn link(tenant: &Tenant, call: &Call, window: &Window, place: Place, bend: &Bend) -> String {
    let (mut start, mut end) = (window.start.clone(), window.end.clone());
    if bend.stale {
        start = clock::seconds(window.from - 365 * DAY);
        end = clock::seconds(window.until - 365 * DAY);
    }
    let token = match call.param("nextPage") {
        // A link that leads back is the very link that led here.
        Some(same) if bend.looped => same.to_owned(),
        _ => token(tenant, window.content_type, (&start, &end), place, tenant.clock.now()),
    };
    let paging = &tenant.config.paging;
    let names = if paging.lower_case {
        ["contenttype", "starttime", "endtime", "nextpage"]
    } else {
        ["contentType", "startTime", "endTime", "nextPage"]
    };
    let values = [window.content_type.as_str(), &start, &end, &token];
    let query: Vec<String> = names
        .iter()
        .zip(values)
        .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")))
        .collect();
    let origin = bend.foreign_next.as_deref().unwrap_or(&tenant.urls.main);
    let operation = call.path.rsplit('/').next().unwrap_or_default();
    let version = if paging.v1 { "v1" } else { "v1.0" };
    format!(
        "{origin}/api/{version}/{}/activity/feed/subscriptions/{operation}?{}",
        tenant.id,
        query.join("&")
    )
}

/// A place as it stands in a link: the hour it was made, the place, and a check that it belongs to this window.
fn token(
    tenant: &Tenant,
    content_type: ContentType,
    ends: (&str, &str),
    place: Place,
    issued: i64,
) -> String {
    let issued = issued / SECOND;
    let plain =
        format!("{}R{}E{}T{issued}", &clock::compact(issued * SECOND)[..10], place.offset, place.empty);
    let (start, end) = ends;
    let check = hash_text(tenant.config.seed, &format!("{plain}|{}|{start}|{end}", content_type.as_str()));
    format!("{plain}C{check:016x}")
}

fn follow(tenant: &Tenant, window: &Window, text: &str) -> Option<Place> {
    let (plain, _) = text.split_once('C')?;
    let (_, rest) = plain.split_once('R')?;
    let (offset, rest) = rest.split_once('E')?;
    let (empty, issued) = rest.split_once('T')?;
    let place = Place { offset: offset.parse().ok()?, empty: empty.parse().ok()?, first: false };
    let issued = issued.parse::<i64>().ok()?.checked_mul(SECOND)?;
    let ours = token(tenant, window.content_type, (&window.start, &window.end), place, issued) == text;
    let now = tenant.clock.now();
    (ours && now - issued <= LINK_LIFE + SECOND).then_some(place)
}

fn window(tenant: &Tenant, call: &Call, content_type: ContentType) -> Result<Window, Answer> {
    const MESSAGE: &str = "Start time and end time must both be specified (or both omitted) and must be less than or \
                           equal to 24 hours apart, with the start time prior to end time and start time no more than \
                           7 days in the past.";
    let refuse = |name: &str| Err(code(StatusCode::BAD_REQUEST, name, MESSAGE));
    let now = tenant.clock.now();
    let given = |name: &str| call.param(name).filter(|value| !value.is_empty());
    let (start, end) = match (given("startTime"), given("endTime")) {
        (None, None) => (clock::seconds(now - DAY), clock::seconds(now)),
        (Some(start), Some(end)) => (start.to_owned(), end.to_owned()),
        _ => return refuse("AF20030"),
    };
    let read = |name: &str, text: &str| {
        clock::parse(text).ok_or_else(|| {
            let message = format!("Invalid parameter type: {name}. Expected type: DateTime. Value: {text}");
            code(StatusCode::BAD_REQUEST, "AF20002", &message)
        })
    };
    let (from, until) = (read("startTime", &start)?, read("endTime", &end)?);
    // A link carries its own proof that the window was fine when the listing began.
    if call.param("nextPage").is_none() {
        if from >= until || until - from > DAY {
            return refuse("AF20055");
        }
        let tolerance = if tenant.config.strict_window { 0 } else { HOUR };
        if from < now - 7 * DAY - tolerance {
            return refuse("AF20030");
        }
    }
    Ok(Window { content_type, from, until, start, end })
}
