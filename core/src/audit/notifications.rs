//! What the service has tried to deliver to webhooks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::pages_of_windows;
use super::content_type::ContentType;
use super::listing::Row;
use super::window::Span;
use crate::Client;
use crate::dispatch::{Item, Listing, Operation};
use crate::error::Result;
use crate::interval::Interval;
use crate::lenient;
use crate::open_enum::text_enum;
use crate::page::Paged;

text_enum! {
    /// The outcome of a delivery.
    NotificationStatus {
        /// The webhook answered with 200.
        Success = "success",
        /// It did not.
        Failed = "failed",
    }
}

/// One attempt to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The division of the feed that the content belongs to.
    pub content_type: ContentType,
    /// The id of the content that was announced.
    pub content_id: String,
    /// Where the service says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_uri: Option<String>,
    /// When the attempt was made.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub notification_sent: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_status: Option<NotificationStatus>,
    /// When the content became available.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_created: Option<Timestamp>,
    /// When it can no longer be fetched.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_expiration: Option<Timestamp>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Item for Notification {}

impl Row for Notification {
    fn key(&self) -> String {
        format!("{} {:?} {:?}", self.content_id, self.notification_sent, self.notification_status)
    }
}

/// Lists the attempts to deliver notifications to the webhook of a content type; for diagnosis only.
///
/// Several rows for the same content are normal, in any order. Without a webhook there are none.
///
/// Source: "Office 365 Management Activity API reference", List notifications.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListNotifications {
    /// Whose webhook.
    pub content_type: ContentType,
    /// The beginning of the span. Default: a day before its end.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// The end of the span, not included. Default: now.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// The length of the span up to its end, in place of `start`: at most seven days.
    #[serde(default)]
    pub last: Option<Interval>,
    /// Continues a listing from the token it gave out; the other times are then not used. Short-lived.
    #[serde(default)]
    pub token: Option<String>,
}

impl Operation for ListNotifications {
    const NAME: &'static str = "audit.list_notifications";
}

impl Listing for ListNotifications {
    type Item = Notification;

    fn open(self, client: Client) -> Result<Paged<Notification>> {
        let span = Span::new(self.start, self.end, self.last)?;
        pages_of_windows(
            client,
            "subscriptions/notifications",
            self.content_type,
            span,
            self.token.as_deref(),
        )
    }
}
