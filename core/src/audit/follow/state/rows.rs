//! What stands in the tables of the state: JSON, so that every version can be read by a person.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::audit::content::Content;
use crate::audit::content_type::ContentType;
use crate::audit::follow::form::Form;
use crate::audit::window::Window;
use crate::error::{Error, Result};

/// The first row of all: whose state it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct Head {
    pub(in crate::audit::follow) program: String,
    pub(in crate::audit::follow) version: u32,
    pub(in crate::audit::follow) tenant: String,
    pub(in crate::audit::follow) created_at: Timestamp,
}

/// How far a content type has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct TypeRow {
    /// Where it began: what became available before is none of this state's business.
    pub(in crate::audit::follow) since: Timestamp,
    /// All that became available before, as far as the service lists it, is on the work list or done.
    pub(in crate::audit::follow) listed_to: Timestamp,
    /// When the last day was listed again, for content that is listed late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::audit::follow) swept_at: Option<Timestamp>,
    /// When its subscription was started by us the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::audit::follow) started_at: Option<Timestamp>,
}

/// A blob that is not delivered whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct WorkRow {
    pub(in crate::audit::follow) content: Content,
    /// Elements of the blob that are safe already.
    #[serde(default)]
    pub(in crate::audit::follow) position: u64,
    /// How often fetching it has failed.
    #[serde(default)]
    pub(in crate::audit::follow) attempts: u32,
    /// Why, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::audit::follow) error: Option<String>,
}

/// A span that could not be listed and is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct SpanRow {
    pub(in crate::audit::follow) end: Timestamp,
    pub(in crate::audit::follow) attempts: u32,
    pub(in crate::audit::follow) retry_at: Timestamp,
    pub(in crate::audit::follow) error: String,
}

/// A span of which nothing can be known any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct GapRow {
    pub(in crate::audit::follow) content_type: ContentType,
    pub(in crate::audit::follow) start: Timestamp,
    pub(in crate::audit::follow) end: Timestamp,
    /// Whether the caller has been told.
    pub(in crate::audit::follow) told: bool,
}

/// A file that records are being written into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit::follow) struct FileRow {
    /// The name that it will have when it is whole.
    pub(in crate::audit::follow) path: String,
    pub(in crate::audit::follow) opened_at: Timestamp,
    /// How much of it is safe: what stands behind was written by a run that ended before it could say so.
    pub(in crate::audit::follow) bytes: u64,
    /// Whether nothing more is written into it: it only has to be finished.
    pub(in crate::audit::follow) sealed: bool,
    /// Whether it has its name, and the caller may not know it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::audit::follow) finished: bool,
    /// What it is like.
    #[serde(default, skip_serializing_if = "Form::is_lines")]
    pub(in crate::audit::follow) form: Form,
}

/// Where on the work list a blob stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::audit::follow) enum WorkKey {
    /// To be fetched, in this order.
    Fresh(u64),
    /// Failed before, and due at this second.
    Parked(i64, u64),
}

impl WorkRow {
    pub(in crate::audit::follow) fn new(content: Content) -> Self {
        WorkRow { content, position: 0, attempts: 0, error: None }
    }
}

impl SpanRow {
    pub(in crate::audit::follow) fn window(&self, start: i64) -> Result<Window> {
        let start = Timestamp::from_second(start).map_err(|e| damaged("spans", e))?;
        Ok(Window { start, end: self.end })
    }
}

/// A row as it is kept.
pub(in crate::audit::follow) fn write<T: Serialize>(row: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(row).map_err(|e| Error::decode("a row of the state cannot be written").with_source(e))
}

/// A row as it was kept.
pub(in crate::audit::follow) fn read<T: DeserializeOwned>(table: &str, json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|e| damaged(table, e))
}

fn damaged(table: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    Error::new(
        crate::ErrorKind::Storage,
        format!("the state is damaged: a row of {table} cannot be read: {error}"),
    )
    .with_hint("Keep a copy of the file for whoever looks into it, and begin with a new state")
    .with_source(error)
}
