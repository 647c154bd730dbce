//! The schemas of the workloads, as data: which fields a record type has, and of which types.
//!
//! The tables describe intent. They give documentation and a lenient reading where one is asked for;
//! no record is refused because of them.

mod paths;

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record_type::{RecordType, family};
use crate::Client;
use crate::dispatch::{Call, Operation};
use crate::error::Result;
use crate::lenient;

pub(super) use paths::{Unknown, ValueType, value_type};

/// Field names, types and mandatory flags of 170 schemas, from the documentation's tables.
static TABLES: LazyLock<Tables> =
    LazyLock::new(|| serde_json::from_str(include_str!("schema/fields.json")).unwrap_or_default());

#[derive(Default, Deserialize)]
struct Tables {
    schemas: HashMap<String, Vec<SchemaField>>,
}

/// A field of a schema, as the documentation's table has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaField {
    /// The name, as it stands in records.
    pub name: String,
    /// The type, in the table's words: `string`, `guid`, `datetime`, `int32`, a complex type; `[]` for lists.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Whether the table calls it mandatory, which records do not always heed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandatory: Option<bool>,
}

/// One of the schemas that a record type is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkloadSchema {
    /// The name, as the documentation has it.
    pub name: String,
    /// Its fields.
    pub fields: Vec<SchemaField>,
}

/// What is documented of a record type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordSchema {
    /// The record type.
    pub record_type: RecordType,
    /// Its name; absent if this version does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The group of services it belongs to, such as `exchange`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The common schema, and those that the record type adds.
    pub schemas: Vec<WorkloadSchema>,
}

/// Tells what is documented of a record type: its name, and the fields its records may have.
///
/// Answered from tables within the library; nothing is sent. A type that is not known has the common
/// schema only.
///
/// Source: "Office 365 Management Activity API schema".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetRecordSchema {
    /// The record type.
    pub record_type: RecordType,
}

impl Operation for GetRecordSchema {
    const NAME: &'static str = "audit.record_schema";
}

impl Call for GetRecordSchema {
    type Output = RecordSchema;

    async fn send(self, _: Client, _: Option<Bytes>) -> Result<RecordSchema> {
        Ok(RecordSchema::of(self.record_type))
    }
}

impl RecordSchema {
    /// What is documented of a record type.
    pub fn of(record_type: RecordType) -> Self {
        let schemas = schema_names(Some(record_type))
            .filter_map(|name| {
                Some(WorkloadSchema { name: name.to_owned(), fields: TABLES.schemas.get(name)?.clone() })
            })
            .collect();
        RecordSchema {
            record_type,
            name: record_type.name().map(str::to_owned),
            family: family(record_type).map(str::to_owned),
            description: record_type.description().map(str::to_owned),
            schemas,
        }
    }
}

/// A field by its dotted path, read as its schema says; as it stands where no schema knows it.
pub(super) fn typed(record_type: Option<RecordType>, path: &str, record: &Value) -> Option<Value> {
    // Some names hold dots or blanks themselves: the whole path is tried as a name first.
    if let Some(value) = record.get(path) {
        return convert(value, field_type(record_type, path));
    }
    let mut parts = path.split('.');
    let first = parts.next()?;
    let mut value = record.get(first)?;
    let mut type_ = field_type(record_type, first);
    for part in parts {
        value = value.get(part)?;
        type_ = type_.and_then(|owner| complex(owner)?.iter().find(|f| f.name == part)?.type_.as_deref());
    }
    convert(value, type_)
}

fn field_type(record_type: Option<RecordType>, name: &str) -> Option<&'static str> {
    let field = |schema: &str| TABLES.schemas.get(schema)?.iter().find(|field| field.name == name);
    schema_names(record_type).find_map(field)?.type_.as_deref()
}

fn complex(name: &str) -> Option<&'static Vec<SchemaField>> {
    let name = name.trim_end_matches("[]");
    [name.to_owned(), format!("{name} complex type"), format!("Complex Type {name}")]
        .iter()
        .find_map(|title| TABLES.schemas.get(title))
}

fn convert(value: &Value, type_: Option<&str>) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    let text = || match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match type_ {
        Some("datetime") => lenient::time(&text()?).map(|time| time.to_string().into()),
        Some("int32" | "int64") => {
            let raw = serde_json::value::to_raw_value(value).ok()?;
            lenient::int(raw.get()).map(Value::from)
        }
        Some("bool") => lenient::truth(value).map(Value::from),
        Some("guid") => text().filter(|guid| !guid.is_empty()).map(Value::from),
        Some("string") => Some(text().map_or_else(|| value.clone(), Value::from)),
        _ => Some(value.clone()),
    }
}

