//! One store, two wires: what both can say, they say alike.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Wires;

fn instant(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn letters(value: &Value) -> String {
    let text: String = value.as_str().unwrap().chars().filter(|letter| letter.is_alphabetic()).collect();
    text.to_lowercase()
        .replace("postincidentreview", "postincidentreport")
        .replace("normalservice", "serviceoperational")
}

fn by_id(rows: Vec<Value>, name: &str) -> BTreeMap<String, Value> {
    rows.into_iter().map(|row| (row[name].as_str().unwrap().to_owned(), row)).collect()
}

#[tokio::test]
async fn issues_are_the_same_on_both_wires() {
    let wires = Wires::new(json!({"issues": 60, "messages": 0}));
    let new = by_id(wires.all("issues").await, "id");
    let everything = "Messages?$filter=StartTime ge 2020-01-01T00:00:00Z";
    let old = by_id(wires.legacy_rows(everything).await, "Id");
    assert_eq!(new.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    for (id, new) in &new {
        let old = &old[id];
        for (one, other) in [
            ("title", "Title"),
            ("service", "WorkloadDisplayName"),
            ("featureGroup", "FeatureDisplayName"),
            ("impactDescription", "ImpactDescription"),
        ] {
            assert_eq!(new[one], old[other], "{id}");
        }
        for (one, other) in [
            ("startDateTime", "StartTime"),
            ("endDateTime", "EndTime"),
            ("lastModifiedDateTime", "LastUpdatedTime"),
        ] {
            assert_eq!(instant(&new[one]), instant(&old[other]), "{id}");
        }
        assert_eq!(letters(&new["status"]), letters(&old["Status"]));
        assert_eq!(letters(&new["classification"]), letters(&old["Classification"]));
        assert_eq!(new["isResolved"] == true, old["EndTime"].is_string());
        let posts = |row: &Value, list: &str, text: fn(&Value) -> &Value, time: &str| -> Vec<_> {
            let all = row[list].as_array().unwrap().iter();
            all.map(|post| (instant(&post[time]), text(post).clone())).collect()
        };
        assert_eq!(
            posts(new, "posts", |post| &post["description"]["content"], "createdDateTime"),
            posts(old, "Messages", |post| &post["MessageText"], "PublishedTime")
        );
    }
}

#[tokio::test]
async fn messages_are_the_same_on_both_wires() {
    let wires = Wires::new(json!({"issues": 0, "messages": 80}));
    let new = by_id(wires.all("messages").await, "id");
    let old = by_id(wires.legacy_rows("Messages").await, "Id");
    assert_eq!(new.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    for (id, new) in &new {
        let old = &old[id];
        for (one, other) in [
            ("title", "Title"),
            ("services", "AffectedWorkloadDisplayNames"),
            ("tags", "MessageTagNames"),
            ("isMajorChange", "IsMajorChange"),
        ] {
            assert_eq!(new[one], old[other], "{id}");
        }
        for (one, other) in [
            ("startDateTime", "StartTime"),
            ("endDateTime", "EndTime"),
            ("lastModifiedDateTime", "LastUpdatedTime"),
            ("actionRequiredByDateTime", "ActionRequiredByDate"),
        ] {
            assert_eq!(instant(&new[one]), instant(&old[other]), "{id}");
        }
        assert_eq!(letters(&new["category"]), letters(&old["Category"]));
        assert_eq!(letters(&new["severity"]), letters(&old["Severity"]));
        let history = old["Messages"].as_array().unwrap();
        let latest = history.iter().max_by_key(|post| instant(&post["PublishedTime"])).unwrap();
        assert_eq!(new["body"]["content"], latest["MessageText"]);
        let mut details: Vec<(String, Value)> = vec![];
        for detail in old["AdditionalDetails"].as_array().unwrap() {
            details.push((detail["Name"].as_str().unwrap().into(), detail["Value"].clone()));
        }
        for name in ["ExternalLink", "BlogLink", "AppliesTo", "ActionType"] {
            let value = if old[name].is_array() { &old[name][0] } else { &old[name] };
            if !value.is_null() {
                details.push((name.into(), value.clone()));
            }
        }
        let said = new["details"].as_array().unwrap().iter();
        let said: Vec<_> =
            said.map(|one| (one["name"].as_str().unwrap().to_owned(), one["value"].clone())).collect();
        assert_eq!(details, said, "{id}");
    }
}

#[tokio::test]
async fn services_are_the_same_on_both_wires() {
    let wires = Wires::new(json!({"issues": 60}));
    let new = by_id(wires.all("healthOverviews?$expand=issues").await, "id");
    let old = by_id(wires.legacy_rows("CurrentStatus").await, "Workload");
    assert_eq!(new.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    for (id, new) in &new {
        let old = &old[id];
        assert_eq!(new["service"], old["WorkloadDisplayName"]);
        assert_eq!(letters(&new["status"]), letters(&old["Status"]));
        let all = new["issues"].as_array().unwrap().iter();
        let open: Vec<_> =
            all.filter(|issue| issue["isResolved"] == false).map(|issue| issue["id"].clone()).collect();
        assert_eq!(Value::Array(open), old["IncidentIds"]);
    }
    let names = by_id(wires.legacy_rows("Services").await, "Id");
    assert!(names.iter().all(|(id, row)| row["DisplayName"] == new[id]["service"]));
}
