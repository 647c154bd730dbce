//! `handle_webhook`: the receiver, as the other languages call it.

use std::collections::BTreeMap;

use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;

use super::delivery::Delivery;
use super::{MAX_BYTES, WebhookReceiver, WebhookReply};
use crate::Client;
use crate::dispatch::{Call, Operation};
use crate::error::Result;

/// Says how to answer a request that came to a webhook, and tells the followers of this process what it
/// announces.
///
/// The bytes are the body of the request. Answer with the `status` of the reply and an empty body. A request
/// that is forged, too long or of unknown shape is a reply too, with the `reason`, not an error. Content
/// that is announced is fetched early by every follower that follows the tenant; nothing is fetched here.
///
/// Source: "Office 365 Management Activity API reference", Receiving notifications.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HandleWebhook {
    /// The headers of the request; the case of their names does not matter.
    pub headers: BTreeMap<String, String>,
    /// The method of the request.
    #[serde(default = "post")]
    pub method: String,
    /// What the header `Webhook-AuthID` must hold: the `authId` that the subscription was started with.
    /// Default: it is not looked at, and anybody who knows the address is believed.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub auth_id: Option<SecretString>,
    /// The directory ids of the tenants whose content may be announced. Default: the client's own.
    #[serde(default)]
    pub tenants: Option<Vec<String>>,
    /// The ids of the applications whose subscriptions may be served. Default: any.
    #[serde(default)]
    pub client_ids: Option<Vec<String>>,
    /// The longest body that is accepted, in bytes.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
}

fn post() -> String {
    "POST".to_owned()
}

fn max_bytes() -> u64 {
    MAX_BYTES
}

impl Operation for HandleWebhook {
    const NAME: &'static str = "audit.handle_webhook";
}

impl Call for HandleWebhook {
    type Output = WebhookReply;
    const TAKES_PAYLOAD: bool = true;

    async fn send(self, client: Client, payload: Option<Bytes>) -> Result<WebhookReply> {
        let HandleWebhook { headers, method, auth_id, tenants, client_ids, max_bytes } = self;
        let receiver = WebhookReceiver { client, auth_id, tenants, client_ids, max_bytes };
        let body = payload.unwrap_or_default();
        receiver.answer(&Delivery::of_texts(&method, &headers, &body)).await
    }
}
