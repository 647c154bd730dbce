use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::visitor::Visitor;

/// Somebody who listens: answers each message with the status it is told to.
struct Receiver {
    address: String,
    status: Arc<Mutex<u16>>,
    heads: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let (status, heads) = (Arc::new(Mutex::new(200)), Arc::<Mutex<Vec<_>>>::default());
        let (answer, kept) = (Arc::clone(&status), Arc::clone(&heads));
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                let mut buffer = [0; 8_192];
                let (head, body) = loop {
                    let read = socket.read(&mut buffer).await.unwrap();
                    text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                    if let Some((head, body)) = text.split_once("\r\n\r\n")
                        && let Ok(body) = serde_json::from_str(body)
                    {
                        break (head.to_lowercase(), body);
                    }
                };
                kept.lock().unwrap().push((head, body));
                let status = *answer.lock().unwrap();
                let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                socket.write_all(reply.as_bytes()).await.unwrap();
            }
        });
        Self { address, status, heads }
    }

    fn messages(&self) -> Vec<(String, Value)> {
        self.heads.lock().unwrap().clone()
    }
}

fn visitor(config: Value) -> Visitor {
    let mut whole = json!({"blobs": 20, "subscribed": false, "webhookHttp": true, "tokenLifetime": 86_400});
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    Visitor::new(whole)
}

async fn start(visitor: &Visitor, webhook: Value) -> crate::visitor::Answer {
    let body = json!({"webhook": webhook}).to_string();
    visitor.post("subscriptions/start?contentType=Audit.Exchange", &body).await
}

fn add(visitor: &Visitor) -> Value {
    visitor.control("add_content", json!({"contentType": "Audit.Exchange", "records": [{"Id": "a"}]}))
}

