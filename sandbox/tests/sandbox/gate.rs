use reqwest::Method;
use serde_json::{Value, json};

use crate::visitor::{Visitor, send};

fn with_token(config: Value, token: Value) -> Visitor {
    let visitor = Visitor::new(config);
    Visitor { token: visitor.issue(token), ..visitor }
}

#[tokio::test]
async fn without_a_token_the_gateway_answers() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let url = visitor.operation("subscriptions/list");
    for request in [visitor.http.get(&url), visitor.http.get(&url).bearer_auth("made up")] {
        let refused = send(request).await.unwrap();
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json()["Message"], "Authorization has been denied for this request.");
    }
}

#[tokio::test]
async fn the_tenant_in_the_path_has_to_be_right() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let other = "99999999-0000-4000-8000-000000000000";
    let url = |visitor: &Visitor, tenant: &str| {
        visitor.operation("subscriptions/list").replacen(&visitor.describe("tenant"), tenant, 1)
    };
    let refusal =
        async |visitor: &Visitor, tenant: &str| visitor.fetch(&url(visitor, tenant)).await.refusal();
    assert_eq!(refusal(&visitor, "contoso.onmicrosoft.com").await, (400, "AF20013".into()));
    assert_eq!(refusal(&visitor, other).await, (403, "AF20010".into()));
    let foreign = with_token(json!({"blobs": 0}), json!({"tenant": other}));
    assert_eq!(refusal(&foreign, other).await, (404, "AF20011".into()));
    let lenient = Visitor::new(json!({"blobs": 0, "strictTenant": false}));
    assert_eq!(lenient.fetch(&url(&lenient, other)).await.status, 200);
    assert_eq!(visitor.fetch(&url(&visitor, &visitor.describe("tenant").to_uppercase())).await.status, 200);
}

#[tokio::test]
async fn the_tenant_may_be_in_a_bad_way() {
    let visitor = Visitor::new(json!({"blobs": 0, "subscribed": false}));
    visitor.control("set_tenant", json!({"standing": "missing"}));
    assert_eq!(visitor.get("subscriptions/list").await.refusal(), (404, "AF20011".into()));
    visitor.control("set_tenant", json!({"standing": "misconfigured"}));
    assert_eq!(visitor.get("subscriptions/list").await.refusal(), (403, "AF20012".into()));
    visitor.control("set_tenant", json!({"standing": "noAuditing"}));
    let refused = visitor.post("subscriptions/start?contentType=Audit.Exchange", "").await;
    assert_eq!(refused.status, 400);
    assert!(refused.code().starts_with("StartSubscription [CorrId="), "{refused:?}");
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("does not exist"));
    visitor.control("set_tenant", json!({"standing": "ok"}));
    assert_eq!(visitor.get("subscriptions/list").await.status, 200);
}

#[tokio::test]
async fn auditing_may_be_off() {
    let visitor = Visitor::new(json!({"blobs": 5, "auditing": false}));
    assert_eq!(visitor.get("subscriptions/list").await.json(), json!([]), "nothing could be started");
    let start = async || visitor.post("subscriptions/start?contentType=Audit.Exchange", "").await;
    assert!(start().await.code().starts_with("StartSubscription [CorrId="));
    visitor.control("auditing", json!({"enabled": true}));
    assert_eq!(start().await.status, 200);
    visitor.control("auditing", json!({"enabled": false}));
    assert!(start().await.code().starts_with("StartSubscription [CorrId="));
    assert_eq!(
        visitor.get("subscriptions/list").await.json()[0]["status"],
        "enabled",
        "what was started stays"
    );
}

#[tokio::test]
async fn the_date_may_be_off_from_the_beginning() {
    let visitor = Visitor::new(json!({"blobs": 5, "now": "2026-11-20T12:00:00Z", "skew": -3_600}));
    let date = visitor.get("subscriptions/list").await.header("date").unwrap().to_owned();
    assert!(date.starts_with("Fri, 20 Nov 2026 11:00:0"), "{date}");
}

#[tokio::test]
async fn roles_decide_what_can_be_read() {
    let none = with_token(json!({"blobs": 20}), json!({"roles": []}));
    assert_eq!(none.get("subscriptions/list").await.refusal(), (401, "AF10001".into()));
    let visitor = Visitor::new(json!({"blobs": 20}));
    let dlp = visitor.first_blob("DLP.All").await;
    visitor.control("set_roles", json!({"roles": ["ActivityFeed.Read"]}));
    let visitor = Visitor { token: visitor.issue(json!({})), ..visitor };
    assert_eq!(visitor.get(&visitor.day("Audit.Exchange")).await.status, 200);
    assert_eq!(visitor.get(&visitor.day("DLP.All")).await.refusal(), (401, "AF10001".into()));
    assert_eq!(visitor.fetch(&dlp).await.refusal(), (401, "AF10001".into()));
    let start = visitor.post("subscriptions/start?contentType=DLP.All", "").await;
    assert_eq!(start.refusal(), (401, "AF10001".into()));
}

#[tokio::test]
async fn publishers_are_guids_and_the_nameless_share_a_bucket() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let url = visitor.operation("subscriptions/list");
    let bare = url.split('?').next().unwrap();
    assert_eq!(
        visitor.fetch(&format!("{bare}?PublisherIdentifier=me")).await.refusal(),
        (400, "AF20002".into())
    );
    assert_eq!(visitor.fetch(&url.replace("PublisherIdentifier", "publisheridentifier")).await.status, 200);
    let mut refused = 0;
    for _ in 0..30 {
        let answer = visitor.fetch(bare).await;
        if answer.status != 200 {
            assert_eq!(answer.refusal(), (429, "AF429".into()));
            let message = answer.json()["error"]["message"].to_string();
            assert!(message.contains("PublisherId=00000000-0000-0000-0000-000000000000"), "{message}");
            refused += 1;
        }
    }
    assert!((8..=10).contains(&refused), "{refused}");
    assert_eq!(visitor.fetch(&url).await.status, 200, "a name is not touched by it");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    assert_eq!(visitor.get("subscriptions/everything").await.status, 404);
    let put = visitor.request(Method::PUT, &visitor.operation("subscriptions/list"));
    assert_eq!(send(put).await.unwrap().status, 404);
    assert_eq!(visitor.fetch(&format!("{}/", visitor.sandbox.url())).await.status, 404);
    let old = visitor.operation("subscriptions/list").replace("/api/v1.0/", "/api/v1/");
    assert_eq!(visitor.fetch(&old).await.status, 200, "the short version is taken");
}

#[tokio::test]
async fn answers_say_when_and_which() {
    let visitor = Visitor::new(json!({"blobs": 0, "now": "2026-11-20T10:00:00Z"}));
    visitor.control("skew", json!({"seconds": 3600}));
    let request = visitor.request(Method::GET, &visitor.operation("subscriptions/list"));
    let request = request.header("client-request-id", "abc").header("return-client-request-id", "true");
    let answer = send(request).await.unwrap();
    assert!(answer.header("date").unwrap().starts_with("Fri, 20 Nov 2026 11:00:0"), "{answer:?}");
    assert_eq!(answer.header("client-request-id"), Some("abc"));
    let other = visitor.get("subscriptions/list").await;
    assert_ne!(answer.header("request-id"), other.header("request-id"));
    assert_eq!(other.header("client-request-id"), None);
}
