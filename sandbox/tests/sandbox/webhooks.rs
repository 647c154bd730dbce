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

/// Waits until so many different contents were told of, and gives the messages.
async fn told(visitor: &Visitor, receiver: &Receiver, contents: usize) -> Vec<Vec<String>> {
    for _ in 0..600 {
        let messages: Vec<Vec<String>> = receiver.deliveries();
        let unique: std::collections::HashSet<_> = messages.iter().flatten().collect();
        if unique.len() >= contents {
            return messages;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{}", visitor.control("webhooks", json!({})));
}

impl Receiver {
    /// Ids of the contents in each delivery.
    fn deliveries(&self) -> Vec<Vec<String>> {
        let id = |item: &Value| item["contentId"].as_str().unwrap().to_owned();
        let messages = self.messages().into_iter().filter_map(|(_, body)| body.as_array().cloned());
        messages.map(|items| items.iter().map(id).collect()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_and_late_content_is_delivered_without_being_asked() {
    let receiver = Receiver::new().await;
    let live = json!({"blobsPerMinute": 120, "contentTypes": ["Audit.Exchange"]});
    let visitor = visitor(json!({"blobs": 5, "live": live, "late": {"share": 0.5, "seconds": 600}}));
    start(&visitor, json!({"address": receiver.address})).await;
    visitor.control("live", json!({"blobsPerMinute": 600, "contentTypes": ["Audit.Exchange"]}));
    visitor.control("advance", json!({"seconds": 30}));
    visitor.control("live", json!({"blobsPerMinute": null}));
    let prompt = visitor.list("Audit.Exchange").await.len();
    visitor.control("advance", json!({"seconds": 601}));
    let listed = visitor.list("Audit.Exchange").await;
    assert!(listed.len() > prompt + 100, "{prompt} {}", listed.len());
    let later = args_listed_later(&visitor);
    let messages = told(&visitor, &receiver, listed.len() - 5).await;
    assert!(messages.iter().all(|ids| (1..=10).contains(&ids.len())));
    let all: Vec<_> = messages.iter().flatten().collect();
    let unique: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "each once");
    assert!(!all.contains(&&later));
    visitor.control("advance", json!({"seconds": 61}));
    told(&visitor, &receiver, all.len() + 1).await;
    assert!(receiver.deliveries().concat().contains(&later), "when it is listed");
}

/// Adds a content that is listed in a minute.
fn args_listed_later(visitor: &Visitor) -> String {
    let listed = visitor.ago(-60) + "Z";
    let args = json!({"contentType": "Audit.Exchange", "records": [], "listedAt": listed});
    visitor.control("add_content", args)["contentId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_go_wrong_in_each_way_and_every_content_still_arrives() {
    for action in ["drop", "delay", "duplicate", "reorder", "fail"] {
        let receiver = Receiver::new().await;
        let faults = json!({"share": 0.5, "seed": 4, "actions": [action], "delay": 0.1});
        let visitor = visitor(json!({"webhookRetry": [0.05, 0.1], "webhookFaults": faults}));
        start(&visitor, json!({"address": receiver.address})).await;
        let mut added = vec![];
        for _ in 0..12 {
            visitor.control("advance", json!({"seconds": 1}));
            added.push(add(&visitor)["contentId"].as_str().unwrap().to_owned());
            visitor.control("advance", json!({"seconds": 0.01}));
            visitor.control("pump_webhooks", json!({}));
        }
        let messages = told(&visitor, &receiver, added.len()).await;
        let noted = visitor.control("webhooks", json!({}));
        let struck = noted["deliveries"].as_array().unwrap().iter().filter(|one| one["fault"] == action);
        let struck: Vec<_> = struck.collect();
        assert!(!struck.is_empty(), "{action}: {noted}");
        let order: Vec<_> = messages.concat();
        match action {
            "drop" => assert!(struck.iter().all(|one| one["status"].is_null()), "{struck:?}"),
            "fail" => assert!(struck.iter().all(|one| one["status"] == 200), "{struck:?}"),
            "duplicate" => assert!(order.len() > added.len()),
            _ => {}
        }
        if action == "reorder" {
            assert_ne!(order, added);
        }
        let path = visitor.day("Audit.Exchange").replace("/content?", "/notifications?");
        let rows = visitor.get(&path).await.json();
        let failed =
            rows.as_array().unwrap().iter().filter(|row| row["notificationStatus"] == "failed").count();
        assert_eq!(failed > 0, matches!(action, "drop" | "fail"), "{action}");
        visitor.control("webhook_faults", json!(null));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_disabled_by_itself_when_nobody_answers() {
    let receiver = Receiver::new().await;
    let visitor = visitor(json!({"webhookRetry": [0.01]}));
    start(&visitor, json!({"address": receiver.address})).await;
    *receiver.status.lock().unwrap() = 500;
    visitor.control("advance", json!({"seconds": 1}));
    add(&visitor);
    for _ in 0..500 {
        let hook = visitor.get("subscriptions/list").await.json()[0]["webhook"]["status"].clone();
        if hook == "disabled" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{}", visitor.control("webhooks", json!({})));
}

#[tokio::test]
async fn a_webhook_may_be_in_any_state() {
    let visitor = visitor(json!({}));
    for status in ["enabled", "disabled", "expired"] {
        let args =
            json!({"contentType": "Audit.Exchange", "status": "enabled", "webhook": {"status": status}});
        assert_eq!(visitor.control("set_subscription", args)["webhook"]["status"], status);
        assert_eq!(visitor.get("subscriptions/list").await.json()[0]["webhook"]["status"], status);
    }
}
