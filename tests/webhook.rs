//! The webhook receiver behind a real server, with the sandbox delivering.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use m365kit::audit::{ContentType, WebhookKind, WebhookReceiver, WebhookService, WebhookTarget};
use m365kit::{Client, ErrorKind};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(20);

fn sandbox() -> Sandbox {
    let config = json!({"blobs": 0, "subscribed": [], "webhookHttp": true, "webhookRetry": [0.1, 0.1, 0.1]});
    Sandbox::start_json(config.to_string().as_bytes()).unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    client_of(&sandbox.describe()).rate_limit(60_000.0).build().unwrap()
}

/// Serves the receiver on a port of its own, as a program would, and gives its address.
async fn serve(service: WebhookService) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/m365", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

fn target(address: &str, auth_id: &str) -> WebhookTarget {
    WebhookTarget { address: address.to_owned(), auth_id: Some(auth_id.to_owned()), expiration: None }
}

fn add(sandbox: &Sandbox, ids: &[&str]) -> Value {
    let records: Vec<_> =
        ids.iter().map(|id| json!({"Id": id, "RecordType": 1, "Operation": "Set-Mailbox"})).collect();
    sandbox.control("add_content", json!({"contentType": "Audit.Exchange", "records": records})).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_validates_the_receiver_before_a_start_succeeds() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let address = serve(client.audit().webhook().auth_id("agreed").service().unwrap()).await;
    let audit = client.audit();
    let start = |auth_id| audit.start_with_webhook(ContentType::Exchange, target(&address, auth_id));
    let error = start("another").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::InvalidRequest, Some("AF20021")));
    assert_eq!(start("agreed").await.unwrap().webhook.unwrap().address.as_ref(), Some(&address));
}

#[tokio::test(flavor = "multi_thread")]
async fn announced_content_reaches_a_follower_before_it_looks_again() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let address = serve(client.audit().webhook().auth_id("agreed").service().unwrap()).await;
    let target = target(&address, "agreed");
    client.audit().start_with_webhook(ContentType::Exchange, target).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut pages = client
        .audit()
        .follow(folder.path())
        .content_types([ContentType::Exchange])
        .poll_interval(Duration::from_secs(3_600))
        .stream();
    let mut ids: Vec<String> = Vec::new();
    let mut added = false;
    let work = async {
        while ids.len() < 2 {
            let page = pages.next_page().await.unwrap().unwrap();
            assert!(page.errors.is_empty(), "{:?}", page.errors);
            ids.extend(page.items.into_iter().filter_map(|record| record.id().map(str::to_owned)));
        }
    };
    let deliver = async {
        // The follower listens before it lists: content from then on is announced to it.
        while !added {
            let ledger = sandbox.control("ledger", json!({"path": "/subscriptions/content"})).unwrap();
            added = ledger["requests"].as_array().is_some_and(|requests| !requests.is_empty());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        add(&sandbox, &["a", "b"]);
    };
    tokio::time::timeout(SOON, async { tokio::join!(work, deliver) }).await.unwrap();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_the_deliveries_every_blob_comes_once() {
    const BLOBS: usize = 60;
    let sandbox = sandbox();
    let client = client(&sandbox);
    let address = serve(client.audit().webhook().auth_id("agreed").service().unwrap()).await;
    client.audit().start_with_webhook(ContentType::Exchange, target(&address, "agreed")).await.unwrap();
    let faults =
        json!({"share": 0.33, "seed": 7, "actions": ["drop", "delay", "duplicate", "reorder", "fail"]});
    sandbox.control("webhook_faults", faults).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut pages = client
        .audit()
        .follow(folder.path())
        .content_types([ContentType::Exchange])
        .poll_interval(Duration::from_millis(250))
        .lag(Duration::from_secs(3))
        .stream();
    let mut ids: Vec<String> = Vec::new();
    let work = async {
        // When all have come, on until what is announced or listed once more has had time to come twice.
        let mut end = tokio::time::Instant::now() + 2 * SOON;
        while let Ok(page) = tokio::time::timeout_at(end, pages.next_page()).await {
            let page = page.unwrap().unwrap();
            assert!(page.errors.is_empty(), "{:?}", page.errors);
            let before = ids.len();
            ids.extend(page.items.into_iter().filter_map(|record| record.id().map(str::to_owned)));
            if before < 2 * BLOBS && ids.len() >= 2 * BLOBS {
                end = tokio::time::Instant::now() + Duration::from_secs(5);
            }
        }
    };
    let grow = async {
        for blob in 0..BLOBS {
            add(&sandbox, &[&format!("{blob}-a"), &format!("{blob}-b")]);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    tokio::join!(work, grow);
    let fetched = sandbox.control("ledger", json!({"path": "/activity/feed/audit/"})).unwrap();
    assert_eq!(fetched["requests"].as_array().unwrap().len(), BLOBS);
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!((all, ids.len()), (2 * BLOBS, 2 * BLOBS));
}

#[tokio::test]
async fn what_is_received_is_told_and_nothing_is_fetched() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    let tenant = sandbox.describe()["tenant"].as_str().unwrap().to_owned();
    let body = json!([{"tenantId": tenant, "clientId": null, "contentType": "Audit.General", "contentId": "1$a",
        "contentUri": "https://evil.example/1$a"}]);
    let body = body.to_string();
    let receive = async |receiver: WebhookReceiver| {
        receiver.handle(&http::Method::POST, &http::HeaderMap::new(), body.as_bytes()).await
    };
    let receiver = client.audit().webhook();
    let reply = receive(receiver.clone()).await.unwrap();
    assert_eq!((reply.status, &reply.kind), (200, &WebhookKind::Notifications));
    assert_eq!(reply.notifications[0].content_uri, None);
    assert!(reply.warnings[0].contains("foreign host"), "{:?}", reply.warnings);

    let others = receiver.clone().tenants(["00000000-0000-0000-0000-000000000001"]);
    let reply = receive(others).await.unwrap();
    assert_eq!((reply.status, &reply.kind), (400, &WebhookKind::Rejected));
    assert!(sandbox.control("ledger", json!({})).unwrap()["requests"].as_array().unwrap().is_empty());

    client.close();
    assert_eq!(receive(receiver).await.unwrap_err().kind(), ErrorKind::Cancelled);
}
