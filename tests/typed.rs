//! The typed face of the Rust crate against the sandbox: what only Rust programs see, and what only they can look at.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use m365kit::audit::{ContentType, GetContent, ListContent, OnError, RecordType, WebhookTarget};
use m365kit::identity::TokenRequest;
use m365kit::{
    AccessToken, AnswerBody, Callback, Client, ErrorKind, SendRequest, Service, StaticToken, WarningCode,
};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MORE_THAN_A_DAY: Duration = Duration::from_secs(25 * 3_600);

fn sandbox(config: &Value) -> Sandbox {
    Sandbox::start_json(config.to_string().as_bytes()).unwrap()
}

fn fast(sandbox: &Sandbox) -> Client {
    client_of(&sandbox.describe()).rate_limit(60_000.0).build().unwrap()
}

fn ago(hours: i64) -> String {
    (Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string()
}

/// Adds a blob with one record for each id, and gives what the sandbox says of it.
fn add(sandbox: &Sandbox, hours: i64, ids: &[&str]) -> Value {
    let records: Vec<_> =
        ids.iter().map(|id| json!({"Id": id, "RecordType": 1, "Operation": "Set-Mailbox"})).collect();
    let args = json!({"contentType": "Audit.Exchange", "records": records, "created": ago(hours)});
    sandbox.control("add_content", args).unwrap()
}

fn requests(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let ledger = sandbox.control("ledger", json!({"path": path})).unwrap();
    ledger["requests"].as_array().unwrap().clone()
}

/// A fault that makes blobs take for ever, without being silent.
fn drip(sandbox: &Sandbox, blob: &Value) {
    let rule = json!({"match": {"operation": "blob", "contentId": blob["contentId"]},
        "action": {"dripBytes": 1, "dripEvery": 0.2}, "when": "always"});
    sandbox.control("fault", rule).unwrap();
}

#[tokio::test]
async fn records_are_a_stream_of_typed_values() {
    let sandbox = sandbox(&json!({"blobs": 10, "records": 4}));
    let client = fast(&sandbox);
    let mut records = client.audit().records([ContentType::Exchange]).last(MORE_THAN_A_DAY).stream();
    let mut count = 0;
    while let Some(record) = records.try_next().await.unwrap() {
        assert!(record.creation_time().unwrap() < Timestamp::now());
        assert_eq!(record.content_type(), Some(&ContentType::Exchange));
        assert!(record.raw().starts_with('{') && record.data().unwrap().contains_key("Operation"));
        assert!(record.record_type().is_some_and(|record_type| record_type != RecordType(0)));
        count += 1;
    }
    let feed = sandbox.control("feed", json!({"contentTypes": ["Audit.Exchange"]})).unwrap();
    assert_eq!(feed["records"], count);
    let report = records.report().unwrap();
    assert_eq!((report.records, report.failed), (count, 0));
    assert!(records.errors().is_empty() && records.warnings().is_empty());
}

#[tokio::test]
async fn the_stream_composes_with_those_of_others() {
    let sandbox = sandbox(&json!({"blobs": 10, "records": 4}));
    let client = fast(&sandbox);
    let all = client.audit().records([]).last(MORE_THAN_A_DAY).ordered(false).stream();
    let ids: Vec<String> =
        all.try_filter_map(async |record| Ok(record.id().map(str::to_owned))).try_collect().await.unwrap();
    let feed = sandbox.control("feed", json!({})).unwrap();
    assert_eq!(feed["records"], ids.len());
}

#[tokio::test]
async fn a_request_that_cannot_be_right_is_the_first_thing_the_stream_says() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    let client = fast(&sandbox);
    let mut records = client.audit().records([]).last(9 * DAY).stream();
    let error = records.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(records.next().await.is_none());
    assert!(requests(&sandbox, "/").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_stream_ends_its_requests() {
    let sandbox = sandbox(&json!({"blobs": 0, "compression": false}));
    add(&sandbox, 5, &["a"]);
    let slow = add(&sandbox, 4, &["b"; 100]);
    drip(&sandbox, &slow);
    let client = fast(&sandbox);
    let mut records = client.audit().records([ContentType::Exchange]).last(DAY).stream();
    assert_eq!(records.try_next().await.unwrap().unwrap().id(), Some("a"));
    assert!(tokio::time::timeout(Duration::from_millis(700), records.next()).await.is_err());
    let of_slow = slow["contentId"].as_str().unwrap();
    assert_eq!(requests(&sandbox, of_slow)[0]["aborted"], false);
    drop(records);
    until(|| requests(&sandbox, of_slow)[0]["aborted"] == true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_client_ends_what_is_under_way_and_all_that_follows() {
    let sandbox = sandbox(&json!({"blobs": 0, "compression": false}));
    let slow = add(&sandbox, 4, &["b"; 100]);
    drip(&sandbox, &slow);
    let client = fast(&sandbox);
    let mut records =
        client.audit().records([ContentType::Exchange]).last(DAY).on_error(OnError::Collect).stream();
    let reading = tokio::spawn(async move { records.try_next().await });
    until(|| requests(&sandbox, "/audit/").len() == 1).await;
    client.close();
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    until(|| requests(&sandbox, "/audit/")[0]["aborted"] == true).await;
    let error = client.audit().list_subscriptions().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn two_clients_at_once_share_nothing() {
    let (one, two) = (sandbox(&json!({"seed": 1, "blobs": 10})), sandbox(&json!({"seed": 2, "blobs": 10})));
    let pull = async |sandbox: &Sandbox| {
        let client = fast(sandbox);
        let records = client.audit().records([]).last(MORE_THAN_A_DAY).stream();
        let organizations: Vec<_> =
            records.map_ok(|record| record.organization_id().map(str::to_owned)).try_collect().await.unwrap();
        (organizations.len(), client)
    };
    let ((first, closed), (second, open)) = tokio::join!(pull(&one), pull(&two));
    assert_eq!(one.control("feed", json!({})).unwrap()["records"], first);
    assert_eq!(two.control("feed", json!({})).unwrap()["records"], second);
    closed.close();
    assert!(closed.audit().list_subscriptions().await.is_err());
    assert!(open.audit().list_subscriptions().await.is_ok());
}

#[tokio::test]
async fn windows_are_of_a_day_contiguous_and_in_the_services_format() {
    let sandbox = sandbox(&json!({"blobs": 0, "subscribed": ["Audit.Exchange"]}));
    let client = fast(&sandbox);
    let mut records = client.audit().records([ContentType::Exchange]).last(7 * DAY).stream();
    assert!(records.next().await.is_none());
    assert_eq!(records.warnings()[0].code, WarningCode::StartClamped);

    let instant = |text: &Value| {
        let text = text.as_str().unwrap();
        assert_eq!(text.len(), "2026-11-20T10:00:00".len(), "{text} has a zone or a fraction");
        text.parse::<DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp()
    };
    let mut windows: Vec<_> = requests(&sandbox, "/subscriptions/content")
        .iter()
        .map(|request| (instant(&request["query"]["startTime"]), instant(&request["query"]["endTime"])))
        .collect();
    windows.sort_unstable();
    assert_eq!(windows.len(), 7);
    for pair in windows.windows(2) {
        assert_eq!(pair[0].1, pair[1].0);
    }
    assert!(windows.iter().all(|(start, end)| end.duration_since(*start).as_hours() <= 24 && start < end));
    let whole = windows[6].1.duration_since(windows[0].0);
    assert!((7 * 86_400 - 310..=7 * 86_400 - 290).contains(&whole.as_secs()), "{whole}");
}

#[tokio::test]
async fn a_listing_goes_on_from_the_token_of_a_page() {
    let sandbox = sandbox(&json!({"blobs": 0, "pageSize": 2}));
    for hours in 2..9 {
        add(&sandbox, hours, &["a"]);
    }
    let client = fast(&sandbox);
    let list = |token: Option<&str>| {
        let content_type = ContentType::Exchange;
        let request =
            ListContent { content_type, start: None, end: None, last: None, token: token.map(str::to_owned) };
        client.audit().list_content(request).unwrap()
    };
    let mut first = list(None);
    let page = first.next_page().await.unwrap().unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(first.token(), page.token.as_deref());
    let rest: Vec<_> = list(first.token()).try_collect().await.unwrap();
    assert_eq!(rest.len(), 5);
    assert!(rest.iter().all(|content| !page.items.contains(content)));
    let mut whole = list(None);
    while whole.next_page().await.unwrap().is_some() {}
    assert_eq!(whole.token(), None);
}

#[tokio::test]
async fn a_publisher_that_an_address_names_is_not_named_twice() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    let blob = add(&sandbox, 2, &["a"]);
    let content_uri = format!(
        "{}?publisheridentifier=99999999-aaaa-4bbb-8ccc-000000000001",
        blob["contentUri"].as_str().unwrap()
    );
    let content_id = blob["contentId"].as_str().unwrap().to_owned();
    let records = fast(&sandbox)
        .audit()
        .get_content(GetContent { content_id, content_uri: Some(content_uri) })
        .unwrap();
    assert_eq!(records.count().await, 1);
    let query = &requests(&sandbox, "/audit/")[0]["query"];
    assert_eq!(query, &json!({"publisheridentifier": "99999999-aaaa-4bbb-8ccc-000000000001"}));
}

#[tokio::test]
async fn a_callback_is_asked_for_tokens_and_its_failure_is_the_cause() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    let about = sandbox.describe();
    let asked = Arc::new(AtomicU32::new(0));
    let (counter, audience) = (Arc::clone(&asked), about["cloud"]["management"].as_str().unwrap().to_owned());
    let credential = Callback::new(move |request: TokenRequest| {
        assert_eq!(request.resource, audience);
        assert_eq!(request.scope, format!("{audience}/.default"));
        counter.fetch_add(1, Ordering::Relaxed);
        async move { Ok(AccessToken::new("not-a-token-of-the-sandbox", None)) }
    });
    let client = client_of(&about).credential(credential).build().unwrap();
    let error = client.audit().list_subscriptions().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)));
    // Once at first, and once more after the service refused what it gave.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert!(requests(&sandbox, "/oauth2/").is_empty());

    let failing = Callback::new(async |_: TokenRequest| Err("the vault is sealed".into()));
    let client = client_of(&about).credential(failing).build().unwrap();
    let error = client.audit().list_subscriptions().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(format!("{error:?}").contains("the vault is sealed"), "{error:?}");
}

