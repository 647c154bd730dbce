//! Looking into a state, for people: also while a follower of this process is at work by it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::state::{SpanRow, State, WorkRow};
use crate::Client;
use crate::audit::content_type::ContentType;
use crate::audit::route::Route;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};

/// What a follower's state says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FollowState {
    /// The tenant's directory id.
    pub tenant: String,
    /// The version of the format.
    pub version: u32,
    /// When the state was made.
    pub created_at: Timestamp,
    /// How far each content type has come.
    pub content_types: Vec<TypeState>,
    /// Content ids that are remembered, so that nothing comes twice.
    pub remembered: u64,
    /// Spans that are lost because nobody read them within seven days.
    pub gaps: Vec<Gap>,
    /// Files that are being written.
    pub files: Vec<OpenFile>,
}

/// How far a content type has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TypeState {
    /// The content type.
    pub content_type: ContentType,
    /// Where it began.
    pub since: Timestamp,
    /// Everything that became available before, as far as the service lists it, is open, parked or safe.
    pub listed_to: Timestamp,
    /// Blobs that were listed and are not safe yet, without those that are parked.
    pub open: u64,
    /// Blobs that have failed and are tried again.
    pub parked: Vec<ParkedContent>,
    /// Spans that could not be listed and are tried again.
    pub parked_spans: Vec<ParkedSpan>,
}

/// A blob that has failed and is tried again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParkedContent {
    /// Its id.
    pub content_id: String,
    /// When it became available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_created: Option<Timestamp>,
    /// When it can no longer be fetched, and is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_expiration: Option<Timestamp>,
    /// How often fetching it has failed.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// Why it failed the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A span that could not be listed and is tried again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParkedSpan {
    /// Its beginning.
    pub start: Timestamp,
    /// Its end, not included.
    pub end: Timestamp,
    /// How often listing it has failed.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// Why it failed the last time.
    pub error: String,
}

/// A span that is lost because nobody read it within seven days.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The content type.
    pub content_type: ContentType,
    /// Its beginning.
    pub start: Timestamp,
    /// Its end, not included.
    pub end: Timestamp,
    /// Whether the follower's caller was told.
    pub told: bool,
}

/// A file that is being written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpenFile {
    /// The path that it will have.
    pub path: String,
    /// How many bytes of records in it, or waiting for it, are safe.
    pub bytes: u64,
    /// When it was begun.
    pub opened_at: Timestamp,
}

/// Tells what a follower's state says: how far it has come, and what keeps failing.
///
/// A state that another process follows by cannot be read, which is a `Conflict`; a copy of the file can.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InspectState {
    /// The file, or the folder in which it is named after the tenant.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub state: PathBuf,
}

impl Operation for InspectState {
    const NAME: &'static str = "audit.inspect_state";
}

impl Call for InspectState {
    type Output = FollowState;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<FollowState> {
        with_state(client, self.state, FollowState::of).await
    }
}

/// Gives everything that stands in a follower's state, as JSON: one member a table, one member a row.
///
/// A state that another process follows by cannot be read, which is a `Conflict`; a copy of the file can.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExportState {
    /// The file, or the folder in which it is named after the tenant.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub state: PathBuf,
}

impl Operation for ExportState {
    const NAME: &'static str = "audit.export_state";
}

impl Call for ExportState {
    type Output = Map<String, Value>;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Map<String, Value>> {
        with_state(client, self.state, State::export).await
    }
}

async fn with_state<T: Send + 'static>(
    client: Client,
    path: PathBuf,
    work: fn(&State) -> Result<T>,
) -> Result<T> {
    let tenant = Route::of(&client).await?.tenant().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let state: Arc<State> = State::open_present(&path, &tenant)?;
        work(&state)
    });
    read.await.unwrap_or_else(|e| {
        Err(Error::new(ErrorKind::Storage, "reading the state was broken off").with_source(e))
    })
}

impl FollowState {
    fn of(state: &State) -> Result<FollowState> {
        let head = state.head()?.ok_or_else(|| Error::new(ErrorKind::Storage, "the state is empty"))?;
        let mut content_types = Vec::new();
        for (of, row) in state.types()? {
            let spans = state.spans(&of)?;
            content_types.push(TypeState {
                since: row.since,
                listed_to: row.listed_to,
                open: 0,
                parked: Vec::new(),
                parked_spans: spans.into_iter().map(|(w, row)| parked_span(w.start, row)).collect(),
                content_type: of,
            });
        }
        state.each_work(|due, row| {
            if let Some(of) = content_types.iter_mut().find(|of| of.content_type == row.content.content_type)
            {
                match due {
                    Some(due) => of.parked.push(parked(due, row)),
                    None => of.open += 1,
                }
            }
        })?;
        let gap = |(_, gap): (u64, super::state::GapRow)| Gap {
            content_type: gap.content_type,
            start: gap.start,
            end: gap.end,
            told: gap.told,
        };
        let file = |file: super::state::FileRow| OpenFile {
            path: file.path,
            bytes: file.bytes,
            opened_at: file.opened_at,
        };
        Ok(FollowState {
            tenant: head.tenant,
            version: head.version,
            created_at: head.created_at,
            content_types,
            remembered: state.remembered()?,
            gaps: state.gaps()?.into_iter().map(gap).collect(),
            files: state.files()?.into_iter().filter(|file| !file.finished).map(file).collect(),
        })
    }
}

fn parked(retry_at: Timestamp, row: WorkRow) -> ParkedContent {
    ParkedContent {
        content_id: row.content.content_id,
        content_created: row.content.content_created,
        content_expiration: row.content.content_expiration,
        attempts: row.attempts,
        retry_at,
        error: row.error,
    }
}

fn parked_span(start: Timestamp, row: SpanRow) -> ParkedSpan {
    let SpanRow { end, attempts, retry_at, error } = row;
    ParkedSpan { start, end, attempts, retry_at, error }
}

impl State {
    fn export(&self) -> Result<Map<String, Value>> {
        let tables = self.export_tables()?;
        let named = tables.into_iter().map(|(table, rows)| (table.to_owned(), json!(rows)));
        Ok(named.collect())
    }
}
