use serde_json::json;

use super::{Finder, JSON, each};
use crate::identity::Client;

#[tokio::test]
async fn fixtures_differ_by_user() {
    let finder = Finder::usual();
    finder
        .visitor
        .control("discovery_user", json!({"name": "ARNE.holt@contoso.onmicrosoft.com", "licensed": false}));
    let unlicensed = Finder { token: finder.token_of("arne.holt@contoso.onmicrosoft.com"), ..finder };
    let answer = unlicensed.get("v1.0/me/services", JSON).await;
    assert_eq!((answer.status, &answer.json()["value"]), (200, &json!([])));
    let limited = unlicensed.signed_in("sadie.lund@contoso.onmicrosoft.com");
    let sadie = |consented: serde_json::Value| {
        let user = json!({"name": "sadie.lund@contoso.onmicrosoft.com", "consented": consented});
        limited.visitor.control("discovery_user", user);
    };
    sadie(json!(["mail", "MyFiles"]));
    assert_eq!(each(&limited.rows("v1.0/me/services").await, "capability"), ["MyFiles", "Mail"]);
    sadie(json!([]));
    assert_eq!(limited.get("v1.0/me/services", JSON).await.refusal(), (403, "AccessDenied".into()));
    let personal = limited.signed_in("sadie.lund@mail.example");
    let rows = personal.rows("v1.0/me/services").await;
    assert_eq!(each(&rows, "capability"), ["Mail", "Calendar", "Contacts", "Notes"]);
    assert!(rows.iter().all(|row| row["serviceAccountType"] == 1));
}

#[tokio::test]
async fn services_want_a_token_of_their_own() {
    let finder = Finder::usual();
    let nobody = finder.anonymous("discovery/v1.0/me/services", JSON).await;
    assert_eq!(
        (nobody.status, nobody.header("www-authenticate"), nobody.body.len()),
        (401, Some("Bearer"), 0)
    );
    let audience = finder.audience();
    for wrong in [finder.url.as_str(), audience.trim_end_matches('/'), "https://graph.microsoft.com"] {
        let token = finder.visitor.issue(json!({"audience": wrong}));
        let services = format!("{}/discovery/v1.0/me/services", finder.url);
        let answer = crate::visitor::send(finder.http.get(services).bearer_auth(token)).await.unwrap();
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("audience"), "{wrong}");
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{wrong}");
    }
    // And theirs opens nothing else.
    let elsewhere = finder.visitor.operation("subscriptions/list");
    assert_eq!(
        crate::visitor::send(finder.http.get(elsewhere).bearer_auth(&finder.token)).await.unwrap().status,
        401
    );
    finder.visitor.control("expire_tokens", json!({}));
    assert_eq!(finder.get("v1.0/me/services", JSON).await.status, 401);
}

#[tokio::test]
async fn both_token_endpoints_know_the_audience() {
    let client = Client::usual();
    let services = format!("{}/discovery/v1.0/me/services", client.url);
    for audience in [format!("{}/discovery/", client.url), "https://api.office.com/discovery/".to_owned()] {
        let scope = format!("{audience}/.default");
        let (id, secret) = (client.id.as_str(), client.secret.as_str());
        let app = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let first = [&app[..], &[("resource", audience.as_str())]].concat();
        let second = [&app[..], &[("scope", scope.as_str())]].concat();
        let mut tokens = vec![
            client.post_to(&client.tenant, "oauth2/token", &first).await,
            client.post_to(&client.tenant, "oauth2/v2.0/token", &second).await,
        ];
        let started = [("client_id", id), ("scope", scope.as_str())];
        let code = client.post_to(&client.tenant, "oauth2/v2.0/devicecode", &started).await.json();
        client.control("device_code", json!({"steps": ["approved"]}));
        let poll = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", code["device_code"].as_str().unwrap()),
            ("client_id", id),
        ];
        tokens.push(client.post_to(&client.tenant, "oauth2/v2.0/token", &poll).await);
        for answer in tokens {
            let body = answer.json();
            let token = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}"));
            let found = crate::visitor::send(client.http.get(&services).bearer_auth(token)).await.unwrap();
            assert_eq!(
                (found.status, found.json()["value"].as_array().unwrap().len()),
                (200, 7),
                "{audience}"
            );
        }
    }
}

#[tokio::test]
async fn the_ledger_tells_who_sent_a_token() {
    let finder = Finder::usual();
    finder.anonymous("discovery/v1.0/me/AllServices", "").await;
    finder.get("v1.0/me/ALLSERVICES", "").await;
    let seen = finder.visitor.ledger(json!({"operation": "discovery"}));
    assert_eq!(seen.len(), 2);
    assert!(seen[0]["headers"].get("authorization").is_none());
    assert!(seen[1]["headers"]["authorization"].as_str().unwrap().starts_with("Bearer #"));
}

#[tokio::test]
async fn what_is_retired_is_gone() {
    let finder = Finder::new(json!({"retired": true}));
    for path in ["", "v2.0/me", "v1.0/me/services", "v2.0/me/AllServices", "v1.0/me/FirstSignIn?scope=a", "x"]
    {
        assert_eq!(finder.get(path, JSON).await.refusal(), (410, "Gone".into()), "{path}");
    }
    finder.set(json!({"retired": false}));
    assert_eq!(finder.get("v1.0/me/services", JSON).await.status, 200);
}

#[tokio::test]
async fn faults_strike_it_in_its_own_words() {
    let finder = Finder::usual();
    let rule = json!({"match": {"operation": "discovery"}, "action": {"status": 503}, "when": "always"});
    finder.visitor.control("fault", rule);
    assert_eq!(finder.get("v1.0/me/services", JSON).await.refusal(), (503, "ServiceUnavailable".into()));
    assert!(finder.get("me/services", "").await.body.starts_with(b"<?xml"));
}

#[tokio::test]
async fn only_reading_is_known() {
    let finder = Finder::usual();
    let request = finder.http.post(format!("{}/discovery/v1.0/me/services", finder.url)).body("");
    let answer = crate::visitor::send(request.header("content-length", 0)).await.unwrap();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let visitor = crate::visitor::Visitor::new(json!({"blobs": 0}));
    for (wrong, reason) in [
        (json!({"users": {"sadie": {}}}), "users"),
        (json!({"auto": "sadie"}), "auto"),
        (json!({"domains": {"sadie@contoso.example": {}}}), "domains"),
        (json!({"domains": {"contoso.example": {"refused": true}}}), "no cloud"),
        (json!({"pageSize": 0}), "pageSize"),
        (json!({"error": ""}), "error"),
        (json!({"mischief": "harmless"}), "harmless"),
        (json!({"colour": 1}), "colour"),
    ] {
        let error = visitor.sandbox.control("set_discovery", wrong.clone()).unwrap_err().to_string();
        assert!(error.starts_with("set_discovery: ") && error.contains(reason), "{error}");
        let config = json!({"discovery": wrong}).to_string();
        let error = m365kit_sandbox::Sandbox::start_json(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
