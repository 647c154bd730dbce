//! Which properties the original calls are asked for, in the names of the model, and what the wire calls them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};

/// The properties of an original entity: as the model spells them, and as the wire does.
pub(super) struct Properties {
    /// Names of the model, each with what the wire has for it; several where it takes several.
    names: &'static [(&'static str, &'static [&'static str])],
    /// Names of the wire that have none in the model.
    others: &'static [&'static str],
    /// What comes always, because nothing can be told without it.
    always: &'static [&'static str],
}

pub(super) static SERVICES: Properties = Properties {
    names: &[("id", &["Id"]), ("service", &["DisplayName"]), ("features", &["FeatureNames"])],
    others: &[],
    always: &["id"],
};

pub(super) static STATUS: Properties = Properties {
    names: &[
        ("id", &["Id", "Workload"]),
        ("service", &["WorkloadDisplayName"]),
        ("status", &["Status"]),
        ("statusDisplayName", &["StatusDisplayName"]),
        ("statusTime", &["StatusTime"]),
        ("features", &["FeatureStatus"]),
        ("incidentIds", &["IncidentIds"]),
    ],
    others: &[],
    always: &["id", "statusTime"],
};

pub(super) static MESSAGES: Properties = Properties {
    names: &[
        ("id", &["Id"]),
        ("messageType", &["MessageType"]),
        ("title", &["Title"]),
        ("startDateTime", &["StartTime"]),
        ("endDateTime", &["EndTime"]),
        ("lastModifiedDateTime", &["LastUpdatedTime"]),
        ("service", &["WorkloadDisplayName"]),
        ("workload", &["Workload"]),
        ("featureGroup", &["FeatureDisplayName"]),
        ("featureId", &["Feature"]),
        ("classification", &["Classification"]),
        ("status", &["Status"]),
        ("isResolved", &["EndTime", "Status"]),
        ("severity", &["Severity"]),
        ("impactDescription", &["ImpactDescription", "UserFunctionalImpact"]),
        ("posts", &["Messages"]),
        ("details", &["AdditionalDetails"]),
        ("postIncidentDocumentUrl", &["PostIncidentDocumentUrl"]),
        ("category", &["Category"]),
        ("services", &["AffectedWorkloadDisplayNames"]),
        ("workloads", &["AffectedWorkloadNames"]),
        ("tags", &["MessageTagNames"]),
        ("isMajorChange", &["IsMajorChange"]),
        ("actionRequiredByDateTime", &["ActionRequiredByDate"]),
        ("body", &["Messages"]),
        ("history", &["Messages"]),
        ("viewPoint", &["IsRead", "IsDismissed"]),
    ],
    others: &["ActionType", "AffectedTenantCount", "AffectedUserCount", "AnnouncementId", "TenantParams"],
    always: &["id", "messageType"],
};

/// The properties that were asked for; none for all.
pub(super) struct Selection {
    of: &'static Properties,
    names: Option<Vec<String>>,
}

impl Selection {
    /// All properties.
    pub(super) fn all(of: &'static Properties) -> Self {
        Selection { of, names: None }
    }

    /// Refuses names that there are not. A name of the original wire is as good as the model's.
    pub(super) fn new(asked: Option<Vec<String>>, of: &'static Properties) -> Result<Self> {
        let Some(asked) = asked else { return Ok(Selection::all(of)) };
        if asked.is_empty() {
            return Err(Error::invalid("select is empty: leave it out instead"));
        }
        let names = asked.iter().map(|name| of.name(name)).collect::<Result<Vec<_>>>()?;
        let always = of.always.iter().map(|name| (*name).to_owned());
        let mut all: Vec<String> = always.collect();
        for name in names {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        Ok(Selection { of, names: Some(all) })
    }

    /// The names as the original wire takes them.
    pub(super) fn original(&self) -> Option<String> {
        let names = self.names.as_ref()?;
        let mut wire: Vec<&str> = Vec::new();
        for name in names {
            let found = self.of.names.iter().find(|(model, _)| model == name);
            let spelled = found.map_or_else(|| vec![name.as_str()], |(_, wire)| wire.to_vec());
            wire.extend(spelled.into_iter().filter(|name| !wire.contains(name)).collect::<Vec<_>>());
        }
        Some(wire.join(","))
    }

    /// Leaves what was asked for, and remembers what that was.
    pub(super) fn project<T: Serialize + DeserializeOwned>(&self, items: Vec<T>) -> Result<Vec<T>> {
        let Some(names) = &self.names else { return Ok(items) };
        items
            .into_iter()
            .map(|item| {
                let mut value = serde_json::to_value(item).map_err(unchanged)?;
                keep(&mut value, names);
                serde_json::from_value(value).map_err(unchanged)
            })
            .collect()
    }
}

/// A communication has its properties in what it holds as well.
fn keep(value: &mut Value, names: &[String]) {
    let Value::Object(members) = value else { return };
    let kept =
        |name: &str| matches!(name, "id" | "wire" | "issue" | "message") || names.iter().any(|n| n == name);
    members.retain(|name, _| kept(name));
    members.insert("selected".to_owned(), Value::from(names.to_vec()));
    for inner in ["issue", "message"] {
        if let Some(Value::Object(_)) = members.get(inner)
            && let Some(inner) = members.get_mut(inner)
        {
            keep(inner, names);
        }
    }
}

fn unchanged(error: serde_json::Error) -> Error {
    Error::decode("what was selected is not whole").with_source(error)
}

impl Properties {
    fn name(&self, asked: &str) -> Result<String> {
        let same = |name: &str| name.eq_ignore_ascii_case(asked.trim());
        let model = self.names.iter().find(|(model, wire)| same(model) || wire.iter().any(|wire| same(wire)));
        let other = || self.others.iter().find(|other| same(other)).copied();
        model.map(|(model, _)| *model).or_else(other).map(str::to_owned).ok_or_else(|| {
            let known: Vec<&str> =
                self.names.iter().map(|(model, _)| *model).chain(self.others.iter().copied()).collect();
            Error::invalid(format!("select {asked:?} is none of {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn asked(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_of_either_kind_are_sent_as_the_wire_spells_them() {
        let selection =
            Selection::new(Some(asked(&["status", "WORKLOADDISPLAYNAME", "incidentIds"])), &STATUS).unwrap();
        assert_eq!(
            selection.original().unwrap(),
            "Id,Workload,StatusTime,Status,WorkloadDisplayName,IncidentIds"
        );
        assert!(Selection::new(None, &STATUS).unwrap().original().is_none());
    }

    #[test]
    fn what_was_not_asked_for_is_absent_and_said_to_be() {
        let selection = Selection::new(Some(asked(&["title"])), &MESSAGES).unwrap();
        let item: Map<String, Value> = serde_json::from_value(json!({
            "id": "EX1", "messageType": "incident", "title": "t", "wire": "graph",
            "issue": {"id": "EX1", "title": "t", "status": "resolved", "wire": "graph"},
        }))
        .unwrap();
        let selected = json!(["id", "messageType", "title"]);
        assert_eq!(
            selection.project(vec![Value::Object(item)]).unwrap(),
            [json!({
                "id": "EX1", "messageType": "incident", "title": "t", "wire": "graph", "selected": selected,
                "issue": {"id": "EX1", "title": "t", "wire": "graph", "selected": selected},
            })]
        );
    }

    #[test]
    fn a_name_that_there_is_not_is_refused_with_those_that_are() {
        let error = Selection::new(Some(asked(&["Title"])), &STATUS).map(|_| ()).unwrap_err();
        assert!(error.message().contains("\"Title\" is none of id, service, status"), "{error}");
    }
}
