//! Applications of their own: secret, certificate, federated, on behalf of a user.

use futures::future::join_all;
use serde_json::json;

use super::*;
use crate::error::ErrorKind;
use crate::identity::{
    ClientCertificate, ClientSecret, ConfidentialClient, OnBehalfOf, TokenEndpoint, WorkloadIdentity, jwt,
};

const PEM: &str = include_str!("../certificate/testdata/both.pem");
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[tokio::test]
async fn a_secret_is_sent_whole_with_all_that_identifies_the_request() {
    let server = Server::start([granted("t")]).await;
    let client = client(&server, ClientSecret::new(APP, "p@ss+w&rd=%"));
    assert_eq!(token(&client).await.unwrap(), "t");
    let asked = last(&server);
    assert_eq!((asked.method.as_str(), asked.path), ("POST", format!("/{TENANT}/oauth2/v2.0/token")));
    let scope = format!("{}/.default", server.url());
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("client_secret", "p@ss+w&rd=%"),
        ("scope", &scope),
        ("claims", r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
    ] {
        assert_eq!(asked.form[name], value, "{name}");
    }
    assert!(crate::identity::is_guid(&asked.headers["client-request-id"]));
    assert_eq!(asked.headers["return-client-request-id"], "true");
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(asked.headers["x-ms-lib-capability"], "retry-after, h429");
}

#[tokio::test]
async fn the_older_endpoint_is_asked_for_a_resource() {
    let server = Server::start([granted_with("t", &json!({"expires_in": "3599", "expires_on": "1"}))]).await;
    let client = client(&server, ClientSecret::new(APP, "s").endpoint(TokenEndpoint::V1));
    token(&client).await.unwrap();
    let asked = last(&server);
    assert_eq!(asked.path, format!("/{TENANT}/oauth2/token"));
    assert_eq!(asked.form["resource"], server.url());
    assert!(!asked.form.contains_key("scope") && !asked.form.contains_key("claims"));
}

