//! What must be true of every byte that the feed may send, for `core/fuzz`.

#![allow(clippy::expect_used, clippy::missing_panics_doc)] // A failed expectation is what is looked for.

use std::sync::LazyLock;

use arrow_array::cast::AsArray;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

use super::blob::Blob;
use super::columns::{Plan, build};
use super::content::Content;
use super::fields::Fields;
use super::listing::{Row, next_link};
use super::notifications::Notification;
use super::record::Origin;
use super::route::Route;
use super::scan::Finds;
use super::subscriptions::{Subscription, read};
use super::window::Window;
use super::{WebhookKind, WebhookNotification};
use crate::cloud::Service;
use crate::error::ErrorKind;
use crate::fuzzing::{TENANT, check_error, client, split};
use crate::http::Answer;
use crate::{Client, audit::ContentType};

const HOST: &str = "manage.office.com";
const FEED: &str = "/api/v1.0/3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10/activity/feed/";

/// A client that sends nothing, and where it would read from.
static READER: LazyLock<(Client, Route)> = LazyLock::new(|| {
    let client = client();
    let route = futures::executor::block_on(Route::of(&client)).expect("a directory id needs no look-up");
    (client, route)
});

/// The body of a blob: read whole or refused, and its records are its bytes.
pub fn blob(body: &[u8]) {
    let origin = Origin::new(Some(ContentType::Exchange), "blob");
    let bytes = Bytes::copy_from_slice(body);
    let mut blob = match Blob::read(&bytes, &origin) {
        Ok(blob) => blob,
        Err(error) => {
            assert!(error.is_retryable(), "a body that cannot be read is a fault: {error}");
            check_error(&error);
            return;
        }
    };
    assert_eq!(blob.bytes, body.len());
    no_part_passes(body, &origin);

    let elements: Vec<&RawValue> = serde_json::from_slice(body).expect("what was read is an array");
    let mut expected = elements.iter().map(|element| element.get());
    let mut seen = 0;
    while !blob.is_drained() {
        let (records, errors) = blob.take(3);
        assert!(records.len() <= 3);
        for error in &errors {
            assert!(error.place().index.is_some_and(|index| index < elements.len()));
            check_error(error);
        }
        seen += records.len() + errors.len();
        for record in records {
            // Those between are what is no record; order is kept, and nothing is touched.
            assert!(expected.any(|element| element == record.raw()), "not a slice of the body");
            check_record(&record);
        }
    }
    assert_eq!(seen, elements.len(), "each element is a record or an error");
}

fn check_record(record: &super::AuditRecord) {
    assert!(record.raw().starts_with('{') && record.raw().ends_with('}'));
    assert!(record.client_address().is_some() || record.client_port().is_none());
    written(record);
    if let Ok(data) = record.data() {
        for path in data.keys().take(2) {
            let _ = record.typed(path);
        }
        let _ = record.typed("Item.ParentFolder.Path");
    }
}

/// A blob in each of its forms: the first line holds paths of columns between spaces, the rest is its body. Lines
/// and columns hold the records that the records themselves are, and nothing fails them.
pub fn columns(data: &[u8]) {
    let (paths, body) = split(data);
    let paths = String::from_utf8_lossy(paths);
    let paths: Vec<String> = paths.split_whitespace().map(str::to_owned).collect();
    let plan = Plan::new(Some(&paths), true, None).unwrap_or_else(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        check_error(&error);
        Plan::new(None, true, None).expect("there are always the common columns")
    });

    let origin = Origin::new(Some(ContentType::Exchange), "blob");
    let body = Bytes::copy_from_slice(body);
    let scan = |finds| Blob::scan(&body, &origin, finds, usize::MAX);
    let Ok(blob) = scan(Finds::Fields) else {
        assert!(
            scan(Finds::Places).is_err() && scan(Finds::Ids).is_err(),
            "one form takes what another refuses"
        );
        return;
    };
    let records = blob.clone().into_records();
    let raws = || records.iter().map(|record| record.raw().as_bytes());
    for finds in [Finds::Places, Finds::Ids] {
        let found = scan(finds).expect("what is well formed is so however it is read");
        assert!(raws().eq(found.fields().map(|record| record.raw().as_bytes())), "another record");
        let indexes = |blob: &Blob| blob.errors().iter().map(|error| error.place().index).collect::<Vec<_>>();
        assert_eq!(indexes(&found), indexes(&blob));
        if finds == Finds::Ids {
            let ids = found.fields().map(Fields::id);
            assert!(ids.eq(records.iter().map(super::AuditRecord::id)), "another id");
        }
    }

    let lines = scan(Finds::Places).expect("it was so before").into_lines();
    let as_lines = raws().map(|raw| {
        let in_one = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        raw.iter().map(in_one).chain([b'\n']).collect::<Vec<_>>()
    });
    assert_eq!(lines, as_lines.collect::<Vec<_>>().concat());

    let batch = build(&plan, &[blob]).expect("no record fails a batch").batch;
    assert_eq!(batch.num_rows(), records.len());
    let column = |name| batch.column_by_name(name).expect("a column that is always there");
    let ids = column("id").as_string::<i32>().iter();
    assert!(ids.eq(records.iter().map(|record| record.id())), "another id in the columns");
    let raw = column("raw").as_string_view().iter();
    assert!(raw.map(|raw| raw.map(str::as_bytes)).eq(raws().map(Some)), "another record in the columns");
}

