//! Time windows of the two listings, and the links from one page to the next (management-activity, 4.5 and 4.6).

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::Value;

use super::errors::code;
use super::listing::Cursor;
use super::{ContentType, gate};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{self, DAY, HOUR, MINUTE};
use crate::config::PageHeader;
use crate::faults::{Bend, WrongNext};
use crate::identity::Grant;
use crate::random::hash_text;
use crate::tenant::Tenant;

/// How long a link can be followed, from the full minute before it was made.
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
    pub(super) cursor: Cursor,
    /// Empty pages from here on, this one included.
    pub(super) empty: usize,
    pub(super) first: bool,
}

/// What is behind a page.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    pub(super) cursor: Cursor,
    /// Whether there is anything.
    pub(super) more: bool,
}

/// Reads the window of a request, and the place in it.
pub(super) fn read(tenant: &Tenant, call: &Call, grant: &Grant) -> Result<(Window, Place), Answer> {
    let content_type = gate::content_type(call, grant)?;
    let window = window(tenant, call, content_type)?;
    let place = match call.param("nextPage") {
        None => Place { cursor: Cursor::default(), empty: 0, first: true },
        Some(token) => follow(tenant, &window, token).ok_or_else(|| {
            code(StatusCode::BAD_REQUEST, "AF20031", "Invalid nextPage Input: the value is not known.")
        })?,
    };
    Ok((window, place))
}

/// A page with its link. `items` are those of the page.
pub(super) fn answer(
    tenant: &Tenant,
    call: &Call,
    bend: &Bend,
    (window, place): (&Window, Place),
    mut items: Vec<Value>,
    rest: Rest,
) -> Answer {
    let repeats =
        if bend.duplicate { items.len() } else { tenant.config.duplicates.listing.min(items.len()) };
    items.extend_from_within(..repeats);
    let next = next(tenant, place, rest, bend);
    let answer = Answer::json(StatusCode::OK, &items);
    let Some(next) = next else { return answer };
    let name = match tenant.config.paging.header {
        PageHeader::NextPageUri | PageHeader::Lower => HeaderName::from_static("nextpageuri"),
        PageHeader::NextPageUrl => HeaderName::from_static("nextpageurl"),
    };
    answer.with(name, &link(tenant, call, window, next, bend))
}

/// The place of the next page, if there is one.
fn next(tenant: &Tenant, place: Place, rest: Rest, bend: &Bend) -> Option<Place> {
    match bend.next {
        Some(WrongNext::Same) => return Some(place),
        Some(WrongNext::First) => {
            return Some(Place { cursor: Cursor::default(), empty: 0, first: false });
        }
        _ => {}
    }
    let empty = if place.empty > 0 {
        place.empty - 1
    } else if bend.empty_pages > 0 {
        bend.empty_pages
    } else if place.first {
        tenant.config.paging.empty_pages
    } else {
        0
    };
    // A wrong link needs no page that it should lead to. Only the first page has it then: whoever follows it comes to
    // an end.
    let forced = bend.next.is_some() && place.first;
    (rest.more || empty > 0 || forced).then_some(Place { cursor: rest.cursor, empty, first: false })
}

fn link(tenant: &Tenant, call: &Call, window: &Window, place: Place, bend: &Bend) -> String {
    let (mut start, mut end) = (window.start.clone(), window.end.clone());
    let mut origin = tenant.urls.main.as_str();
    match &bend.next {
        Some(WrongNext::Stale) => {
            start = clock::seconds(window.from - 365 * DAY);
            end = clock::seconds(window.until - 365 * DAY);
        }
        Some(WrongNext::Year(year)) => {
            start = in_year(window.from, *year);
            end = in_year(window.until, *year);
        }
        Some(WrongNext::Foreign(foreign)) => origin = foreign,
        Some(WrongNext::Same | WrongNext::First) | None => {}
    }
    let token = match call.param("nextPage") {
        // A link that leads back is the very link that led here.
        Some(same) if matches!(bend.next, Some(WrongNext::Same)) => same.to_owned(),
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
    let operation = call.path.rsplit('/').next().unwrap_or_default();
    let version = if paging.v1 { "v1" } else { "v1.0" };
    format!(
        "{origin}/api/{version}/{}/activity/feed/subscriptions/{operation}?{}",
        tenant.id,
        query.join("&")
    )
}

/// The same day and time in another year.
fn in_year(instant: i64, year: u16) -> String {
    format!("{year:04}{}", &clock::seconds(instant)[4..])
}

/// A place as it stands in a link: the hour and minute it was made, the place, and a check that it belongs to this
/// window. Within a minute the same place has the same link, so that a listing that runs in a circle shows it.
fn token(
    tenant: &Tenant,
    content_type: ContentType,
    ends: (&str, &str),
    place: Place,
    issued: i64,
) -> String {
    let issued = issued / MINUTE;
    let Cursor { made, added: (created, number) } = place.cursor;
    let hour = &clock::compact(issued * MINUTE)[..10];
    let plain = format!("{hour}R{made}A{created}N{number}E{}T{issued}", place.empty);
    let (start, end) = ends;
    let check = hash_text(tenant.config.seed, &format!("{plain}|{}|{start}|{end}", content_type.as_str()));
    format!("{plain}C{check:016x}")
}

fn follow(tenant: &Tenant, window: &Window, text: &str) -> Option<Place> {
    let (plain, _) = text.split_once('C')?;
    let (_, rest) = plain.split_once('R')?;
    let (made, rest) = rest.split_once('A')?;
    let (created, rest) = rest.split_once('N')?;
    let (number, rest) = rest.split_once('E')?;
    let (empty, issued) = rest.split_once('T')?;
    let cursor = Cursor { made: made.parse().ok()?, added: (created.parse().ok()?, number.parse().ok()?) };
    let place = Place { cursor, empty: empty.parse().ok()?, first: false };
    let issued = issued.parse::<i64>().ok()?.checked_mul(MINUTE)?;
    let ours = token(tenant, window.content_type, (&window.start, &window.end), place, issued) == text;
    let now = tenant.clock.now();
    (ours && now - issued <= LINK_LIFE).then_some(place)
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
