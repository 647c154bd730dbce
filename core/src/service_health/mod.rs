//! Service health: how the services of a tenant are, what is wrong with them, and what the message center says.
//!
//! The four original calls and [`watch`](ServiceHealth::watch) are answered by either wire; the others by
//! Microsoft Graph.
//!
//! Source: "Office 365 Service Communications API reference"; "Overview of the service communications API in
//! Microsoft Graph".

mod communication;
mod days;
mod graph;
mod issues;
mod messages;
mod model;
mod names;
mod office365;
mod originals;
mod overviews;
mod select;
mod terms;
mod viewpoint;
mod watch;

pub use communication::Communication;
pub use issues::{GetIncidentReport, GetIssue, ListIssues};
pub use messages::{
    GetAttachment, GetAttachmentContent, GetAttachmentsArchive, GetMessage, ListAttachments, ListMessages,
};
pub use model::{
    FeatureHealth, HealthDetail, HealthOverview, HealthPost, ItemBody, MessageAttachment, MessageViewpoint,
    ServiceIssue, ServiceMessage,
};
pub use names::{
    BodyType, HealthClassification, HealthOrigin, HealthStatus, MessageType, PostType, UpdateCategory,
    UpdateSeverity,
};
pub use originals::{CurrentStatus, HistoricalStatus, ListCommunications, ListServices};
pub use overviews::{GetOverview, ListOverviews};
pub use viewpoint::{
    ArchiveMessages, FavoriteMessages, MarkMessagesRead, MarkMessagesUnread, UnarchiveMessages,
    UnfavoriteMessages,
};
pub use watch::{HealthChange, HealthChangeKind, WatchHealth};

use crate::Client;
use crate::download::Download;
use crate::odata::operations;

/// The service health of a tenant; see [`Client::service_health`].
#[derive(Debug, Clone)]
pub struct ServiceHealth {
    client: Client,
}

impl Client {
    /// Service health: how the services are, what is wrong with them, and what the message center says.
    pub fn service_health(&self) -> ServiceHealth {
        ServiceHealth { client: self.clone() }
    }
}

operations! {
    impl ServiceHealth in "service_health" at graph::API {
        services(ListServices) -> pages HealthOverview;
        current_status(CurrentStatus) -> pages HealthOverview;
        historical_status(HistoricalStatus) -> pages HealthOverview;
        messages(ListCommunications) -> pages Communication;
        watch(WatchHealth) -> pages HealthChange;
        list_overviews(ListOverviews) -> pages HealthOverview
            = ["healthOverviews"] ? [select, filter, expand] or "service_health.current_status";
        get_overview(GetOverview) -> one HealthOverview;
        list_issues(ListIssues) -> pages ServiceIssue
            = ["issues"] ? [select, filter, orderby, top, skip, count, search, page_size]
            or "service_health.messages with message_type incident";
        get_issue(GetIssue) -> one ServiceIssue = ["issues", {id}] ? [select] or "service_health.messages with id";
        incident_report(GetIncidentReport) -> bytes Download
            = ["issues", {id}, "incidentReport"] or "the postIncidentDocumentUrl of service_health.messages";
        list_messages(ListMessages) -> pages ServiceMessage
            = ["messages"] ? [select, filter, orderby, top, skip, count, search, page_size]
            or "service_health.messages with message_type messageCenter";
        get_message(GetMessage) -> one ServiceMessage
            = ["messages", {id}] ? [select] or "service_health.messages with id";
        list_attachments(ListAttachments) -> pages MessageAttachment
            = ["messages", {message_id}, "attachments"] ? [select] or "";
        get_attachment(GetAttachment) -> one MessageAttachment
            = ["messages", {message_id}, "attachments", {attachment_id}] ? [select] or "";
        attachment_content(GetAttachmentContent) -> bytes Download
            = ["messages", {message_id}, "attachments", {attachment_id}, "content"] or "";
        attachments_archive(GetAttachmentsArchive) -> bytes Download
            = ["messages", {message_id}, "attachmentsArchive"] or "" begins "PK";
        mark_read(MarkMessagesRead) -> one ();
        mark_unread(MarkMessagesUnread) -> one ();
        archive(ArchiveMessages) -> one ();
        unarchive(UnarchiveMessages) -> one ();
        favorite(FavoriteMessages) -> one ();
        unfavorite(UnfavoriteMessages) -> one ();
    }
}