/// A body that was cut anywhere, or goes on after its end, is not taken for a whole one.
fn no_part_passes(body: &[u8], origin: &Origin) {
    let whole = body.trim_ascii_end().len();
    for cut in [0, 1, whole / 3, whole / 2, whole - 1] {
        let part = Bytes::copy_from_slice(&body[..cut.min(whole - 1)]);
        assert!(Blob::read(&part, origin).is_err(), "a part passes for the whole: {cut} of {whole} bytes");
    }
    let longer = Bytes::from([body, b"]"].concat());
    assert!(Blob::read(&longer, origin).is_err(), "what follows the array goes unnoticed");
}

/// Links to the next page, and addresses of content: whatever they say, nothing leaves the service's host.
///
/// The first line is the link, the second the id of content, the rest its address.
pub fn link(data: &[u8]) {
    let (client, route) = &*READER;
    let corridor = client.corridor();
    let (link, rest) = split(data);
    let (id, address) = split(rest);

    for name in ["nextpageuri", "nextpageurl"] {
        let Ok(value) = HeaderValue::from_bytes(link) else { break };
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        let answer = Answer { status: StatusCode::OK, headers, body: Bytes::new() };
        let Some(link) = next_link(&answer) else { continue };
        assert!(!link.is_empty() && link.trim() == link);
        if let Some(request) = route.next_page(corridor, &link, "subscriptions/content") {
            check_address(client, &request.url);
            let _ = window().allows(&request.url);
            assert!(window().allows(&within_window()));
        }
    }

    let id = String::from_utf8_lossy(id);
    let address = std::str::from_utf8(address).ok();
    let given = route.content(corridor, &id, address);
    check_address(client, &given.url);
    let path = given.url.path().to_ascii_lowercase();
    assert!(path.contains("/activity/feed/audit"), "{}", given.url);
    let rebuilt = route.content(corridor, &id, None);
    check_address(client, &rebuilt.url);
    assert!(rebuilt.url.path().starts_with(FEED), "an id leads out of the feed: {}", rebuilt.url);
    assert!(rebuilt.url.fragment().is_none());
    if let Some(anew) = route.content_anew(&id, &given) {
        assert_eq!(anew.url, rebuilt.url);
        assert_ne!(anew.url, given.url);
    }
}

fn check_address(client: &Client, url: &Url) {
    assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some(HOST), None), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert!(client.corridor().hosts.trusts(&Service::Management, url));
    let named = url.query_pairs().filter(|(name, _)| name.eq_ignore_ascii_case("PublisherIdentifier"));
    assert!(named.count() >= 1, "who asks is left out: {url}");
    // What is sent is what is parsed from its text.
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url));
}

fn window() -> Window {
    Window { start: Timestamp::constant(1_795_000_000, 0), end: Timestamp::constant(1_795_086_400, 0) }
}

fn within_window() -> Url {
    let [(start, start_value), (end, end_value)] = window().query();
    Url::parse_with_params("https://manage.office.com/", [(start, start_value), (end, end_value)])
        .expect("a literal address")
}

