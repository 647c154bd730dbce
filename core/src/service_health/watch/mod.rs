//! `watch(...)`: what changes in the services' health, as it changes.
//!
//! The service has no notifications and no delta: it is asked again and again for what was modified. What is known
//! of each issue is in `state`, which a token holds whole; the questions are in `poll`.

mod poll;
mod state;

use serde::{Deserialize, Serialize};

use super::model::{HealthPost, ServiceIssue, ServiceMessage};
use super::names::{HealthClassification, HealthStatus};
use crate::Client;
use crate::dispatch::{Item, Listing, yes};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::open_enum::text_enum;
use crate::page::Paged;
use state::State;

const POLL_INTERVAL: Interval = Interval(std::time::Duration::from_secs(60));
const MESSAGE_INTERVAL: Interval = Interval(std::time::Duration::from_secs(300));

/// Tells what changes in the health of the services, and what is new in the message center, without end.
///
/// The first look tells of the issues that are open by then; nothing else that is there already is told. Each change
/// has a `token`: kept once the change is dealt with, it begins the next watch behind it, and no change is lost or
/// told twice. A page comes with every look, empty where nothing has changed. A look that fails is reported in
/// the page's errors, and made again at its time; what cannot get better by itself is raised. Looks are held back
/// when they would exceed the service's hourly limit of 800 requests. Needs the permissions of `list_issues` and
/// `list_messages`, on the wire `office365` that of `messages`.
///
/// Source: "List serviceHealthIssues", "List serviceUpdateMessages", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct WatchHealth {
    /// Whether to watch issues.
    #[serde(default = "yes")]
    pub issues: bool,
    /// Whether to watch the message center.
    #[serde(default = "yes")]
    pub messages: bool,
    /// Only these services, by their names or keys. Default: all.
    #[serde(default)]
    pub services: Option<Vec<String>>,
    /// How long to wait between two looks at the issues. Default: 1 minute.
    #[serde(default)]
    pub poll_interval: Option<Interval>,
    /// How long to wait between two looks at the message center. Default: 5 minutes. On the wire `office365`, where
    /// both come in one list, `poll_interval` is used for both.
    #[serde(default)]
    pub message_interval: Option<Interval>,
    /// Whether the first look tells of the issues that are open by then.
    #[serde(default = "yes")]
    pub existing: bool,
    /// Whether to leave out changes in which no text, status or classification has changed, such as a new time alone.
    #[serde(default)]
    pub only_content: bool,
    /// Goes on behind the change that this token came with.
    #[serde(default)]
    pub token: Option<String>,
}

impl Default for WatchHealth {
    fn default() -> Self {
        WatchHealth {
            issues: true,
            messages: true,
            services: None,
            poll_interval: None,
            message_interval: None,
            existing: true,
            only_content: false,
            token: None,
        }
    }
}

text_enum! {
    /// What has happened.
    HealthChangeKind {
        /// An issue is new, open when the watch began, or open again.
        IssueOpened = "issueOpened",
        /// An issue has changed: a post, its status, or anything else.
        IssueUpdated = "issueUpdated",
        /// An issue is over.
        IssueResolved = "issueResolved",
        /// An issue became an incident, or no longer is one.
        IssueReclassified = "issueReclassified",
        /// A message is new.
        MessageAdded = "messageAdded",
        /// A message has changed.
        MessageUpdated = "messageUpdated",
    }
}

/// A change in the health of the services.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HealthChange {
    /// What has happened; of several things at once, the weightiest.
    pub kind: HealthChangeKind,
    /// The id of the issue or message.
    pub id: String,
    /// The issue, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<ServiceIssue>,
    /// The message, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<ServiceMessage>,
    /// The posts that are new.
    pub new_posts: Vec<HealthPost>,
    /// The status before, if it was known and has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_from: Option<HealthStatus>,
    /// The classification before, if it was known and has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification_from: Option<HealthClassification>,
    /// Whether any text, the status or the classification has changed, as far as that is known.
    pub content_changed: bool,
    /// Begins a watch behind this change.
    pub token: String,
}

impl Item for HealthChange {}

impl Listing for WatchHealth {
    type Item = HealthChange;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<HealthChange>> {
        if !self.issues && !self.messages {
            return Err(Error::invalid("neither issues nor messages are to be watched"));
        }
        if self.services.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid("services is empty: leave it out to watch them all"));
        }
        for (name, length) in
            [("poll_interval", self.poll_interval), ("message_interval", self.message_interval)]
        {
            if length.is_some_and(|length| length.0.is_zero()) {
                return Err(Error::invalid(format!("{name} is 0: it must be longer")));
            }
        }
        let state = match &self.token {
            Some(token) => State::from_token(token)?,
            None => State::default(),
        };
        Ok(poll::open(client, self, state))
    }
}

impl WatchHealth {
    fn poll_interval(&self) -> std::time::Duration {
        self.poll_interval.unwrap_or(POLL_INTERVAL).0
    }

    fn message_interval(&self) -> std::time::Duration {
        self.message_interval.unwrap_or(MESSAGE_INTERVAL).0
    }
}
