//! The entities of the original API as the model has them: the documented shapes and the real ones, which differ.

use jiff::Timestamp;

use super::super::communication::Communication;
use super::super::model::{
    FeatureHealth, HealthDetail, HealthOverview, HealthPost, ItemBody, MessageViewpoint, ServiceIssue,
    ServiceMessage,
};
use super::super::names::{
    BodyType, HealthClassification, HealthOrigin, HealthStatus, MessageType, PostType, UpdateCategory,
    UpdateSeverity,
};
use super::members::Members;
use crate::error::{Error, Result};
use crate::wire::Wire;

/// What a message of the message center says beside its text, in members of its own.
const DETAILS: [&str; 9] = [
    "ExternalLink",
    "BlogLink",
    "HelpLink",
    "Milestone",
    "MilestoneDate",
    "AppliesTo",
    "PreviewDuration",
    "FlightName",
    "ActionType",
];

pub(super) fn service(mut row: Members) -> Result<HealthOverview> {
    let id = id(&mut row, &["Id"])?;
    let service = row.text(&["DisplayName", "WorkloadDisplayName"]);
    let features = features(&mut row, &["FeatureNames", "Features"]);
    Ok(HealthOverview { service, features, ..overview(id, row) })
}

pub(super) fn status(mut row: Members) -> Result<HealthOverview> {
    let (workload, service) = named(&mut row);
    let id = match (row.text(&["Id"]), workload) {
        (Some(id), Some(workload)) if !id.eq_ignore_ascii_case(&workload) => {
            row.give_back("Workload", workload);
            id
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(without_id()),
    };
    let status = row.text(&["Status"]).map(|status| HealthStatus::in_words(&status));
    let status_display_name = row.text(&["StatusDisplayName"]);
    let status_time = row.time(&["StatusTime", "StatusDate"]);
    let features = features(&mut row, &["FeatureStatus", "FeatureGroupStatusCollection"]);
    let incident_ids = row.texts(&["IncidentIds"]);
    Ok(HealthOverview {
        service,
        status,
        status_display_name,
        status_time,
        features,
        incident_ids,
        ..overview(id, row)
    })
}

fn overview(id: String, row: Members) -> HealthOverview {
    HealthOverview {
        id,
        service: None,
        status: None,
        status_display_name: None,
        status_time: None,
        features: Vec::new(),
        incident_ids: Vec::new(),
        issues: Vec::new(),
        is_computed: false,
        selected: None,
        wire: Wire::Office365,
        extra: row.rest(),
    }
}

/// Features are texts in one place and objects in others, and their members have two names each.
fn features(row: &mut Members, names: &[&str]) -> Vec<FeatureHealth> {
    let objects: Vec<Members> = names.iter().flat_map(|name| row.objects(&[name])).collect();
    let mut features: Vec<FeatureHealth> = objects.into_iter().map(feature).collect();
    features.extend(
        names
            .iter()
            .flat_map(|name| row.texts(&[name]))
            .map(|name| FeatureHealth { name: Some(name), ..feature(Members::default()) }),
    );
    features
}

fn feature(mut row: Members) -> FeatureHealth {
    let id = row.text(&["FeatureName", "Feature", "Name"]);
    let name = row.text(&["FeatureDisplayName", "FeatureGroupDisplayName", "DisplayName"]);
    // A text here; the member of this name that is a list belongs to the service.
    let status = if row.is_list("FeatureStatus") { None } else { row.text(&["FeatureStatus"]) };
    let status = row.text(&["FeatureServiceStatus"]).or(status).map(|status| HealthStatus::in_words(&status));
    let status_display_name = row.text(&["FeatureServiceStatusDisplayName"]);
    FeatureHealth { id, name, status, status_display_name, is_derived: false, extra: row.rest() }
}

pub(super) fn message(mut row: Members, now: Timestamp) -> Result<Communication> {
    let id = id(&mut row, &["Id"])?;
    let message_type = row.text(&["MessageType"]).map_or_else(
        || if id.starts_with("MC") { MessageType::MessageCenter } else { MessageType::Incident },
        |text| MessageType::from(text.as_str()),
    );
    match message_type {
        MessageType::Incident => Ok(issue(id, row, now).into()),
        MessageType::MessageCenter => Ok(post(id, row).into()),
        MessageType::PlannedMaintenance => {
            let mut post = post(id, row);
            post.category.get_or_insert(UpdateCategory::PlanForChange);
            Ok(Communication { message_type, ..post.into() })
        }
        MessageType::Unknown(_) => {
            let title = row.text(&["Title", "Name"]);
            let start_date_time = row.time(&["StartTime"]);
            let end_date_time = row.time(&["EndTime"]);
            let last_modified_date_time = row.time(&["LastUpdatedTime"]);
            let told = Communication::told(&id, message_type, &Wire::Office365);
            Ok(Communication {
                title,
                start_date_time,
                end_date_time,
                last_modified_date_time,
                extra: row.rest(),
                ..told
            })
        }
    }
}

fn issue(id: String, mut row: Members, now: Timestamp) -> ServiceIssue {
    let title = title(&mut row, &id);
    let (workload, service) = named(&mut row);
    let status = row.text(&["Status"]).map(|status| HealthStatus::in_words(&status));
    let end_date_time = row.time(&["EndTime"]);
    let is_over = end_date_time.is_some_and(|end| end <= now);
    let is_ended = status.as_ref().map(HealthStatus::is_ended);
    let impact_description = row.text(&["ImpactDescription"]).or_else(|| row.text(&["UserFunctionalImpact"]));
    ServiceIssue {
        title,
        service,
        workload,
        feature: None,
        feature_group: row.text(&["FeatureDisplayName"]),
        feature_id: row.text(&["Feature"]),
        classification: row.text(&["Classification"]).map(|text| HealthClassification::from(text.as_str())),
        origin: Some(HealthOrigin::Microsoft),
        is_resolved: if is_over { Some(true) } else { is_ended },
        status,
        severity: row.text(&["Severity"]),
        impact_description,
        start_date_time: row.time(&["StartTime"]),
        end_date_time,
        last_modified_date_time: row.time(&["LastUpdatedTime"]),
        posts: posts(&mut row, &BodyType::Text),
        details: details(&mut row),
        post_incident_document_url: row.text(&["PostIncidentDocumentUrl"]),
        selected: None,
        wire: Wire::Office365,
        extra: row.rest(),
        id,
    }
}

fn post(id: String, mut row: Members) -> ServiceMessage {
    let history = posts(&mut row, &BodyType::Html);
    let newest = history.iter().max_by_key(|post| post.created_date_time);
    let viewed = (row.truth(&["IsRead"]), row.truth(&["IsDismissed"]));
    let view_point = (viewed != (None, None)).then(|| MessageViewpoint {
        is_read: viewed.0,
        is_archived: viewed.1,
        is_favorited: None,
        extra: serde_json::Map::new(),
    });
    let mut details = details(&mut row);
    details.extend(DETAILS.iter().filter_map(|name| {
        let value = row.texts(&[name]).join(", ");
        (!value.is_empty()).then(|| HealthDetail { name: Some((*name).to_owned()), value: Some(value) })
    }));
    ServiceMessage {
        title: title(&mut row, &id),
        category: row.text(&["Category"]).map(|text| UpdateCategory::in_words(&text)),
        severity: row.text(&["Severity"]).map(|text| UpdateSeverity::from(text.as_str())),
        services: row.texts(&["AffectedWorkloadDisplayNames"]),
        workloads: row.texts(&["AffectedWorkloadNames"]),
        tags: row.texts(&["MessageTagNames"]),
        is_major_change: row.truth(&["IsMajorChange"]),
        action_required_by_date_time: row.time(&["ActionRequiredByDate"]),
        start_date_time: row.time(&["StartTime"]),
        end_date_time: row.time(&["EndTime"]),
        last_modified_date_time: row.time(&["LastUpdatedTime"]),
        body: newest.and_then(|post| post.description.clone()),
        history,
        details,
        view_point,
        has_attachments: Some(false),
        selected: None,
        wire: Wire::Office365,
        extra: row.rest(),
        id,
    }
}

/// Key and name of the service; the reference shows them the wrong way round, and no key has a space.
fn named(row: &mut Members) -> (Option<String>, Option<String>) {
    let key = row.text(&["Workload"]);
    let name = row.text(&["WorkloadDisplayName"]);
    let is_name = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(' '));
    if is_name(&key) && name.is_some() && !is_name(&name) { (name, key) } else { (key, name) }
}

