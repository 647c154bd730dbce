use serde_json::{Value, json};

use super::{Client, arrived, claims, grant};
use crate::visitor::{Answer, send};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(client: &Client) -> Value {
    let scope = client.scopes();
    let form = [("client_id", client.id.as_str()), ("scope", &scope)];
    let answer = client.post_to("organizations", "oauth2/v2.0/devicecode", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn poll(client: &Client, started: &Value) -> Answer {
    let code = started["device_code"].as_str().unwrap();
    client.token(&[("grant_type", GRANT), ("device_code", code)]).await
}

#[tokio::test]
async fn a_device_polls_until_its_user_has_agreed() {
    let client = Client::usual();
    let started = start(&client).await;
    assert_eq!((started["expires_in"].as_i64(), started["interval"].as_i64()), (Some(900), Some(5)));
    assert!(started["message"].as_str().unwrap().contains(started["user_code"].as_str().unwrap()));
    assert!(started.get("verification_uri_complete").is_none());
    assert_eq!(super::refusal(&poll(&client, &started).await), grant("authorization_pending", 70_016));
    let body = poll(&client, &started).await.json();
    assert!(body["refresh_token"].is_string(), "{body}");
    let id = claims(body["id_token"].as_str().unwrap());
    assert_eq!(id["preferred_username"], "sadie.lund@contoso.onmicrosoft.com");
    assert_eq!(super::refusal(&poll(&client, &started).await), grant("invalid_grant", 54_005));
}

#[tokio::test]
async fn every_step_can_be_written_down() {
    let client = Client::usual();
    let script = ["pending", "slow_down", "declined", "expired", "bad", "pending"];
    client.control("set_behaviour", json!({"device": script}));
    let started = start(&client).await;
    for (error, number) in [
        ("authorization_pending", 70_016),
        ("slow_down", 70_016),
        ("authorization_declined", 65_004),
        ("expired_token", 70_019),
        ("bad_verification_code", 70_018),
        ("authorization_pending", 70_016),
        ("authorization_pending", 70_016),
    ] {
        assert_eq!(super::refusal(&poll(&client, &started).await), grant(error, number));
    }
    let other = start(&client).await;
    let codes = client.control("device_codes", json!({}))["codes"].clone();
    assert_eq!(codes.as_array().unwrap().len(), 2);
    let name = "arne.holt@contoso.onmicrosoft.com";
    let order = json!({"userCode": other["user_code"], "steps": ["approved"], "user": name});
    assert_eq!(client.control("device_code", order)["changed"], 1);
    let id = claims(poll(&client, &other).await.json()["id_token"].as_str().unwrap());
    assert_eq!(id["preferred_username"], name);
    assert_eq!(super::refusal(&poll(&client, &started).await), grant("authorization_pending", 70_016));
}

#[tokio::test]
async fn codes_end_by_the_clock() {
    let client = Client::usual();
    let started = start(&client).await;
    client.control("advance", json!({"seconds": 901}));
    assert_eq!(super::refusal(&poll(&client, &started).await), grant("expired_token", 70_019));
    assert_eq!(client.control("device_code", json!({"steps": ["approved"]}))["changed"], 0);
    let unknown = poll(&client, &json!({"device_code": "unknown"})).await;
    assert_eq!(super::refusal(&unknown), grant("bad_verification_code", 70_018));
}

#[tokio::test]
async fn whoever_polls_too_soon_can_be_told_so() {
    let client = Client::usual();
    client.control(
        "set_behaviour",
        json!({"deviceStrict": true, "device": ["pending", "pending", "approved"]}),
    );
    let started = start(&client).await;
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "authorization_pending");
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "slow_down");
    client.control("advance", json!({"seconds": 6}));
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "slow_down");
    client.control("advance", json!({"seconds": 16}));
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "authorization_pending");
    client.control("advance", json!({"seconds": 16}));
    assert_eq!(poll(&client, &started).await.status, 200);
}

#[tokio::test]
async fn the_older_endpoint_has_names_of_its_own() {
    let client = Client::usual();
    client.control("set_behaviour", json!({"device": ["approved"]}));
    let form = [("client_id", client.id.as_str()), ("resource", client.url.as_str())];
    let started = client.post_to("common", "oauth2/devicecode", &form).await.json();
    assert_eq!((started["interval"].as_str(), started["verification_url"].is_string()), (Some("5"), true));
    let form = [
        ("grant_type", "device_code"),
        ("client_id", client.id.as_str()),
        ("resource", client.url.as_str()),
        ("code", started["device_code"].as_str().unwrap()),
    ];
    let body = client.post_to("common", "oauth2/token", &form).await.json();
    assert_eq!(body["resource"], client.url.as_str());
    assert!(body["id_token"].is_string() && body["refresh_token"].is_string(), "{body}");
}

#[tokio::test]
async fn only_public_clients_do_without_a_secret() {
    let client = Client::usual();
    client.control("set_app", json!({"publicClient": false}));
    let started = start(&client).await;
    assert_eq!(super::refusal(&poll(&client, &started).await), grant("invalid_client", 7_000_218));
}

#[tokio::test]
async fn people_type_the_code_into_a_page() {
    let client = Client::new(json!({"blobs": 0, "identity": {"behaviour": {"device": ["pending"]}}}));
    let started = start(&client).await;
    let (page, _) = arrived(started["verification_uri"].as_str().unwrap());
    let shown = send(client.http.get(&page)).await.unwrap();
    assert!(String::from_utf8_lossy(&shown.body).contains("user_code"));
    let answer = async |code: &str, decision: &str| {
        let form = [("user_code", code), ("decision", decision)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        send(client.http.post(&page).body(body)).await.unwrap().status
    };
    let code = started["user_code"].as_str().unwrap();
    assert_eq!(answer("WRONGCODE", "approve").await, 400);
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "authorization_pending");
    assert_eq!(answer(code, "decline").await, 200);
    assert_eq!(super::refusal(&poll(&client, &started).await).1, "authorization_declined");
    assert_eq!(answer(code, "approve").await, 200);
    assert_eq!(poll(&client, &started).await.status, 200);
}

#[tokio::test]
async fn starting_needs_a_client_and_a_scope() {
    let client = Client::usual();
    for (form, expected) in [
        (vec![("scope", "openid")], grant("invalid_request", 900_144)),
        (vec![("client_id", client.id.as_str())], grant("invalid_request", 900_144)),
        (vec![("client_id", "unknown"), ("scope", "openid")], grant("unauthorized_client", 700_016)),
        (
            vec![("client_id", client.id.as_str()), ("scope", "https://unknown.example/x")],
            grant("invalid_resource", 500_011),
        ),
    ] {
        let answer = client.post_to(&client.tenant, "oauth2/v2.0/devicecode", &form).await;
        assert_eq!(super::refusal(&answer), expected, "{form:?}");
    }
}
