use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor, send, split};

fn visitor() -> Visitor {
    Visitor::new(json!({"blobs": 30, "contentTypes": ["Audit.Exchange"], "pageSize": 10}))
}

fn blob_fault(visitor: &Visitor, action: Value) {
    visitor.control("fault", json!({"match": {"operation": "blob"}, "action": action, "when": "always"}));
}

fn whole(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok()
}

async fn list(visitor: &Visitor) -> Answer {
    visitor.get(&visitor.day("Audit.Exchange")).await
}

#[tokio::test]
async fn a_status_stands_in_for_the_answer() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    let strike = async |action: Value| {
        visitor.control("clear_faults", json!({}));
        visitor.control("fault", json!({"action": action}));
        visitor.fetch(&url).await
    };
    assert_eq!(strike(json!({"status": 500})).await.refusal(), (500, "AF50000".into()));
    assert_eq!(strike(json!({"status": 429})).await.refusal(), (429, "AF429".into()));
    let gateway = strike(json!({"status": 401})).await;
    assert_eq!(gateway.json()["Message"], "Authorization has been denied for this request.");
    assert_eq!(strike(json!({"status": 503})).await.header("content-type"), Some("text/html"));
    let headers = json!({"Retry-After": "0.2", "Content-Type": "text/plain"});
    let answer = strike(json!({"status": 429, "body": "slow down", "headers": headers})).await;
    assert_eq!((answer.status, &answer.body[..]), (429, &b"slow down"[..]));
    assert_eq!(
        (answer.header("retry-after"), answer.header("content-type")),
        (Some("0.2"), Some("text/plain"))
    );
    let json = strike(json!({"status": 200, "body": {"a": 1}})).await;
    assert_eq!((json.json(), json.header("content-type").is_some()), (json!({"a": 1}), true));
    assert_eq!(visitor.fetch(&url).await.status, 200, "once is once");
}

#[tokio::test]
async fn whole_answers_may_be_of_the_wrong_kind() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    for (action, kind) in [("html", "text/html"), ("objectBody", "application/json; charset=utf-8")] {
        visitor.control("fault", json!({"action": {action: true}}));
        let answer = visitor.fetch(&url).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)));
        assert!(!answer.body.starts_with(b"["));
    }
    visitor.control("fault", json!({"action": {"empty": true}}));
    assert!(visitor.fetch(&url).await.body.is_empty());
}

#[tokio::test]
async fn a_body_is_cut_on_the_wire() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    let full = visitor.fetch(&url).await.body;
    blob_fault(&visitor, json!({"cutAfter": 700}));
    let (answer, _) = visitor.raw_get(&url);
    let (head, body) = split(&answer);
    assert!(head.contains(&format!("content-length: {}", full.len())), "{head}");
    assert_eq!(body, full[..700]);
    assert!(send(visitor.request(reqwest::Method::GET, &url)).await.is_err());
    visitor.control("clear_faults", json!({}));
    blob_fault(&visitor, json!({"cutAfter": 100_000_000}));
    let (answer, _) = visitor.raw_get(&url);
    assert_eq!(split(&answer).1.len(), full.len() - 1, "a short body is cut all the same");
    let last = visitor.ledger(json!({"operation": "blob"})).pop().unwrap();
    assert_eq!((&last["aborted"], &last["status"], &last["fault"]), (&json!(false), &json!(200), &json!(2)));
}

#[tokio::test]
async fn a_body_is_cut_inside_http2() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let get = || send(http.get(&url).bearer_auth(&visitor.token));
    let full = get().await.unwrap().body;
    assert!(whole(&full));
    blob_fault(&visitor, json!({"cutAfter": 700}));
    assert!(get().await.is_err());
    visitor.control("clear_faults", json!({}));
    assert_eq!(get().await.unwrap().body, full, "the connection lives on");
}

#[tokio::test]
async fn a_body_is_truncated_with_a_length_that_fits() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    blob_fault(&visitor, json!({"truncate": 500}));
    let answer = visitor.fetch(&url).await;
    assert_eq!((answer.body.len(), answer.header("content-length")), (500, Some("500")));
    assert!(!whole(&answer.body));
    let request = visitor.request(reqwest::Method::GET, &url).header("accept-encoding", "gzip");
    let packed = send(request).await.unwrap();
    assert!(packed.body.len() <= 500);
}

#[tokio::test]
async fn a_length_may_be_wrong_either_way() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    let full = visitor.fetch(&url).await.body;
    blob_fault(&visitor, json!({"wrongLength": 20}));
    let (answer, _) = visitor.raw_get(&url);
    let (head, body) = split(&answer);
    assert!(head.contains(&format!("content-length: {}", full.len() + 20)), "{head}");
    assert_eq!(body, full);
    visitor.control("clear_faults", json!({}));
    blob_fault(&visitor, json!({"wrongLength": -20}));
    let (answer, _) = visitor.raw_get(&url);
    let (head, body) = split(&answer);
    assert!(head.contains(&format!("content-length: {}", full.len() - 20)), "{head}");
    assert_eq!(body, full, "all of it is on the wire");
    let short = visitor.fetch(&url).await;
    assert_eq!(short.body, full[..full.len() - 20]);
}