#[tokio::test]
async fn ten_thousand_calls_on_a_cold_cache_ask_once() {
    let server = Server::start([granted("t")]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    let calls = join_all((0..10_000).map(|_| token(&client))).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_explained_and_asked_once() {
    let server = Server::start([refused(401, "invalid_client", 7_000_215)]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    let error = token(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("AADSTS7000215")));
    assert!(error.hint().unwrap().contains("value") && !error.sign_in().interaction_required);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named() {
    let proof_refused =
        refused(401, "invalid_client", 700_027).header("Date", "Sun, 22 Nov 2020 10:00:00 GMT");
    let server = Server::start([proof_refused]).await;
    let error = token(&client(&server, ClientCertificate::from_pem(APP, PEM))).await.unwrap_err();
    assert!(error.hint().unwrap().contains("local clock differs"), "{error}");
}

#[tokio::test]
async fn a_plain_refusal_is_answered_from_memory() {
    let server = Server::start([refused(400, "invalid_request", 90002)]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    for _ in 0..3 {
        assert_eq!(token(&client).await.unwrap_err().code(), Some("AADSTS90002"));
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn trouble_of_the_moment_is_waited_out() {
    let busy = || reply(429, "{}").header("Retry-After", "0");
    let server = Server::start([busy(), refused(400, "temporarily_unavailable", 1), granted("t")]).await;
    let client = client(&server, ClientSecret::new(APP, "s"));
    assert_eq!(token(&client).await.unwrap(), "t");
    let server = Server::start((0..9).map(|_| busy())).await;
    let client = self::client(&server, ClientSecret::new(APP, "s"));
    assert_eq!(token(&client).await.unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(server.asked().len(), 4, "once, and three times again");
}

#[tokio::test]
async fn clients_that_share_a_cache_share_what_they_have_in_common() {
    let server = Server::start([granted("t"), granted("other")]).await;
    let cache = TokenCache::new();
    let with =
        |secret: &str, app: &str| client_with(&server, ClientSecret::new(app, secret), &[], cache.clone());
    assert_eq!(token(&with("one", APP)).await.unwrap(), "t");
    assert_eq!(token(&with("two", &APP.to_uppercase())).await.unwrap(), "t");
    assert_eq!(token(&with("one", "another-app")).await.unwrap(), "other");
}

#[tokio::test]
async fn a_certificate_signs_for_the_endpoint_that_is_called() {
    let server = Server::start([granted("t"), granted("t")]).await;
    let client = client(&server, ClientCertificate::from_pem(APP, PEM));
    token(&client).await.unwrap();
    token_of(&client, &Service::Management).await.unwrap_or_default();
    let asked = server.asked();
    let form = &asked[0].form;
    assert_eq!(form["client_assertion_type"], ASSERTION_TYPE);
    assert!(!form.contains_key("client_secret"));
    let claims = jwt::claims(&form["client_assertion"].clone().into()).unwrap();
    assert_eq!(claims["aud"], format!("{}/{TENANT}/oauth2/v2.0/token", server.url()));
    assert_eq!((&claims["iss"], &claims["sub"]), (&APP.into(), &APP.into()));
}

#[tokio::test]
async fn a_federated_assertion_is_read_anew_for_each_token() {
    let (_folder, path) = file("token", " first\n");
    let variables = [("AZURE_CLIENT_ID", APP), ("AZURE_FEDERATED_TOKEN_FILE", path.as_str())];
    let server = Server::start([granted("t"), granted("u")]).await;
    let ask = async || {
        let client = client_with(&server, WorkloadIdentity::new(), &variables, TokenCache::new());
        token(&client).await.unwrap();
        last(&server).form
    };
    let form = ask().await;
    assert_eq!((form["client_id"].as_str(), form["client_assertion"].as_str()), (APP, "first"));
    assert_eq!(form["client_assertion_type"], ASSERTION_TYPE);
    std::fs::write(&path, "second").unwrap();
    assert_eq!(ask().await["client_assertion"], "second");
}

#[tokio::test]
async fn an_assertion_may_come_from_a_function() {
    let server = Server::start([granted("t")]).await;
    let source = || async { Ok("assertion".to_owned()) };
    let client = client(&server, WorkloadIdentity::from_source(APP, source));
    token(&client).await.unwrap();
    assert_eq!(last(&server).form["client_assertion"], "assertion");
    let failing = || async { Err("no assertion today".into()) };
    let client = self::client(&server, WorkloadIdentity::from_source(APP, failing));
    assert!(token(&client).await.unwrap_err().message().contains("no assertion today"));
}

#[tokio::test]
async fn a_federated_identity_that_is_not_set_up_says_what_is_missing() {
    let (_folder, path) = file("token", " \n");
    let server = Server::start([]).await;
    for (variables, missing) in [
        (&[][..], "AZURE_CLIENT_ID"),
        (&[("AZURE_CLIENT_ID", APP)], "AZURE_FEDERATED_TOKEN_FILE"),
        (&[("AZURE_CLIENT_ID", APP), ("AZURE_FEDERATED_TOKEN_FILE", "/does/not/exist")], "/does/not/exist"),
        (&[("AZURE_CLIENT_ID", APP), ("AZURE_FEDERATED_TOKEN_FILE", path.as_str())], "empty"),
    ] {
        let client = client_with(&server, WorkloadIdentity::new(), variables, TokenCache::new());
        let error = token(&client).await.unwrap_err();
        assert!(error.message().contains(missing), "{missing}: {error}");
    }
    assert!(server.asked().is_empty(), "nothing went anywhere");
}

#[tokio::test]
async fn an_assertion_goes_to_the_authority_that_it_is_for() {
    let (_folder, path) = file("token", "assertion");
    let variables = |authority| {
        [
            ("AZURE_CLIENT_ID", APP),
            ("AZURE_FEDERATED_TOKEN_FILE", path.as_str()),
            ("AZURE_AUTHORITY_HOST", authority),
        ]
    };
    for (authority, reason) in [
        ("https://login.microsoftonline.us/", "choose the cloud"),
        ("login.chinacloudapi.cn", "choose the cloud"),
        ("http://login.microsoftonline.com", "https"),
        ("https://", "https"),
    ] {
        let client = Client::builder(TENANT)
            .credential(WorkloadIdentity::new())
            .environment(variables(authority))
            .build()
            .unwrap();
        let error = token(&client).await.unwrap_err();
        assert!(error.message().contains(reason), "{authority}: {error}");
    }
    // An authority that the caller has declared is the caller's to choose.
    let server = Server::start([granted("t")]).await;
    let variables = variables("https://login.microsoftonline.us/");
    let client = client_with(&server, WorkloadIdentity::new(), &variables, TokenCache::new());
    assert_eq!(token(&client).await.unwrap(), "t");
}

#[tokio::test]
async fn a_service_acts_for_the_user_who_called_it() {
    let server = Server::start([granted("for one"), granted("for another")]).await;
    let cache = TokenCache::new();
    let service = || ConfidentialClient::from(ClientSecret::new(APP, "s"));
    let user = |name: &str| jwt::unsigned(&json!({"scp": "access", "oid": name}));
    let act_for = async |name: &str| {
        let credential = OnBehalfOf::new(service(), user(name));
        token(&client_with(&server, credential, &[], cache.clone())).await.unwrap()
    };
    assert_eq!(act_for("one").await, "for one");
    let form = last(&server).form;
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!((form["requested_token_use"].as_str(), &form["assertion"]), ("on_behalf_of", &user("one")));
    assert_eq!(form["client_secret"], "s");
    assert_eq!((act_for("another").await, act_for("one").await), ("for another".into(), "for one".into()));
    let app_only = OnBehalfOf::new(service(), jwt::unsigned(&json!({"roles": ["x"]})));
    let error = Client::builder(TENANT).credential(app_only).build().unwrap_err();
    assert!(error.message().contains("scp"), "{error}");
}

#[tokio::test]
async fn what_the_user_has_to_do_first_is_passed_on() {
    let body =
        json!({"error": "interaction_required", "error_codes": [50076], "claims": "{\"access_token\":{}}"});
    let server = Server::start([reply(400, body)]).await;
    let credential = OnBehalfOf::new(ClientSecret::new(APP, "s"), "opaque");
    let error = token(&client(&server, credential)).await.unwrap_err();
    assert!(error.sign_in().interaction_required);
    assert_eq!(error.sign_in().claims.as_deref(), Some("{\"access_token\":{}}"));
}

#[tokio::test]
async fn a_tenant_is_validated_when_that_is_wanted() {
    let metadata = |server: &Server, token_endpoint: &str| {
        reply(
            200,
            json!({"issuer": format!("{}/{TENANT}/v2.0", server.url()), "token_endpoint": token_endpoint}),
        )
    };
    let server = Server::start([]).await;
    server.say(metadata(&server, &format!("{}/{TENANT}/oauth2/v2.0/token", server.url())));
    server.say(granted("t"));
    let validating = |server: &Server| {
        let credential = ClientSecret::new(APP, "s");
        Client::builder(TENANT)
            .credential(credential)
            .cloud(server.cloud())
            .validate_authority(true)
            .build()
            .unwrap()
    };
    assert_eq!(token(&validating(&server)).await.unwrap(), "t");
    assert_eq!(server.asked()[0].path, format!("/{TENANT}/v2.0/.well-known/openid-configuration"));
    let server = Server::start([]).await;
    server.say(metadata(&server, "https://evil.example/token"));
    let error = token(&validating(&server)).await.unwrap_err();
    assert!(error.message().contains("evil.example"), "{error}");
    assert_eq!(server.asked().len(), 1, "the secret stayed here");
}