/// `Name` repeats the id where it is there at all.
fn title(row: &mut Members, id: &str) -> Option<String> {
    let title = row.text(&["Title"]);
    let name = row.text(&["Name"]).filter(|name| name != id);
    title.or(name)
}

/// Oldest first. Nothing on the wire says how a text is written: that is known by the kind of message.
fn posts(row: &mut Members, written_as: &BodyType) -> Vec<HealthPost> {
    let mut posts: Vec<HealthPost> = row
        .objects(&["Messages"])
        .into_iter()
        .map(|mut post| HealthPost {
            created_date_time: post.time(&["PublishedTime"]),
            post_type: Some(PostType::Regular),
            description: post.text(&["MessageText"]).map(|content| ItemBody {
                content_type: Some(written_as.clone()),
                content: Some(content),
                extra: serde_json::Map::new(),
            }),
            extra: post.rest(),
        })
        .collect();
    posts.sort_by_key(|post| post.created_date_time);
    posts
}

fn details(row: &mut Members) -> Vec<HealthDetail> {
    let details = row.objects(&["AdditionalDetails"]).into_iter();
    details.map(|mut of| HealthDetail { name: of.text(&["Name"]), value: of.text(&["Value"]) }).collect()
}

fn id(row: &mut Members, names: &[&str]) -> Result<String> {
    row.text(names).ok_or_else(without_id)
}

