//! Users who sign in: device code, authorization code, refresh token.

use std::sync::{Arc, Mutex};

use serde_json::json;
use url::Url;

use super::*;
use crate::cloud::{Cloud, CustomCloud};
use crate::error::ErrorKind;
use crate::identity::{BrowserSignIn, ClientSecret, DeviceCode, DeviceCodePrompt, RefreshToken, SignIn, jwt};

/// `{"uid":"u","utid":"t"}`
const ACCOUNT: &str = "eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ";

fn signed_in(token: &str, refresh: &str) -> Reply {
    granted_with(token, &json!({"refresh_token": refresh, "client_info": ACCOUNT}))
}

fn code(server: &Server) -> Reply {
    reply(
        200,
        json!({"device_code": "device-secret", "user_code": "ABCD-EFGH", "interval": "0", "expires_in": 900,
               "verification_uri": format!("{}/device", server.url()), "message": "Go there"}),
    )
}

type Shown = Arc<Mutex<Vec<DeviceCodePrompt>>>;

fn device() -> (Shown, DeviceCode) {
    let shown = Shown::default();
    let seen = Arc::clone(&shown);
    let credential = DeviceCode::new(APP, move |prompt: DeviceCodePrompt| {
        seen.lock().unwrap().push(prompt);
        async { Ok(()) }
    });
    (shown, credential)
}

