use serde_json::json;

use super::{Client, arrived, claims, grant};
use crate::visitor::send;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const LOCAL: &str = "http://localhost:4000";

fn redemption<'a>(code: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("grant_type", "authorization_code"), ("code", code)];
    form.extend(more);
    if !more.iter().any(|(name, _)| *name == "redirect_uri") {
        form.push(("redirect_uri", LOCAL));
    }
    form
}

#[tokio::test]
async fn a_program_signs_somebody_in() {
    let client = Client::usual();
    let (uri, back) = client
        .sign_in(&[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("nonce", "the nonce"),
            ("login_hint", "arne.holt@contoso.onmicrosoft.com"),
        ])
        .await;
    assert_eq!((uri.as_str(), back["state"].as_str()), (LOCAL, "the state"));
    let form = redemption(&back["code"], &[("code_verifier", VERIFIER), ("client_info", "1")]);
    let answer = client.token(&form).await;
    assert_eq!(answer.header("cache-control"), Some("no-store, no-cache"));
    let body = answer.json();
    let id = claims(body["id_token"].as_str().unwrap());
    assert_eq!((&id["aud"], &id["nonce"]), (&json!(client.id), &json!("the nonce")));
    assert_eq!(id["preferred_username"], "arne.holt@contoso.onmicrosoft.com");
    assert_eq!(id["iss"], format!("{}/{}/v2.0", client.url, client.tenant));
    let access = claims(body["access_token"].as_str().unwrap());
    assert_eq!(
        (access["appidacr"].as_str(), access["tid"].as_str()),
        (Some("0"), Some(client.tenant.as_str()))
    );
    assert!(access["scp"].as_str().unwrap().contains("ActivityFeed.Read"));
    assert!(access.get("roles").is_none());
    assert!(body["refresh_token"].is_string() && body["client_info"].is_string());
    assert!(body["scope"].as_str().unwrap().contains(&format!("{}/.default", client.url)), "{body}");
    // Once, and never again.
    assert_eq!(client.refusal(&form).await, grant("invalid_grant", 54_005));
}

