use serde_json::json;

use super::{ATOM, Finder, JSON, VERBOSE};

async fn body(finder: &Finder, mischief: &str, accept: &str) -> Vec<u8> {
    finder.set(json!({"mischief": mischief}));
    let answer = finder.get("v1.0/me/services", accept).await;
    assert_eq!(answer.status, 200, "{mischief}");
    answer.body.to_vec()
}

async fn text(finder: &Finder, mischief: &str, accept: &str) -> String {
    String::from_utf8(body(finder, mischief, accept).await).unwrap()
}

#[tokio::test]
async fn atom_may_be_hostile() {
    let finder = Finder::usual();
    let kind = text(&finder, "doctype", ATOM).await;
    assert!(
        kind.contains("?><!DOCTYPE feed SYSTEM \"https://entities.evil.example/feed.dtd\"><feed"),
        "{kind}"
    );
    let entities = text(&finder, "entities", ATOM).await;
    assert!(entities.contains("<!ENTITY e9 \"&e8;") && entities.contains("<rights>&e9;</rights>"));
    let deep = text(&finder, "depth", ATOM).await;
    assert!(deep.matches("<x>").count() == 100_000 && deep.matches("</x>").count() == 100_000);
    let unknown = text(&finder, "unknown_encoding", ATOM).await;
    assert!(unknown.contains("encoding=\"x-nobody-1\""));
}

#[tokio::test]
async fn encodings_may_be_others_than_usual() {
    let finder = Finder::usual();
    for accept in [ATOM, VERBOSE, JSON] {
        assert!(String::from_utf8(body(&finder, "bad_utf8", accept).await).is_err(), "{accept}");
    }
    let latin = body(&finder, "latin1", ATOM).await;
    let latin: String = latin.into_iter().map(char::from).collect();
    assert!(latin.contains("encoding=\"iso-8859-1\"") && latin.contains("<d:ProviderName>Microsôft</d:"));
    let wide = body(&finder, "utf16", ATOM).await;
    assert_eq!(wide[..2], [0xff, 0xfe]);
    let units: Vec<u16> = wide.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert!(String::from_utf16(&units).unwrap().ends_with("</feed>"));
    // JSON goes on as it was: there is nothing to declare.
    assert!(text(&finder, "utf16", JSON).await.starts_with('{'));
}

#[tokio::test]
async fn bodies_may_be_too_deep_too_large_or_something_else() {
    let finder = Finder::usual();
    for accept in [VERBOSE, JSON] {
        assert!(text(&finder, "depth", accept).await.contains(&"[".repeat(100_000)), "{accept}");
    }
    for accept in [ATOM, VERBOSE, JSON] {
        assert!(body(&finder, "large", accept).await.len() > 4 * 1024 * 1024, "{accept}");
    }
    finder.set(json!({"mischief": "wrong_type"}));
    let json = finder.get("v1.0/me/services", JSON).await;
    assert!(json.body.starts_with(b"{") && json.header("content-type").unwrap().contains("atom"));
    let atom = finder.get("v1.0/me/services", ATOM).await;
    assert!(atom.body.starts_with(b"<") && atom.header("content-type").unwrap().contains("json"));
}

#[tokio::test]
async fn links_and_places_may_lead_astray() {
    let finder = Finder::usual();
    let next = "https://pages.evil.example/services";
    for accept in [ATOM, VERBOSE, JSON] {
        assert!(text(&finder, "foreign_next", accept).await.contains(next), "{accept}");
    }
    finder.set(json!({"mischief": "loop_next"}));
    let first = finder.get("v1.0/me/services", JSON).await.json();
    let link = first["@odata.nextLink"].as_str().unwrap();
    let path = link.strip_prefix(&format!("{}/discovery/", finder.url)).unwrap();
    assert_eq!(finder.get(path, JSON).await.json()["@odata.nextLink"], link);
    finder.set(json!({"mischief": "foreign_endpoint"}));
    let row = &finder.rows("v1.0/me/services").await[0];
    assert_eq!(row["serviceEndpointUri"], "https://sharepoint.com.evil.example/_api");
    assert_eq!(row["serviceResourceId"], "https://contoso.sharepoint.com/");
    finder.set(json!({"mischief": "foreign_resource"}));
    let row = &finder.rows("v1.0/me/services").await[0];
    assert_eq!(row["serviceResourceId"], "https://tokens.evil.example/");
}
