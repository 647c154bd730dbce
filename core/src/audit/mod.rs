//! The Office 365 Management Activity API: the audit feed.
//!
//! Source: "Office 365 Management Activity API reference" and "... schema".

mod address;
mod announce;
#[cfg(feature = "bench")]
pub(crate) mod bench;
mod blob;
mod budget;
mod codes;
mod columns;
mod content;
mod content_type;
mod diagnose;
mod ensure;
mod feed;
mod fields;
mod follow;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod jsonl;
mod lines;
mod listing;
mod notifications;
mod pipeline;
mod progress;
mod record;
mod record_type;
mod records;
mod route;
mod scan;
mod schema;
mod search;
mod seen;
mod sensitive_types;
mod subscriptions;
mod walk;
mod webhook;
mod window;

pub(crate) use codes::judge;
pub(crate) use columns::as_bytes;
pub use columns::{
    BatchesBuilder, ColumnBatch, Compression, PartitionColumn, RecordBatches, WriteParquet,
    WriteParquetBuilder, Written,
};
pub use content::{Content, GetContent, ListContent};
pub use content_type::ContentType;
pub use diagnose::{Diagnose, DiagnoseBuilder, Diagnosis, Finding, FindingCode, Severity};
pub use ensure::EnsureSubscriptions;
pub use follow::{
    CommitMode, ExportState, FollowBuilder, FollowFeed, FollowIntoJsonl, FollowIntoParquet, FollowState, Gap,
    InspectState, JsonlBuilder, OpenFile, ParkedContent, ParkedSpan, ParquetBuilder, SinkStep, TypeState,
};
pub use jsonl::{WriteJsonl, WriteJsonlBuilder};
pub use lines::{Lines, RecordLines};
pub use notifications::{ListNotifications, Notification, NotificationStatus};
pub use record::AuditRecord;
pub use record_type::{AuditLogScope, RecordType, UserType};
pub use records::{ListRecords, OnError, RecordsBuilder};
pub use schema::{GetRecordSchema, RecordSchema, SchemaField, WorkloadSchema};
pub use search::{SearchBuilder, SearchRecords};
pub use sensitive_types::{ListSensitiveTypes, SensitiveType};
pub use subscriptions::{
    ListSubscriptions, StartSubscription, StopResult, StopSubscription, Subscription, SubscriptionStatus,
    Webhook, WebhookTarget,
};
#[cfg(feature = "tower")]
pub use webhook::WebhookService;
pub use webhook::{HandleWebhook, WebhookKind, WebhookNotification, WebhookReceiver, WebhookReply};

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::Client;
use crate::dispatch::{Call, Entry, Listing, call, columns, listing};
use crate::error::Result;
use crate::page::Paged;

/// The operations of this API, in the order of the documentation.
pub(crate) const OPERATIONS: &[Entry] = &[
    listing::<ListRecords>(),
    listing::<RecordLines>(),
    columns::<RecordBatches>(),
    listing::<WriteJsonl>(),
    listing::<WriteParquet>(),
    listing::<FollowFeed>(),
    listing::<FollowIntoJsonl>(),
    listing::<FollowIntoParquet>(),
    call::<InspectState>(),
    call::<ExportState>(),
    listing::<SearchRecords>(),
    call::<Diagnose>(),
    call::<HandleWebhook>(),
    call::<EnsureSubscriptions>(),
    call::<StartSubscription>(),
    call::<StopSubscription>(),
    call::<ListSubscriptions>(),
    listing::<ListContent>(),
    listing::<GetContent>(),
    listing::<ListNotifications>(),
    call::<ListSensitiveTypes>(),
    call::<GetRecordSchema>(),
];

/// Records in a page at most: what crosses into another language at once.
const PAGE_OF_RECORDS: usize = 1_000;

/// The audit feed of a tenant; see [`Client::audit`].
#[derive(Debug, Clone)]
pub struct Audit {
    client: Client,
}

impl Audit {
    pub(crate) fn new(client: Client) -> Self {
        Audit { client }
    }

