use serde_json::{Map, Value, json};

use super::xml::Element;
use super::{ATOM, Finder, JSON, VERBOSE, each};

/// The properties of an entry, as verbose JSON has them.
fn properties(entry: &Element) -> Value {
    let mut members = Map::new();
    for property in &entry.child("content").child("m:properties").children {
        let name = property.name.strip_prefix("d:").unwrap().to_owned();
        let value = match (property.attribute("m:null"), property.attribute("m:type")) {
            (Some("true"), _) => Value::Null,
            (_, Some("Edm.Int32")) => property.text.parse::<i64>().unwrap().into(),
            _ => property.text.clone().into(),
        };
        members.insert(name, value);
    }
    Value::Object(members)
}

/// A row of any format, with its names in camelCase and without annotations.
fn plain(row: &Value) -> Value {
    let kept =
        row.as_object().unwrap().iter().filter(|(name, _)| !name.contains('.') && *name != "__metadata");
    let small = |name: &str| name[..1].to_ascii_lowercase() + &name[1..];
    kept.map(|(name, value)| (small(name), value.clone())).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn one_list_is_equal_in_all_formats() {
    let finder = Finder::usual();
    for path in ["me/services", "v1.0/me/services", "v2.0/me/services", "v1.0/me/allServices"] {
        let rows: Vec<Value> = finder.rows(path).await.iter().map(plain).collect();
        assert!(rows.len() >= 7, "{path}");
        for metadata in ["none", "full"] {
            let accept = format!("application/json;odata.metadata={metadata}");
            let answer = finder.get(path, &accept).await.json();
            let other: Vec<Value> = answer["value"].as_array().unwrap().iter().map(plain).collect();
            assert_eq!(rows, other, "{path} {metadata}");
        }
        let verbose = finder.get(path, VERBOSE).await.json();
        let verbose: Vec<Value> = verbose["d"]["results"].as_array().unwrap().iter().map(plain).collect();
        assert_eq!(rows, verbose, "{path}");
        let atom = finder.get(path, ATOM).await;
        assert_eq!(atom.header("content-type"), Some("application/atom+xml;type=feed;charset=utf-8"));
        let feed = Element::read(std::str::from_utf8(&atom.body).unwrap());
        let atom: Vec<Value> = feed.all("entry").map(|entry| plain(&properties(entry))).collect();
        assert_eq!(rows, atom, "{path}");
    }
}

#[tokio::test]
async fn bases_differ_in_names_rows_and_what_is_usual() {
    let finder = Finder::usual();
    let usual = finder.get("me/services", "").await;
    assert!(usual.header("content-type").unwrap().starts_with("application/atom+xml"));
    let first = finder.get("v1.0/me/services", "").await;
    assert_eq!(first.header("content-type"), Some("application/json;odata.metadata=minimal;charset=utf-8"));
    assert_eq!(first.header("odata-version"), Some("4.0"));
    // The context names the catalogue, whichever list it is.
    let context = format!("{}/discovery/v1.0/me/$metadata#allServices", finder.url);
    assert_eq!(first.json()["@odata.context"], context);
    let keys = each(&finder.rows("v1.0/me/services").await, "entityKey");
    assert_eq!(keys.len(), 7);
    let second = finder.rows("v2.0/me/services").await;
    let files: Vec<&Value> = second.iter().filter(|row| row["capability"] == "MyFiles").collect();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["entityKey"], files[1]["entityKey"]);
    assert_eq!(files[0]["serviceApiVersion"], "v1.0");
    assert_eq!(files[0]["serviceEndpointUri"], "https://contoso-my.sharepoint.com/_api/v1.0/me");
    assert_eq!(files[1]["serviceApiVersion"], "v2.0");
    assert_eq!(files[1]["serviceEndpointUri"], "https://contoso-my.sharepoint.com/_api/v2.0");
    // The preview has light JSON of the third version, with its names.
    let preview = finder.get("me/services", JSON).await.json();
    assert!(preview["odata.metadata"].as_str().unwrap().ends_with("/discovery/me/$metadata#allServices"));
    assert_eq!(preview["value"][0]["Capability"], "RootSite");
    assert_eq!(preview["value"][0]["ServiceApiVersion"], Value::Null);
}

#[tokio::test]
async fn the_first_version_may_spell_as_the_preview_did() {
    let finder = Finder::new(json!({"pascalCase": true}));
    let first = finder.rows("v1.0/me/services").await;
    assert_eq!(each(&first, "ServiceId")[0], "O365_SHAREPOINT");
    assert_eq!(first[0]["ServiceName"], "Office 365 SharePoint");
    let second = finder.rows("v2.0/me/services").await;
    assert_eq!(second[0]["serviceName"], "Office 365 SharePoint");
}