fn without_id() -> Error {
    Error::decode("the answer holds something without an Id")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn members(value: Value) -> Members {
        Members::of(value).unwrap()
    }

    #[test]
    fn both_dialects_of_a_status_are_the_same() {
        let real = json!({
            "FeatureStatus": [{"FeatureName": "Signin", "FeatureDisplayName": "Sign-in",
                               "FeatureServiceStatus": "ServiceDegradation"}],
            "Id": "Exchange", "Workload": "Exchange", "WorkloadDisplayName": "Exchange Online",
            "Status": "ServiceDegradation", "StatusTime": "2026-11-20T00:00:00Z", "IncidentIds": ["EX900001"],
        });
        let documented = json!({
            "FeatureGroupStatusCollection": [{"Feature": "Signin", "FeatureGroupDisplayName": "Sign-in",
                                              "FeatureStatus": "ServiceDegradation"}],
            "Id": "Exchange", "Workload": "Exchange", "WorkloadDisplayName": "Exchange Online",
            "Status": "ServiceDegradation", "StatusDate": "2026-11-20T00:00:00Z", "IncidentIds": ["EX900001"],
        });
        let real = status(members(real)).unwrap();
        assert_eq!(real, status(members(documented)).unwrap());
        assert_eq!(real.features[0].status, Some(HealthStatus::ServiceDegradation));
        assert!(real.extra.is_empty());
    }

    #[test]
    fn features_are_names_or_objects() {
        let texts = service(members(json!({"Id": "SP", "FeatureNames": ["Provisioning"]}))).unwrap();
        let objects =
            service(members(json!({"Id": "SP", "Features": [{"DisplayName": "Provisioning"}]}))).unwrap();
        assert_eq!(texts.features, objects.features);
        assert_eq!(texts.features[0].name.as_deref(), Some("Provisioning"));
    }

    #[test]
    fn an_incident_keeps_what_the_model_does_not_know() {
        let row = json!({
            "Id": "EX1", "MessageType": "Incident", "Status": "Restoring service", "EndTime": null,
            "Workload": "Exchange Online", "WorkloadDisplayName": "Exchange", "AffectedUserCount": 7, "Title": null,
            "Messages": [{"PublishedTime": "2026-11-20T08:02:11.9Z", "MessageText": "second"},
                         {"PublishedTime": "2026-11-19T21:40:02.5000000Z", "MessageText": "first"}],
        });
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let issue = message(members(row), now).unwrap().issue.unwrap();
        assert_eq!(
            (issue.workload.as_deref(), issue.service.as_deref()),
            (Some("Exchange"), Some("Exchange Online"))
        );
        assert_eq!((issue.status, issue.is_resolved), (Some(HealthStatus::RestoringService), Some(false)));
        assert_eq!(issue.posts[0].description.as_ref().unwrap().content.as_deref(), Some("first"));
        assert_eq!(issue.extra, json!({"AffectedUserCount": 7}).as_object().unwrap().clone());
    }

    #[test]
    fn a_post_of_the_message_center_has_its_newest_text_and_all_details() {
        let row = json!({
            "Id": "MC1", "MessageType": "MessageCenter", "Category": "Stay Informed", "Severity": "Normal", "Status": "",
            "ActionType": ["Awareness", "Update"], "ExternalLink": "https://x.example", "HelpLink": "",
            "AdditionalDetails": [{"Name": "NotifyInApp", "Value": "True"}], "IsRead": true, "IsDismissed": false,
            "Messages": [{"PublishedTime": "2026-11-02T00:00:00Z", "MessageText": "new"},
                         {"PublishedTime": "2026-11-01T00:00:00Z", "MessageText": "old"}],
        });
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        let told = message(members(row), now).unwrap();
        assert_eq!(told.message_type, MessageType::MessageCenter);
        let post = told.message.unwrap();
        assert_eq!(post.body.unwrap().content.as_deref(), Some("new"));
        let names: Vec<_> = post.details.iter().filter_map(|detail| detail.name.as_deref()).collect();
        assert_eq!(names, ["NotifyInApp", "ExternalLink", "ActionType"]);
        assert_eq!(post.details[2].value.as_deref(), Some("Awareness, Update"));
        assert_eq!(post.view_point.unwrap().is_archived, Some(false));
    }

    #[test]
    fn an_issue_is_over_by_its_end_or_its_status() {
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        for (end, text, over) in [
            (json!(null), "Investigating", false),
            (json!("2026-11-19T00:00:00Z"), "Investigating", true),
            (json!("2026-11-21T00:00:00Z"), "Service degradation", false),
            (json!(null), "Service restored", true),
            (json!(null), "False positive", true),
        ] {
            let row = json!({"Id": "EX1", "MessageType": "Incident", "Status": text, "EndTime": end});
            assert_eq!(
                message(members(row), now).unwrap().issue.unwrap().is_resolved,
                Some(over),
                "{text} {end}"
            );
        }
    }
}
