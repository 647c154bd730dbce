//! Receiving what the service announces: a receiver that knows no web framework.
//!
//! Source: "Office 365 Management Activity API reference", Receiving notifications.

mod delivery;
mod operation;
#[cfg(feature = "tower")]
mod service;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::announce::{FeedKey, announce};
use super::content::Content;
use super::content_type::ContentType;
use crate::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::is_guid;
use crate::lenient;
use crate::open_enum::text_enum;
use delivery::{Accepted, Delivery, Rules, Shape};
pub use operation::HandleWebhook;
#[cfg(feature = "tower")]
pub use service::WebhookService;

/// The longest body that is read, unless the caller says otherwise. The service's own are a few KiB.
const MAX_BYTES: u64 = 1024 * 1024;

text_enum! {
    /// What a request to a webhook turned out to be.
    WebhookKind {
        /// The service asked whether somebody listens, as it does while a subscription is started.
        Validation = "validation",
        /// The service announced new content.
        Notifications = "notifications",
        /// It is not from the service, or cannot be understood.
        Rejected = "rejected",
    }
}

/// What a request to a webhook was, and how to answer it: with the status, and an empty body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WebhookReply {
    /// The HTTP status to answer with.
    pub status: u16,
    /// What the request was.
    pub kind: WebhookKind,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The content that was announced; empty for all but `notifications`.
    pub notifications: Vec<WebhookNotification>,
    /// What was left out of an otherwise good delivery, and why.
    pub warnings: Vec<String>,
}

/// Content that the service announced to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WebhookNotification {
    /// The tenant whose content it is.
    pub tenant_id: String,
    /// The application that made the subscription.
    #[serde(default, deserialize_with = "lenient::text_or_none", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The division of the feed that the content belongs to.
    pub content_type: ContentType,
    /// The id of the content.
    pub content_id: String,
    /// Where the service says that it is; left out if that is not on the client's cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_uri: Option<String>,
    /// When it became available.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_created: Option<Timestamp>,
    /// When it can no longer be fetched.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub content_expiration: Option<Timestamp>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<WebhookNotification> for Content {
    fn from(notification: WebhookNotification) -> Self {
        Content {
            content_type: notification.content_type,
            content_id: notification.content_id,
            content_uri: notification.content_uri,
            content_created: notification.content_created,
            content_expiration: notification.content_expiration,
            extra: notification.extra,
        }
    }
}

/// Answers the service's requests to a webhook, whatever server they come by; see [`Audit::webhook`].
///
/// What it accepts is announced to every follower of this process that follows the tenant on the same cloud.
/// Nothing is ever fetched because of a request, but for the directory id of a client whose tenant is given
/// by a domain, once.
///
/// [`Audit::webhook`]: super::Audit::webhook
#[derive(Debug, Clone)]
pub struct WebhookReceiver {
    client: Client,
    auth_id: Option<SecretString>,
    tenants: Option<Vec<String>>,
    client_ids: Option<Vec<String>>,
    max_bytes: u64,
}

impl WebhookReceiver {
    pub(super) fn new(client: Client) -> Self {
        WebhookReceiver { client, auth_id: None, tenants: None, client_ids: None, max_bytes: MAX_BYTES }
    }

    /// What the header `Webhook-AuthID` must hold: the `auth_id` that the subscription was started with.
    /// Without it anybody who knows the address is believed.
    #[must_use]
    pub fn auth_id(mut self, auth_id: impl Into<SecretString>) -> Self {
        self.auth_id = Some(auth_id.into());
        self
    }

    /// The directory ids of the tenants whose content may be announced. Default: the client's own.
    #[must_use]
    pub fn tenants<T: Into<String>>(mut self, tenants: impl IntoIterator<Item = T>) -> Self {
        self.tenants = Some(tenants.into_iter().map(Into::into).collect());
        self
    }

    /// The ids of the applications whose subscriptions may be served. Default: any.
    #[must_use]
    pub fn client_ids<T: Into<String>>(mut self, client_ids: impl IntoIterator<Item = T>) -> Self {
        self.client_ids = Some(client_ids.into_iter().map(Into::into).collect());
        self
    }

    /// The longest body that is accepted, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Says how to answer a request, and announces what it tells. A request that is not right is a reply of
    /// the kind `Rejected`, not an error; errors are wrong options, a tenant whose directory id cannot be
    /// looked up, and a client that was closed.
    pub async fn handle(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> Result<WebhookReply> {
        self.answer(&Delivery::new(method.as_str(), headers, body)).await
    }

    /// Refuses options that cannot be right.
    fn check(&self) -> Result<()> {
        use secrecy::ExposeSecret;

        if self.auth_id.as_ref().is_some_and(|id| id.expose_secret().trim().is_empty()) {
            return Err(Error::invalid("auth_id is empty: leave it out to accept deliveries without one"));
        }
        if self.max_bytes == 0 {
            return Err(Error::invalid("max_bytes is 0: it must be at least 1"));
        }
        for (name, ids) in [("tenants", &self.tenants), ("client_ids", &self.client_ids)] {
            let Some(ids) = ids else { continue };
            if ids.is_empty() {
                return Err(Error::invalid(format!("{name} is empty: nothing could be accepted")));
            }
            if let Some(id) = ids.iter().find(|id| !is_guid(id)) {
                return Err(Error::invalid(format!("{name} holds {id:?}, which is not an id (GUID)")));
            }
        }
        Ok(())
    }

    async fn answer(&self, delivery: &Delivery<'_>) -> Result<WebhookReply> {
        self.check()?;
        let corridor = self.client.corridor();
        if corridor.closed.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the client was closed"));
        }
        let elements = match delivery.shape(self.auth_id.as_ref(), self.max_bytes) {
            Ok(Shape::Notifications(elements)) => elements,
            Ok(Shape::Validation) => {
                tracing::debug!(target: "m365kit::audit", "the service validated the webhook");
                return Ok(WebhookReply::new(200, WebhookKind::Validation));
            }
            Err((status, reason)) => return Ok(WebhookReply::rejected(status, reason)),
        };
        let tenants = match &self.tenants {
            Some(tenants) => tenants.clone(),
            None => vec![corridor.identity.tenant_id(corridor).await?],
        };
        let rules =
            Rules { tenants: &tenants, client_ids: self.client_ids.as_deref(), hosts: &corridor.hosts };
        let Accepted { notifications, warnings } = rules.read(&elements);
        if notifications.is_empty() {
            let reason =
                format!("no notification of the delivery could be accepted; {}", warnings.join("; "));
            return Ok(WebhookReply { warnings, ..WebhookReply::rejected(400, reason) });
        }
        for tenant in &tenants {
            let of_tenant = notifications.iter().filter(|n| n.tenant_id.eq_ignore_ascii_case(tenant));
            announce(&FeedKey::new(&self.client, tenant)?, of_tenant.cloned().map(Content::from));
        }
        Ok(WebhookReply { notifications, warnings, ..WebhookReply::new(200, WebhookKind::Notifications) })
    }
}

impl WebhookReply {
    fn new(status: u16, kind: WebhookKind) -> Self {
        WebhookReply { status, kind, reason: None, notifications: Vec::new(), warnings: Vec::new() }
    }

    fn rejected(status: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        tracing::warn!(target: "m365kit::audit", status, "a request to the webhook was rejected: {reason}");
        WebhookReply { reason: Some(reason), ..Self::new(status, WebhookKind::Rejected) }
    }
}