#[tokio::test]
async fn a_device_code_is_shown_and_waited_for() {
    let server = Server::start([]).await;
    server.say(code(&server));
    server.say(refused(400, "authorization_pending", 70016));
    server.say(signed_in("t", "r1"));
    let (shown, credential) = device();
    let client = client(&server, credential);
    let calls = futures::future::join_all((0..20).map(|_| token(&client))).await;
    assert!(calls.iter().all(|call| call.as_deref().ok() == Some("t")), "{calls:?}");
    let prompts = shown.lock().unwrap().clone();
    assert_eq!(prompts.len(), 1, "a user is asked once");
    assert_eq!((prompts[0].user_code.as_str(), prompts[0].message.as_str()), ("ABCD-EFGH", "Go there"));
    let asked = server.asked();
    assert_eq!(asked[0].path, format!("/{TENANT}/oauth2/v2.0/devicecode"));
    let scope = format!("{}/.default openid profile offline_access", server.url());
    assert_eq!((asked[0].form["client_id"].as_str(), &asked[0].form["scope"]), (APP, &scope));
    assert_eq!(asked[2].form["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(asked[2].form["device_code"], "device-secret");
}

#[tokio::test]
async fn a_user_who_declines_ends_it() {
    let server = Server::start([]).await;
    server.say(code(&server));
    server.say(refused(400, "authorization_declined", 1));
    let (shown, credential) = device();
    let client = client(&server, credential);
    let error = token(&client).await.unwrap_err();
    assert!(error.hint().unwrap().contains("declined"), "{error}");
    assert!(!format!("{error:?}").contains("device-secret"));
    // Who calls again is asked again.
    server.say(code(&server));
    server.say(signed_in("t", "r"));
    assert_eq!(token(&client).await.unwrap(), "t");
    assert_eq!(shown.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_user_who_has_signed_in_is_not_asked_in_the_next_process() {
    let cache = TokenCache::new();
    let server = Server::start([]).await;
    server.say(code(&server));
    server.say(signed_in("t", "r1"));
    token(&client_with(&server, device().1, &[], cache.clone())).await.unwrap();
    let next = TokenCache::new();
    next.import(cache.export().expose_secret()).unwrap();
    let (shown, credential) = device();
    assert_eq!(token(&client_with(&server, credential, &[], next)).await.unwrap(), "t");
    assert!(shown.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_in_plain_http_is_not_shown_to_a_user() {
    let body = json!({"device_code": "d", "user_code": "u", "verification_uri": "http://evil.example/"});
    let server = Server::start([reply(200, body)]).await;
    let (shown, credential) = device();
    assert!(token(&client(&server, credential)).await.is_err());
    assert!(shown.lock().unwrap().is_empty());
}

/// A sign-in up to the callback: the code, and the nonce that the id token has to repeat.
fn authorized(server: &Server) -> (crate::AuthorizationCode, String) {
    let pending = SignIn::new(APP, "http://localhost:8400").begin(&server.cloud(), TENANT).unwrap();
    let query: std::collections::HashMap<String, String> = pending.url().query_pairs().into_owned().collect();
    let code = pending.finish(&format!("code=the-code&state={}", query["state"])).unwrap();
    (code, query["nonce"].clone())
}

fn id_token(nonce: &str) -> String {
    jwt::unsigned(&json!({"aud": APP, "nonce": nonce, "tid": "t", "oid": "u"}))
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_then_the_refresh_token_renews() {
    let server = Server::start([]).await;
    let (code, nonce) = authorized(&server);
    let with_id = |token: &str, refresh: &str, nonce: &str| {
        granted_with(token, &json!({"refresh_token": refresh, "id_token": id_token(nonce), "expires_in": 1}))
    };
    server.say(with_id("first", "r1", &nonce));
    server.say(with_id("second", "r2", "another nonce"));
    server.say(with_id("third", "r3", "another nonce"));
    let client = client(&server, code.clone());
    assert_eq!(token(&client).await.unwrap(), "first");
    let form = last(&server).form;
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "the-code"));
    assert_eq!(form["redirect_uri"], "http://localhost:8400");
    assert_eq!(form["code_verifier"].len(), 43);
    assert!(!form.contains_key("client_secret"));
    for (expected, refresh) in [("second", "r1"), ("third", "r2")] {
        tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
        assert_eq!(token(&client).await.unwrap(), expected);
        let form = last(&server).form;
        assert_eq!((form["grant_type"].as_str(), form["refresh_token"].as_str()), ("refresh_token", refresh));
    }
    let again = self::client(&server, code);
    assert!(token(&again).await.unwrap_err().message().contains("works once"));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_code_is_never_sent_a_second_time() {
    for answer in
        [reply(503, "{}"), reply(429, "{}").header("Retry-After", "0"), refused(400, "invalid_grant", 54005)]
    {
        let server = Server::start([answer, granted("t")]).await;
        let client = client(&server, authorized(&server).0);
        assert!(token(&client).await.is_err());
        assert!(token(&client).await.is_err());
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_code_is_redeemed_for_the_api_it_was_asked_for() {
    let server = Server::start([]).await;
    let pending = SignIn::new(APP, "http://localhost").scopes(["https://first.example/Read"]);
    let pending = pending.begin(&server.cloud(), TENANT).unwrap();
    let query: std::collections::HashMap<String, String> = pending.url().query_pairs().into_owned().collect();
    let code = pending.finish(&format!("code=c&state={}", query["state"])).unwrap();
    server.say(granted_with("first", &json!({"refresh_token": "r", "id_token": id_token(&query["nonce"])})));
    server.say(granted("second"));
    assert_eq!(token(&client(&server, code)).await.unwrap(), "second");
    let asked = server.asked();
    assert_eq!(asked[0].form["scope"], "https://first.example/Read openid profile offline_access");
    assert_eq!(asked[1].form["refresh_token"], "r");
    assert!(asked[1].form["scope"].starts_with(&server.url()));
}

#[tokio::test]
async fn a_code_that_was_never_sent_is_still_good() {
    let server = Server::start([]).await;
    let (code, nonce) = authorized(&server);
    // Nobody listens at the discard port.
    let nowhere = CustomCloud {
        authority: Some("http://127.0.0.1:9".into()),
        graph: Some(server.url()),
        ..CustomCloud::default()
    };
    let unreachable =
        Client::builder(TENANT).credential(code.clone()).cloud(Cloud::custom(nowhere)).build().unwrap();
    assert_eq!(token(&unreachable).await.unwrap_err().kind(), ErrorKind::Network);
    server.say(granted_with("t", &json!({"id_token": id_token(&nonce)})));
    assert_eq!(token(&client(&server, code)).await.unwrap(), "t");
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_is_refused() {
    let server =
        Server::start([granted_with("t", &json!({"id_token": id_token("another")})), granted("t")]).await;
    let error = token(&client(&server, authorized(&server).0)).await.unwrap_err();
    assert!(error.message().contains("nonce"), "{error}");
    let error = token(&client(&server, authorized(&server).0)).await.unwrap_err();
    assert!(error.message().contains("without an id token"), "{error}");
}

#[tokio::test]
async fn a_confidential_application_proves_itself() {
    let server = Server::start([]).await;
    let pending = SignIn::new(ClientSecret::new(APP, "s"), "https://contoso.com/back");
    let pending = pending.begin(&server.cloud(), TENANT).unwrap();
    let query: std::collections::HashMap<String, String> = pending.url().query_pairs().into_owned().collect();
    let code = pending.finish(&format!("code=c&state={}", query["state"])).unwrap();
    server.say(granted_with("t", &json!({"id_token": id_token(&query["nonce"])})));
    token(&client(&server, code)).await.unwrap();
    assert_eq!(last(&server).form["client_secret"], "s");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_outlive_the_refusal_of_one_api() {
    let server = Server::start([signed_in("t", "r2")]).await;
    let cache = TokenCache::new();
    let client = client_with(&server, RefreshToken::new(APP, "r1"), &[], cache.clone());
    assert_eq!(token(&client).await.unwrap(), "t");
    assert_eq!(last(&server).form["refresh_token"], "r1");
    assert_eq!(last(&server).form["client_info"], "1");
    let bytes = String::from_utf8(cache.export().expose_secret().to_vec()).unwrap();
    assert!(bytes.contains("r2") && !bytes.contains("\"r1\""));

    // What an API's policy refuses says nothing of the token.
    server.say(refused(400, "invalid_grant", 53003));
    let corridor = client.corridor();
    let held = corridor.identity.token(corridor, &Service::Graph).await.unwrap();
    corridor.identity.give_up(corridor, &Service::Graph, &held, None);
    let error = token(&client).await.unwrap_err();
    assert!(error.sign_in().interaction_required && error.hint().unwrap().contains("policy"), "{error}");
    assert!(String::from_utf8(cache.export().expose_secret().to_vec()).unwrap().contains("r2"));
}

#[tokio::test]
async fn a_bad_refresh_token_goes() {
    let server = Server::start([signed_in("t", "r2")]).await;
    let cache = TokenCache::new();
    let client = client_with(&server, RefreshToken::new(APP, "r1"), &[], cache.clone());
    let corridor = client.corridor();
    let held = corridor.identity.token(corridor, &Service::Graph).await.unwrap();
    corridor.identity.give_up(corridor, &Service::Graph, &held, None);
    server
        .say(reply(400, json!({"error": "invalid_grant", "suberror": "bad_token", "error_codes": [50173]})));
    assert_eq!(token(&client).await.unwrap_err().code(), Some("AADSTS50173"));
    assert!(!String::from_utf8(cache.export().expose_secret().to_vec()).unwrap().contains("r2"));
}

#[tokio::test]
async fn a_user_may_sign_in_by_an_alias_and_an_application_may_not() {
    let server = Server::start([signed_in("t", "r")]).await;
    let with = |credential: Credential| {
        Client::builder("organizations").credential(credential).cloud(server.cloud()).build()
    };
    token(&with(RefreshToken::new(APP, "r1").into()).unwrap()).await.unwrap();
    assert_eq!(last(&server).path, "/organizations/oauth2/v2.0/token");
    assert_eq!(with(ClientSecret::new(APP, "s").into()).unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn only_the_scopes_of_the_api_are_asked_for() {
    let server = Server::start([signed_in("t", "r")]).await;
    let own = format!("{}/Mail.Read", server.url());
    let credential =
        RefreshToken::new(APP, "r1").scopes([own.as_str(), "User.Read", "https://other.example/x"]);
    token(&client(&server, credential)).await.unwrap();
    assert_eq!(last(&server).form["scope"], format!("{own} User.Read openid profile offline_access"));
}

#[tokio::test]
async fn the_browser_signs_in_from_beginning_to_end() {
    let server = Server::start([]).await;
    let nonce = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&nonce);
    let sign_in = BrowserSignIn::new(APP).open_with(move |url| {
        let url = Url::parse(&url).unwrap();
        let query: std::collections::HashMap<String, String> = url.query_pairs().into_owned().collect();
        seen.lock().unwrap().clone_from(&query["nonce"]);
        let back = format!(
            "{}/?code=c&state={}",
            query["redirect_uri"].replace("localhost", "127.0.0.1"),
            query["state"]
        );
        tokio::spawn(async move { reqwest::get(back).await });
        std::future::ready(Ok(()))
    });
    let code = sign_in.run(&server.cloud(), TENANT).await.unwrap();
    server.say(granted_with("t", &json!({"id_token": id_token(&nonce.lock().unwrap())})));
    assert_eq!(token(&client(&server, code)).await.unwrap(), "t");
}