#[tokio::test]
async fn the_verifier_fits_the_challenge() {
    let client = Client::usual();
    let hashed = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    for (parameters, verifier, number) in
        [(&hashed[..], "another verifier", 501_481), (&hashed[..], "", 50_147), (&[], VERIFIER, 501_481)]
    {
        let (_, back) = client.sign_in(parameters).await;
        let form = redemption(&back["code"], &[("code_verifier", verifier)]);
        assert_eq!(client.refusal(&form).await, grant("invalid_grant", number));
    }
    let (_, plain) =
        client.sign_in(&[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]).await;
    assert_eq!(client.token(&redemption(&plain["code"], &[("code_verifier", VERIFIER)])).await.status, 200);
    let (_, short) = client.sign_in(&[("code_challenge", "short"), ("code_challenge_method", "S256")]).await;
    assert_eq!(short["error"], "invalid_request");
    let (_, odd) = client.sign_in(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S512")]).await;
    assert!(odd["error_description"].starts_with("AADSTS50147"));
    client.control("set_behaviour", json!({"requirePkce": true}));
    let (_, without) = client.sign_in(&[]).await;
    assert!(without["error_description"].starts_with("AADSTS900144"));
}

#[tokio::test]
async fn codes_are_bound_to_all_they_were_given_for() {
    let client = Client::usual();
    let code = async || client.sign_in(&[]).await.1["code"].clone();
    let lost = redemption("unknown", &[]);
    assert_eq!(client.refusal(&lost).await, grant("invalid_grant", 70_000));
    let first = code().await;
    let elsewhere = redemption(&first, &[("redirect_uri", "http://localhost:4001")]);
    assert_eq!(client.refusal(&elsewhere).await, grant("invalid_grant", 500_112));
    let confidential = redemption(&first, &[("client_secret", &client.secret)]);
    assert_eq!(client.refusal(&confidential).await, grant("invalid_client", 700_025));
    let mut form = redemption(&first, &[]);
    form.push(("client_id", &client.id));
    let other = client.post_to("organizations", "oauth2/v2.0/token", &form).await;
    assert_eq!(super::refusal(&other), grant("invalid_grant", 700_005));
    client.control("set_app", json!({"clientId": "99999999-0000-4000-8000-000000000000"}));
    let stranger = redemption(&first, &[("client_id", "99999999-0000-4000-8000-000000000000")]);
    assert_eq!(client.refusal(&stranger).await, grant("invalid_grant", 70_000));
    let graph = client.graph();
    let two = format!("{}/.default {graph}/.default", client.url);
    let several = redemption(&first, &[("scope", &two)]);
    assert_eq!(client.refusal(&several).await, grant("invalid_scope", 700_022));
    // None of it has used the code up; time does.
    client.control("advance", json!({"seconds": 601}));
    assert_eq!(client.refusal(&redemption(&first, &[])).await, grant("invalid_grant", 70_008));
}

#[tokio::test]
async fn servers_authenticate_and_pages_come_from_an_origin() {
    let client = Client::usual();
    let server = "https://app.contoso.example/callback";
    let (uri, back) = client.sign_in(&[("redirect_uri", server)]).await;
    assert_eq!(uri, server);
    let form = redemption(&back["code"], &[("redirect_uri", server)]);
    assert_eq!(client.refusal(&form).await, grant("invalid_client", 7_000_218));
    let mut form = form;
    form.push(("client_secret", &client.secret));
    assert_eq!(client.token(&form).await.status, 200);

    let page = "https://app.contoso.example/spa";
    let without = client.sign_in(&[("redirect_uri", page)]).await.1;
    assert!(without["error_description"].starts_with("AADSTS900144"));
    let (_, back) = client.sign_in(&[("redirect_uri", page), ("code_challenge", VERIFIER)]).await;
    let form = redemption(&back["code"], &[("redirect_uri", page), ("code_verifier", VERIFIER)]);
    assert_eq!(client.refusal(&form).await, grant("invalid_request", 9_002_327));
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let client = Client::usual();
    for uri in
        ["https://evil.example/", "http://localhost.evil.example", "http://localhost:80@evil.example/", ""]
    {
        let answer = client.browse(&client.tenant, &[("redirect_uri", uri)]).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{uri}");
        let page = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(page.contains("AADSTS50011"), "{page}");
    }
    let answer = client.browse(&client.tenant, &[("client_id", "<script>")]).await;
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(page.contains("AADSTS700016") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn answers_travel_in_three_ways() {
    let client = Client::usual();
    let answer = client.browse(&client.tenant, &[("response_mode", "fragment")]).await;
    assert!(answer.header("location").unwrap().starts_with("http://localhost:4000#"));
    let answer = client.browse(&client.tenant, &[("response_mode", "form_post"), ("state", "\"><b>")]).await;
    assert_eq!(answer.status, 200);
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(page.contains("action=\"http://localhost:4000\"") && page.contains("name=\"code\""), "{page}");
    assert!(page.contains("value=\"&quot;&gt;&lt;b&gt;\""), "{page}");
    let answer = client.browse(&client.tenant, &[("response_mode", "pigeon")]).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn sign_ins_are_refused_and_asked_about() {
    let client = Client::usual();
    assert_eq!(client.sign_in(&[("response_type", "token")]).await.1["error"], "unsupported_response_type");
    assert_eq!(
        client.sign_in(&[("scope", "https://unknown.example/.default")]).await.1["error"],
        "invalid_resource"
    );
    assert_eq!(
        client.sign_in(&[("login_hint", "nobody@nowhere.example")]).await.1["error"],
        "login_required"
    );
    assert_eq!(client.sign_in(&[("claims", "no JSON")]).await.1["error"], "invalid_request");
    for error in ["access_denied", "server_error", "temporarily_unavailable", "interaction_required"] {
        client.control("set_behaviour", json!({"authorize": "refuse", "authorizeError": error}));
        let back = client.sign_in(&[]).await.1;
        assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "the state"));
    }
    client.control("set_behaviour", json!({"authorize": "form"}));
    assert_eq!(client.sign_in(&[("prompt", "none")]).await.1["error"], "login_required");
    let answer = client.browse(&client.tenant, &[("state", "s")]).await;
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(answer.status == 200 && page.contains("arne.holt@contoso.onmicrosoft.com"), "{page}");
    let scopes = client.scopes();
    for (decision, member, value) in [("approve", "state", "s"), ("decline", "error", "access_denied")] {
        let form = [
            ("client_id", client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", LOCAL),
            ("scope", &scopes),
            ("state", "s"),
            ("user", "arne.holt@contoso.onmicrosoft.com"),
            ("decision", decision),
        ];
        let answer = client.post_to(&client.tenant, "oauth2/v2.0/authorize", &form).await;
        assert_eq!(arrived(answer.header("location").unwrap()).1[member], value);
    }
}

#[tokio::test]
async fn aliases_take_whom_they_are_for() {
    let client = Client::usual();
    for alias in ["common", "organizations", "contoso.onmicrosoft.com"] {
        assert_eq!(client.browse(alias, &[]).await.status, 302, "{alias}");
    }
    let says =
        |number: &str, body: &[u8]| String::from_utf8_lossy(body).contains(&format!("AADSTS{number}:"));
    let refused = client.browse("consumers", &[]).await;
    assert!(refused.status == 400 && says("9002332", &refused.body));
    client.control("set_app", json!({"personal": true, "multiTenant": false}));
    let personal = client.browse("consumers", &[]).await;
    assert_eq!(personal.status, 302);
    let code = arrived(personal.header("location").unwrap()).1["code"].clone();
    let mut form = redemption(&code, &[]);
    form.push(("client_id", &client.id));
    let body = client.post_to("consumers", "oauth2/v2.0/token", &form).await.json();
    let id = claims(body["id_token"].as_str().unwrap());
    assert_eq!(id["tid"], "9188040d-6c67-4c5b-b112-36a304b66dad");
    let refused = client.browse("common", &[]).await;
    assert!(refused.status == 400 && says("50194", &refused.body));
    let refused = client.browse("unknown.example", &[]).await;
    assert!(refused.status == 400 && says("90002", &refused.body));
}

#[tokio::test]
async fn consent_is_asked_for_and_given() {
    let client = Client::usual();
    client.control("set_app", json!({"consented": false}));
    assert_eq!(client.sign_in(&[("prompt", "none")]).await.1["error"], "consent_required");
    let consent = |more: &str| {
        let query =
            format!("client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A4000&state=s{more}", client.id);
        client.http.get(format!("{}/{}/adminconsent?{query}", client.url, client.tenant))
    };
    client.control("set_behaviour", json!({"authorize": "refuse"}));
    let refused = send(consent("")).await.unwrap();
    assert_eq!(arrived(refused.header("location").unwrap()).1["error"], "access_denied");
    client.control("set_behaviour", json!({"authorize": "approve"}));
    let agreed = send(consent("")).await.unwrap();
    let back = arrived(agreed.header("location").unwrap()).1;
    assert_eq!(
        (back["admin_consent"].as_str(), &back["tenant"], back["state"].as_str()),
        ("True", &client.tenant, "s")
    );
    assert!(client.sign_in(&[("prompt", "none")]).await.1.contains_key("code"));
}

#[tokio::test]
async fn the_older_endpoint_names_a_resource() {
    let client = Client::usual();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", LOCAL),
            ("resource", "https://api.office.com/discovery/"),
        ])
        .finish();
    let answer =
        send(client.http.get(format!("{}/common/oauth2/authorize?{query}", client.url))).await.unwrap();
    let code = arrived(answer.header("location").unwrap()).1["code"].clone();
    let mut form = redemption(&code, &[]);
    form.extend([("client_id", client.id.as_str()), ("resource", "https://api.office.com/discovery/")]);
    let body = client.post_to("common", "oauth2/token", &form).await.json();
    assert!(body["expires_in"].is_string() && body["expires_on"].is_string(), "{body}");
    let access = claims(body["access_token"].as_str().unwrap());
    assert_eq!(access["aud"], "https://api.office.com/discovery/");
    assert_eq!(claims(body["id_token"].as_str().unwrap())["ver"], "1.0");
}
