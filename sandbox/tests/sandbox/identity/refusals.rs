use serde_json::{Value, json};

use super::{Client, grant};
use crate::visitor::Answer;

async fn ask(client: &Client) -> Answer {
    let scope = format!("{}/.default", client.url);
    let form =
        [("grant_type", "client_credentials"), ("client_secret", client.secret.as_str()), ("scope", &scope)];
    client.token(&form).await
}

#[tokio::test]
async fn every_number_can_be_raised() {
    let client = Client::usual();
    let numbers = client.control("aadsts", json!({}))["numbers"].as_array().unwrap().clone();
    assert!(numbers.len() > 90, "{}", numbers.len());
    for number in numbers {
        client.control("fault", json!({"match": {"operation": "token"}, "action": {"aadsts": number}}));
        let refused = ask(&client).await;
        assert_eq!(super::refusal(&refused).2, number.as_u64().unwrap());
        let expected = match refused.json()["error"].as_str().unwrap() {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            "too_many_requests" => 429,
            _ => 400,
        };
        assert_eq!(refused.status, expected, "{number}");
    }
    assert_eq!(ask(&client).await.status, 200);
}

#[tokio::test]
async fn a_refusal_can_be_dressed() {
    let client = Client::usual();
    let claims = json!({"access_token": {"acrs": {"essential": true, "value": "c1"}}});
    let action = json!({
        "aadsts": 50_076, "error": "invalid_grant", "suberror": "basic_action", "claims": claims,
        "message": "Show more.", "status": 429, "headers": {"Retry-After": "7"},
    });
    client.control("fault", json!({"match": {"operation": "token"}, "action": action}));
    let refused = ask(&client).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("7")));
    let body = refused.json();
    assert_eq!(
        (body["error"].as_str(), body["suberror"].as_str()),
        (Some("invalid_grant"), Some("basic_action"))
    );
    let inner: Value = serde_json::from_str(body["claims"].as_str().unwrap()).unwrap();
    assert_eq!(inner, claims);
    assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS50076: Show more. Trace ID: "));
    client.control("set_behaviour", json!({"errorLines": true}));
    client.control("fault", json!({"match": {"operation": "token"}, "action": {"aadsts": 50_076}}));
    let body = ask(&client).await.json();
    assert!(body["error_description"].as_str().unwrap().contains("\r\nTrace ID: "), "{body}");
}

