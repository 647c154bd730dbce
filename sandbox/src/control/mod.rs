//! How tests speak to a sandbox: `POST /sandbox/{name}` with JSON arguments, or [`Sandbox::control`] in the same process.
//!
//! [`Sandbox::control`]: crate::Sandbox::control

mod discovery;
mod feed;
mod identity;
mod service_health;

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::audit::{Asked, ContentType, Status, webhook};
use crate::clock::{self, SECOND};
use crate::config::{RateLimit, WebhookFaults};
use crate::faults::Order;
use crate::graph::Outcome;
use crate::identity::CredentialState;
use crate::ledger::Filter;
use crate::tenant::{Standing, Tenant};
use crate::throttle::Throttle;

/// Why a control operation was not done.
#[derive(Clone, Debug)]
pub struct ControlError(String);

impl ControlError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ControlError {}

type Result = std::result::Result<Value, ControlError>;

/// Does the operation `name`.
pub(crate) async fn run(tenant: &Arc<Tenant>, name: &str, args: Value) -> Result {
    let done = || Ok(json!({}));
    match name {
        "describe" => none(name, args).map(|()| tenant.describe()),
        "clock" => none(name, args).map(|()| now(tenant)),
        "advance" => {
            let Seconds { seconds } = read(name, args)?;
            moved(tenant, tenant.clock.advance(milliseconds(name, seconds)?))
        }
        "set_clock" => {
            let SetClock { now: text } = read(name, args)?;
            moved(tenant, tenant.clock.set(instant(name, "now", &text)?))
        }
        "skew" => {
            let Seconds { seconds } = read(name, args)?;
            tenant.clock.set_skew(milliseconds(name, seconds)?);
            done()
        }
        "latency" => latency(tenant, read(name, args)?),
        "ledger" => Ok(tenant.ledger.show(&read::<Filter>(name, args)?)),
        "clear_ledger" => none(name, args).and_then(|()| {
            tenant.ledger.clear();
            done()
        }),
        "fault" => {
            let id = tenant.faults().add(read::<Order>(name, args)?);
            id.map(|id| json!({ "id": id })).map_err(|what| ControlError(format!("fault: {what}")))
        }
        "clear_faults" => none(name, args).and_then(|()| {
            tenant.faults().clear();
            done()
        }),
        "fault_stats" => none(name, args).map(|()| tenant.faults().stats()),
        "feed" => Ok(feed::feed(tenant, read(name, args)?)),
        "live" => feed::live(tenant, read(name, args)?),
        "add_content" => feed::add_content(tenant, read(name, args)?),
        "expire_content" => feed::expire_content(tenant, read(name, args)?),
        "subscriptions" => none(name, args).map(|()| {
            let shown = tenant.state().subscriptions.show(tenant.clock.now());
            json!({ "subscriptions": shown })
        }),
        "set_subscription" => set_subscription(tenant, read(name, args)?),
        "set_roles" => {
            let Roles { roles } = read(name, args)?;
            tenant.state().roles = roles;
            done()
        }
        "set_tenant" => {
            let SetTenant { standing } = read(name, args)?;
            tenant.state().standing = standing;
            done()
        }
        "auditing" => {
            let Enabled { enabled } = read(name, args)?;
            tenant.state().auditing = enabled;
            done()
        }
        "credential_state" => {
            let SetCredential { state } = read(name, args)?;
            tenant.state().credential = state;
            done()
        }
        "set_search" => {
            let SetSearch { outcome, delay } = read(name, args)?;
            if delay.is_some_and(|delay| !(0.0..=3_600.0).contains(&delay)) {
                return Err(ControlError("set_search: delay: must be between 0 and 3,600 seconds".into()));
            }
            let queries = &mut tenant.state().queries;
            (queries.outcome, queries.delay) = (outcome, delay);
            done()
        }
        "max_connections" => {
            let MaxConnections { max } = read(name, args)?;
            if max == Some(0) {
                return Err(ControlError("max_connections: max: must be at least 1".into()));
            }
            tenant.limit_connections(max);
            done()
        }
        "rate_limit" => rate_limit(tenant, name, args),
        "stats" => none(name, args).map(|()| tenant.stats()),
        "webhooks" => none(name, args).map(|()| tenant.state().outbox.deliveries()),
        "webhook_faults" => webhook_faults(tenant, name, args),
        "pump_webhooks" => {
            none(name, args)?;
            Ok(json!({ "sent": webhook::pump(tenant).await }))
        }
        "set_discovery" | "discovery_user" => discovery::run(tenant, name, args),
        _ => match service_health::run(tenant, name, &args) {
            Some(result) => result,
            None => identity::run(tenant, name, args),
        },
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seconds {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    now: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enabled {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetCredential {
    state: CredentialState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetSearch {
    #[serde(default)]
    outcome: Outcome,
    delay: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxConnections {
    max: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetTenant {
    standing: Standing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetSubscription {
    content_type: ContentType,
    status: Status,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    webhook: Option<SetWebhook>,
}

/// A webhook as if it had been there all along, in any state. Without an address it is the one that is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetWebhook {
    address: Option<String>,
    auth_id: Option<String>,
    expiration: Option<String>,
    #[serde(default)]
    status: WebhookStatus,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WebhookStatus {
    #[default]
    Enabled,
    Disabled,
    Expired,
}

fn read<T: DeserializeOwned>(name: &str, args: Value) -> std::result::Result<T, ControlError> {
    let args = if args.is_null() { json!({}) } else { args };
    serde_json::from_value(args).map_err(|error| ControlError(format!("{name}: {error}")))
}

fn none(name: &str, args: Value) -> std::result::Result<(), ControlError> {
    read::<Nothing>(name, args).map(|Nothing {}| ())
}

fn instant(name: &str, member: &str, text: &str) -> std::result::Result<i64, ControlError> {
    clock::parse(text)
        .ok_or_else(|| ControlError(format!("{name}: {member}: {text:?} is not a time (RFC 3339)")))
}

fn milliseconds(name: &str, seconds: f64) -> std::result::Result<i64, ControlError> {
    // A hundred years either way: beyond it instants no longer have four digits of a year.
    if seconds.is_nan() || seconds.abs() > 3.2e9 {
        return Err(ControlError(format!("{name}: seconds: {seconds} is out of range")));
    }
    Ok((seconds * 1_000.0).round() as i64)
}

fn moved(tenant: &Tenant, done: std::io::Result<()>) -> Result {
    done.map_err(|error| ControlError(format!("the clock cannot be moved: {error}")))?;
    Ok(now(tenant))
}

fn now(tenant: &Tenant) -> Value {
    json!({ "now": clock::millis(tenant.clock.now()) })
}

fn set_subscription(tenant: &Tenant, args: SetSubscription) -> Result {
    let now = tenant.clock.now();
    let mut state = tenant.state();
    let subscription = state.subscriptions.get_mut(args.content_type);
    let webhook = match args.webhook {
        None => None,
        Some(wanted) => {
            // Nobody listens there; what matters is that it is on record.
            let nobody = || "https://hooks.contoso.example/m365".to_owned();
            let there = subscription.webhook.as_ref().map(|webhook| webhook.address.clone());
            let asked = Asked {
                address: Some(wanted.address.or(there).unwrap_or_else(nobody)),
                auth_id: wanted.auth_id,
                expiration: wanted.expiration,
            };
            let mut webhook =
                asked.read(now).map_err(|(_, what)| ControlError(format!("set_subscription: {what}")))?;
            webhook.historic = true;
            webhook.enabled = wanted.status != WebhookStatus::Disabled;
            if wanted.status == WebhookStatus::Expired {
                webhook.expiration = Some(now - SECOND);
            }
            Some(webhook)
        }
    };
    match args.status {
        // As if it had always been so: all of the feed is listed.
        Status::Enabled => subscription.periods = vec![(i64::MIN, i64::MAX)],
        Status::Disabled => {}
        Status::Absent => subscription.periods.clear(),
    }
    subscription.status = args.status;
    subscription.locked = args.locked;
    subscription.webhook = webhook.filter(|_| args.status != Status::Absent);
    Ok(subscription.show(args.content_type, now))
}

/// `null` and no members at all are two ways to say "none".
fn unless_empty<T: DeserializeOwned>(
    name: &str,
    args: Value,
) -> std::result::Result<Option<T>, ControlError> {
    match args {
        Value::Null => Ok(None),
        Value::Object(members) if members.is_empty() => Ok(None),
        args => read(name, args).map(Some),
    }
}

fn rate_limit(tenant: &Tenant, name: &str, args: Value) -> Result {
    let limit = unless_empty::<RateLimit>(name, args)?;
    if let Some(limit) = &limit {
        limit.check().map_err(|error| ControlError(error.to_string()))?;
    }
    *tenant.throttle() = Throttle::new(limit);
    Ok(json!({}))
}

fn latency(tenant: &Tenant, Seconds { seconds }: Seconds) -> Result {
    if !(0.0..=3_600.0).contains(&seconds) {
        return Err(ControlError("latency: seconds: must be between 0 and 3,600".into()));
    }
    tenant.set_latency(seconds);
    Ok(json!({}))
}

fn webhook_faults(tenant: &Tenant, name: &str, args: Value) -> Result {
    let faults = unless_empty::<WebhookFaults>(name, args)?;
    if let Some(faults) = &faults {
        faults.check("webhook_faults: ").map_err(|error| ControlError(error.0))?;
    }
    tenant.state().webhook_faults = faults;
    Ok(json!({}))
}
