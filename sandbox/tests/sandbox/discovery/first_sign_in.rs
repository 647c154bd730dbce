use std::collections::HashMap;

use serde_json::json;

use super::{ATOM, Finder};
use crate::visitor::{Answer, send};

const BACK: &str = "http://localhost:53682/cb/k3Jd81";

fn address(base: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("discovery/{base}/FirstSignIn?{query}")
}

fn usual(scope: &str) -> String {
    address("v1.0/me", &[("scope", scope), ("redirect_uri", BACK)])
}

/// Where a browser is sent, and with what.
fn sent(answer: &Answer) -> (String, HashMap<String, String>) {
    assert_eq!(answer.status, 302, "{answer:?}");
    let (place, query) = answer.header("location").unwrap().split_once('?').unwrap();
    (place.to_owned(), form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

#[tokio::test]
async fn an_organization_gets_empty_scopes() {
    let finder = Finder::new(json!({"auto": "alex@contoso.example"}));
    let (place, told) = sent(&finder.anonymous(&usual("MyFiles.Read Mail.Read"), "text/html").await);
    assert_eq!(place, BACK);
    let url = &finder.url;
    let expected = [
        ("user_email", "alex@contoso.example".to_owned()),
        ("account_type", "2".into()),
        ("authorization_service", format!("{url}/common/oauth2/authorize")),
        ("token_service", format!("{url}/common/oauth2/token")),
        ("scope", String::new()),
        ("unsupported_scope", String::new()),
        ("discovery_service", format!("{url}/discovery/v1.0/me")),
        ("discovery_resource", format!("{url}/discovery/")),
    ];
    assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

#[tokio::test]
async fn a_microsoft_account_gets_scopes_of_its_own() {
    let finder = Finder::new(json!({"auto": "sadie.lund@mail.example"}));
    let path = usual("MyFiles.Write Calendars.Read AllSites.Read");
    let (_, told) = sent(&finder.anonymous(&path, "").await);
    assert_eq!(told["account_type"], "1");
    assert_eq!(told["scope"], "wl.skydrive_update wl.calendars");
    assert_eq!(told["unsupported_scope"], "AllSites.Read");
    assert_eq!(told["token_service"], format!("{}/consumers/oauth2/v2.0/token", finder.url));
}

#[tokio::test]
async fn a_page_asks_and_posts() {
    let finder = Finder::usual();
    let path = address(
        "v2.0/me",
        &[("scope", "Mail.Read"), ("redirect_uri", "https://a.example/cb?x=1"), ("lcid", "1031")],
    );
    let page = finder.anonymous(&path, "text/html").await;
    let text = std::str::from_utf8(&page.body).unwrap();
    assert!(
        page.status == 200 && text.contains("<html lang=\"de\">") && text.contains("name=\"user_email\"")
    );
    let action = text.split_once("action=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    let post = async |form: &'static str| {
        let request = finder.http.post(format!("{}{action}", finder.url)).body(form);
        send(request.header("content-type", "application/x-www-form-urlencoded")).await.unwrap()
    };
    let (place, told) = sent(&post("user_email=sadie.lund%40contoso.onmicrosoft.com&decision=next").await);
    assert_eq!((place.as_str(), told["x"].as_str()), ("https://a.example/cb", "1"));
    assert_eq!(told["discovery_service"], format!("{}/discovery/v2.0/me", finder.url));
    let again = post("user_email=%22%3E%3Cscript%3E&decision=next").await;
    let text = std::str::from_utf8(&again.body).unwrap();
    assert!(again.status == 200 && text.contains("not an e-mail address") && !text.contains("<script>"));
    let (_, told) = sent(&post("user_email=&decision=cancel").await);
    assert_eq!(told["error"], "access_denied");
}

#[tokio::test]
async fn what_is_missing_is_refused() {
    let finder = Finder::new(json!({"auto": "alex@contoso.example"}));
    let refused = async |pairs: &[(&str, &str)]| finder.anonymous(&address("v1.0/me", pairs), "").await;
    for pairs in [
        &[("scope", "Mail.Read")][..],
        &[("redirect_uri", BACK)],
        &[("scope", ""), ("redirect_uri", BACK)],
        &[("scope", "Mail.Read"), ("redirect_uri", "/cb")],
        &[("scope", "Mail.Read"), ("redirect_uri", "http://localhost/#x")],
        &[("scope", "Mail.Read"), ("redirect_uri", BACK), ("lcid", "0x407")],
    ] {
        assert_eq!(refused(pairs).await.refusal(), (400, "BadRequest".into()), "{pairs:?}");
    }
    let atom = finder.anonymous("discovery/me/FirstSignIn", ATOM).await;
    assert!(atom.status == 400 && atom.body.starts_with(b"<?xml"));
}

#[tokio::test]
async fn it_may_send_back_an_error() {
    let finder = Finder::new(json!({"error": "temporarily_unavailable"}));
    let (place, told) = sent(&finder.anonymous(&usual("Mail.Read"), "").await);
    assert_eq!((place.as_str(), told["error"].as_str()), (BACK, "temporarily_unavailable"));
    assert!(!told.contains_key("token_service"));
}

#[tokio::test]
async fn hostile_answers_are_made_on_demand() {
    let finder = Finder::new(json!({"auto": "alex@contoso.example"}));
    for (mischief, name, value) in [
        ("http_token_service", "token_service", "http://login.microsoftonline.com/"),
        ("foreign_token_service", "token_service", "https://login.evil.example/"),
        ("look_alike", "token_service", "https://login.microsoftonline.com@login.evil.example/"),
        (
            "foreign_authorization_service",
            "authorization_service",
            "https://login.microsoftonline.com.evil.example/",
        ),
        ("foreign_discovery_service", "discovery_service", "https://api.office.com.evil.example/"),
        ("double_parameter", "token_service", "https://login.evil.example/"),
        ("extra_parameter", "session_hint", "7 of 9"),
    ] {
        finder.set(json!({"mischief": mischief}));
        let (place, told) = sent(&finder.anonymous(&usual("Mail.Read"), "").await);
        assert!(place == BACK && told[name].starts_with(value), "{mischief}: {told:?}");
    }
    finder.set(json!({"mischief": "missing_parameter"}));
    assert!(!sent(&finder.anonymous(&usual("Mail.Read"), "").await).1.contains_key("token_service"));
    finder.set(json!({"mischief": "wrong_redirect"}));
    assert_eq!(sent(&finder.anonymous(&usual("Mail.Read"), "").await).0, format!("{BACK}evil"));
}
