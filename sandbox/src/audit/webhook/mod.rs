//! Telling others that content is available: the handshake, deliveries, and what happens when they fail
//! (management-activity, 5).

mod outbox;
mod post;

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::ContentType;
use super::listing::announced;
use super::subscriptions::{Status, Webhook};
use crate::config::Mischief;
use crate::random::{hash, hash_text};
use crate::tenant::{State, Tenant};
use outbox::{Message, Parcel};
use post::post;

pub(crate) use outbox::Outbox;

/// Contents in a message.
const BATCH: usize = 10;
/// Messages on their way at a time.
const ABREAST: usize = 16;

/// The handshake: the receiver has to answer 200 before a subscription takes it.
pub(super) async fn validate(tenant: &Tenant, webhook: &Webhook) -> Result<(), String> {
    let secure = webhook.address.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !secure && !tenant.config.webhook_http {
        return Err("The address must use HTTPS.".into());
    }
    let number = hash(&[hash_text(tenant.config.seed, &webhook.address), tenant.next_request()]);
    let code = format!("{:010x}", number & 0xff_ffff_ffff);
    let body = json!({"validationCode": code});
    let status = post(webhook, Some(&code), &body).await.map_err(|error| error.to_string())?;
    note(tenant, "validation", webhook, &body, Some(status), None);
    if status == StatusCode::OK { Ok(()) } else { Err(format!("It answered {}.", status.as_u16())) }
}

/// Delivers notifications as they fall due, for as long as it is let.
pub(crate) async fn deliver(tenant: Arc<Tenant>) {
    const BUSY: Duration = Duration::from_millis(50);
    const IDLE: Duration = Duration::from_millis(250);
    loop {
        let busy = any(&tenant);
        if busy {
            pump(&tenant).await;
        }
        tokio::time::sleep(if busy { BUSY } else { IDLE }).await;
    }
}

/// Delivers what is due; gives the number of messages sent. What is under way already is waited for.
pub(crate) async fn pump(tenant: &Arc<Tenant>) -> usize {
    let _alone = tenant.pumping.lock().await;
    let (prompt, last) = tenant.state_with(|state| {
        let mut prompt = vec![];
        for content_type in ContentType::ALL {
            prompt.extend(collect(tenant, state, content_type));
        }
        let last = state.outbox.release(!prompt.is_empty(), tenant.clock.now());
        (prompt, last)
    });
    send_all(tenant, prompt).await + send_all(tenant, last).await
}

/// Whether anybody is to be told anything.
fn any(tenant: &Tenant) -> bool {
    let state = tenant.state();
    ContentType::ALL.into_iter().any(|content_type| state.subscriptions.get(content_type).webhook.is_some())
}

async fn send_all(tenant: &Arc<Tenant>, messages: Vec<Message>) -> usize {
    let abreast = Arc::new(Semaphore::new(ABREAST));
    let mut tasks = JoinSet::new();
    for message in messages {
        let (tenant, abreast) = (Arc::clone(tenant), Arc::clone(&abreast));
        tasks.spawn(async move {
            // It is never closed.
            let _place = abreast.acquire_owned().await;
            send(&tenant, message).await
        });
    }
    let mut sent = 0;
    while let Some(done) = tasks.join_next().await {
        sent += done.unwrap_or(0);
    }
    sent
}

/// Sends one message, with what is to happen to it. Gives how often it was sent.
async fn send(tenant: &Tenant, message: Message) -> usize {
    let body: Value = message
        .parcels
        .iter()
        .map(|parcel| {
            let mut item = parcel.content.clone();
            item["tenantId"] = tenant.id.clone().into();
            item["clientId"] = tenant.config.client_id.clone().into();
            item
        })
        .collect();
    let times = match message.mischief {
        Some(Mischief::Drop) => 0,
        Some(Mischief::Duplicate) => 2,
        _ => 1,
    };
    if times == 0 {
        note(tenant, "delivery", &message.webhook, &body, None, message.mischief);
    }
    let mut success = false;
    for _ in 0..times {
        let result = post(&message.webhook, None, &body).await;
        success |= matches!(result, Ok(StatusCode::OK));
        note(tenant, "delivery", &message.webhook, &body, result.ok(), message.mischief);
    }
    settle(tenant, message, success);
    times
}

/// Queues what became available and takes out what is due for one content type.
fn collect(tenant: &Tenant, state: &mut State, content_type: ContentType) -> Vec<Message> {
    let now = tenant.clock.now();
    let subscription = state.subscriptions.get(content_type);
    let Some(webhook) = subscription.webhook.clone() else { return vec![] };
    if subscription.status != Status::Enabled || !webhook.enabled || webhook.expired(now) {
        return vec![];
    }
    let listing = announced(tenant, state, content_type, webhook.queued, now);
    let fresh: Vec<Parcel> = listing
        .all(&tenant.feed)
        .map(|item| Parcel::new(content_type, item.show(tenant, state, content_type), now))
        .collect();
    state.outbox.queue(fresh);
    if let Some(webhook) = &mut state.subscriptions.get_mut(content_type).webhook {
        webhook.queued = webhook.queued.max(now);
    }
    let faults = state.webhook_faults.clone();
    state.outbox.due(content_type, &webhook, faults.as_ref(), now)
}

fn settle(tenant: &Tenant, message: Message, answered: bool) {
    /// Failures in a row after which a webhook is disabled.
    const PATIENCE: u32 = 10;
    let now = tenant.clock.now();
    let success = answered && message.mischief != Some(Mischief::Fail);
    let mut guard = tenant.state();
    let state = &mut *guard;
    let content_type = message.content_type;
    state.outbox.settle(message, success, now, &tenant.config.webhook_retry);
    let Some(webhook) = &mut state.subscriptions.get_mut(content_type).webhook else { return };
    webhook.failures = if success { 0 } else { webhook.failures + 1 };
    if webhook.failures >= PATIENCE {
        webhook.enabled = false;
        state.outbox.forget(content_type);
    }
}

fn note(
    tenant: &Tenant,
    kind: &str,
    webhook: &Webhook,
    body: &Value,
    status: Option<StatusCode>,
    mischief: Option<Mischief>,
) {
    let mut delivery = json!({
        "kind": kind,
        "address": webhook.address,
        "body": body,
        "status": status.map(|status| status.as_u16()),
    });
    if let Some(mischief) = mischief {
        delivery["fault"] = json!(mischief);
    }
    let now = tenant.clock.now();
    tenant.state().outbox.note(delivery, now);
}
