//! Error bodies of the service (management-activity, 7).

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;

use crate::answer::Answer;
use crate::call::Operation;

/// An error with a code of the service.
pub(crate) fn code(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": code, "message": message}}))
}

/// What the gateway says to a token it does not take. It has no code.
pub(crate) fn gateway_refusal() -> Answer {
    let body = r#"{"Message":"Authorization has been denied for this request."}"#;
    Answer::whole(
        StatusCode::UNAUTHORIZED,
        "application/json; charset=utf-8",
        Bytes::from_static(body.as_bytes()),
    )
}

/// What messages about throttling call an operation.
pub(crate) const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Start => "StartSubscription",
        Operation::Stop => "StopSubscription",
        Operation::Subscriptions => "GetSubscriptions",
        Operation::Content => "GetContents",
        Operation::Notifications => "GetNotifications",
        Operation::Blob => "GetBlob",
        Operation::SensitiveTypes => "GetSensitiveTypes",
        Operation::Token
        | Operation::Authorize
        | Operation::DeviceCode
        | Operation::ManagedIdentity
        | Operation::Queries
        | Operation::Discovery
        | Operation::ServiceComms
        | Operation::HealthOverviews
        | Operation::HealthIssues
        | Operation::IncidentReport
        | Operation::ServiceMessages
        | Operation::MessageAttachments
        | Operation::AnnouncementContent
        | Operation::MessageAction
        | Operation::Other => "Get",
    }
}
