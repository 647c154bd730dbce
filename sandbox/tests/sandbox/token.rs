use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor, send};

struct Login {
    visitor: Visitor,
    directory: String,
    form: Vec<(&'static str, String)>,
}

impl Login {
    fn new(config: Value) -> Self {
        let visitor = Visitor::new(config);
        let form = vec![
            ("grant_type", "client_credentials".into()),
            ("client_id", visitor.describe("clientId")),
            ("client_secret", visitor.describe("clientSecret")),
            ("scope", format!("{}/.default", visitor.sandbox.url())),
        ];
        Self { directory: visitor.describe("tenant"), visitor, form }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.form.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.form.push((name, value.into()));
        }
        self
    }

    async fn post(&self, path: &str) -> Answer {
        let url = format!("{}/{}/{path}", self.visitor.sandbox.url(), self.directory);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.form).finish();
        let request = self.visitor.http.request(Method::POST, url);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        send(request.header("client-request-id", "11111111-2222-4333-8444-555555555555")).await.unwrap()
    }

    async fn refusal(self) -> (u16, String, u64) {
        let answer = self.post("oauth2/v2.0/token").await;
        let body = answer.json();
        let number = body["error_codes"][0].as_u64().unwrap();
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
        for member in ["trace_id", "correlation_id", "timestamp", "error_uri"] {
            assert!(body[member].is_string(), "{member}: {body}");
        }
        assert_eq!(body["correlation_id"], "11111111-2222-4333-8444-555555555555");
        (answer.status, body["error"].as_str().unwrap().into(), number)
    }
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn both_versions_give_tokens_with_their_kind_of_numbers() {
    let login = Login::new(json!({"tokenLifetime": 1200}));
    let two = login.post("oauth2/v2.0/token").await.json();
    assert_eq!((two["expires_in"].as_i64(), two["token_type"].as_str()), (Some(1200), Some("Bearer")));
    let url = login.visitor.sandbox.url().to_owned();
    let one =
        login.with("scope", "").with("resource", &url).post("oauth2/token?api-version=1.0").await.json();
    assert_eq!(one["expires_in"], "1200");
    assert_eq!(one["resource"], url.as_str());
    let (from, until) = (one["not_before"].as_str().unwrap(), one["expires_on"].as_str().unwrap());
    assert_eq!(until.parse::<i64>().unwrap() - from.parse::<i64>().unwrap(), 1500);
}