#[tokio::test]
async fn the_catalogue_knows_no_endpoints() {
    let finder = Finder::usual();
    let answer = finder.anonymous("discovery/v1.0/me/AllServices", "").await;
    let rows = answer.json()["value"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 7);
    for row in &rows {
        assert_eq!((&row["serviceEndpointUri"], &row["serviceResourceId"]), (&Value::Null, &Value::Null));
        assert!(row.as_object().unwrap().contains_key("serviceEndpointUri"));
    }
    let atom = finder.anonymous("discovery/v1.0/me/AllServices", ATOM).await;
    let text = std::str::from_utf8(&atom.body).unwrap();
    assert!(text.contains("<d:ServiceEndpointUri m:null=\"true\" />"), "{text}");
}

#[tokio::test]
async fn a_key_names_one_entity() {
    let finder = Finder::usual();
    for path in ["v1.0/me/Services('Mail@O365_EXCHANGE')", "v1.0/me//SERVICES('Mail%40O365_EXCHANGE')"] {
        let one = finder.get(path, JSON).await.json();
        assert_eq!(one["capability"], "Mail", "{one}");
        assert!(one["@odata.context"].as_str().unwrap().ends_with("#allServices/$entity"));
    }
    let verbose = finder.get("me/services('Mail@O365_EXCHANGE')", VERBOSE).await.json();
    assert_eq!(verbose["d"]["EntityKey"], "Mail@O365_EXCHANGE");
    assert_eq!(verbose["d"]["__metadata"]["type"], "Microsoft.DiscoveryServices.ServiceInfo");
    let atom = finder.get("me/services('Mail@O365_EXCHANGE')", ATOM).await;
    assert_eq!(atom.header("content-type"), Some("application/atom+xml;type=entry;charset=utf-8"));
    let entry = Element::read(std::str::from_utf8(&atom.body).unwrap());
    assert_eq!(entry.name, "entry");
    assert_eq!(properties(&entry)["Capability"], "Mail");
    assert_eq!(entry.attribute("xml:base"), Some(format!("{}/discovery/me/", finder.url).as_str()));
    assert!(entry.child("id").text.ends_with("/discovery/me/services('Mail%40O365_EXCHANGE')"));
    let missing = finder.get("v1.0/me/services('Mail@NOBODY')", JSON).await;
    assert_eq!(missing.refusal(), (404, "ResourceNotFound".into()));
}

#[tokio::test]
async fn a_base_is_a_service_document() {
    let finder = Finder::usual();
    let document = finder.anonymous("discovery/v2.0/me", "").await.json();
    assert_eq!(document["value"][0]["name"], "allServices");
    let atom = finder.anonymous("discovery/me/", ATOM).await;
    let service = Element::read(std::str::from_utf8(&atom.body).unwrap());
    assert_eq!(service.child("workspace").all("collection").count(), 2);
    assert_eq!(finder.anonymous("discovery/v2.0/me", VERBOSE).await.json()["d"]["EntitySets"][1], "services");
    for nothing in
        ["discovery/", "discovery", "discovery/v2.0", "discovery/v3.0/me/services", "discovery/me/x"]
    {
        let answer = finder.anonymous(nothing, "").await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{nothing}");
    }
}

#[tokio::test]
async fn errors_have_the_format_of_the_request() {
    let finder = Finder::usual();
    let path = "v1.0/me/services?$select=ServiceUri";
    let error = finder.get(path, JSON).await;
    assert_eq!(error.refusal(), (400, "BadRequest".into()));
    assert!(error.json()["error"]["message"].as_str().unwrap().contains("ServiceUri"));
    let verbose = finder.get(path, VERBOSE).await;
    assert_eq!(verbose.status, 400);
    assert!(verbose.json()["error"]["message"]["value"].as_str().unwrap().contains("ServiceUri"));
    let atom = finder.get(path, ATOM).await;
    assert_eq!((atom.status, atom.header("content-type")), (400, Some("application/xml;charset=utf-8")));
    let error = Element::read(std::str::from_utf8(&atom.body).unwrap());
    assert_eq!((error.name.as_str(), error.child("m:code").text.as_str()), ("m:error", "BadRequest"));
    assert_eq!(error.child("m:message").attribute("xml:lang"), Some("en-US"));
    let light = finder.get("me/services?$select=ServiceUri", JSON).await.json();
    assert_eq!(light["odata.error"]["code"], "BadRequest");
    let accept = finder.get("v1.0/me/services", "application/json;odata=loud").await;
    assert_eq!(accept.refusal(), (406, "NotAcceptable".into()));
    let accept = finder.get("me/services", "text/csv").await;
    assert!(accept.status == 406 && accept.body.starts_with(b"<?xml"));
}