/// The schemas that the records of a type are made of, the common one first.
fn schema_names(record_type: Option<RecordType>) -> impl Iterator<Item = &'static str> {
    const MAILBOX: &str = "Exchange Mailbox schema";
    const SHAREPOINT: &str = "SharePoint Base schema";
    const ENTRA: &str = "Azure Active Directory Base schema";
    const DIRECTORY: &str = "Azure Active Directory schema";

    let added: &[&str] = match record_type.map_or(0, |t| t.0) {
        1 => &["Exchange Admin schema"],
        2 => &[MAILBOX, "ExchangeMailboxAuditRecord schema"],
        3 => &[MAILBOX, "ExchangeMailboxAuditGroupRecord schema"],
        19 => &[MAILBOX, "ExchangeAggregatedOperationRecord schema"],
        50 => &[MAILBOX, "ExchangeAggregatedMailboxAuditRecord schema"],
        275 => &["OWA Auth schema"],
        4 => &[SHAREPOINT, "SharePoint schema"],
        6 => &[SHAREPOINT, "SharePoint file operations"],
        14 => &[SHAREPOINT, "SharePoint Sharing schema"],
        36 | 37 | 54 | 55 | 56 => &[SHAREPOINT, "SharePoint list operations"],
        35 => &["Project schema"],
        8 => &[ENTRA, DIRECTORY],
        9 => &[ENTRA, "Azure Active Directory Account Logon schema"],
        15 => &[ENTRA, DIRECTORY, "Azure Active Directory Secure Token Service (STS) Logon schema"],
        294 => &["Microsoft Entra Risk Detection schema"],
        11 | 13 | 33 | 63 | 99 | 100 | 107 => &["DLP schema"],
        18 => &["Security and Compliance Center schema"],
        24 => &["eDiscovery schema"],
        40 => &["Security and Compliance Alerts schema"],
        20 => &["Power BI schema"],
        21 => &["Dynamics 365 base schema", "Dynamics 365 entity operation schema"],
        22 => &["Viva Engage schema"],
        25 => &["Microsoft Teams schema"],
        462 => &["Microsoft Teams user concern schema"],
        28 => &["Email message events"],
        41 => &["URL time-of-click events"],
        47 => &["File events"],
        29 => &["Submission events"],
        51 => &["Hygiene events schema"],
        64 | 86 | 89 => &["Main investigation schema"],
        65 => &["Quarantine schema"],
        85 => &["Attack Sim schema in Microsoft Defender for Office 365 Plan 2"],
        218 => &["Attack Sim Admin schema in Microsoft Defender for Office 365 Plan 2"],
        88 => &["User Training schema"],
        43 => &["MIP label schema"],
        93 => &["AipDiscover"],
        94 => &["AipSensitivityLabelAction"],
        95 => &["AipProtectionAction"],
        96 => &["AipFileDeleted"],
        97 => &["AipHeartBeat"],
        154 => &["Encrypted message portal events schema"],
        66 => &["Microsoft Forms schema"],
        188 => &["PlannerPlan record type"],
        189 => &["PlannerCopyPlan record type"],
        190 => &["PlannerTask record type"],
        191 => &["PlannerRoster record type"],
        192 => &["PlannerPlanList record type"],
        193 => &["PlannerTaskList record type"],
        194 => &["PlannerTenantSettings record type"],
        231 => &["PlannerRosterSensitivityLabel record type"],
        386 => &["PlannerGoal record type"],
        387 => &["PlannerGoalList record type"],
        401 => &["PlannerChatMessage record type"],
        402 => &["PlannerChatMessageList record type"],
        195 => &["ProjectForThewebProject record type"],
        196 => &["ProjectForThewebTask record type"],
        197 => &["ProjectForThewebRoadmap record type"],
        198 => &["ProjectForThewebRoadmapItem record type"],
        199 => &["ProjectForThewebProjectSetting record type"],
        200 => &["ProjectForThewebRoadmapSetting record type"],
        287 => &["ProjectForThewebAssignedToMeSetting record type"],
        261 | 284 | 328 | 334 => &["CopilotInteractionAuditRecord"],
        375 => &["AgentAdminActivity"],
        376 => &["AgentSettingsAdminActivity"],
        298 => &["Backup Policy schema"],
        299 => &["Restore Task schema"],
        300 => &["Restore Item schema"],
        301 => &["Backup Item schema"],
        431 => &["Granular Browse Task schema"],
        365 => &["SentinelNotebookOnLake"],
        366 => &["SentinelJob"],
        367 => &["SentinelKQLOnLake"],
        368 => &["SentinelLakeOnboarding"],
        369 => &["SentinelLakeDataOnboarding"],
        370 => &["SentinelAITool"],
        371 => &["SentinelGraph"],
        _ => &[],
    };
    std::iter::once("Common schema").chain(added.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_schema_that_is_named_exists() {
        for number in 1..=500 {
            let record_type = RecordType(number);
            let named = schema_names(Some(record_type)).count();
            assert_eq!(RecordSchema::of(record_type).schemas.len(), named, "{record_type}");
        }
    }

    #[test]
    fn a_field_is_read_as_its_schema_says() {
        let click = Some(RecordType::ThreatIntelligenceUrl);
        let record = json!({"TimeOfClick": "2026-11-19 10:12:44", "UserIp": "203.0.113.7", "New": {"a": [1]}, "Empty": null});
        assert_eq!(typed(click, "TimeOfClick", &record), Some(json!("2026-11-19T10:12:44Z")));
        assert_eq!(typed(click, "New.a", &record), Some(json!([1])));
        assert_eq!(typed(click, "Empty", &record), None);
        let mail = Some(RecordType::ExchangeItem);
        let record = json!({"Item": {"SizeInBytes": "69356", "IsRecord": "True", "ParentFolder": {"Path": "\\Inbox"}}, "ExternalAccess": "maybe"});
        assert_eq!(typed(mail, "Item.SizeInBytes", &record), Some(json!(69356)));
        assert_eq!(typed(mail, "Item.IsRecord", &record), Some(json!(true)));
        assert_eq!(typed(mail, "Item.ParentFolder.Path", &record), Some(json!("\\Inbox")));
        assert_eq!(typed(mail, "ExternalAccess", &record), None);
    }
}