#[tokio::test]
async fn a_token_carries_the_claims_of_the_service() {
    let login = Login::new(json!({"roles": ["ActivityFeed.Read"]}));
    let token = login.post("oauth2/v2.0/token").await.json()["access_token"].as_str().unwrap().to_owned();
    let claims = claims(&token);
    let tenant = login.visitor.describe("tenant");
    assert_eq!(claims["aud"], login.visitor.sandbox.url());
    assert_eq!(claims["iss"], format!("https://sts.windows.net/{tenant}/"));
    assert_eq!(claims["tid"], tenant);
    assert_eq!(claims["appid"], login.visitor.describe("clientId"));
    assert_eq!(claims["roles"], json!(["ActivityFeed.Read"]));
    assert_eq!((claims["appidacr"].as_str(), claims["ver"].as_str()), (Some("1"), Some("1.0")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3599);
}

#[tokio::test]
async fn the_domain_names_the_tenant_too() {
    let mut login = Login::new(json!({"domain": "fabrikam.example"}));
    login.directory = "Fabrikam.example".into();
    assert_eq!(login.post("oauth2/v2.0/token").await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_the_numbers_of_the_authority() {
    let fresh = || Login::new(json!({"blobs": 0}));
    let client = |number| (401, "invalid_client".to_owned(), number);
    let request = |number| (400, "invalid_request".to_owned(), number);
    assert_eq!(fresh().with("client_secret", "wrong").refusal().await, client(7_000_215));
    assert_eq!(fresh().with("client_secret", "").refusal().await, client(7_000_218));
    assert_eq!(
        fresh().with("client_secret", "").with("client_assertion", "x").refusal().await,
        client(700_027)
    );
    let app = fresh().with("client_id", "00000000-0000-4000-8000-000000000000").refusal().await;
    assert_eq!(app, (400, "unauthorized_client".into(), 700_016));
    assert_eq!(fresh().with("client_id", "").refusal().await, request(900_144));
    assert_eq!(fresh().with("grant_type", "").refusal().await, request(900_144));
    let kind = fresh().with("grant_type", "magic").refusal().await;
    assert_eq!(kind, (400, "unsupported_grant_type".into(), 70_003));
    let refresh =
        fresh().with("grant_type", "refresh_token").with("refresh_token", "unknown").refusal().await;
    assert_eq!(refresh, (400, "invalid_grant".into(), 9_002_313));
    let mut elsewhere = fresh();
    elsewhere.directory = "99999999-0000-4000-8000-000000000000".into();
    assert_eq!(elsewhere.refusal().await, request(90_002));
    let mut common = fresh();
    common.directory = "common".into();
    assert_eq!(common.refusal().await, request(50_059));
}

#[tokio::test]
async fn wrong_targets_are_refused() {
    let fresh = || Login::new(json!({"blobs": 0}));
    let scope = |number| (400, "invalid_scope".to_owned(), number);
    assert_eq!(fresh().with("scope", "").refusal().await, scope(1_002_012));
    assert_eq!(
        fresh().with("scope", "https://manage.office.com/ActivityFeed.Read").refusal().await,
        scope(1_002_012)
    );
    let unknown = fresh().with("scope", "https://unknown.example/.default").refusal().await;
    assert_eq!(unknown, (400, "invalid_resource".into(), 500_011));
    let both = fresh().with("resource", "https://manage.office.com").refusal().await;
    assert_eq!(both, (400, "invalid_request".into(), 901_002));
    assert_eq!(
        fresh().with("scope", "https://manage.office.com/.default").post("oauth2/v2.0/token").await.status,
        200
    );
}

#[tokio::test]
async fn id_and_secret_may_come_in_a_basic_header() {
    let login = Login::new(json!({"clientSecret": "a~b+c&d%e f"})).with("client_secret", "");
    let (id, secret) = (login.visitor.describe("clientId"), "a%7Eb%2Bc%26d%25e+f");
    let url = format!("{}/{}/oauth2/v2.0/token", login.visitor.sandbox.url(), login.directory);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&login.form).finish();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let request = login.visitor.http.post(url).header("authorization", basic).body(body);
    assert_eq!(send(request).await.unwrap().status, 200);
}

#[tokio::test]
async fn metadata_tells_the_directory_id_of_a_domain() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let tenant = visitor.describe("tenant");
    let url = visitor.sandbox.url();
    let one = visitor
        .fetch(&format!("{url}/contoso.onmicrosoft.com/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(one["issuer"], format!("https://sts.windows.net/{tenant}/"));
    assert_eq!(one["token_endpoint"], format!("{url}/{tenant}/oauth2/token"));
    let two = visitor.fetch(&format!("{url}/{tenant}/v2.0/.well-known/openid-configuration")).await.json();
    assert_eq!(two["token_endpoint"], format!("{url}/{tenant}/oauth2/v2.0/token"));
    let unknown = visitor.fetch(&format!("{url}/unknown.example/.well-known/openid-configuration")).await;
    assert_eq!((unknown.status, unknown.json()["error_codes"][0].as_u64()), (400, Some(90_002)));
}

#[tokio::test]
async fn tokens_die_by_the_clock_and_on_request() {
    let visitor = Visitor::new(json!({"blobs": 0, "tokenLifetime": 60}));
    assert_eq!(visitor.get("subscriptions/list").await.status, 200);
    visitor.control("advance", json!({"seconds": 61}));
    let refused = visitor.get("subscriptions/list").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json(), json!({"Message": "Authorization has been denied for this request."}));
    let visitor = Visitor { token: visitor.issue(json!({})), ..visitor };
    assert_eq!(visitor.get("subscriptions/list").await.status, 200);
    visitor.control("expire_tokens", json!({}));
    assert_eq!(visitor.get("subscriptions/list").await.status, 401);
}

#[tokio::test]
async fn graph_takes_its_own_audience_only() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let graph = visitor.sandbox.describe()["cloud"]["graph"].as_str().unwrap().to_owned();
    let url = |path: &str| format!("{graph}/v1.0/{path}");
    let refused = visitor.fetch(&url("organization")).await;
    assert_eq!(refused.refusal(), (401, "InvalidAuthenticationToken".into()));
    let visitor = Visitor { token: visitor.issue(json!({"audience": graph})), ..visitor };
    assert_eq!(visitor.get("subscriptions/list").await.status, 401);
    let organization = visitor.fetch(&url("organization")).await.json();
    assert_eq!(organization["value"][0]["id"], visitor.describe("tenant"));
    assert!(visitor.fetch(&url("me")).await.json()["userPrincipalName"].is_string());
    assert_eq!(visitor.fetch(&url("bytes?n=70000")).await.body.len(), 70_000);
    assert_eq!(visitor.fetch(&url("bytes?n=-1")).await.refusal(), (400, "BadRequest".into()));
    assert_eq!(visitor.fetch(&url("nothing")).await.refusal(), (404, "ResourceNotFound".into()));
    let request =
        visitor.request(Method::POST, &url("echo?a=1")).header("x-test", "yes").body(r#"{"b":[2]}"#);
    let echo = send(request).await.unwrap().json();
    assert_eq!((echo["method"].as_str(), echo["query"]["a"].as_str()), (Some("POST"), Some("1")));
    assert_eq!((&echo["headers"]["x-test"], &echo["json"]), (&json!("yes"), &json!({"b": [2]})));
    assert!(echo["headers"].get("authorization").is_none());
}

#[tokio::test]
async fn the_authority_may_think_anything_of_the_client() {
    for (state, refusal) in [
        ("expired", (401, "invalid_client", 7_000_222)),
        ("wrong_secret", (401, "invalid_client", 7_000_215)),
        ("unknown_app", (400, "unauthorized_client", 700_016)),
        ("disabled_app", (400, "unauthorized_client", 7_000_112)),
        ("unknown_tenant", (400, "invalid_request", 90_002)),
        ("other_cloud", (400, "invalid_request", 90_038)),
        ("unknown_resource", (400, "invalid_resource", 500_011)),
        ("unavailable", (503, "temporarily_unavailable", 90_033)),
    ] {
        let expected = (refusal.0, refusal.1.to_owned(), refusal.2);
        assert_eq!(Login::new(json!({"credentialState": state})).refusal().await, expected, "{state}");
        let login = Login::new(json!({}));
        assert_eq!(login.post("oauth2/v2.0/token").await.status, 200);
        login.visitor.control("credential_state", json!({ "state": state }));
        assert_eq!(login.refusal().await, expected, "{state}");
    }
}

#[tokio::test]
async fn a_token_may_be_of_another_directory() {
    let login = Login::new(json!({"credentialState": "other_tenant"}));
    let token = login.post("oauth2/v2.0/token").await.json()["access_token"].as_str().unwrap().to_owned();
    assert_ne!(claims(&token)["tid"], login.directory.as_str());
    let visitor = Visitor { token, ..login.visitor };
    assert_eq!(visitor.get("subscriptions/list").await.refusal(), (403, "AF20010".into()));
}
