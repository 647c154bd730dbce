//! Issues of the services, as Microsoft Graph has them.

use serde::{Deserialize, Serialize};

use crate::odata::Filter;

/// Lists the issues of the services that the tenant subscribes to, with everything that was told about each.
///
/// Pages are as large as the service gives them, since every request counts against an hourly limit. Needs the
/// permission `ServiceHealth.Read.All`.
///
/// Source: "List serviceHealthIssues", Microsoft Graph.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListIssues {
    /// Which issues, such as `isResolved eq false`. `details` cannot be filtered.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// The order, such as `lastModifiedDateTime desc`. Default: the service's own.
    #[serde(default)]
    pub orderby: Option<Vec<String>>,
    /// At most so many issues in all, up to 1,000. Default: all.
    #[serde(default)]
    pub top: Option<u32>,
    /// How many issues to pass over.
    #[serde(default)]
    pub skip: Option<u32>,
    /// Whether the pages say how many issues there are in all.
    #[serde(default)]
    pub count: Option<bool>,
    /// Words to search for. The service declares it, and does not say what it does with it.
    #[serde(default)]
    pub search: Option<String>,
    /// How many issues to ask for in one page, up to 1,000. Default: 1,000.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// Continues a listing from the token it gave out; the other options are then not used, but `page_size`.
    #[serde(default)]
    pub token: Option<String>,
}

/// Gets an issue by its id.
///
/// Needs the permission `ServiceHealth.Read.All`.
///
/// Source: "Get serviceHealthIssue", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetIssue {
    /// Its id, such as `EX900001`.
    pub id: String,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Downloads the report on an incident, a document.
///
/// There is one once the issue's status is `postIncidentReviewPublished`. Needs the permission
/// `ServiceHealth.Read.All`.
///
/// Source: "serviceHealthIssue: incidentReport", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetIncidentReport {
    /// The id of the issue, such as `EX900001`.
    pub id: String,
    /// The most bytes that are taken: what is longer is an error. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}
