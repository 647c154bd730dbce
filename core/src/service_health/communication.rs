//! What the original call for messages gives: issues and posts of the message center, in one list.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::{ServiceIssue, ServiceMessage};
use super::names::MessageType;
use crate::dispatch::Item;
use crate::wire::Wire;

/// Something that the service has to tell: an issue, or a post of the message center.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Communication {
    /// Its id, such as `EX900001` or `MC900002`.
    pub id: String,
    /// Which of the two it is.
    pub message_type: MessageType,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// When it ended, or expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    /// When anything about it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// The issue, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<ServiceIssue>,
    /// The post of the message center, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ServiceMessage>,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// The wire that it came by.
    pub wire: Wire,
    /// What this version does not know of what is neither, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Item for Communication {}

impl Communication {
    pub(super) fn is_of(&self, workload: &str) -> bool {
        let same = |text: &String| text.eq_ignore_ascii_case(workload.trim());
        let issue = self.issue.as_ref();
        let message = self.message.as_ref();
        issue.is_some_and(|issue| issue.workload.iter().chain(&issue.service).any(same))
            || message.is_some_and(|message| message.workloads.iter().chain(&message.services).any(same))
    }
}

impl From<ServiceIssue> for Communication {
    fn from(issue: ServiceIssue) -> Self {
        let told = Communication::told(&issue.id, MessageType::Incident, &issue.wire);
        Communication {
            title: issue.title.clone(),
            start_date_time: issue.start_date_time,
            end_date_time: issue.end_date_time,
            last_modified_date_time: issue.last_modified_date_time,
            issue: Some(issue),
            ..told
        }
    }
}

impl From<ServiceMessage> for Communication {
    fn from(message: ServiceMessage) -> Self {
        let told = Communication::told(&message.id, MessageType::MessageCenter, &message.wire);
        Communication {
            title: message.title.clone(),
            start_date_time: message.start_date_time,
            end_date_time: message.end_date_time,
            last_modified_date_time: message.last_modified_date_time,
            message: Some(message),
            ..told
        }
    }
}

impl Communication {
    pub(super) fn told(id: &str, message_type: MessageType, wire: &Wire) -> Self {
        Communication {
            id: id.to_owned(),
            message_type,
            title: None,
            start_date_time: None,
            end_date_time: None,
            last_modified_date_time: None,
            issue: None,
            message: None,
            selected: None,
            wire: wire.clone(),
            extra: Map::new(),
        }
    }
}
