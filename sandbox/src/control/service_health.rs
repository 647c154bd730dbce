//! Services, issues and messages as tests see and change them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Result, instant, none, read};
use crate::clock::DAY;
use crate::config::ServiceHealth;
use crate::service_health::{Health, stamp};
use crate::tenant::Tenant;

type Members = Map<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddIssue {
    #[serde(default)]
    issue: Members,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateIssue {
    id: String,
    issue: Members,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddPost {
    id: String,
    content: String,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    post_type: Option<String>,
    #[serde(default)]
    created: Option<String>,
    /// The status that the issue has with it.
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResolveIssue {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    at: Option<String>,
    /// A last post.
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddMessage {
    #[serde(default)]
    message: Members,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateMessage {
    id: String,
    message: Members,
}

/// Does the operation `name`, if it is about service health.
pub(super) fn run(tenant: &Tenant, name: &str, args: &Value) -> Option<Result> {
    let args = args.clone();
    Some(match name {
        "service_health" => none(name, args).map(|()| show(tenant)),
        "set_service_health" => set(tenant, args),
        "add_issue" => read(name, args).map(|args| add_issue(tenant, args)),
        "update_issue" => read(name, args).and_then(|args| update_issue(tenant, args)),
        "add_post" => read(name, args).and_then(|args| add_post(tenant, args)),
        "resolve_issue" => read(name, args).and_then(|args| resolve_issue(tenant, args)),
        "add_message" => read(name, args).map(|args| add_message(tenant, args)),
        "update_message" => read(name, args).and_then(|args| update_message(tenant, args)),
        _ => return None,
    })
}

/// All there is now, as Graph spells it.
fn show(tenant: &Tenant) -> Value {
    let now = tenant.clock.now();
    let health = tenant.health();
    let mut services = health.overviews(now);
    for service in services.iter_mut().filter_map(Value::as_object_mut) {
        service.remove("issues");
    }
    json!({"services": services, "issues": health.issues(now), "messages": health.messages(now)})
}

/// Changes what is given of the settings; gives the whole of them.
fn set(tenant: &Tenant, args: Value) -> Result {
    let wrong = |what: String| ControlError::new(format!("set_service_health: {what}"));
    let given: Members = read("set_service_health", args)?;
    if let Some(fixed) =
        ["services", "issues", "messages", "days"].into_iter().find(|name| given.contains_key(*name))
    {
        return Err(wrong(format!("{fixed}: is for the configuration")));
    }
    let now = tenant.clock.now();
    let mut health = tenant.health();
    let mut all = settings(&health);
    let live = given.contains_key("live");
    all.extend(given);
    let changed: ServiceHealth =
        serde_json::from_value(Value::Object(all)).map_err(|error| wrong(error.to_string()))?;
    changed.check().map_err(|error| wrong(error.to_string()))?;
    health.set(changed, live, now);
    let mut shown = settings(&health);
    shown.retain(|name, _| !["services", "issues", "messages", "days"].contains(&name.as_str()));
    Ok(Value::Object(shown))
}

fn settings(health: &Health) -> Members {
    let value = serde_json::to_value(&health.settings).unwrap_or_default();
    value.as_object().cloned().unwrap_or_default()
}

fn add_issue(tenant: &Tenant, AddIssue { issue }: AddIssue) -> Value {
    let now = tenant.clock.now();
    let mut health = tenant.health();
    let given = issue.get("service").and_then(Value::as_str);
    let (service, prefix) = health.service(given);
    let id = format!("{prefix}{}", health.next_number());
    let resolved = issue.get("endDateTime").is_some_and(Value::is_string);
    let status = if resolved { "serviceRestored" } else { "investigating" };
    let mut made = json!({
        "id": id,
        "title": "Some users can't sign in",
        "startDateTime": stamp(now),
        "endDateTime": null,
        "lastModifiedDateTime": stamp(now),
        "details": [],
        "classification": "incident",
        "origin": "microsoft",
        "status": status,
        "service": service,
        "feature": null,
        "featureGroup": null,
        "impactDescription": "Sign-in fails now and then with an unexpected error.",
        "isResolved": resolved,
        "posts": [],
    });
    merge(&mut made, issue);
    health.put_issue(made.clone());
    json!({ "issue": made })
}

fn update_issue(tenant: &Tenant, UpdateIssue { id, issue }: UpdateIssue) -> Result {
    change_issue(tenant, "update_issue", &id, |changed, _| {
        merge(changed, issue);
        Ok(())
    })
}

fn add_post(tenant: &Tenant, args: AddPost) -> Result {
    change_issue(tenant, "add_post", &args.id, |issue, now| {
        let at = args.created.map_or(Ok(now), |text| instant("add_post", "created", &text))?;
        push_post(issue, at, &args.content, args.content_type.as_deref(), args.post_type.as_deref());
        if let Some(status) = args.status {
            issue["status"] = json!(status);
        }
        Ok(())
    })
}

fn resolve_issue(tenant: &Tenant, args: ResolveIssue) -> Result {
    change_issue(tenant, "resolve_issue", &args.id, |issue, now| {
        let at = args.at.map_or(Ok(now), |text| instant("resolve_issue", "at", &text))?;
        issue["status"] = json!(args.status.as_deref().unwrap_or("serviceRestored"));
        issue["isResolved"] = json!(true);
        issue["endDateTime"] = json!(stamp(at));
        if let Some(content) = args.content {
            push_post(issue, at, &content, None, None);
        }
        Ok(())
    })
}

fn add_message(tenant: &Tenant, AddMessage { message }: AddMessage) -> Value {
    let now = tenant.clock.now();
    let mut health = tenant.health();
    let attached = message.get("attachments").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let id = format!("MC{}", health.next_number());
    let (service, _) = health.service(None);
    let mut made = json!({
        "id": id,
        "title": "New list view",
        "startDateTime": stamp(now),
        "endDateTime": stamp(now + 90 * DAY),
        "lastModifiedDateTime": stamp(now),
        "details": [],
        "category": "stayInformed",
        "severity": "normal",
        "body": {"contentType": "html", "content": "<p>A new view is coming.</p>"},
        "hasAttachments": attached,
        "actionRequiredByDateTime": null,
        "isMajorChange": false,
        "services": [service],
        "tags": ["New feature"],
        "attachments": [],
    });
    merge(&mut made, message);
    health.put_message(made.clone());
    json!({ "message": made })
}

fn update_message(tenant: &Tenant, UpdateMessage { id, message }: UpdateMessage) -> Result {
    let now = tenant.clock.now();
    let mut health = tenant.health();
    let mut changed = health
        .message(&id, now)
        .ok_or_else(|| ControlError::new(format!("update_message: there is no message {id:?}")))?;
    changed["lastModifiedDateTime"] = json!(stamp(now));
    merge(&mut changed, message);
    health.put_message(changed.clone());
    Ok(json!({ "message": changed }))
}

/// Changes an issue, which is then modified now unless the change says when. It no longer develops by itself.
fn change_issue(
    tenant: &Tenant,
    name: &str,
    id: &str,
    change: impl FnOnce(&mut Value, i64) -> std::result::Result<(), ControlError>,
) -> Result {
    let now = tenant.clock.now();
    let mut health = tenant.health();
    let mut changed = health
        .issue(id, now)
        .ok_or_else(|| ControlError::new(format!("{name}: there is no issue {id:?}")))?;
    changed["lastModifiedDateTime"] = json!(stamp(now));
    change(&mut changed, now)?;
    health.put_issue(changed.clone());
    Ok(json!({ "issue": changed }))
}

fn push_post(issue: &mut Value, at: i64, content: &str, content_type: Option<&str>, post_type: Option<&str>) {
    let post = json!({
        "createdDateTime": stamp(at),
        "postType": post_type.unwrap_or("regular"),
        "description": {"contentType": content_type.unwrap_or("text"), "content": content},
    });
    match &mut issue["posts"] {
        Value::Array(posts) => posts.push(post),
        none => *none = json!([post]),
    }
}

/// Puts members in the place of those that are there.
fn merge(into: &mut Value, members: Members) {
    for (name, value) in members {
        into[name] = value;
    }
}