#[tokio::test]
async fn a_fixed_token_serves_and_one_of_another_tenant_is_refused_with_a_hint() {
    let sandbox = sandbox(&json!({"blobs": 0, "subscribed": ["Audit.Exchange"]}));
    let client = |args: Value| {
        let issued = sandbox.control("issue_token", args).unwrap();
        let token = StaticToken::new(issued["token"].as_str().unwrap());
        client_of(&sandbox.describe()).credential(token).build().unwrap()
    };
    assert_eq!(client(json!({})).audit().list_subscriptions().await.unwrap().len(), 1);
    let foreign = client(json!({"tenant": "00000000-0000-4000-8000-00000000dead"}));
    let error = foreign.audit().list_subscriptions().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("AF20010")));
    assert!(error.hint().unwrap().contains("tenant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_answers_is_validated_and_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/m365", listener.local_addr().unwrap());
    let received = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        while !request.ends_with('}') {
            let mut piece = [0; 1024];
            let read = connection.read(&mut piece).await.unwrap();
            request.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        request.to_ascii_lowercase()
    });
    let sandbox = sandbox(&json!({"blobs": 0, "subscribed": [], "webhookHttp": true}));
    let webhook =
        WebhookTarget { address: address.clone(), auth_id: Some("tenant-a".into()), expiration: None };
    let audit = fast(&sandbox).audit();
    let started = audit.start_with_webhook(ContentType::Exchange, webhook).await.unwrap();
    assert_eq!(started.webhook.unwrap().address, Some(address));
    let request = received.await.unwrap();
    assert!(request.contains("webhook-authid: tenant-a") && request.contains("validationcode"), "{request}");
    let listed = audit.list_subscriptions().await.unwrap();
    assert_eq!(listed[0].webhook.as_ref().unwrap().auth_id.as_deref(), Some("tenant-a"));
}

