//! Many tenants in one process: clients that make connections alike share them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use futures::TryStreamExt;
use m365kit::audit::ContentType;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};

fn stats(sandbox: &Sandbox) -> Value {
    sandbox.control("stats", json!({})).unwrap()
}

#[tokio::test]
async fn clients_share_connections_and_keep_a_pace_of_their_own() {
    let sandbox = Sandbox::start_json(json!({"blobs": 4, "records": 2}).to_string().as_bytes()).unwrap();
    let clients: Vec<_> =
        (0..20).map(|_| client_of(&sandbox.describe()).rate_limit(60_000.0).build().unwrap()).collect();
    for client in &clients {
        let records: Vec<_> =
            client.audit().records([ContentType::Exchange]).stream().try_collect().await.unwrap();
        assert!(!records.is_empty());
    }
    let connections = stats(&sandbox)["connections"].as_u64().unwrap();
    let requests = stats(&sandbox)["requests"].as_u64().unwrap();
    assert!(requests >= 60, "{requests} requests");
    assert!(connections < 20, "{connections} connections for 20 clients");
}

#[tokio::test]
async fn clients_that_make_connections_otherwise_do_not_share_them() {
    let sandbox = Sandbox::start_json(json!({"blobs": 0}).to_string().as_bytes()).unwrap();
    for name in ["one/1.0", "two/2.0"] {
        let client = client_of(&sandbox.describe()).user_agent(name).build().unwrap();
        client.audit().list_subscriptions().await.unwrap();
    }
    let ledger = sandbox.control("ledger", json!({"path": "/subscriptions/list"})).unwrap();
    let agents: Vec<_> =
        ledger["requests"].as_array().unwrap().iter().map(|r| r["headers"]["user-agent"].clone()).collect();
    assert_eq!(agents, ["one/1.0", "two/2.0"]);
}
