//! Starting, stopping and listing the subscriptions of a tenant.

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::codes::{ALREADY_ENABLED, NO_SUBSCRIPTION};
use super::content_type::ContentType;
use super::route::Route;
use crate::Client;
use crate::cloud::require_https;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, Result};
use crate::http::Answer;
use crate::lenient;
use crate::open_enum::text_enum;

text_enum! {
    /// The state of a subscription or of its webhook.
    SubscriptionStatus {
        /// In use.
        Enabled = "enabled",
        /// Switched off: by an administrator, or after too many failed deliveries.
        Disabled = "disabled",
        /// A webhook whose expiration has passed.
        Expired = "expired",
    }
}

/// Where the service is to announce new content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookTarget {
    /// The address, which must be https and answer the service's validation with 200 before the start succeeds.
    pub address: String,
    /// Sent with every delivery as the header `Webhook-AuthID`, so that the receiver can tell who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_id: Option<String>,
    /// When deliveries end. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
}

/// The webhook of a subscription, as the service has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SubscriptionStatus>,
    /// Where deliveries go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What is sent with every delivery as the header `Webhook-AuthID`.
    #[serde(default, deserialize_with = "lenient::text_or_none", skip_serializing_if = "Option::is_none")]
    pub auth_id: Option<String>,
    /// When deliveries end; absent if never.
    #[serde(default, deserialize_with = "lenient::time_or_none", skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The subscription to one content type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// What is subscribed to.
    pub content_type: ContentType,
    /// Whether it is in use; the service leaves it out at times, which means enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SubscriptionStatus>,
    /// Where new content is announced; absent if it is polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// True if a start found it enabled and changed nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already_enabled: bool,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Subscription {
    /// Whether content can be listed.
    pub fn is_enabled(&self) -> bool {
        !matches!(self.status, Some(SubscriptionStatus::Disabled))
    }
}

/// The outcome of a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StopResult {
    /// What was subscribed to.
    pub content_type: ContentType,
    /// True if there was no subscription to stop.
    pub already_stopped: bool,
}

/// Starts the subscription to a content type, or changes its webhook.
///
/// Starting what is already started succeeds with `alreadyEnabled`. A start without a webhook removes one
/// that is there. After the very first start up to 12 hours pass until there is content, and nothing from
/// before it is ever listed. Wait 15 minutes between two starts of the same content type.
///
/// Source: "Office 365 Management Activity API reference", Start a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StartSubscription {
    /// What to subscribe to.
    pub content_type: ContentType,
    /// Where the service is to announce new content. Default: nowhere, content is polled.
    #[serde(default)]
    pub webhook: Option<WebhookTarget>,
}

impl Operation for StartSubscription {
    const NAME: &'static str = "audit.start";
}

impl Call for StartSubscription {
    type Output = Subscription;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Subscription> {
        self.content_type.check()?;
        self.webhook.iter().try_for_each(check_webhook)?;
        let query = [("contentType", self.content_type.as_str())];
        let mut request =
            Route::of(&client).await?.operation(Method::POST, "subscriptions/start", &query).repeatable();
        if let Some(webhook) = &self.webhook {
            let body = serde_json::json!({ "webhook": webhook });
            request = request.body("application/json", body.to_string());
        }
        match client.corridor().exchange(&request, read::<Subscription>).await {
            Err(error) if error.code() == Some(ALREADY_ENABLED) => Ok(Subscription {
                content_type: self.content_type,
                status: Some(SubscriptionStatus::Enabled),
                webhook: None,
                already_enabled: true,
                extra: Map::new(),
            }),
            outcome => outcome,
        }
    }
}

fn check_webhook(webhook: &WebhookTarget) -> Result<()> {
    let address = &webhook.address;
    let url = Url::parse(address)
        .map_err(|e| Error::invalid(format!("the webhook address {address:?} is not a URL: {e}")))?;
    require_https("the webhook address", &url)?;
    if webhook.expiration.is_some_and(|expiration| expiration <= Timestamp::now()) {
        return Err(Error::invalid("the webhook's expiration lies in the past"));
    }
    Ok(())
}

/// Stops the subscription to a content type.
///
/// Content that would have appeared between the stop and the next start is lost for good. Stopping what
/// is not started succeeds with `alreadyStopped`.
///
/// Source: "Office 365 Management Activity API reference", Stop a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StopSubscription {
    /// What to unsubscribe from.
    pub content_type: ContentType,
}

impl Operation for StopSubscription {
    const NAME: &'static str = "audit.stop";
}

impl Call for StopSubscription {
    type Output = StopResult;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<StopResult> {
        self.content_type.check()?;
        let query = [("contentType", self.content_type.as_str())];
        let request =
            Route::of(&client).await?.operation(Method::POST, "subscriptions/stop", &query).repeatable();
        let already_stopped = match client.corridor().exchange(&request, |_| Ok(())).await {
            Ok(()) => false,
            Err(error) if error.code() == Some(NO_SUBSCRIPTION) => true,
            Err(error) => return Err(error),
        };
        Ok(StopResult { content_type: self.content_type, already_stopped })
    }
}

/// Lists the subscriptions of the tenant, and their webhooks.
///
/// Source: "Office 365 Management Activity API reference", List current subscriptions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListSubscriptions {}

impl Operation for ListSubscriptions {
    const NAME: &'static str = "audit.list_subscriptions";
}

impl Call for ListSubscriptions {
    type Output = Vec<Subscription>;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Vec<Subscription>> {
        let request = Route::of(&client).await?.operation(Method::GET, "subscriptions/list", &[]);
        let listed = client.corridor().exchange(&request, read::<Vec<Listed>>).await?;
        Ok(listed.into_iter().filter_map(Listed::known).collect())
    }
}

/// An element of the list, which at times is an empty object, as in the service's own sample of another list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Subscription(Box<Subscription>),
    Other(Map<String, Value>),
}

impl Listed {
    fn known(self) -> Option<Subscription> {
        match self {
            Listed::Subscription(subscription) => Some(*subscription),
            Listed::Other(other) => {
                let fields: Vec<_> = other.keys().collect();
                tracing::warn!(target: "m365kit::audit", ?fields, "left out a subscription without a content type");
                None
            }
        }
    }
}

/// Reads a JSON answer; what is not of the right shape is a fault, because the service does answer so in trouble.
pub(super) fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T> {
    let status = answer.status.as_u16();
    let mut reader = serde_json::Deserializer::from_slice(&answer.body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
        Error::decode(format!(
            "the answer has not the documented shape, at {path}: {}; it begins {start:?}",
            error.inner()
        ))
        .with_status(status)
    })
}
