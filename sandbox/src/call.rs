//! A request as the APIs, the fault rules and the ledger see it.

use bytes::Bytes;
use hyper::header::HeaderName;
use hyper::{HeaderMap, Method, Version};
use serde::{Deserialize, Serialize};

use crate::audit::ContentType;
use crate::discovery;
use crate::identity::Host;
use crate::service_health;

/// What a request asks for, as far as tests tell requests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Token,
    /// Sign-in in a browser.
    Authorize,
    DeviceCode,
    /// A machine's endpoint for its managed identities.
    ManagedIdentity,
    Start,
    Stop,
    Subscriptions,
    Content,
    Notifications,
    Blob,
    SensitiveTypes,
    /// Audit log queries on the Graph host, and their records.
    Queries,
    /// The Discovery Service.
    Discovery,
    /// The four calls of the older wire of service health.
    ServiceComms,
    HealthOverviews,
    HealthIssues,
    IncidentReport,
    ServiceMessages,
    MessageAttachments,
    /// Bytes of attachments and archives, and of what was redirected to.
    AnnouncementContent,
    /// One of the six that change a user's viewpoint.
    MessageAction,
    /// Anything else: metadata of the authority, the Graph host, unknown paths.
    Other,
}

/// A request that has arrived whole.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Parameters in their order, decoded, with their names as sent.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) version: Version,
    pub(crate) operation: Operation,
}

impl Call {
    /// Puts a request together.
    pub(crate) fn new(head: &hyper::http::request::Parts, body: Bytes) -> Self {
        let path = head.uri.path().to_owned();
        let query =
            form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Self {
            method: head.method.clone(),
            operation: classify(&path),
            path,
            query,
            headers: head.headers.clone(),
            body,
            version: head.version,
        }
    }

    /// A parameter; the service compares names in any case.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether it is for Graph.
    pub(crate) fn is_graph(&self) -> bool {
        self.path.starts_with("/v1.0/") || self.path.starts_with("/beta/")
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token, if there is one.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(&hyper::header::AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The id of the content that is asked for.
    pub(crate) fn content_id(&self) -> Option<&str> {
        self.path.split_once("/activity/feed/audit/").map(|(_, id)| id)
    }

    /// The content type that is asked for, by parameter or by the id of a blob.
    pub(crate) fn content_type(&self) -> Option<ContentType> {
        if let Some(name) = self.param("contentType") {
            return ContentType::parse(name);
        }
        let id = self.content_id()?;
        ContentType::ALL.into_iter().find(|known| id.contains(known.slugs().1))
    }

    /// What a fault that strikes each item once takes for an item: the same request again is the same item.
    pub(crate) fn item(&self) -> String {
        let mut item = self.path.clone();
        for (name, value) in &self.query {
            if !name.eq_ignore_ascii_case("PublisherIdentifier") {
                item.push('&');
                item.push_str(&name.to_ascii_lowercase());
                item.push('=');
                item.push_str(value);
            }
        }
        item
    }
}

fn classify(path: &str) -> Operation {
    if Host::at(path).is_some() {
        return Operation::ManagedIdentity;
    }
    if path.ends_with("/oauth2/token") || path.ends_with("/oauth2/v2.0/token") {
        return Operation::Token;
    }
    if path.ends_with("/oauth2/authorize") || path.ends_with("/oauth2/v2.0/authorize") {
        return Operation::Authorize;
    }
    if path.ends_with("/oauth2/devicecode") || path.ends_with("/oauth2/v2.0/devicecode") {
        return Operation::DeviceCode;
    }
    if path.starts_with("/v1.0/security/auditLog/queries") {
        return Operation::Queries;
    }
    if discovery::is_at(path) {
        return Operation::Discovery;
    }
    if let Some(operation) = service_health::operation(path) {
        return operation;
    }
    let Some((_, operation)) = path.split_once("/activity/feed/") else { return Operation::Other };
    match operation {
        "subscriptions/start" => Operation::Start,
        "subscriptions/stop" => Operation::Stop,
        "subscriptions/list" => Operation::Subscriptions,
        "subscriptions/content" => Operation::Content,
        "subscriptions/notifications" => Operation::Notifications,
        "resources/dlpSensitiveTypes" => Operation::SensitiveTypes,
        _ if operation.starts_with("audit/") => Operation::Blob,
        _ => Operation::Other,
    }
}
