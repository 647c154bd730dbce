//! What service health speaks of: services, issues and messages, spelled as Microsoft Graph spells them whichever
//! wire they came by.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names::{
    BodyType, HealthClassification, HealthOrigin, HealthStatus, PostType, UpdateCategory, UpdateSeverity,
};
use crate::dispatch::Item;
use crate::lenient;
use crate::odata::Entity;
use crate::wire::Wire;

pub(super) fn graph() -> Wire {
    Wire::Graph
}

/// A service that the tenant subscribes to, and how it is.
///
/// Source: "serviceHealth resource type", Microsoft Graph; "Office 365 Service Communications API reference",
/// Get Services, Get Current Status and Get Historical Status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HealthOverview {
    /// The key of the service, such as `Exchange`. The wires have different keys for some; of a historical status it
    /// is not unique, together with `statusTime` it is.
    pub id: String,
    /// The name of the service, such as `Exchange Online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How it is; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthStatus>,
    /// The status in words, as the service gave them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_display_name: Option<String>,
    /// The day of the status, at midnight UTC; of a current status that which the service names. It is no time of a
    /// change: for that see the issue's `lastModifiedDateTime`.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub status_time: Option<Timestamp>,
    /// Its features, and how they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<FeatureHealth>,
    /// The ids of the issues that are open; of a historical status, of that day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incident_ids: Vec<String>,
    /// Its issues, resolved ones included, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<ServiceIssue>,
    /// Whether the status was worked out from the issues of the day, because the wire keeps none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_computed: bool,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// The wire that it came by.
    #[serde(default = "graph")]
    pub wire: Wire,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A feature of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FeatureHealth {
    /// Its key, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthStatus>,
    /// The status in words, as the service gave them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_display_name: Option<String>,
    /// Whether it was told from the open issues, because the wire names no features.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_derived: bool,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An issue of a service: an incident or an advisory.
///
/// Whether it is over says `isResolved`; its status does not.
///
/// Source: "serviceHealthIssue resource type", Microsoft Graph; "Office 365 Service Communications API reference",
/// Get Messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceIssue {
    /// Its id, such as `EX900001`.
    pub id: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The name of the service, such as `Exchange Online`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The key of the service, such as `Exchange`; the wire `graph` tells it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The feature; the wire `office365` tells only its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// The group of features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_group: Option<String>,
    /// The key of the group of features; the wire `graph` tells it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_id: Option<String>,
    /// Whether it is an incident or an advisory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<HealthClassification>,
    /// Who caused or reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<HealthOrigin>,
    /// How far it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthStatus>,
    /// Whether it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_resolved: Option<bool>,
    /// How severe it is, such as `Sev2`; the wire `graph` tells it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What users notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_description: Option<String>,
    /// When it began.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// When it ended; absent while it is open.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    /// When anything about it was last changed.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// What was told about it, oldest first.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<HealthPost>,
    /// Further details.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<HealthDetail>,
    /// Where the report after the incident is; the wire `graph` has `incident_report` for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_incident_document_url: Option<String>,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// The wire that it came by.
    #[serde(default = "graph")]
    pub wire: Wire,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What was told about an issue at one time.
///
/// Source: "serviceHealthIssuePost resource type", Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HealthPost {
    /// When.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// Which kind of post it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_type: Option<PostType>,
    /// What.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<ItemBody>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A text, plain or HTML.
///
/// Source: "itemBody resource type", Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ItemBody {
    /// Whether it is plain or HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<BodyType>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A detail with a name.
///
/// Source: "keyValuePair resource type", Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HealthDetail {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A post of the message center: what changes, and what has to be done.
///
/// Source: "serviceUpdateMessage resource type", Microsoft Graph; "Office 365 Service Communications API reference",
/// Get Messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceMessage {
    /// Its id, such as `MC900002`.
    pub id: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it asks of its readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<UpdateCategory>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<UpdateSeverity>,
    /// The names of the services that it concerns.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The keys of those services; the wire `graph` tells them not.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<String>,
    /// Words that it is found by.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it is of a major change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_major_change: Option<bool>,
    /// By when something has to be done.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub action_required_by_date_time: Option<Timestamp>,
    /// When it begins.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// When it expires, often in the future.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    /// When anything about it was last changed.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// The text as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<ItemBody>,
    /// The text as it was at each time; the wire `graph` keeps only the newest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HealthPost>,
    /// Further details.
    #[serde(default, deserialize_with = "nothing_for_null", skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<HealthDetail>,
    /// What the signed-in user has done with it; absent for an application that signs in as itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_point: Option<MessageViewpoint>,
    /// Whether there are files with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_attachments: Option<bool>,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// The wire that it came by.
    #[serde(default = "graph")]
    pub wire: Wire,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a user has done with a message.
///
/// Source: "serviceUpdateMessageViewpoint resource type", Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageViewpoint {
    /// Whether it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_read: Option<bool>,
    /// Whether it was put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_archived: Option<bool>,
    /// Whether it was marked as a favorite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_favorited: Option<bool>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A file with a message.
///
/// Source: "serviceAnnouncementAttachment resource type", Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageAttachment {
    /// Its id.
    pub id: String,
    /// Its name, which may be a sentence and is not fit for a file as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

macro_rules! entities {
    ($($name:ident)+) => {
        $(impl Item for $name {}

        impl Entity for $name {
            fn key(&self) -> &str {
                &self.id
            }

            fn note_selection(&mut self, selected: &[String]) {
                self.selected = Some(selected.to_vec());
            }
        })+
    };
}

entities! { HealthOverview ServiceIssue ServiceMessage MessageAttachment }

impl ServiceIssue {
    /// Whether it is known to be over.
    pub fn is_over(&self) -> bool {
        self.is_resolved == Some(true)
    }
}

/// For serde: null where a list should be is an empty one.
fn nothing_for_null<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}
