use serde_json::{Value, json};

use super::{Client, claims, grant};

async fn refresh(client: &Client, token: &str, more: &[(&str, &str)]) -> crate::visitor::Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(more);
    client.token(&form).await
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap_or_else(|| panic!("{body}"))
}

#[tokio::test]
async fn each_use_gives_a_new_one_and_the_old_one_lives_on_for_a_while() {
    let client = Client::usual();
    let first = client.signed_in().await;
    let old = text(&first, "refresh_token");
    let second = refresh(&client, old, &[]).await.json();
    let new = text(&second, "refresh_token");
    assert_ne!(old, new);
    assert_ne!(text(&first, "access_token"), text(&second, "access_token"));
    assert_eq!(refresh(&client, old, &[]).await.status, 200);
    client.control("advance", json!({"seconds": 3_601}));
    let late = refresh(&client, old, &[]).await;
    assert_eq!(
        (super::refusal(&late), text(&late.json(), "suberror")),
        (grant("invalid_grant", 70_000), "bad_token")
    );
    assert_eq!(refresh(&client, new, &[]).await.status, 200);
}

#[tokio::test]
async fn a_refusal_costs_nobody_their_token() {
    let client = Client::usual();
    client.control("set_behaviour", json!({"refreshGrace": 0}));
    let first = client.signed_in().await;
    let token = text(&first, "refresh_token");
    client.control("set_app", json!({"consented": false}));
    let refused = refresh(&client, token, &[]).await;
    assert_eq!(
        (super::refusal(&refused), text(&refused.json(), "suberror")),
        (grant("invalid_grant", 65_001), "consent_required")
    );
    client.control("set_app", json!({"consented": true}));
    assert_eq!(refresh(&client, token, &[]).await.status, 200);
    assert_eq!(super::refusal(&refresh(&client, token, &[]).await), grant("invalid_grant", 70_000));
}

#[tokio::test]
async fn rotation_can_be_switched_off() {
    let client = Client::usual();
    client.control("set_behaviour", json!({"rotation": false}));
    let first = client.signed_in().await;
    let token = text(&first, "refresh_token");
    client.control("advance", json!({"seconds": 7_200}));
    assert_eq!(text(&refresh(&client, token, &[]).await.json(), "refresh_token"), token);
}

#[tokio::test]
async fn the_same_token_serves_all_apis() {
    let client = Client::usual();
    let first = client.signed_in().await;
    let graph = client.graph();
    let scope = format!("{graph}/User.Read");
    let body = refresh(&client, text(&first, "refresh_token"), &[("scope", &scope)]).await.json();
    assert_eq!(claims(text(&body, "access_token"))["aud"], graph.as_str());
    assert_eq!(text(&body, "scope"), scope);
    // Of several the first counts; a name alone is one of Graph.
    let several = format!("{}/ActivityFeed.Read User.Read", client.url);
    let body = refresh(&client, text(&first, "refresh_token"), &[("scope", &several)]).await.json();
    let access = claims(text(&body, "access_token"));
    assert_eq!(
        (access["aud"].as_str(), access["scp"].as_str()),
        (Some(client.url.as_str()), Some("ActivityFeed.Read"))
    );
    let unknown =
        refresh(&client, text(&first, "refresh_token"), &[("scope", "https://unknown.example/x")]).await;
    assert_eq!(super::refusal(&unknown), grant("invalid_resource", 500_011));
}

#[tokio::test]
async fn revoked_and_forgotten_ones_are_refused() {
    let client = Client::usual();
    let revoked = client.signed_in().await;
    let name = "arne.holt@contoso.onmicrosoft.com";
    assert_eq!(client.control("revoke_refresh_tokens", json!({"user": name}))["revoked"], 0);
    assert_eq!(client.control("revoke_refresh_tokens", json!({}))["revoked"], 1);
    let refused = refresh(&client, text(&revoked, "refresh_token"), &[]).await;
    assert_eq!(
        (super::refusal(&refused), text(&refused.json(), "suberror")),
        (grant("invalid_grant", 50_173), "bad_token")
    );
    let idle = client.signed_in().await;
    client.control("advance", json!({"seconds": 90 * 86_400}));
    let refused = refresh(&client, text(&idle, "refresh_token"), &[]).await;
    assert_eq!(super::refusal(&refused), grant("invalid_grant", 700_082));
    let unknown = refresh(&client, "unknown", &[]).await;
    assert_eq!(super::refusal(&unknown), grant("invalid_grant", 9_002_313));
}

#[tokio::test]
async fn they_belong_to_one_client_that_authenticates_as_it_did() {
    let client = Client::usual();
    let program = client.signed_in().await;
    let refused =
        refresh(&client, text(&program, "refresh_token"), &[("client_secret", &client.secret)]).await;
    assert_eq!(super::refusal(&refused), grant("invalid_client", 700_025));
    let other = "99999999-0000-4000-8000-000000000000";
    client.control("set_app", json!({"clientId": other}));
    let refused = refresh(&client, text(&program, "refresh_token"), &[("client_id", other)]).await;
    assert_eq!(super::refusal(&refused), grant("invalid_grant", 9_002_313));

    let server = "https://app.contoso.example/callback";
    let (_, back) = client.sign_in(&[("redirect_uri", server)]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", back["code"].as_str()),
        ("redirect_uri", server),
        ("client_secret", &client.secret),
    ];
    let body = client.token(&form).await.json();
    let refused = refresh(&client, text(&body, "refresh_token"), &[]).await;
    assert_eq!(super::refusal(&refused), grant("invalid_client", 7_000_218));
    let taken = refresh(&client, text(&body, "refresh_token"), &[("client_secret", &client.secret)]).await;
    assert_eq!(taken.status, 200);
}

#[tokio::test]
async fn pages_keep_theirs_for_a_day() {
    let client = Client::usual();
    let (page, verifier) = ("https://app.contoso.example/spa", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let (_, back) = client.sign_in(&[("redirect_uri", page), ("code_challenge", verifier)]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", &back["code"]),
        ("redirect_uri", page),
        ("code_verifier", verifier),
    ];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let url = format!("{}/{}/oauth2/v2.0/token", client.url, client.tenant);
    let request = client.http.post(url).header("origin", "https://app.contoso.example").body(body);
    let mut token = text(&crate::visitor::send(request).await.unwrap().json(), "refresh_token").to_owned();
    for _ in 0..2 {
        client.control("advance", json!({"seconds": 40_000}));
        token = text(&refresh(&client, &token, &[]).await.json(), "refresh_token").to_owned();
    }
    client.control("advance", json!({"seconds": 7_000}));
    assert_eq!(super::refusal(&refresh(&client, &token, &[]).await), grant("invalid_grant", 700_084));
}

#[tokio::test]
async fn there_is_none_without_offline_access() {
    let client = Client::usual();
    let scope = format!("{}/.default", client.url);
    let (_, back) = client.sign_in(&[("scope", &scope)]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", back["code"].as_str()),
        ("redirect_uri", "http://localhost:4000"),
    ];
    let body = client.token(&form).await.json();
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none(), "{body}");
}