    /// Streams the records of these content types; of all that are subscribed, if none is named.
    pub fn records(&self, content_types: impl IntoIterator<Item = ContentType>) -> RecordsBuilder {
        let types: Vec<_> = content_types.into_iter().collect();
        let content_types = (!types.is_empty()).then_some(types);
        RecordsBuilder {
            client: self.client.clone(),
            request: ListRecords { content_types, ..ListRecords::default() },
        }
    }

    /// Follows the feed without end, from where the state was left: a file, or a folder of such files.
    pub fn follow(&self, state: impl Into<PathBuf>) -> FollowBuilder {
        FollowBuilder::new(self.client.clone(), state.into())
    }

    /// Tells what a follower's state says: how far it has come, and what keeps failing.
    pub async fn inspect_state(&self, state: impl Into<PathBuf>) -> Result<FollowState> {
        self.send(InspectState { state: state.into() }).await
    }

    /// Gives everything that stands in a follower's state, as JSON.
    pub async fn export_state(&self, state: impl Into<PathBuf>) -> Result<Map<String, Value>> {
        self.send(ExportState { state: state.into() }).await
    }

    /// Starts the subscriptions to these content types that are missing or disabled.
    pub async fn ensure_subscriptions(
        &self,
        content_types: impl IntoIterator<Item = ContentType>,
    ) -> Result<Vec<Subscription>> {
        self.send(EnsureSubscriptions { content_types: content_types.into_iter().collect() }).await
    }

    /// Starts the subscription to a content type; content is polled. Removes a webhook that is there.
    pub async fn start(&self, content_type: ContentType) -> Result<Subscription> {
        self.send(StartSubscription { content_type, webhook: None }).await
    }

    /// Starts the subscription to a content type, or changes its webhook.
    pub async fn start_with_webhook(
        &self,
        content_type: ContentType,
        webhook: WebhookTarget,
    ) -> Result<Subscription> {
        self.send(StartSubscription { content_type, webhook: Some(webhook) }).await
    }

    /// Stops the subscription to a content type. What would have appeared until the next start is lost.
    pub async fn stop(&self, content_type: ContentType) -> Result<StopResult> {
        self.send(StopSubscription { content_type }).await
    }

    /// Lists the subscriptions of the tenant.
    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>> {
        self.send(ListSubscriptions {}).await
    }

    /// Lists the content that became available within a span of time.
    pub fn list_content(&self, request: ListContent) -> Result<Paged<Content>> {
        request.open(self.client.clone())
    }

    /// Fetches one blob of content.
    pub fn get_content(&self, request: GetContent) -> Result<Paged<AuditRecord>> {
        request.open(self.client.clone())
    }

    /// Lists the attempts to deliver notifications to a webhook.
    pub fn list_notifications(&self, request: ListNotifications) -> Result<Paged<Notification>> {
        request.open(self.client.clone())
    }

    /// Lists the names of the sensitive information types, in the language asked for.
    pub async fn list_sensitive_types(&self, language: Option<String>) -> Result<Vec<SensitiveType>> {
        self.send(ListSensitiveTypes { language }).await
    }

    /// Tells what is documented of a record type.
    pub fn record_schema(&self, record_type: RecordType) -> RecordSchema {
        RecordSchema::of(record_type)
    }

    /// Searches the tenant's audit log from a moment on, far beyond the seven days of the feed.
    pub fn search(&self, start: Timestamp) -> SearchBuilder {
        SearchBuilder { client: self.client.clone(), request: SearchRecords::new(start) }
    }

    /// Looks at everything that the feed depends on, and says what is wrong and what to do. To be awaited.
    pub fn diagnose(&self) -> DiagnoseBuilder {
        DiagnoseBuilder { client: self.client.clone(), request: Diagnose::default() }
    }

    /// Receives what the service announces: answers the requests to a webhook, and wakes the followers.
    pub fn webhook(&self) -> WebhookReceiver {
        WebhookReceiver::new(self.client.clone())
    }

    async fn send<C: Call>(&self, request: C) -> Result<C::Output> {
        request.send(self.client.clone(), None).await
    }
}
