use serde_json::json;

use super::Client;
use crate::visitor::send;

#[tokio::test]
async fn the_ledger_says_how_a_token_was_asked_for() {
    let client = Client::usual();
    client.control("clear_ledger", json!({}));
    let scope = format!("{}/.default", client.url);
    client
        .token(&[("grant_type", "client_credentials"), ("client_secret", &client.secret), ("scope", &scope)])
        .await;
    client.signed_in().await;
    let federated = client.control("federated_token", json!({}))["token"].as_str().unwrap().to_owned();
    client.token(&[("grant_type", "client_credentials"), ("client_assertion", &federated)]).await;
    send(client.http.get(format!("{}/metadata/identity/oauth2/token", client.url))).await.unwrap();
    let form = [("client_id", client.id.as_str()), ("scope", "openid")];
    client.post_to(&client.tenant, "oauth2/v2.0/devicecode", &form).await;
    let rows = client.visitor.ledger(json!({}));
    let logins: Vec<_> = rows
        .iter()
        .filter(|row| row.get("login").is_some())
        .map(|row| (row["login"]["grant"].as_str().unwrap(), row["login"]["credential"].as_str().unwrap()))
        .collect();
    assert_eq!(
        logins,
        [
            ("client_credentials", "secret"),
            ("authorization_code", "none"),
            ("client_credentials", "federated"),
            ("managed_identity", "imds"),
            ("devicecode", "none"),
        ]
    );
    assert_eq!(client.visitor.ledger(json!({"operation": "authorize"})).len(), 1);
}

#[tokio::test]
async fn no_secret_is_in_the_ledger_and_all_are_on_the_list() {
    let client = Client::usual();
    let body = client.signed_in().await;
    let refresh = body["refresh_token"].as_str().unwrap();
    client.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    let form = [("client_id", client.id.as_str()), ("scope", "openid")];
    let device = client.post_to(&client.tenant, "oauth2/v2.0/devicecode", &form).await.json();
    let device = device["device_code"].as_str().unwrap();
    client.token(&[("grant_type", "device_code"), ("device_code", device)]).await;
    let identity = client.visitor.sandbox.describe()["identity"].clone();
    let header = identity["managed"]["header"].as_str().unwrap();
    let url = format!("{}/msi/app-service/token?api-version=2019-08-01&resource={}", client.url, client.url);
    send(client.http.get(url).header("X-IDENTITY-HEADER", header)).await.unwrap();
    client.token(&[("grant_type", "client_credentials"), ("client_secret", &client.secret)]).await;

    let secrets = client.control("secrets", json!({}))["secrets"].as_array().unwrap().clone();
    let has = |kind: &str, value: &str| secrets.contains(&json!({"kind": kind, "value": value}));
    for (kind, value) in [
        ("access_token", body["access_token"].as_str().unwrap()),
        ("id_token", body["id_token"].as_str().unwrap()),
        ("refresh_token", refresh),
        ("device_code", device),
        ("client_secret", &client.secret),
        ("identity_header", header),
    ] {
        assert!(has(kind, value), "{kind}");
    }
    assert!(secrets.iter().any(|secret| secret["kind"] == "code"));
    let ledger = json!(client.visitor.ledger(json!({}))).to_string();
    for secret in secrets {
        let value = secret["value"].as_str().unwrap();
        assert!(!ledger.contains(value), "{secret}");
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        assert!(!ledger.contains(&encoded), "{secret}");
    }
}
