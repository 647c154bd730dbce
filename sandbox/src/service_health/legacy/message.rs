//! Issues and messages in one list, with the members that the older wire gives them (2.8).

use serde_json::{Map, Value, json};

use super::words;
use crate::config::Dialect;
use crate::random::hash_text;
use crate::service_health::services::Service;
use crate::service_health::store::Health;
use crate::service_health::times::vary;
use crate::tenant::Tenant;

/// Details that have members of their own here.
const OWN: [&str; 8] = [
    "ExternalLink",
    "BlogLink",
    "HelpLink",
    "Milestone",
    "MilestoneDate",
    "AppliesTo",
    "PreviewDuration",
    "FlightName",
];

/// What the documentation knows of.
const DOCUMENTED: [&str; 13] = [
    "Id",
    "Name",
    "Title",
    "StartTime",
    "EndTime",
    "LastUpdatedTime",
    "Status",
    "MessageType",
    "Workload",
    "WorkloadDisplayName",
    "Feature",
    "FeatureDisplayName",
    "Messages",
];

/// All issues and messages, what was changed last first.
pub(super) fn all(tenant: &Tenant, health: &Health, user: Option<&str>, now: i64) -> Vec<Value> {
    let mut rows: Vec<Value> =
        health.issues(now).iter().map(|issue| incident(tenant, health, issue)).collect();
    rows.extend(health.messages(now).iter().map(|message| post(health, message, user)));
    rows.sort_by_cached_key(|row| {
        std::cmp::Reverse(row["LastUpdatedTime"].as_str().and_then(crate::clock::parse))
    });
    rows
}

fn incident(tenant: &Tenant, health: &Health, issue: &Value) -> Value {
    let text = |name: &str| issue[name].as_str().unwrap_or_default();
    let service = service(health, text("service"));
    let group = issue["featureGroup"].as_str();
    let known = group.and_then(|group| service?.features.iter().find(|feature| feature.name == group));
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let classification = words::capital(text("classification"));
    let reported = text("status").eq_ignore_ascii_case("postIncidentReviewPublished");
    let report = format!("{}/reports/{}.pdf", tenant.urls.main, text("id"));
    let posts = issue["posts"].as_array().into_iter().flatten().map(|post| {
        json!({
            "PublishedTime": time(text("id"), "PublishedTime", &post["createdDateTime"]),
            "MessageText": post["description"]["content"],
        })
    });
    let (details, _) = details(issue);
    let shown = json!({
        "Status": words::text(text("status")),
        "MessageType": "Incident",
        "Severity": if classification == "Incident" { "Sev1" } else { "Sev2" },
        "Classification": classification,
        "Workload": service.map(|service| &service.id),
        "WorkloadDisplayName": issue["service"],
        "Feature": group.map(|group| known.map_or_else(|| letters(group), |known| known.id.clone())),
        "FeatureDisplayName": group,
        "AffectedWorkloadNames": [],
        "AffectedWorkloadDisplayNames": [],
        "ImpactDescription": issue["impactDescription"],
        "ActionType": null,
        "AdditionalDetails": details,
        "PostIncidentDocumentUrl": reported.then_some(report),
        "Messages": posts.collect::<Value>(),
    });
    finish(health, issue, shown)
}

fn post(health: &Health, message: &Value, user: Option<&str>) -> Value {
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    let id = text("id");
    let names = message["services"].as_array().cloned().unwrap_or_default();
    let keys = names.iter().filter_map(|name| service(health, name.as_str()?)).map(|service| &service.id);
    let (details, own) = details(message);
    let view = user.map(|user| health.viewpoint(user, id)).unwrap_or_default();
    let (started, changed) = (&message["startDateTime"], &message["lastModifiedDateTime"]);
    let mut posts = vec![];
    if started != changed {
        let earlier = format!("<p>{}</p>", text("title").replace('&', "&amp;"));
        posts.push(json!({"PublishedTime": time(id, "first", started), "MessageText": earlier}));
    }
    posts
        .push(json!({"PublishedTime": time(id, "last", changed), "MessageText": message["body"]["content"]}));
    let mut shown = json!({
        "Status": "",
        "MessageType": "MessageCenter",
        "Classification": "Advisory",
        "Severity": words::capital(text("severity")),
        "Workload": null,
        "WorkloadDisplayName": null,
        "Feature": null,
        "FeatureDisplayName": null,
        "AffectedWorkloadNames": keys.collect::<Vec<_>>(),
        "AffectedWorkloadDisplayNames": names,
        "ImpactDescription": null,
        "ActionType": action(id, own.get("ActionType")),
        "AdditionalDetails": details,
        "PostIncidentDocumentUrl": null,
        "Messages": posts,
        "ActionRequiredByDate": time(id, "ActionRequiredByDate", &message["actionRequiredByDateTime"]),
        "AnnouncementId": id.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse::<u32>().unwrap_or(0),
        "Category": words::title(text("category")),
        "FeatureName": null,
        "IsDismissed": view.archived,
        "IsMajorChange": message["isMajorChange"],
        "IsRead": view.read,
        "MessageTagNames": message["tags"].as_array().cloned().unwrap_or_default(),
    });
    for name in OWN {
        shown[name] = own.get(name).cloned().unwrap_or_default();
    }
    finish(health, message, shown)
}

/// What all have, what was said for this wire alone, and no more than the dialect knows.
fn finish(health: &Health, item: &Value, mut shown: Value) -> Value {
    let id = item["id"].as_str().unwrap_or_default();
    for (name, from) in [
        ("StartTime", "startDateTime"),
        ("EndTime", "endDateTime"),
        ("LastUpdatedTime", "lastModifiedDateTime"),
    ] {
        shown[name] = time(id, name, &item[from]);
    }
    shown["Id"] = item["id"].clone();
    shown["Title"] = item["title"].clone();
    shown["AffectedTenantCount"] = json!(0);
    shown["AffectedUserCount"] = Value::Null;
    shown["UserFunctionalImpact"] = json!("");
    shown["TenantParams"] = json!([]);
    let docs = health.settings.dialect == Dialect::Docs;
    if docs {
        shown["Name"] = item["id"].clone();
    }
    if let Value::Object(members) = &mut shown {
        if docs {
            members.retain(|name, _| DOCUMENTED.contains(&name.as_str()));
        }
        members.extend(item["legacy"].as_object().cloned().unwrap_or_default());
    }
    shown
}

/// Details as a list, and those that have members of their own.
fn details(item: &Value) -> (Vec<Value>, Map<String, Value>) {
    let (mut list, mut own) = (vec![], Map::new());
    for detail in item["details"].as_array().into_iter().flatten() {
        let name = detail["name"].as_str().unwrap_or_default();
        if OWN.contains(&name) || name == "ActionType" {
            own.insert(name.to_owned(), detail["value"].clone());
        } else {
            list.push(json!({"Name": detail["name"], "Value": detail["value"]}));
        }
    }
    (list, own)
}

/// Text here, a list there.
fn action(id: &str, value: Option<&Value>) -> Value {
    match value {
        Some(value) if hash_text(1, id).is_multiple_of(3) => json!([value]),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

fn time(id: &str, member: &str, value: &Value) -> Value {
    value.as_str().map(|text| vary(text, hash_text(2, &format!("{id}{member}")))).into()
}

fn service<'a>(health: &'a Health, name: &str) -> Option<&'a Service> {
    health.services.iter().find(|service| service.name.eq_ignore_ascii_case(name))
}
