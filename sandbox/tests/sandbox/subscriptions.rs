use serde_json::json;

use crate::visitor::{Visitor, split};

const START: &str = "subscriptions/start?contentType=Audit.Exchange";
const STOP: &str = "subscriptions/stop?contentType=Audit.Exchange";

#[tokio::test]
async fn a_subscription_is_started_listed_and_stopped() {
    let visitor = Visitor::new(json!({"blobs": 0, "subscribed": false}));
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([]));
    let expected = json!({"contentType": "Audit.Exchange", "status": "enabled", "webhook": null});
    let started = visitor.post(START, "").await;
    assert_eq!((started.status, started.json()), (200, expected.clone()));
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([expected]));
    assert_eq!(visitor.post(START, "").await.refusal(), (400, "AF20024".into()));
    let same = visitor.post(START, r#"{"webhook":null}"#).await;
    assert_eq!(same.refusal(), (400, "AF20024".into()));
    let stopped = visitor.post(STOP, "").await;
    assert_eq!((stopped.status, stopped.body.len()), (200, 0));
    assert_eq!(visitor.post(STOP, "").await.refusal(), (400, "AF20022".into()));
    assert_eq!(visitor.get(&visitor.day("Audit.Exchange")).await.refusal(), (400, "AF20022".into()));
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([]));
}

#[tokio::test]
async fn the_content_type_has_to_be_one() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    for operation in ["start", "stop"] {
        let unknown = visitor.post(&format!("subscriptions/{operation}?contentType=Audit.Word"), "").await;
        assert_eq!(unknown.refusal(), (400, "AF20020".into()));
        let missing = visitor.post(&format!("subscriptions/{operation}"), "").await;
        assert_eq!(missing.refusal(), (400, "AF20001".into()));
    }
    assert_eq!(visitor.get("subscriptions/content").await.refusal(), (400, "AF20001".into()));
    let lower = visitor.post("subscriptions/start?contenttype=audit.exchange", "").await;
    assert_eq!(lower.refusal(), (400, "AF20024".into()), "names and values in any case");
}

#[tokio::test]
async fn an_administrator_may_disable_one() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    visitor.control("set_subscription", json!({"contentType": "Audit.Exchange", "status": "disabled"}));
    assert_eq!(visitor.get(&visitor.day("Audit.Exchange")).await.refusal(), (400, "AF20023".into()));
    assert_eq!(visitor.get("subscriptions/list").await.json()[1]["status"], "disabled");
    assert_eq!(visitor.post(START, "").await.status, 200);
    assert_eq!(visitor.get(&visitor.day("Audit.Exchange")).await.status, 200);
    let locked = json!({"contentType": "Audit.Exchange", "status": "disabled", "locked": true});
    visitor.control("set_subscription", locked);
    assert_eq!(visitor.post(START, "").await.refusal(), (400, "AF20023".into()));
}

#[tokio::test]
async fn webhooks_are_checked_before_anything_is_started() {
    let visitor = Visitor::new(json!({"blobs": 0, "subscribed": false}));
    let refusal = async |body: &str| visitor.post(START, body).await.refusal();
    let bad = |code: &str| (400, code.to_owned());
    assert_eq!(refusal("{").await, bad("AF20002"));
    assert_eq!(refusal(r#"{"webhook":{}}"#).await, bad("AF20001"));
    assert_eq!(
        refusal(r#"{"webhook":{"address":"https://127.0.0.1:9","expiration":"x"}}"#).await,
        bad("AF20002")
    );
    let past = r#"{"webhook":{"address":"https://127.0.0.1:9","expiration":"2001-01-01T00:00:00Z"}}"#;
    assert_eq!(refusal(past).await, bad("AF20003"));
    for address in ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://hooks.example.net/", "nonsense"] {
        let body = json!({"webhook": {"address": address}}).to_string();
        assert_eq!(refusal(&body).await, bad("AF20021"), "{address}");
    }
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([]));
}

#[tokio::test]
async fn a_post_has_to_say_its_length() {
    let visitor = Visitor::new(json!({"blobs": 0, "subscribed": false}));
    let url = visitor.operation(START);
    let path = url.trim_start_matches(visitor.sandbox.url());
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", visitor.token);
    let (answer, _) = visitor.raw(&format!("{head}Connection: close\r\n\r\n"));
    assert!(split(&answer).0.starts_with("http/1.1 411"), "{}", String::from_utf8_lossy(&answer));
    let (answer, _) = visitor.raw(&format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n"));
    assert!(split(&answer).0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn nothing_from_before_the_start_is_listed_and_a_gap_stays_one() {
    let visitor = Visitor::new(json!({"blobs": 30, "subscribed": false, "firstContentDelay": 600}));
    visitor.post(START, "").await;
    assert_eq!(visitor.list("Audit.Exchange").await.len(), 0);
    let add = || {
        let args = json!({"contentType": "Audit.Exchange", "records": [{"Id": "a"}]});
        visitor.control("add_content", args)["contentId"].as_str().unwrap().to_owned()
    };
    add();
    visitor.control("advance", json!({"seconds": 1200}));
    let seen = add();
    visitor.control("advance", json!({"seconds": 1}));
    visitor.post(STOP, "").await;
    visitor.control("advance", json!({"seconds": 1}));
    add();
    visitor.control("advance", json!({"seconds": 1}));
    visitor.post(START, "").await;
    visitor.control("advance", json!({"seconds": 601}));
    let again = add();
    visitor.control("advance", json!({"seconds": 1}));
    let listed = visitor.list("Audit.Exchange").await;
    let ids: Vec<_> = listed.iter().map(|item| item["contentId"].as_str().unwrap()).collect();
    assert_eq!(ids, [seen, again]);
    visitor.control("set_subscription", json!({"contentType": "Audit.Exchange", "status": "enabled"}));
    assert!(visitor.list("Audit.Exchange").await.len() > 5, "as if it had always been there");
}

#[tokio::test]
async fn sensitive_types_come_in_one_language() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let ask = async |language: &str| {
        let url = visitor.operation("resources/dlpSensitiveTypes");
        let request = visitor.request(reqwest::Method::GET, &url).header("accept-language", language);
        crate::visitor::send(request).await.unwrap()
    };
    assert_eq!(ask("en-US").await.json()[0]["name"], "Credit Card Number");
    assert_eq!(ask("de-DE").await.json()[0]["name"], "Kreditkartennummer");
    assert_eq!(ask("en-US,de-DE").await.refusal(), (400, "AF20053".into()));
    assert_eq!(ask("e_n").await.refusal(), (400, "AF20054".into()));
    let usual = visitor.get("resources/dlpSensitiveTypes").await.json();
    assert_eq!(usual.as_array().unwrap().last(), Some(&json!({})));
}