/// The pages of each listing: what was read is written so that it is read the same.
pub fn listing(body: &[u8]) {
    let bytes = Bytes::copy_from_slice(body);
    let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: bytes };
    match read::<Vec<Content>>(&answer) {
        Ok(rows) => {
            let again: Vec<Content> = written_and_read(&rows);
            assert_eq!(keys(&rows), keys(&again));
            for (row, again) in rows.iter().zip(&again) {
                assert_eq!(row.content_type, again.content_type);
                assert_eq!(row.content_uri, again.content_uri);
                assert_eq!(row.content_created, again.content_created);
                assert_eq!(row.content_expiration, again.content_expiration);
                assert!(row.extra.keys().eq(again.extra.keys()), "what is not known is kept");
            }
        }
        Err(error) => {
            assert!(error.is_retryable());
            check_error(&error);
        }
    }
    if let Ok(rows) = read::<Vec<Notification>>(&answer) {
        assert_eq!(keys(&rows), keys(&written_and_read::<Vec<Notification>>(&rows)));
    }
    if let Ok(rows) = read::<Vec<Subscription>>(&answer) {
        let again: Vec<Subscription> = written_and_read(&rows);
        let told = |rows: &[Subscription]| rows.iter().map(Subscription::is_enabled).collect::<Vec<_>>();
        assert_eq!(told(&rows), told(&again));
    }
}

fn keys<T: Row>(rows: &[T]) -> Vec<String> {
    rows.iter().map(Row::key).collect()
}

fn written_and_read<T: Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&written(value)).expect("what was written is read again")
}

/// As it crosses into other languages.
fn written(value: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(value).expect("what was read can be written");
    // As a raw value, because nesting is limited for all others.
    assert!(serde_json::from_slice::<&RawValue>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
    json
}

/// A request to a webhook: the first line is its `Webhook-AuthID`, the second its `Webhook-ValidationCode`
/// if it is not empty, the rest its body.
pub fn webhook(data: &[u8]) {
    const AGREED: &str = "9f2c-tenant-a";

    let (client, _) = &*READER;
    let (auth_id, rest) = split(data);
    let (code, body) = split(rest);
    let mut headers = HeaderMap::new();
    for (name, value) in [("webhook-authid", auth_id), ("webhook-validationcode", code)] {
        if let Ok(value) = HeaderValue::from_bytes(value)
            && !value.is_empty()
        {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let validates = headers.contains_key("webhook-validationcode");
    let receiver = client.audit().webhook().auth_id(AGREED).max_bytes(1_000);
    let reply = futures::executor::block_on(receiver.handle(&Method::POST, &headers, body))
        .expect("what strangers send is never an error");

    written(&reply);
    if auth_id != AGREED.as_bytes() {
        assert!(matches!(reply.status, 401 | 413), "a stranger is believed: {reply:?}");
        assert!(!reply.reason.as_deref().is_some_and(|reason| reason.contains(AGREED)), "{reply:?}");
    }
    match reply.kind {
        WebhookKind::Validation => {
            assert_eq!(reply.status, 200);
            assert!(validates && reply.notifications.is_empty());
        }
        WebhookKind::Notifications => {
            assert!(reply.status == 200 && !validates && !reply.notifications.is_empty());
        }
        _ => {
            assert!(matches!(reply.status, 400 | 401 | 405 | 413), "{reply:?}");
            let reason = reply.reason.as_deref().expect("a rejection has a reason");
            assert!(!reason.is_empty() && reason.len() < 10_000, "{reason}");
            assert!(reply.notifications.is_empty());
        }
    }
    for notification in reply.notifications {
        assert!(notification.tenant_id.eq_ignore_ascii_case(TENANT));
        if let Some(uri) = &notification.content_uri {
            let url = Url::parse(uri).expect("an address that was believed");
            assert!(client.corridor().hosts.trusts(&Service::Management, &url), "{url}");
        }
        assert!(!notification.content_id.chars().any(|c| c.is_control() || c.is_whitespace()));
        let json = written(&notification);
        let again: WebhookNotification =
            serde_json::from_slice(&json).expect("what was written is read again");
        assert_eq!(again.content_id, notification.content_id);
    }
}

/// A row of a follower's state.
pub fn state_row(json: &[u8]) {
    super::follow::fuzzing::state_row(json);
}

/// The file of a follower's state, damaged.
pub fn state_file(damages: &[u8]) {
    super::follow::fuzzing::state_file(damages);
}

/// A page of what a search found.
pub fn search_page(body: &[u8]) {
    super::search::fuzzing::search_page(body);
}
