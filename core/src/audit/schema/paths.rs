//! What the tables know of a field by its path alone, whatever the type of the record that has it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::{TABLES, complex};

/// The type that a column has for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::audit) enum ValueType {
    /// A text, and whatever the tables give no type, or several.
    Text,
    /// A whole number of 64 bits.
    Int,
    /// True or false.
    Truth,
    /// An instant.
    Time,
}

/// Why the tables do not know a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) enum Unknown {
    /// There is no field of this name; paths that are spelled nearly so.
    Name(String, Vec<String>),
    /// What stands above it is no object.
    NotAnObject(String),
}

/// How many names that are nearly right are told.
const NEAR: usize = 3;

/// Fields that records have and no table names.
const SEEN: &[&str] = &[
    "AADGroupId",
    "AadAppId",
    "ActorIP",
    "AlertLinks",
    "AppVersion",
    "AuthType",
    "AuthenticationType",
    "BrowserName",
    "BrowserVersion",
    "ClientRequestId",
    "CmdletVersion",
    "Common",
    "CommunicationType",
    "CorrelationId",
    "CrossMailboxOperation",
    "CustomizedDoclib",
    "Data State",
    "DeepLinkUrl",
    "DeliveryAction",
    "DeviceDisplayName",
    "DoNotDistributeEvent",
    "ErrorNumber",
    "ExchangeLocations",
    "FileSizeBytes",
    "FileSyncBytesCommitted",
    "FromApp",
    "GeoLocation",
    "HighPriorityMediaProcessing",
    "IncidentId",
    "IntraSystemId",
    "IsManagedDevice",
    "ItemCount",
    "ListBaseTemplateType",
    "ListBaseType",
    "ListServerTemplate",
    "MessageVersion",
    "NonPIIParameters",
    "ParticipantInfo",
    "PhishConfidenceLevel",
    "Platform",
    "PolicyAction",
    "ProtectionEventData",
    "RunningTime",
    "SecurityComplianceCenterEventType",
    "SensitivityLabelEventData",
    "SharingPermission",
    "TemplateTypeId",
    "TokenObjectId",
    "TokenTenantId",
    "TokenType",
    "UrlClickAction",
    "UserSessionId",
    "Version",
    "WebId",
];

type Types = Vec<Option<&'static str>>;

/// The fields of records, with every type that a table gives them.
static FIELDS: LazyLock<HashMap<&'static str, Types>> = LazyLock::new(|| {
    let schemas = || TABLES.schemas.iter();
    let types: HashSet<&str> = schemas()
        .flat_map(|(_, fields)| fields)
        .filter_map(|field| Some(field.type_.as_deref()?.trim_end_matches("[]")))
        .collect();
    let is_part = |title: &str| {
        title.starts_with("Complex Type ") || title.ends_with(" complex type") || types.contains(title)
    };
    let mut fields: HashMap<&str, Types> = SEEN.iter().map(|name| (*name, vec![None])).collect();
    // The schemas of records; the others stand within these.
    for field in schemas().filter(|(title, _)| !is_part(title)).flat_map(|(_, fields)| fields) {
        fields.entry(&field.name).or_default().push(field.type_.as_deref());
    }
    fields
});

/// The one type that the tables give a path; `Text` where they give none or several.
pub(in crate::audit) fn value_type(path: &str) -> Result<ValueType, Unknown> {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or_default();
    let mut types = match FIELDS.get(first) {
        Some(types) => types.clone(),
        None => return Err(Unknown::Name(first.to_owned(), near(first, FIELDS.keys().copied(), ""))),
    };
    let mut above = first.to_owned();
    for part in parts {
        let schemas: Vec<_> = types.iter().flatten().filter_map(|of| complex(of)).collect();
        if schemas.is_empty() {
            // Below what no table describes anything may stand; below a text nothing does.
            if types.iter().all(|of| of.is_some_and(is_plain)) {
                return Err(Unknown::NotAnObject(above));
            }
            return Ok(ValueType::Text);
        }
        let fields = || schemas.iter().flat_map(|schema| schema.iter());
        types = fields().filter(|field| field.name == part).map(|field| field.type_.as_deref()).collect();
        if types.is_empty() {
            let prefix = format!("{above}.");
            let names = fields().map(|field| field.name.as_str());
            return Err(Unknown::Name(part.to_owned(), near(part, names, &prefix)));
        }
        above = format!("{above}.{part}");
    }
    let mut types = types.into_iter().map(value_type_of);
    let first = types.next().unwrap_or(ValueType::Text);
    Ok(if types.all(|of| of == first) { first } else { ValueType::Text })
}

fn value_type_of(type_: Option<&str>) -> ValueType {
    match type_ {
        Some("int32" | "int64") => ValueType::Int,
        Some("bool") => ValueType::Truth,
        Some("datetime") => ValueType::Time,
        _ => ValueType::Text,
    }
}

fn is_plain(type_: &str) -> bool {
    matches!(type_, "string" | "guid" | "datetime" | "int32" | "int64" | "bool")
}

/// The names that take the fewest changes to become this one.
fn near<'a>(name: &str, names: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<String> {
    let wanted = name.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(2);
    let mut near: Vec<_> = names
        .map(|of| (strsim::osa_distance(&wanted, &of.to_lowercase()), of))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(NEAR).map(|(_, of)| format!("{prefix}{of}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_type_on_which_the_tables_agree() {
        for (path, type_) in [
            ("ExternalAccess", ValueType::Truth),
            ("recipientCount", ValueType::Int),
            ("TimeOfClick", ValueType::Time),
            ("Item.Subject", ValueType::Text),
            ("Item.SizeInBytes", ValueType::Int),
            ("Item.ParentFolder.Path", ValueType::Text),
            ("AppAccessContext.APIId", ValueType::Text),
            // A number in one table and a text in another.
            ("MessageId", ValueType::Text),
            ("Parameters", ValueType::Text),
            ("ErrorNumber", ValueType::Text),
        ] {
            assert_eq!(value_type(path), Ok(type_), "{path}");
        }
    }

    #[test]
    fn what_no_table_has_is_told_with_what_may_have_been_meant() {
        let near = |path: &str| match value_type(path) {
            Err(Unknown::Name(_, near)) => near,
            other => panic!("{path}: {other:?}"),
        };
        assert!(near("Item.Subjct").contains(&"Item.Subject".to_owned()));
        assert!(near("loginerror").contains(&"LogonError".to_owned()));
        assert_eq!(near("Qqqqqqqqqqqqqqq"), Vec::<String>::new());
        assert_eq!(value_type("LogonError.Code"), Err(Unknown::NotAnObject("LogonError".into())));
    }
}
