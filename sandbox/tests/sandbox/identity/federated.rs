use serde_json::json;

use super::{Client, claims, grant, header, is_signed, signed};
use crate::visitor::send;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn show(client: &Client, assertion: &str) -> crate::visitor::Answer {
    let scope = format!("{}/.default", client.url);
    client
        .token(&[
            ("grant_type", "client_credentials"),
            ("scope", &scope),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ])
        .await
}

fn issued(client: &Client, args: serde_json::Value) -> String {
    client.control("federated_token", args)["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_stands_in_for_a_secret() {
    let client = Client::usual();
    let token = issued(&client, json!({}));
    assert_eq!(claims(&token)["aud"], "api://AzureADTokenExchange");
    let answer = show(&client, &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // It is read anew for every request, and so may come again.
    assert_eq!(show(&client, &token).await.status, 200);
    let keys = send(client.http.get(format!("{}/federation/keys", client.url))).await.unwrap().json();
    assert!(is_signed(&token, &keys));
}

#[tokio::test]
async fn issuer_subject_and_audience_must_match() {
    let client = Client::usual();
    for (args, number) in [
        (json!({"issuer": "https://token.example"}), 700_211),
        (json!({"subject": "system:serviceaccount:default:other"}), 700_213),
        (json!({"audience": "api://other"}), 700_212),
        (json!({"lifetime": -400}), 700_024),
    ] {
        let token = issued(&client, args);
        assert_eq!(super::refusal(&show(&client, &token).await), grant("invalid_client", number));
    }
}

#[tokio::test]
async fn the_signature_is_that_of_the_issuer() {
    let client = Client::usual();
    let real = issued(&client, json!({}));
    let other = client.control("make_certificate", json!({}));
    let forged = signed(other["privateKey"].as_str().unwrap(), &header(&real), &claims(&real));
    assert_eq!(super::refusal(&show(&client, &forged).await), grant("invalid_client", 50_013));
    // An issuer that is trusted, and whose keys are nowhere.
    let trust = json!({"issuer": "https://token.example", "subject": "repo:contoso", "audience": "a"});
    client.control("set_app", json!({"federated": [trust]}));
    let token = issued(&client, json!({}));
    assert_eq!(claims(&token)["sub"], "repo:contoso");
    assert_eq!(super::refusal(&show(&client, &token).await), grant("invalid_grant", 50_013));
}

#[tokio::test]
async fn tokens_of_the_directory_itself_are_those_of_applications() {
    let client = Client::usual();
    let issuer = format!("https://sts.windows.net/{}/", client.tenant);
    let app = client.control("issue_token", json!({"audience": "api://AzureADTokenExchange"}));
    let app = app["token"].as_str().unwrap();
    let subject = claims(app)["sub"].clone();
    client.control("set_app", json!({"federated": [{"issuer": issuer, "subject": subject}]}));
    assert_eq!(show(&client, app).await.status, 200);
    let name = "sadie.lund@contoso.onmicrosoft.com";
    let user = client.control("issue_token", json!({"audience": "api://AzureADTokenExchange", "user": name}));
    let user = user["token"].as_str().unwrap();
    client.control("set_app", json!({"federated": [{"issuer": issuer, "subject": claims(user)["sub"]}]}));
    assert_eq!(super::refusal(&show(&client, user).await), grant("invalid_client", 700_229));
}

#[tokio::test]
async fn jobs_ask_their_host_for_a_token() {
    let client = Client::usual();
    let identity = client.visitor.sandbox.describe()["identity"].clone();
    let (url, key) = (
        identity["federation"]["requestUrl"].as_str().unwrap(),
        identity["managed"]["header"].as_str().unwrap(),
    );
    let ask =
        |key: &str| client.http.get(format!("{url}&audience=api://AzureADTokenExchange")).bearer_auth(key);
    assert_eq!(send(ask("wrong")).await.unwrap().status, 401);
    let token = send(ask(key)).await.unwrap().json()["value"].as_str().unwrap().to_owned();
    assert_eq!(show(&client, &token).await.status, 200);
    let pipelines = format!("{}/federation/pipelines?api-version=7.1&serviceConnectionId=1", client.url);
    let token =
        send(client.http.post(pipelines).header("content-length", 0).bearer_auth(key)).await.unwrap().json();
    assert_eq!(show(&client, token["oidcToken"].as_str().unwrap()).await.status, 200);
}
