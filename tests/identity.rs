//! What is promised of tokens that many requests want at once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use futures::future::join_all;
use m365kit::Client;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::json;
use tokio::sync::watch;

const REQUESTS: usize = 10_000;
/// How long the first token lives, in seconds.
const LIFE: u64 = 2;

fn sandbox() -> Sandbox {
    Sandbox::start_json(json!({"blobs": 0, "subscribed": ["Audit.Exchange"]}).to_string().as_bytes()).unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    client_of(&sandbox.describe()).rate_limit(1e9).build().unwrap()
}

fn live(sandbox: &Sandbox, seconds: u64) {
    sandbox.control("set_behaviour", json!({"capableLifetime": seconds})).unwrap();
}

fn token_requests(sandbox: &Sandbox) -> usize {
    let ledger = sandbox.control("ledger", json!({"path": "/oauth2/v2.0/token"})).unwrap();
    ledger["requests"].as_array().unwrap().len()
}

/// So many requests at once; gives how many failed.
async fn wave(client: &Client, requests: usize) -> usize {
    let sent = (0..requests).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.audit().list_subscriptions().await })
    });
    join_all(sent).await.into_iter().filter(|outcome| !matches!(outcome, Ok(Ok(_)))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_on_a_cold_cache_ask_for_one_token_and_across_its_end_for_one_more() {
    let sandbox = sandbox();
    live(&sandbox, LIFE);
    let client = client(&sandbox);
    let (end, ended) = watch::channel(false);
    let early = wave(&client, REQUESTS / 2);
    let late = async {
        let mut ended = ended;
        ended.wait_for(|ended| *ended).await.unwrap();
        wave(&client, REQUESTS / 2).await
    };
    let token_ends = async {
        // The first token is on its way, or there: those after it live long.
        while token_requests(&sandbox) == 0 {
            tokio::task::yield_now().await;
        }
        live(&sandbox, 3_600);
        tokio::time::sleep(Duration::from_secs(LIFE + 1)).await;
        end.send(true).unwrap();
    };
    let (early, late, ()) = tokio::join!(early, late, token_ends);
    assert_eq!((early, late), (0, 0), "requests that failed");
    assert_eq!(token_requests(&sandbox), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_whose_token_is_revoked_ask_for_one_more() {
    let sandbox = sandbox();
    let client = client(&sandbox);
    assert_eq!(wave(&client, REQUESTS / 10).await, 0);
    assert_eq!(token_requests(&sandbox), 1);
    sandbox.control("expire_tokens", json!({})).unwrap();
    assert_eq!(wave(&client, REQUESTS).await, 0);
    assert_eq!(token_requests(&sandbox), 2);
}

#[tokio::test]
async fn a_token_that_is_still_good_serves_while_its_renewal_fails() {
    let sandbox = sandbox();
    sandbox.control("set_behaviour", json!({"refreshIn": 1})).unwrap();
    let client = client(&sandbox);
    client.audit().list_subscriptions().await.unwrap();
    let fault = json!({"match": {"operation": "token"}, "action": {"aadsts": 7_000_222}, "when": "always"});
    sandbox.control("fault", fault).unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for _ in 0..20 {
        client.audit().list_subscriptions().await.unwrap();
    }
    assert!(token_requests(&sandbox) >= 2, "nobody tried to renew it");
    sandbox.control("expire_tokens", json!({})).unwrap();
    assert_eq!(client.audit().list_subscriptions().await.unwrap_err().code(), Some("AADSTS7000222"));
}
