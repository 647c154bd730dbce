//! Starting what is missing, and no more than that.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::content_type::ContentType;
use super::subscriptions::{ListSubscriptions, StartSubscription, Subscription};
use crate::Client;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};

/// What the service asks to wait between two starts of one content type.
const BETWEEN_STARTS: SignedDuration = SignedDuration::from_mins(15);

/// Starts the subscriptions to these content types that are missing or disabled, and leaves the others alone.
///
/// Lists first, so that a webhook which is there stays. Gives the subscriptions as they are then, in the
/// order asked for; those that were enabled before say so with `alreadyEnabled`. A content type whose start by this client is less than 15 minutes ago and did not last
/// is refused with a `Conflict`, because the service asks for that pause between two starts.
///
/// Source: "Office 365 Management Activity API reference", Start a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EnsureSubscriptions {
    /// What to be subscribed to.
    pub content_types: Vec<ContentType>,
}

impl Operation for EnsureSubscriptions {
    const NAME: &'static str = "audit.ensure_subscriptions";
}

impl Call for EnsureSubscriptions {
    type Output = Vec<Subscription>;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Vec<Subscription>> {
        if self.content_types.is_empty() {
            return Err(Error::invalid("content_types is empty: name what to be subscribed to"));
        }
        self.content_types.iter().try_for_each(ContentType::check)?;
        let present = ListSubscriptions {}.send(client.clone(), None).await?;
        let mut ensured = Vec::with_capacity(self.content_types.len());
        for of in self.content_types {
            ensured.push(start_if_missing(&client, &present, &of, None).await?);
        }
        Ok(ensured)
    }
}

/// Starts it unless it is among those that are present and enabled.
pub(super) async fn start_if_missing(
    client: &Client,
    present: &[Subscription],
    of: &ContentType,
    started_at: Option<Timestamp>,
) -> Result<Subscription> {
    if let Some(subscription) = present.iter().find(|s| s.content_type == *of && s.is_enabled()) {
        return Ok(Subscription { already_enabled: true, ..subscription.clone() });
    }
    let now = client.corridor().now();
    let started_at = started_at.max(client.started_at(of));
    if let Some(at) = started_at.filter(|at| now.duration_since(*at) < BETWEEN_STARTS) {
        let message = format!(
            "{of} was started at {at:.0} and is not enabled; the service asks for 15 minutes between two starts"
        );
        return Err(Error::new(ErrorKind::Conflict, message)
            .at(|place| place.content_type = Some(of.to_string()))
            .with_hint("Wait, or look with audit.diagnose for what disables it"));
    }
    client.note_start(of, now);
    tracing::info!(target: "m365kit::audit", content_type = of.as_str(), "starting a subscription that is missing");
    let start = StartSubscription { content_type: of.clone(), webhook: webhook_of(present, of) };
    start.send(client.clone(), None).await
}

/// A disabled subscription may have a webhook, which a start without one would remove.
fn webhook_of(present: &[Subscription], of: &ContentType) -> Option<super::subscriptions::WebhookTarget> {
    let webhook = present.iter().find(|s| s.content_type == *of)?.webhook.as_ref()?;
    Some(super::subscriptions::WebhookTarget {
        address: webhook.address.clone()?,
        auth_id: webhook.auth_id.clone(),
        expiration: webhook.expiration.filter(|expiration| *expiration > Timestamp::now()),
    })
}
