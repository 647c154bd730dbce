//! Services and their statuses, now and on past days (2.6 and 2.7).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::words;
use crate::clock::DAY;
use crate::config::Dialect;
use crate::service_health::services::{Feature, Service, is, worst};
use crate::service_health::store::Health;
use crate::service_health::times::{stamp, vary};

/// The services that the tenant has.
pub(super) fn services(health: &Health) -> Vec<Value> {
    let docs = health.settings.dialect == Dialect::Docs;
    let show = |service: &Service| {
        let names: Vec<&str> = service.features.iter().map(|feature| feature.name.as_str()).collect();
        let features =
            service.features.iter().map(|feature| json!({"Name": feature.id, "DisplayName": feature.name}));
        let mut shown = json!({"Id": service.id, "DisplayName": service.name});
        if docs {
            shown["FeatureNames"] = json!(names);
        } else {
            shown["Features"] = features.collect();
        }
        shown
    };
    health.services.iter().map(show).collect()
}

/// A row for each service.
pub(super) fn current(health: &Health, now: i64) -> Vec<Value> {
    let issues = health.issues(now);
    let row = |service: &Service| {
        let open: Vec<&Value> = service.open(&issues).collect();
        row(health.settings.dialect, service, &service.status(&issues), &open, midnight(now))
    };
    health.services.iter().map(row).collect()
}

/// A row for each service and day, the newest day first.
pub(super) fn historical(health: &Health, first: i64, now: i64) -> Vec<Value> {
    let issues = health.issues(now);
    let mut rows = vec![];
    for service in &health.services {
        let mut day = midnight(now);
        while day + DAY > first && (!health.settings.strict_window || day >= first) {
            let during: Vec<&Value> = service.all(&issues).filter(|issue| overlaps(issue, day)).collect();
            let status = worst(during.iter().copied());
            rows.push(row(health.settings.dialect, service, &status, &during, day));
            day -= DAY;
        }
    }
    rows
}

fn row(dialect: Dialect, service: &Service, status: &str, issues: &[&Value], day: i64) -> Value {
    let ids: Vec<&Value> = issues.iter().map(|issue| &issue["id"]).collect();
    let time = vary(&stamp(day), service.id.len() as u64);
    let features = service.features.iter().map(|group| feature(dialect, group, issues));
    let mut shown = json!({
        "Id": service.id,
        "Workload": service.id,
        "WorkloadDisplayName": service.name,
        "Status": words::code(status),
        "IncidentIds": ids,
    });
    if dialect == Dialect::Docs {
        shown["StatusDate"] = json!(time);
        shown["FeatureGroupStatusCollection"] = features.collect();
    } else {
        shown["StatusTime"] = json!(time);
        shown["StatusDisplayName"] = json!(words::text(status));
        shown["FeatureStatus"] = features.collect();
    }
    shown
}

fn feature(dialect: Dialect, feature: &Feature, issues: &[&Value]) -> Value {
    let status = worst(issues.iter().copied().filter(|issue| is(issue, "featureGroup", &feature.name)));
    let code = words::code(&status);
    if dialect == Dialect::Docs {
        return json!({"Feature": feature.id, "FeatureGroupDisplayName": feature.name, "FeatureStatus": code});
    }
    json!({
        "FeatureName": feature.id,
        "FeatureDisplayName": feature.name,
        "FeatureServiceStatus": code,
        "FeatureServiceStatusDisplayName": words::text(&status),
    })
}

/// Whether an issue was there on a day.
fn overlaps(issue: &Value, day: i64) -> bool {
    let at = |name: &str| {
        issue[name].as_str().and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond)
    };
    at("startDateTime").is_some_and(|start| start < day + DAY)
        && at("endDateTime").is_none_or(|end| end >= day)
}

const fn midnight(instant: i64) -> i64 {
    instant.div_euclid(DAY) * DAY
}
