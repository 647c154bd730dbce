use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Client, claims, grant};
use crate::visitor::{Answer, send};

const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;

async fn token(client: &Client, resource: &str, asked: &str) -> String {
    let scope = format!("{resource}/.default");
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_secret", client.secret.as_str()),
        ("scope", &scope),
    ];
    if !asked.is_empty() {
        form.push(("claims", asked));
    }
    let answer = client.token(&form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn call(client: &Client, token: &str) -> Answer {
    let (graph, management) = (client.graph(), client.url.clone());
    let url = if claims(token)["aud"] == graph.as_str() {
        format!("{graph}/v1.0/organization")
    } else {
        format!("{management}/api/v1.0/{}/activity/feed/subscriptions/list", client.tenant)
    };
    send(client.http.get(url).bearer_auth(token)).await.unwrap()
}

/// The claims of a challenge.
fn challenged(answer: &Answer) -> Value {
    let header = answer.header("www-authenticate").unwrap();
    assert!(header.contains("error=\"insufficient_claims\""), "{header}");
    let claims = header.split_once("claims=\"").unwrap().1.trim_end_matches('"');
    serde_json::from_slice(&BASE64_STANDARD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn who_declares_it_is_challenged_and_who_does_not_is_just_refused() {
    let client = Client::usual();
    for resource in [client.graph(), client.url.clone()] {
        let capable = token(&client, &resource, CAPABLE).await;
        let plain = token(&client, &resource, "").await;
        assert_eq!(claims(&capable)["xms_cc"], json!(["cp1"]));
        assert!(claims(&plain).get("xms_cc").is_none());
        assert_eq!((call(&client, &capable).await.status, call(&client, &plain).await.status), (200, 200));
        client.control("revoke_tokens", json!({}));
        let refused = call(&client, &capable).await;
        assert_eq!(refused.status, 401);
        let asked = challenged(&refused);
        assert_eq!(asked["access_token"]["nbf"]["essential"], true);
        let since: i64 = asked["access_token"]["nbf"]["value"].as_str().unwrap().parse().unwrap();
        assert!((client.now()..client.now() + 3).contains(&since));
        let refused = call(&client, &plain).await;
        assert_eq!(refused.status, 401);
        assert!(
            refused.header("www-authenticate").is_none_or(|header| !header.contains("insufficient_claims"))
        );
        // A new token will do.
        assert_eq!(call(&client, &token(&client, &resource, "").await).await.status, 200);
    }
}

#[tokio::test]
async fn an_insisting_challenge_wants_its_claims_back() {
    let client = Client::usual();
    let graph = client.graph();
    let first = token(&client, &graph, CAPABLE).await;
    client.control("revoke_tokens", json!({"insist": true}));
    let mut asked = challenged(&call(&client, &first).await);
    let without = token(&client, &graph, CAPABLE).await;
    challenged(&call(&client, &without).await);
    asked["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    let with = token(&client, &graph, &asked.to_string()).await;
    assert_eq!(call(&client, &with).await.status, 200);
    client.control("relent", json!({}));
    assert_eq!(call(&client, &without).await.status, 200);
}

#[tokio::test]
async fn only_the_tokens_that_are_meant_are_revoked() {
    let client = Client::usual();
    let body = client.signed_in().await;
    let user = body["access_token"].as_str().unwrap();
    let app = token(&client, &client.url, "").await;
    let name = "sadie.lund@contoso.onmicrosoft.com";
    assert_eq!(client.control("revoke_tokens", json!({"user": name}))["revoked"], 1);
    assert_eq!((call(&client, user).await.status, call(&client, &app).await.status), (401, 200));
    let other = "99999999-0000-4000-8000-000000000000";
    assert_eq!(client.control("revoke_tokens", json!({"clientId": other}))["revoked"], 0);
}

#[tokio::test]
async fn capable_clients_may_have_long_lives() {
    let client = Client::usual();
    client.control("set_behaviour", json!({"capableLifetime": 100_800}));
    let life = |token: &str| claims(token)["exp"].as_i64().unwrap() - claims(token)["iat"].as_i64().unwrap();
    assert_eq!(life(&token(&client, &client.url, CAPABLE).await), 100_800);
    assert_eq!(life(&token(&client, &client.url, "").await), 3_599);
}

#[tokio::test]
async fn claims_are_a_json_object() {
    let client = Client::usual();
    let scope = format!("{}/.default", client.url);
    for wrong in ["{", "[]", "1"] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_secret", client.secret.as_str()),
            ("scope", &scope),
            ("claims", wrong),
        ];
        assert_eq!(client.refusal(&form).await, grant("invalid_request", 9_002_313), "{wrong}");
    }
}