#[tokio::test]
async fn browsers_are_sent_back_with_a_fault() {
    let client = Client::usual();
    client.control("fault", json!({"match": {"operation": "authorize"}, "action": {"aadsts": 53_003}}));
    let (uri, back) = client.sign_in(&[]).await;
    assert_eq!((uri.as_str(), back["error"].as_str()), ("http://localhost:4000", "interaction_required"));
    assert_eq!(back["state"], "the state");
    client.control("fault", json!({"match": {"operation": "device_code"}, "action": {"aadsts": 90_033}}));
    let form = [("client_id", client.id.as_str()), ("scope", "openid")];
    let refused = client.post_to(&client.tenant, "oauth2/v2.0/devicecode", &form).await;
    assert_eq!(super::refusal(&refused), (503, "temporarily_unavailable".into(), 90_033));
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused() {
    let client = Client::usual();
    for action in [
        json!({"aadsts": 1}),
        json!({"suberror": "bad_token"}),
        json!({"aadsts": 50_076, "body": "text"}),
        json!({"aadsts": 50_076, "code": "AF20010"}),
    ] {
        assert!(client.visitor.sandbox.control("fault", json!({ "action": action })).is_err(), "{action}");
    }
    let (error, number) = ("made_up", 1);
    let action = json!({"aadsts": number, "error": error});
    client.control("fault", json!({"match": {"operation": "token"}, "action": action}));
    assert_eq!(super::refusal(&ask(&client).await), grant(error, number));
}

#[tokio::test]
async fn refusals_can_be_traced() {
    let client = Client::usual();
    let refused = client.token(&[("grant_type", "client_credentials"), ("client_secret", "wrong")]).await;
    let body = refused.json();
    assert_eq!(refused.header("x-ms-request-id"), body["trace_id"].as_str());
    let id = body["correlation_id"].as_str().unwrap();
    assert!(body["error_description"].as_str().unwrap().contains(&format!("Correlation ID: {id}")));
    let twice = [("grant_type", "client_credentials"), ("scope", "a"), ("scope", "b")];
    assert_eq!(client.refusal(&twice).await, grant("invalid_request", 9_000_411));
}

#[tokio::test]
async fn answers_can_be_odd() {
    let client = Client::usual();
    let with = async |behaviour: Value| {
        client.control("set_behaviour", behaviour);
        ask(&client).await
    };
    let body = with(json!({"refreshIn": 1800, "extExpiresIn": 7200})).await.json();
    assert_eq!((body["refresh_in"].as_i64(), body["ext_expires_in"].as_i64()), (Some(1_800), Some(7_200)));
    let body = with(json!({"stringNumbers": true})).await.json();
    assert_eq!((body["expires_in"].as_str(), body["refresh_in"].as_str()), (Some("3599"), Some("1800")));
    let body = with(json!({"tokenType": "pop", "omitExpiresIn": true})).await.json();
    assert_eq!((body["token_type"].as_str(), body.get("expires_in")), (Some("pop"), None));
    let broken = with(json!({"malformed": true})).await;
    assert_eq!(broken.status, 200);
    assert!(serde_json::from_slice::<Value>(&broken.body).is_err());
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let client = Client::usual();
    for (name, args) in [
        ("set_behaviour", json!({"device": []})),
        ("set_behaviour", json!({"codeLifetime": 0})),
        ("set_behaviour", json!({"unknown": 1})),
        ("set_behaviour", json!([])),
        ("set_app", json!({"unknown": 1})),
        ("device_code", json!({"steps": []})),
        ("make_certificate", json!({"bits": 1024})),
        ("issue_token", json!({"user": "nobody"})),
        ("revoke_tokens", json!({"everything": true})),
    ] {
        let error = client.visitor.sandbox.control(name, args).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
    for config in [
        json!({"identity": {"behaviour": {"device": []}}}),
        json!({"identity": {"apps": [{}, {}]}}),
        json!({"identity": {"users": [{"name": "nobody"}]}}),
        json!({"identity": {"managed": {"lifetime": 0}}}),
    ] {
        let error =
            m365kit_sandbox::Sandbox::start_json(config.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains("identity."), "{error}");
    }
}

#[tokio::test]
async fn a_directory_may_have_more_applications() {
    let other = "99999999-0000-4000-8000-000000000000";
    let apps = json!([{"clientId": other, "secrets": [{"value": "its own"}]}, {"publicClient": false}]);
    let client = Client::new(json!({"blobs": 0, "identity": {"apps": apps}}));
    assert_eq!(ask(&client).await.status, 200);
    let scope = format!("{}/.default", client.url);
    let form = |id, secret| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", scope.as_str()),
        ]
    };
    let answer = client.token(&form(other, "its own")).await;
    assert_eq!(super::claims(answer.json()["access_token"].as_str().unwrap())["appid"], other);
    assert_eq!(client.refusal(&form(other, &client.secret)).await, grant("invalid_client", 7_000_215));
}

#[tokio::test]
async fn secrets_expire_and_applications_are_changed() {
    let client = Client::usual();
    let old = json!({"value": "an old one", "expires": "2020-01-01T00:00:00Z"});
    client.control("set_app", json!({"secrets": [old, {"value": "a new one"}]}));
    assert_eq!(super::refusal(&ask(&client).await), grant("invalid_client", 7_000_215));
    let form = |secret: &'static str| [("grant_type", "client_credentials"), ("client_secret", secret)];
    assert_eq!(client.refusal(&form("an old one")).await, grant("invalid_client", 7_000_222));
    assert_eq!(client.refusal(&form("a new one")).await, grant("invalid_scope", 1_002_012));
}
