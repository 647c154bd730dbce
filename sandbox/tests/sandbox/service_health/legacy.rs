use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Wires, ids};

/// Accept headers, and a level's content type.
const FULL: &str = "application/json;odata.metadata=full";
const MINIMAL: &str = "application/json; odata.metadata=minimal";

fn names(row: &Value) -> HashSet<&str> {
    row.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn messages_have_the_members_of_real_traffic() {
    let wires = Wires::new(json!({"issues": 120, "messages": 90}));
    let rows = wires.legacy_rows("Messages").await;
    assert_eq!(rows.len(), 100, "no more than a hundred");
    let of = |kind: &str| rows.iter().filter(|row| row["MessageType"] == kind).cloned().collect::<Vec<_>>();
    let (incidents, posts) = (of("Incident"), of("MessageCenter"));
    assert_eq!(incidents.len() + posts.len(), 100);
    assert!(
        incidents.iter().all(|row| names(row).len() == 24) && posts.iter().all(|row| names(row).len() == 40)
    );
    assert!(
        posts
            .iter()
            .all(|row| row["Workload"].is_null() && row["Status"] == "" && row["EndTime"].is_string())
    );
    assert!(incidents.iter().any(|row| row["EndTime"].is_null()));
    let digits: HashSet<usize> = rows
        .iter()
        .flat_map(|row| [&row["StartTime"], &row["LastUpdatedTime"]])
        .filter_map(Value::as_str)
        .map(|time| time.split_once('.').map_or(0, |(_, rest)| rest.len() - 1))
        .collect();
    assert_eq!(digits, HashSet::from([0, 1, 2, 3, 7]));
    let text = String::from_utf8_lossy(&wires.legacy("Messages").await.body).into_owned();
    let first: HashSet<&str> = text.split("{\"").skip(2).filter_map(|part| part.split('"').next()).collect();
    assert!(first.len() > 5, "members are in no order: {first:?}");
    assert!(
        posts.iter().any(|row| row["ActionType"].is_array())
            && posts.iter().any(|row| row["ActionType"].is_string())
    );
}

#[tokio::test]
async fn statuses_come_in_both_dialects() {
    let wires = Wires::new(json!({"issues": 60}));
    let current = wires.legacy_rows("CurrentStatus").await;
    assert_eq!(current.len(), 24);
    let well = current.iter().find(|row| row["Status"] == "ServiceOperational").unwrap();
    assert_eq!((&well["StatusDisplayName"], &well["IncidentIds"]), (&json!("Normal service"), &json!([])));
    assert!(current[0]["StatusTime"].as_str().unwrap().starts_with("2026-11-20T00:00:00"));
    let broken = current.iter().find(|row| row["IncidentIds"] != json!([])).unwrap();
    let feature = broken["FeatureStatus"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["FeatureServiceStatus"] != "ServiceOperational");
    assert!(feature.unwrap()["FeatureServiceStatusDisplayName"].is_string());
    wires.visitor.control("set_service_health", json!({"dialect": "docs"}));
    let row = wires.legacy_rows("CurrentStatus").await.remove(0);
    assert!(
        row["StatusDate"].is_string()
            && row.get("StatusTime").is_none()
            && row.get("StatusDisplayName").is_none()
    );
    let feature = &row["FeatureGroupStatusCollection"][0];
    assert!(feature["FeatureStatus"].is_string() && feature["Feature"].is_string());
    assert!(wires.legacy_rows("Services").await[0]["FeatureNames"][0].is_string());
    let message = wires.legacy_rows("Messages").await.remove(0);
    assert_eq!(names(&message).len(), 13, "{message}");
}

#[tokio::test]
async fn history_has_a_row_for_each_service_and_day() {
    let wires = Wires::new(json!({"issues": 60}));
    let rows = wires.legacy_rows("HistoricalStatus?$filter=Workload eq 'Exchange'").await;
    let days: Vec<&str> = rows.iter().map(|row| &row["StatusTime"].as_str().unwrap()[..10]).collect();
    assert_eq!(days.len(), 8, "the day on which the week begins is in it");
    assert!(days.is_sorted_by(|a, b| a > b) && days[0] == "2026-11-20");
    let since = wires.legacy_rows(
        "HistoricalStatus?$filter=Workload eq 'Exchange' and StatusTime ge 2026-10-20T00:00:00Z",
    );
    assert_eq!(since.await.len(), 32);
    wires.visitor.control("set_service_health", json!({"strictWindow": true}));
    assert_eq!(wires.legacy_rows("HistoricalStatus").await.len(), 7 * 24);
}

#[tokio::test]
async fn windows_are_by_overlap_or_to_the_letter() {
    let wires = Wires::new(json!({"issues": [
        {"id": "EX1", "startDateTime": "2026-08-01T00:00:00Z", "endDateTime": null, "lastModifiedDateTime": "2026-08-02T00:00:00Z"},
        {"id": "EX2", "startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2026-11-02T00:00:00Z", "lastModifiedDateTime": "2026-11-03T00:00:00Z"},
        {"id": "EX3", "startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2026-11-02T00:00:00Z", "lastModifiedDateTime": "2026-11-19T00:00:00Z"},
        {"id": "EX4", "startDateTime": "2026-11-15T00:00:00Z", "endDateTime": "2026-11-16T00:00:00Z", "lastModifiedDateTime": "2026-11-16T00:00:00Z"},
    ], "messages": []}));
    let list = async |query: &str| {
        let mut found = ids(&wires.legacy_rows(&format!("Messages{query}")).await);
        found.sort();
        found.join(" ")
    };
    assert_eq!(list("").await, "EX1 EX3 EX4");
    assert_eq!(list("?$filter=Id eq 'EX2'").await, "EX2");
    assert_eq!(
        list("?$filter=StartTime ge 2026-11-01T00:00:00Z and EndTime le 2026-11-20T00:00:00Z").await,
        "EX2 EX3 EX4"
    );
    wires.visitor.control("set_service_health", json!({"strictWindow": true}));
    assert_eq!(list("").await, "EX4");
    assert_eq!(list("?$filter=StartTime ge 2026-11-01T00:00:00Z").await, "EX2 EX3 EX4");
}

#[tokio::test]
async fn options_are_strict_silent_or_clamped() {
    let wires = Wires::new(json!({"issues": 10, "messages": 150}));
    let count = async |query: &str| wires.legacy_rows(&format!("Messages{query}")).await.len();
    let all = count("?$filter=MessageType eq 'MessageCenter'").await;
    assert_eq!(all, 100);
    assert_eq!(count("?$filter=MessageType eq 'MessageCenter'&$skip=100").await, 50);
    assert_eq!(count("?$top=5000").await, 100);
    assert_eq!(count("?$top=3").await, 3);
    for silent in
        ["?ID=EX1", "?filter=Id eq 'EX1'", "?$Filter=Id eq 'EX1'", "?$orderby=Id", "?StartTime=2026-01-01"]
    {
        assert_eq!(count(silent).await, 100, "{silent}");
    }
    for wrong in [
        "Messages?$filter=Id eq 'EX1' or Id eq 'EX2'",
        "Messages?$filter=ID eq 'EX1'",
        "Messages?$filter=Status eq 'x'",
        "CurrentStatus?$filter=StatusTime ge 2026-11-14T00:00:00Z",
        "Messages?$top=many",
    ] {
        assert_eq!(wires.legacy(wrong).await.refusal(), (400, "AF20002".into()), "{wrong}");
    }
    let selected = wires.legacy_rows("Messages?$select=Id,Title&$top=1").await;
    assert_eq!(names(&selected[0]), HashSet::from(["Id", "Title"]));
}

#[tokio::test]
async fn bodies_say_as_much_of_themselves_as_asked() {
    let wires = Wires::new(json!({}));
    let get = async |path: &str, accept: &str| {
        wires.get_as(&wires.visitor.token, &wires.legacy_url(path), &[("accept", accept)]).await
    };
    let bare = wires.legacy("HistoricalStatus").await;
    assert_eq!(names(&bare.json()), HashSet::from(["value"]));
    assert_eq!(
        bare.header("content-type"),
        Some("application/json; odata.metadata=none; odata.streaming=true; charset=utf-8")
    );
    let minimal = get("HistoricalStatus", MINIMAL).await;
    assert!(
        minimal.json()["@odata.context"].as_str().unwrap().ends_with("$metadata#CurrentStatus"),
        "as on record"
    );
    let messages = get("Messages", MINIMAL).await.json();
    for row in messages["value"].as_array().unwrap() {
        assert_eq!(row.get("@odata.type").is_some(), row["MessageType"] == "MessageCenter");
    }
    let full = get("CurrentStatus", FULL).await;
    let row = full.json()["value"][0].clone();
    assert_eq!(row["@odata.id"], "CurrentStatus('Exchange')");
    assert_eq!(row["IncidentIds@odata.type"], "#Collection(String)");
    assert_eq!(row["StatusTime@odata.type"], "#DateTimeOffset");
    for (name, value) in
        [("expires", "-1"), ("pragma", "no-cache"), ("cache-control", "no-cache"), ("odata-version", "4.0")]
    {
        assert_eq!(full.header(name), Some(value));
    }
    assert!(full.header("x-activity-id").is_some() && full.header("x-time-taken").is_some());
}

#[tokio::test]
async fn errors_may_be_malformed_and_the_api_retired() {
    let wires = Wires::new(json!({"malformedErrors": true}));
    let error = wires.legacy("Messages?$top=many").await.json()["error"].clone();
    assert_eq!(error["code"], "AF20002.  Invalid parameter type: $top.");
    let fault = json!({
        "match": {"operation": "service_comms"},
        "action": {"code": "AF50000", "message": "An internal server error occurred. Retry the request."},
    });
    wires.visitor.control("fault", fault);
    let error = wires.legacy("Services").await.json()["error"].clone();
    assert_eq!(
        error,
        json!({"code": "AF5000.  An internal server error occurred.", "message": "Retry the request."})
    );
    wires.visitor.control("set_service_health", json!({"retired": true}));
    let gone = wires.legacy("Services").await;
    assert_eq!(gone.status, 410);
    assert!(gone.json()["error"]["message"].as_str().unwrap().contains("graph.microsoft"));
    wires.visitor.control("set_service_health", json!({"retired": 400}));
    assert_eq!(wires.legacy("Messages").await.status, 400);
    assert_eq!(wires.get("issues").await.status, 200, "Graph is not");
}