/// Delivers by hand; the sandbox may have done it by itself already.
async fn pump(visitor: &Visitor, seconds: i64) -> usize {
    visitor.control("advance", json!({"seconds": seconds}));
    visitor.control("pump_webhooks", json!({}));
    tokio::task::yield_now().await;
    visitor.control("webhooks", json!({}))["deliveries"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_asked_before_it_is_told() {
    let receiver = Receiver::new().await;
    let visitor = visitor(json!({}));
    let webhook =
        json!({"address": receiver.address, "authId": "mine", "expiration": "2099-01-01T00:00:00Z"});
    let started = start(&visitor, webhook.clone()).await;
    let expected = json!({
        "status": "enabled", "address": receiver.address, "authId": "mine", "expiration": "2099-01-01T00:00:00",
    });
    assert_eq!((started.status, &started.json()["webhook"]), (200, &expected));
    let (head, body) = receiver.messages().remove(0);
    let code = body["validationCode"].as_str().unwrap();
    assert!(head.starts_with("post /hook http/1.1"), "{head}");
    assert!(
        head.contains("webhook-authid: mine") && head.contains(&format!("webhook-validationcode: {code}")),
        "{head}"
    );
    assert_eq!(visitor.get("subscriptions/list").await.json()[0]["webhook"], expected);
    assert_eq!(start(&visitor, webhook).await.refusal(), (400, "AF20024".into()), "nothing changed");
    *receiver.status.lock().unwrap() = 503;
    let other = start(&visitor, json!({"address": receiver.address})).await;
    assert_eq!(other.refusal(), (400, "AF20021".into()));
    assert_eq!(visitor.get("subscriptions/list").await.json()[0]["webhook"], expected, "it stays as it was");
    let removed = visitor.post("subscriptions/start?contentType=Audit.Exchange", "").await;
    assert_eq!(removed.json()["webhook"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_content_is_delivered_and_listed_as_notified() {
    let receiver = Receiver::new().await;
    let visitor = visitor(json!({}));
    start(&visitor, json!({"address": receiver.address})).await;
    visitor.control("advance", json!({"seconds": 1}));
    let id = add(&visitor)["contentId"].clone();
    assert_eq!(pump(&visitor, 1).await, 2);
    let (head, body) = receiver.messages().remove(1);
    assert!(!head.contains("webhook-authid"), "{head}");
    assert_eq!((&body[0]["contentId"], &body[0]["tenantId"]), (&id, &json!(visitor.describe("tenant"))));
    assert_eq!(body[0]["clientId"], visitor.describe("clientId"));
    assert_eq!(pump(&visitor, 100).await, 2, "once is enough");
    let path = visitor.day("Audit.Exchange").replace("/content?", "/notifications?");
    let sent = visitor.get(&path).await.json();
    assert_eq!(sent.as_array().unwrap().len(), 1);
    assert_eq!((&sent[0]["contentId"], &sent[0]["notificationStatus"]), (&id, &json!("success")));
    assert!(sent[0]["notificationSent"].as_str() > sent[0]["contentCreated"].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_deliveries_are_repeated_ever_more_slowly_and_then_given_up() {
    let receiver = Receiver::new().await;
    let visitor = visitor(json!({}));
    start(&visitor, json!({"address": receiver.address})).await;
    visitor.control("advance", json!({"seconds": 1}));
    add(&visitor);
    *receiver.status.lock().unwrap() = 500;
    assert_eq!(pump(&visitor, 1).await, 2);
    let mut deliveries = 2;
    for gap in [1, 2, 4, 8, 16, 16, 16, 16, 16] {
        if gap > 1 {
            assert_eq!(pump(&visitor, gap - 1).await, deliveries, "not before {gap} s");
        }
        deliveries += 1;
        assert_eq!(pump(&visitor, 1).await, deliveries);
    }
    let hook = &visitor.get("subscriptions/list").await.json()[0];
    assert_eq!((&hook["status"], &hook["webhook"]["status"]), (&json!("enabled"), &json!("disabled")));
    assert_eq!(pump(&visitor, 3_600).await, deliveries, "ten failures are enough");
    let path = visitor.day("Audit.Exchange").replace("/content?", "/notifications?");
    let sent = visitor.get(&path).await.json();
    assert!(sent.as_array().unwrap().iter().all(|row| row["notificationStatus"] == "failed"));
    *receiver.status.lock().unwrap() = 200;
    let again = start(&visitor, json!({"address": receiver.address})).await;
    assert_eq!(again.json()["webhook"]["status"], "enabled", "a start brings it back");
}

#[tokio::test]
async fn a_webhook_expires() {
    let visitor = visitor(json!({"now": "2026-11-20T12:00:00Z"}));
    let webhook = json!({"address": "https://127.0.0.1:9/", "expiration": "2026-11-20T13:00:00Z"});
    let args = json!({"contentType": "Audit.Exchange", "status": "enabled", "webhook": webhook});
    visitor.control("set_subscription", args);
    visitor.control("advance", json!({"seconds": 3_600}));
    let visitor = Visitor { token: visitor.issue(json!({})), ..visitor };
    assert_eq!(visitor.get("subscriptions/list").await.json()[0]["webhook"]["status"], "expired");
}

#[tokio::test]
async fn notifications_are_paged_like_content() {
    let visitor = visitor(json!({"blobs": 60, "pageSize": 5, "now": "2026-11-20T12:00:00Z"}));
    let path = visitor.day("Audit.Exchange").replace("/content?", "/notifications?");
    assert_eq!(visitor.get(&path).await.refusal(), (400, "AF20022".into()));
    visitor.control("set_subscription", json!({"contentType": "Audit.Exchange", "status": "enabled"}));
    assert_eq!(visitor.get(&path).await.json(), json!([]), "no webhook, no notifications");
    let webhook = json!({"address": "https://127.0.0.1:9/"});
    let args = json!({"contentType": "Audit.Exchange", "status": "enabled", "webhook": webhook});
    visitor.control("set_subscription", args);
    let (mut rows, mut next) = (vec![], Some(visitor.operation(&path)));
    while let Some(url) = next {
        let page = visitor.fetch(&url).await;
        assert!(page.json().as_array().unwrap().len() <= 5);
        rows.extend(page.json().as_array().unwrap().clone());
        next = page.header("nextpageuri").map(|link| visitor.publish(link));
        assert!(next.as_ref().is_none_or(|link| link.contains("/subscriptions/notifications?")));
    }
    let success = rows.iter().filter(|row| row["notificationStatus"] == "success").count();
    assert_eq!(success, visitor.list("Audit.Exchange").await.len());
    assert!(rows.len() > success, "some took two attempts");
}
