use serde_json::{Value, json};

use super::{Client, claims, grant, header, signed};
use crate::visitor::Answer;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

async fn exchange(client: &Client, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let graph = client.graph();
    let scope = format!("{graph}/User.Read offline_access");
    let mut form = vec![
        ("grant_type", GRANT),
        ("client_secret", client.secret.as_str()),
        ("assertion", assertion),
        ("requested_token_use", "on_behalf_of"),
        ("scope", &scope),
    ];
    form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    client.token(&form).await
}

/// A token that somebody called the client's own API with.
async fn incoming(client: &Client) -> String {
    let scope = format!("api://{}/access_as_user", client.id);
    let (_, back) =
        client.sign_in(&[("scope", &scope), ("login_hint", "arne.holt@contoso.onmicrosoft.com")]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", back["code"].as_str()),
        ("redirect_uri", "http://localhost:4000"),
    ];
    client.token(&form).await.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_service_acts_for_its_caller() {
    let client = Client::usual();
    let token = incoming(&client).await;
    let said = claims(&token);
    assert_eq!(
        (&said["aud"], &said["azp"], &said["ver"]),
        (&json!(client.id), &json!(client.id), &json!("2.0"))
    );
    let body = exchange(&client, &token, &[]).await.json();
    let access = claims(body["access_token"].as_str().unwrap());
    assert_eq!((&access["aud"], &access["scp"]), (&json!(client.graph()), &json!("User.Read")));
    assert_eq!(access["upn"], "arne.holt@contoso.onmicrosoft.com");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", body["refresh_token"].as_str().unwrap()),
        ("client_secret", &client.secret),
    ];
    assert_eq!(client.token(&refresh).await.status, 200);
    let me = client.http.get(format!("{}/v1.0/me", client.graph()));
    let me = crate::visitor::send(me.bearer_auth(body["access_token"].as_str().unwrap())).await.unwrap();
    assert_eq!(me.json()["userPrincipalName"], "arne.holt@contoso.onmicrosoft.com");
}

#[tokio::test]
async fn assertions_are_tokens_of_users_for_this_very_service() {
    let client = Client::usual();
    let token = incoming(&client).await;
    let issue = |args: Value| client.control("issue_token", args)["token"].as_str().unwrap().to_owned();
    let own = format!("api://{}", client.id);
    let user = "sadie.lund@contoso.onmicrosoft.com";
    assert_eq!(exchange(&client, &issue(json!({"audience": own, "user": user})), &[]).await.status, 200);
    for (assertion, number) in [
        (issue(json!({"audience": own})), 7_000_114),
        (issue(json!({"user": user})), 500_131),
        (issue(json!({"audience": own, "user": user, "lifetime": -1})), 500_133),
    ] {
        assert_eq!(super::refusal(&exchange(&client, &assertion, &[]).await), grant("invalid_grant", number));
    }
    let other = client.control("make_certificate", json!({}));
    let forged = signed(other["privateKey"].as_str().unwrap(), &header(&token), &claims(&token));
    assert_eq!(super::refusal(&exchange(&client, &forged, &[]).await), grant("invalid_grant", 50_013));
    assert_eq!(super::refusal(&exchange(&client, "no token", &[]).await), grant("invalid_request", 50_027));
}

#[tokio::test]
async fn the_request_is_complete() {
    let client = Client::usual();
    let token = incoming(&client).await;
    let two = format!("{}/.default User.Read", client.url);
    for (name, value, expected) in [
        ("client_secret", "", grant("invalid_client", 7_000_218)),
        ("assertion", "", grant("invalid_request", 900_144)),
        ("requested_token_use", "", grant("invalid_request", 900_144)),
        ("requested_token_use", "anything", grant("invalid_request", 9_002_313)),
        ("scope", "", grant("invalid_scope", 70_011)),
        ("scope", two.as_str(), grant("invalid_scope", 700_022)),
    ] {
        let refused = exchange(&client, &token, &[(name, value)]).await;
        assert_eq!(super::refusal(&refused), expected, "{name}={value}");
    }
    client.control("set_app", json!({"onBehalfOf": false}));
    assert_eq!(super::refusal(&exchange(&client, &token, &[]).await), grant("invalid_grant", 7_000_114));
    client.control("set_app", json!({"onBehalfOf": true, "consented": false}));
    let refused = exchange(&client, &token, &[]).await;
    assert_eq!(super::refusal(&refused), grant("invalid_grant", 65_001));
    assert_eq!(refused.json()["suberror"], "consent_required");
    let graph = format!("{}/.default", client.graph());
    let form = [
        ("grant_type", GRANT),
        ("client_id", client.id.as_str()),
        ("client_secret", &client.secret),
        ("assertion", &token),
        ("scope", &graph),
    ];
    let alias = client.post_to("common", "oauth2/v2.0/token", &form).await;
    assert_eq!(super::refusal(&alias), grant("invalid_request", 50_059));
}