#[tokio::test]
async fn a_body_drips() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    let full = visitor.fetch(&url).await.body;
    blob_fault(&visitor, json!({"dripBytes": full.len() / 4, "dripEvery": 0.05}));
    let begun = Instant::now();
    assert_eq!(visitor.fetch(&url).await.body, full);
    assert!(begun.elapsed() >= Duration::from_millis(190), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_stalls_until_the_client_goes() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    blob_fault(&visitor, json!({"stall": true}));
    let response = visitor.request(reqwest::Method::GET, &url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let ended = tokio::time::timeout(Duration::from_millis(200), response.bytes()).await;
    assert!(ended.is_err(), "{ended:?}");
    visitor.eventually(|last| last["aborted"] == true).await;
}

#[tokio::test]
async fn a_connection_is_reset() {
    let visitor = visitor();
    let url = visitor.first_blob("Audit.Exchange").await;
    blob_fault(&visitor, json!({"reset": true}));
    let (bytes, ended) = visitor.raw_get(&url);
    assert_eq!((bytes.len(), ended), (0, Some(ErrorKind::ConnectionReset)));
    assert_eq!(visitor.ledger(json!({})).last().unwrap()["aborted"], false, "the server did it");
}

#[tokio::test]
async fn a_delay_comes_before_the_effect() {
    let visitor = visitor();
    visitor.control("fault", json!({"action": {"delay": 0.15, "status": 503}}));
    let begun = Instant::now();
    assert_eq!(list(&visitor).await.status, 503);
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn listings_are_bent() {
    let visitor = visitor();
    let bend = async |action: Value| {
        visitor.control("clear_faults", json!({}));
        visitor.control("fault", json!({"match": {"operation": "content"}, "action": action}));
        list(&visitor).await
    };
    let plain = list(&visitor).await;
    assert_eq!(plain.json().as_array().unwrap().len(), 10);
    assert_eq!(bend(json!({"duplicateListing": true})).await.json().as_array().unwrap().len(), 20);
    let looped = bend(json!({"loopPage": true})).await;
    let again = visitor.fetch(&visitor.publish(looped.header("nextpageuri").unwrap())).await;
    assert_eq!(again.json(), plain.json());
    visitor.control("fault", json!({"action": {"loopPage": true}, "match": {"operation": "content"}}));
    let link = visitor.publish(looped.header("nextpageuri").unwrap());
    let third = visitor.fetch(&link).await;
    assert_eq!(third.header("nextpageuri"), looped.header("nextpageuri"), "the link that led here");
    let stale = bend(json!({"stalePage": true})).await;
    let link = stale.header("nextpageuri").unwrap();
    let year = |text: &str| text[..4].parse::<i64>().unwrap();
    let (_, start) = link.split_once("starttime=").unwrap();
    assert!(year(start) < year(&visitor.ago(86_400)), "{link}");
    assert_eq!(visitor.fetch(&visitor.publish(link)).await.json(), json!([]));
    let foreign = bend(json!({"foreignUri": "https://evil.example:8443"})).await;
    let uri = foreign.json()[0]["contentUri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("https://evil.example:8443/api/v1.0/"), "{uri}");
    let next = bend(json!({"foreignNext": "https://evil.example:8443"})).await;
    assert!(next.header("nextpageuri").unwrap().starts_with("https://evil.example:8443/api/"));
}

#[tokio::test]
async fn throttling_takes_each_shape() {
    let visitor = visitor();
    let strike = async |look: Value| {
        visitor.control("fault", json!({"action": {"throttle": look}}));
        list(&visitor).await
    };
    let json = strike(json!({"retryAfter": 7})).await;
    assert_eq!((json.refusal(), json.header("retry-after")), ((429, "AF429".into()), Some("7")));
    let message = json.json()["error"]["message"].to_string();
    assert!(
        message.contains("Method=GetContents") && message.contains(&visitor.describe("tenant")),
        "{message}"
    );
    let forbidden = strike(json!({"shape": "403", "retryAfter": "fraction"})).await;
    assert_eq!(
        (forbidden.refusal(), forbidden.header("retry-after")),
        ((403, "AF429".into()), Some("0.500"))
    );
    let text = strike(json!({"shape": "403-text", "retryAfter": "date"})).await;
    assert!(text.body.starts_with(b"{'error':{'code':'AF429'"), "{text:?}");
    assert!(text.header("retry-after").unwrap().ends_with(" GMT"));
    let empty = strike(json!({"shape": "429-empty"})).await;
    assert_eq!((empty.status, empty.body.len(), empty.header("retry-after")), (429, 0, None));
}

#[tokio::test]
async fn a_token_runs_out_in_the_middle() {
    let visitor = visitor();
    visitor.control("fault", json!({"match": {"operation": "content"}, "action": {"expireToken": true}}));
    assert_eq!(list(&visitor).await.status, 401);
    assert_eq!(list(&visitor).await.status, 401);
    let visitor = Visitor { token: visitor.issue(json!({})), ..visitor };
    assert_eq!(list(&visitor).await.status, 200);
}

#[tokio::test]
async fn rules_strike_when_they_should() {
    let visitor = visitor();
    let statuses = async |rule: Value, count: usize| {
        visitor.control("clear_faults", json!({}));
        let mut rule = rule;
        rule["action"] = json!({"status": 503});
        let id = visitor.control("fault", rule)["id"].clone();
        let mut seen = vec![];
        for _ in 0..count {
            seen.push(visitor.get("subscriptions/list").await.status == 503);
        }
        let hits = visitor.control("fault_stats", json!({}))["hits"][id.to_string()].clone();
        assert_eq!(hits, seen.iter().filter(|hit| **hit).count());
        seen
    };
    assert_eq!(statuses(json!({}), 3).await, [true, false, false]);
    assert_eq!(statuses(json!({"when": "always"}), 3).await, [true; 3]);
    assert_eq!(statuses(json!({"times": 2}), 3).await, [true, true, false]);
    assert_eq!(
        statuses(json!({"when": {"every": 3}}), 7).await,
        [false, false, true, false, false, true, false]
    );
    assert_eq!(statuses(json!({"match": {"nth": 2}}), 3).await, [false, true, false]);
    assert_eq!(
        statuses(json!({"match": {"operation": "any", "path": "/list", "method": "get"}}), 1).await,
        [true]
    );
    assert_eq!(statuses(json!({"match": {"operation": "blob"}}), 2).await, [false, false]);
    assert_eq!(statuses(json!({"match": {"contentType": "Audit.General"}}), 1).await, [false]);
}

#[tokio::test]
async fn a_share_of_items_fails_once_each() {
    let visitor = Visitor::new(json!({"blobs": 200, "records": 1, "contentTypes": ["Audit.Exchange"]}));
    let share =
        json!({"match": {"operation": "blob"}, "action": {"status": 503}, "when": {"share": 0.1, "seed": 3}});
    visitor.control("fault", share);
    let items = visitor.list("Audit.Exchange").await;
    let (mut first, mut second) = (0, 0);
    for item in &items {
        let url = visitor.publish(item["contentUri"].as_str().unwrap());
        first += i32::from(visitor.fetch(&url).await.status == 503);
        second += i32::from(visitor.fetch(&url).await.status == 503);
    }
    assert!((8..=35).contains(&first), "{first} of {}", items.len());
    assert_eq!(second, 0);
}

#[tokio::test]
async fn one_content_can_be_meant() {
    let visitor = visitor();
    let items = visitor.list("Audit.Exchange").await;
    let wanted = json!({"contentId": items[3]["contentId"]});
    visitor.control("fault", json!({"match": wanted, "action": {"status": 404}, "when": "always"}));
    for (place, item) in items.iter().enumerate().take(6) {
        let answer = visitor.fetch(&visitor.publish(item["contentUri"].as_str().unwrap())).await;
        assert_eq!(answer.status, if place == 3 { 404 } else { 200 });
    }
}

#[test]
fn bad_rules_are_refused_with_what_is_wrong() {
    let visitor = visitor();
    let refuse = |rule: Value, what: &str| {
        let error = visitor.sandbox.control("fault", rule).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refuse(json!({"action": {}}), "names no fault");
    refuse(json!({"action": {"status": 500, "html": true}}), "takes one fault");
    refuse(json!({"action": {"body": "x"}}), "need action.status");
    refuse(json!({"action": {"status": 42}}), "42");
    refuse(json!({"action": {"explode": true}}), "explode");
    refuse(json!({"action": {"html": true}, "match": {"colour": 1}}), "colour");
    refuse(json!({"action": {"html": true}, "match": {"contentType": "Audit.Word"}}), "Audit.Word");
    refuse(json!({"action": {"html": true}, "when": {"every": 0}}), "every");
    refuse(json!({"action": {"html": true}, "when": {"evry": 1}}), "when: takes");
    refuse(json!({"action": {"html": true}, "match": {"operation": "dance"}}), "match.operation: takes");
    refuse(json!({"action": {"html": true}, "when": {"share": 2.0, "seed": 1}}), "share");
    refuse(json!({"action": {"dripBytes": 1}}), "dripEvery");
    refuse(json!({"action": {"delay": -1}}), "delay");
    refuse(json!({"action": {"message": "x"}}), "needs action.code");
    refuse(json!({"action": {"code": "AF20001", "body": "x"}}), "takes no body");
    refuse(json!({"action": {"storm": {"seconds": 0}}}), "storm.seconds");
    refuse(json!({"action": {"storm": {"seconds": 5, "status": 404}}}), "storm.status");
    refuse(json!({"action": {"listingChanges": 2.0}}), "listingChanges");
    refuse(json!({"action": {"listingChanges": "some"}}), "listingChanges: takes");
    refuse(json!({"action": {"emptyPages": 0}}), "emptyPages");
    refuse(json!({"action": {"nextFromYear": 30}}), "nextFromYear");
    refuse(json!({"action": {"stalePage": true, "loopPage": true}}), "one wrong link");
    refuse(json!({"action": {"wrongUri": "colour"}}), "colour");
    refuse(json!({"action": {"html": true}, "match": {"page": "last"}}), "last");
}
