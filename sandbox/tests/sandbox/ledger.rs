use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::visitor::{Visitor, send};

#[tokio::test]
async fn requests_are_remembered_without_their_secrets() {
    let visitor = Visitor::new(json!({"blobs": 0, "now": "2026-11-20T10:00:00Z"}));
    visitor.get("subscriptions/list?A=b%20c").await;
    visitor.post("subscriptions/stop?contentType=Audit.Exchange", "").await;
    let url = format!("{}/{}/oauth2/v2.0/token", visitor.sandbox.url(), visitor.describe("tenant"));
    let secret = visitor.describe("clientSecret");
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_secret", &secret)
        .finish();
    send(visitor.http.post(url).body(form)).await.unwrap();
    let all = visitor.ledger(json!({}));
    assert_eq!(all.len(), 3);
    assert_eq!(
        (&all[0]["method"], &all[0]["operation"], &all[0]["status"]),
        (&json!("GET"), &json!("subscriptions"), &json!(200))
    );
    assert!(all[0]["at"].as_str().unwrap().starts_with("2026-11-20T10:00:0"));
    assert_eq!(all[0]["query"], json!({"A": "b c", "PublisherIdentifier": visitor.describe("tenant")}));
    assert_eq!(all[0]["headers"]["authorization"], "Bearer #1");
    assert_eq!(all[1]["headers"]["content-length"], "0");
    assert!(all[2]["body"].as_str().unwrap().starts_with("grant_type=client_credentials&client_secret="));
    let text = serde_json::to_string(&all).unwrap();
    assert!(!text.contains(&secret) && !text.contains(&visitor.token), "{text}");
    let count = |filter| visitor.ledger(filter).len();
    assert_eq!(count(json!({"path": "/subscriptions/"})), 2);
    assert_eq!(count(json!({"method": "post"})), 2);
    assert_eq!(count(json!({"operation": "token"})), 1);
    assert_eq!(count(json!({"contentType": "Audit.Exchange"})), 1);
    let stats = visitor.control("stats", json!({}));
    assert_eq!((&stats["requests"], &stats["tokens"], &stats["inFlight"]), (&json!(3), &json!(1), &json!(0)));
    visitor.control("clear_ledger", json!({}));
    assert_eq!(count(json!({})), 0);
    assert_eq!(visitor.control("stats", json!({}))["requests"], 3, "totals stay");
}

async fn hang_up(visitor: &Visitor, http: &reqwest::Client) {
    let url = visitor.operation("subscriptions/list");
    let waiting = tokio::spawn(http.get(&url).bearer_auth(&visitor.token).send());
    visitor.eventually(|last| last["status"].is_null()).await;
    waiting.abort();
    let last = visitor.eventually(|last| last["aborted"] == true).await;
    assert_eq!(last["status"], json!(null), "it was never answered");
    assert_eq!(visitor.control("stats", json!({}))["inFlight"], 0);
}

#[tokio::test]
async fn who_hangs_up_during_a_delay_is_noticed() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    visitor.control("fault", json!({"action": {"delay": 30}, "when": "always"}));
    hang_up(&visitor, &reqwest::Client::builder().no_proxy().build().unwrap()).await;
    visitor.control("clear_ledger", json!({}));
    hang_up(&visitor, &reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()).await;
}

#[tokio::test]
async fn a_start_that_was_given_up_during_a_delay_has_no_effect() {
    let visitor = Visitor::new(json!({"blobs": 0, "subscribed": false}));
    visitor.control("fault", json!({"action": {"delay": 0.3}}));
    let url = visitor.operation("subscriptions/start?contentType=Audit.Exchange");
    let request = visitor.request(Method::POST, &url).header("content-length", "0");
    assert!(tokio::time::timeout(Duration::from_millis(60), request.send()).await.is_err());
    visitor.eventually(|last| last["aborted"] == true).await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([]));
}

#[tokio::test]
async fn who_hangs_up_during_a_body_is_noticed() {
    for prior_knowledge in [false, true] {
        let config = json!({"blobs": 4, "largeBlob": 60_000, "contentTypes": ["Audit.General"]});
        let visitor = Visitor::new(config);
        let builder = reqwest::Client::builder().no_proxy();
        let builder = if prior_knowledge { builder.http2_prior_knowledge() } else { builder };
        let http = builder.build().unwrap();
        let items = visitor.list("Audit.General").await;
        for (drip, item) in [(true, &items[0]), (false, items.last().unwrap())] {
            visitor.control("clear_faults", json!({}));
            if drip {
                let action = json!({"dripBytes": 50, "dripEvery": 0.02});
                visitor.control("fault", json!({"action": action}));
            }
            let url = visitor.publish(item["contentUri"].as_str().unwrap());
            let mut response = http.get(&url).bearer_auth(&visitor.token).send().await.unwrap();
            response.chunk().await.unwrap();
            drop(response);
            let last = visitor.eventually(|last| last["aborted"] == true).await;
            assert_eq!(last["status"], 200);
        }
        visitor.fetch(&visitor.operation("subscriptions/list")).await;
        visitor.eventually(|last| last["aborted"] == false && last["status"] == 200).await;
    }
}

#[tokio::test]
async fn whole_answers_are_not_aborted() {
    let visitor = Visitor::new(json!({"blobs": 4, "largeBlob": 6_000, "contentTypes": ["Audit.General"]}));
    for item in visitor.list("Audit.General").await {
        visitor.fetch(&visitor.publish(item["contentUri"].as_str().unwrap())).await;
    }
    visitor.control("fault", json!({"action": {"cutAfter": 10}, "when": "always"}));
    let _ = visitor
        .request(Method::GET, &visitor.operation("subscriptions/list"))
        .send()
        .await
        .unwrap()
        .bytes()
        .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    for request in visitor.ledger(json!({})) {
        assert_eq!(request["aborted"], false, "{request}");
    }
    assert_eq!(visitor.control("stats", json!({}))["inFlight"], 0);
}
