//! Services that want another token: continuous access evaluation, and plain refusals.

use reqwest::Method;
use serde_json::json;

use super::*;
use crate::AccessToken;
use crate::error::ErrorKind;
use crate::http::Request;
use crate::identity::{Callback, ClientSecret, RefreshToken, StaticToken, TokenRequest};

const CLAIMS: &str =
    "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzk0MjY4ODAwIn19fQ==";

fn challenge() -> Reply {
    let value = format!(r#"Bearer realm="", error="insufficient_claims", claims="{CLAIMS}""#);
    reply(401, r#"{"error":{"code":"InvalidAuthenticationToken","message":"revoked"}}"#)
        .header("WWW-Authenticate", &value)
}

async fn call(client: &Client, server: &Server) -> Result<()> {
    let url = format!("{}/v1.0/me", server.url()).parse().unwrap();
    let request = Request::new(Method::GET, url).bearer(Service::Graph);
    client.corridor().exchange(&request, |_| Ok(())).await
}

fn bearers(server: &Server) -> Vec<String> {
    server.asked().iter().filter_map(|asked| asked.headers.get("authorization").cloned()).collect()
}

#[tokio::test]
async fn a_challenge_leads_to_one_new_token_with_its_claims() {
    let server =
        Server::start([granted("old"), challenge(), granted("new"), reply(200, "{}"), reply(200, "{}")])
            .await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    call(&client, &server).await.unwrap();
    call(&client, &server).await.unwrap();
    assert_eq!(bearers(&server), ["Bearer old", "Bearer new", "Bearer new"]);
    assert_eq!(
        server.asked()[2].form["claims"],
        r#"{"access_token":{"nbf":{"essential":true,"value":"1794268800"},"xms_cc":{"values":["cp1"]}}}"#
    );
}

#[tokio::test]
async fn a_second_challenge_is_an_error() {
    let server = Server::start([granted("old"), challenge(), granted("new"), challenge()]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    let error = call(&client, &server).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)));
    assert!(error.sign_in().claims.as_deref().unwrap().contains("nbf"));
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_user_is_asked_for_where_the_refresh_token_does_not_do() {
    let body = json!({"error": "interaction_required", "error_codes": [50076]});
    let server = Server::start([
        granted_with("old", &json!({"refresh_token": "r", "scope": "User.Read"})),
        challenge(),
        reply(400, body),
    ])
    .await;
    let client = client(&server, RefreshToken::new(APP, "r"));
    let error = call(&client, &server).await.unwrap_err();
    assert!(error.sign_in().interaction_required, "{error}");
    assert_eq!(
        error.sign_in().claims.as_deref(),
        Some(r#"{"access_token":{"nbf":{"essential":true,"value":"1794268800"}}}"#)
    );
}

#[tokio::test]
async fn a_plain_refusal_leads_to_one_new_token_and_a_403_to_none() {
    let refusal = || reply(401, r#"{"error":{"code":"x","message":"y"}}"#);
    let server = Server::start([granted("old"), refusal(), granted("new"), refusal()]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    assert_eq!(call(&client, &server).await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(bearers(&server), ["Bearer old", "Bearer new"]);
    let server = Server::start([granted("t"), reply(403, "{}")]).await;
    let client = self::client(&server, ClientSecret::new(APP, "s"));
    assert_eq!(call(&client, &server).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_callback_is_told_of_the_claims_and_a_fixed_token_ends_there() {
    let server = Server::start([challenge(), reply(200, "{}")]).await;
    let source = |request: TokenRequest| async move {
        Ok(AccessToken::new(if request.claims.is_some() { "with" } else { "without" }, None))
    };
    call(&client(&server, Callback::new(source)), &server).await.unwrap();
    assert_eq!(bearers(&server), ["Bearer without", "Bearer with"]);
    let server = Server::start([challenge()]).await;
    assert!(call(&client(&server, StaticToken::new("t")), &server).await.is_err());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_client_that_takes_no_challenges_does_not_say_that_it_does() {
    let server = Server::start([granted("t")]).await;
    let client = Client::builder(TENANT)
        .credential(ClientSecret::new(APP, "s"))
        .cloud(server.cloud())
        .continuous_access(false)
        .build()
        .unwrap();
    token(&client).await.unwrap();
    assert!(!last(&server).form.contains_key("claims"));
}

#[tokio::test]
async fn a_token_request_that_fails_is_not_repeated_by_the_call_that_needs_it() {
    let server = Server::start((0..20).map(|_| reply(503, "{}").header("Retry-After", "0"))).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    assert_eq!(call(&client, &server).await.unwrap_err().kind(), ErrorKind::Service);
    assert_eq!(server.asked().len(), 4);
}
