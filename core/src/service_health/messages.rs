//! Posts of the message center and their files, as Microsoft Graph has them.

use serde::{Deserialize, Serialize};

use crate::odata::Filter;

/// Lists the posts of the message center.
///
/// Pages are as large as the service gives them, since every request counts against an hourly limit. Needs the
/// permission `ServiceMessage.Read.All`.
///
/// Source: "List serviceUpdateMessages", Microsoft Graph.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListMessages {
    /// Which messages, such as `isMajorChange eq true`. `details` cannot be filtered.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// The order, such as `lastModifiedDateTime desc`. Default: the service's own.
    #[serde(default)]
    pub orderby: Option<Vec<String>>,
    /// At most so many messages in all, up to 1,000. Default: all.
    #[serde(default)]
    pub top: Option<u32>,
    /// How many messages to pass over.
    #[serde(default)]
    pub skip: Option<u32>,
    /// Whether the pages say how many messages there are in all.
    #[serde(default)]
    pub count: Option<bool>,
    /// Words to search for. The service declares it, and does not say what it does with it.
    #[serde(default)]
    pub search: Option<String>,
    /// How many messages to ask for in one page, up to 1,000. Default: 1,000.
    #[serde(default)]
    pub page_size: Option<u32>,
    /// Continues a listing from the token it gave out; the other options are then not used, but `page_size`.
    #[serde(default)]
    pub token: Option<String>,
}

/// Gets a message by its id.
///
/// Needs the permission `ServiceMessage.Read.All`.
///
/// Source: "Get serviceUpdateMessage", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetMessage {
    /// Its id, such as `MC900002`.
    pub id: String,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Lists the files with a message, without what they hold.
///
/// Needs the permission `ServiceMessage.Read.All`; files of posts on data privacy need a role besides.
///
/// Source: "List serviceAnnouncementAttachments", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListAttachments {
    /// The id of the message.
    pub message_id: String,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// Continues a listing from the token it gave out.
    #[serde(default)]
    pub token: Option<String>,
}

/// Gets what is known of a file with a message, without what it holds.
///
/// Needs the permission `ServiceMessage.Read.All`.
///
/// Source: "Get serviceAnnouncementAttachment", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetAttachment {
    /// The id of the message.
    pub message_id: String,
    /// The id of the file.
    pub attachment_id: String,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Downloads a file with a message.
///
/// Needs the permission `ServiceMessage.Read.All`.
///
/// Source: "Get serviceAnnouncementAttachment", Microsoft Graph: to get the content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetAttachmentContent {
    /// The id of the message.
    pub message_id: String,
    /// The id of the file.
    pub attachment_id: String,
    /// The most bytes that are taken: what is longer is an error. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// Downloads all files with a message as one zip archive.
///
/// Fails where the message's `hasAttachments` is false. Names in the archive may lead anywhere: unpack it with a tool
/// that refuses paths out of its folder. Needs the permission `ServiceMessage.Read.All`.
///
/// Source: "serviceUpdateMessage: attachmentsArchive", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetAttachmentsArchive {
    /// The id of the message.
    pub message_id: String,
    /// The most bytes that are taken: what is longer is an error. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}