#[tokio::test]
async fn any_request_goes_through_the_same_corridor() {
    let sandbox = sandbox(&json!({"blobs": 0, "subscribed": ["Audit.Exchange"]}));
    let about = sandbox.describe();
    let path = format!("/api/v1.0/{}/activity/feed/subscriptions/list", about["tenant"].as_str().unwrap());
    let request = SendRequest { service: Some(Service::Management), ..SendRequest::new("GET", path) };
    let AnswerBody::Json(json) = fast(&sandbox).request(request, None).await.unwrap() else {
        panic!("no JSON")
    };
    let value: Value = serde_json::from_str(json.get()).unwrap();
    assert_eq!(value[0]["contentType"], "Audit.Exchange");
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret_or_a_token() {
    let sandbox = sandbox(&json!({"blobs": 0, "clientSecret": "s3cret~value"}));
    sandbox
        .control(
            "fault",
            json!({"match": {"operation": "token"}, "action": {"status": 400}, "when": "always"}),
        )
        .unwrap();
    let client = fast(&sandbox);
    let error = client.audit().list_subscriptions().await.unwrap_err();
    for shown in
        [format!("{error}"), format!("{error:?}"), format!("{client:?}"), format!("{:?}", client.audit())]
    {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert!(!String::from_utf8_lossy(&error.to_json()).contains("s3cret"));
}

/// Waits until something has come to pass that the sandbox learns in its own time.
async fn until(come_to_pass: impl Fn() -> bool) {
    let began = Instant::now();
    while !come_to_pass() {
        assert!(began.elapsed() < Duration::from_secs(5), "it did not come to pass within 5 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
