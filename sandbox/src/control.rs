//! How tests speak to a sandbox: `POST /sandbox/{name}` with JSON arguments, or [`Sandbox::control`] in the same process.
//!
//! [`Sandbox::control`]: crate::Sandbox::control

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::audit::{Asked, ContentType, Item, Status, listable, webhook};
use crate::clock::{self, SECOND};
use crate::config::RateLimit;
use crate::faults::Order;
use crate::feed::{self, RETENTION};
use crate::ledger::Filter;
use crate::tenant::{Added, Standing, Tenant};
use crate::throttle::Throttle;
use crate::token::Wish;

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
            tenant.clock.advance(milliseconds(name, seconds)?);
            Ok(now(tenant))
        }
        "set_clock" => {
            let SetClock { now: text } = read(name, args)?;
            tenant.clock.set(instant(name, "now", &text)?);
            Ok(now(tenant))
        }
        "skew" => {
            let Seconds { seconds } = read(name, args)?;
            tenant.clock.set_skew(milliseconds(name, seconds)?);
            done()
        }
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
        "feed" => Ok(feed(tenant, read(name, args)?)),
        "add_content" => add_content(tenant, read(name, args)?),
        "expire_content" => {
            let ContentId { content_id } = read(name, args)?;
            let now = tenant.clock.now();
            tenant.state().expiries.insert(content_id, now - SECOND);
            done()
        }
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
        "issue_token" => Ok(issue_token(tenant, read(name, args)?)),
        "expire_tokens" => none(name, args).and_then(|()| {
            tenant.tokens.expire_all();
            done()
        }),
        "rate_limit" => rate_limit(tenant, name, args),
        "stats" => none(name, args).map(|()| tenant.ledger.stats(tenant.tokens.count())),
        "webhooks" => none(name, args).map(|()| tenant.state().outbox.deliveries()),
        "pump_webhooks" => {
            none(name, args)?;
            Ok(json!({ "sent": webhook::pump(tenant).await }))
        }
        _ => Err(ControlError(format!("there is no control operation {name:?}"))),
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContentId {
    content_id: String,
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
struct FeedArgs {
    content_types: Option<Vec<ContentType>>,
    #[serde(default)]
    ids: bool,
    #[serde(default = "yes")]
    bytes: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddContent {
    content_type: ContentType,
    #[serde(default)]
    records: Option<Vec<Value>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    content_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetSubscription {
    content_type: ContentType,
    status: Status,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    webhook: Option<Asked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct IssueToken {
    audience: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    roles: Option<Vec<String>>,
    lifetime: Option<i64>,
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

fn now(tenant: &Tenant) -> Value {
    json!({ "now": clock::millis(tenant.clock.now()) })
}

/// What a client could fetch now, in the order of content types and of availability.
fn feed(tenant: &Tenant, args: FeedArgs) -> Value {
    let feed = &tenant.feed;
    let content_types = args.content_types.unwrap_or_else(|| ContentType::ALL.to_vec());
    let mut items = Vec::new();
    let any_added;
    {
        let state = tenant.state();
        let now = tenant.clock.now();
        for content_type in content_types {
            let listing = listable(tenant, &state, content_type, now - RETENTION, now + 1);
            items.extend(listing.items(feed, 0).filter(|item| item.expires(feed, &state) > now));
        }
        any_added = !state.added.is_empty();
    }
    // Where records repeat beyond their blob, only their ids tell how many there are.
    let by_id = args.ids || tenant.config.duplicates.across_blobs > 0 || any_added;
    let (mut records, mut own, mut bytes) = (0, 0, 0);
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    let mut add = |id: String| {
        if seen.insert(id.clone()) && args.ids {
            ids.push(id);
        }
    };
    let mut scratch = Vec::new();
    for item in &items {
        match item {
            &Item::Made(blob) => {
                records += feed.all_records(blob);
                own += feed.own_records(blob);
                if by_id {
                    feed.own_ids(blob).chain(feed.repeated_ids(blob)).for_each(&mut add);
                }
                bytes += if args.bytes { feed.length(blob, &mut scratch) } else { 0 };
            }
            Item::Added(one) => {
                records += one.records;
                bytes += one.body.len();
                one.record_ids.iter().cloned().for_each(&mut add);
            }
        }
    }
    let unique = if by_id { seen.len() } else { own };
    let mut shown = json!({ "blobs": items.len(), "records": records, "uniqueRecords": unique });
    if args.bytes {
        shown["bytes"] = json!(bytes);
    }
    if args.ids {
        shown["ids"] = json!(ids);
    }
    shown
}

fn add_content(tenant: &Tenant, args: AddContent) -> Result {
    let wrong = |what: &str| Err(ControlError(format!("add_content: {what}")));
    let (body, records) = match (args.records, args.body) {
        (Some(records), None) => (Value::from(records.clone()).to_string(), records),
        (None, Some(body)) => {
            let records = serde_json::from_str(&body).unwrap_or_default();
            (body, records)
        }
        _ => return wrong("takes either `records` or `body`"),
    };
    let now = tenant.clock.now();
    let created = match &args.created {
        Some(text) => instant("add_content", "created", text)?,
        None => now,
    };
    let expires = args.expires.as_deref().map(|text| instant("add_content", "expires", text)).transpose()?;
    let mut state = tenant.state();
    let id = feed::added_id(args.content_type, created, state.added.len());
    if let Some(expires) = expires {
        state.expiries.insert(id.clone(), expires);
    }
    let added = Arc::new(Added {
        content_type: args.content_type,
        id: id.clone(),
        created,
        uri: args.content_uri,
        records: records.len(),
        record_ids: records.iter().filter_map(|record| record["Id"].as_str().map(str::to_owned)).collect(),
        body: Bytes::from(body),
    });
    state.added.push(Arc::clone(&added));
    let shown = Item::Added(added).show(tenant, &state, args.content_type);
    Ok(json!({ "contentId": id, "contentUri": shown["contentUri"] }))
}

fn set_subscription(tenant: &Tenant, args: SetSubscription) -> Result {
    let now = tenant.clock.now();
    let webhook = match args.webhook {
        None => None,
        Some(asked) => {
            let mut webhook =
                asked.read(now).map_err(|(_, what)| ControlError(format!("set_subscription: {what}")))?;
            webhook.historic = true;
            Some(webhook)
        }
    };
    let mut state = tenant.state();
    let subscription = state.subscriptions.get_mut(args.content_type);
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

fn issue_token(tenant: &Tenant, args: IssueToken) -> Value {
    let wish = Wish {
        resource: args.audience.unwrap_or_else(|| tenant.urls.main.clone()),
        tenant: args.tenant.unwrap_or_else(|| tenant.id.clone()),
        app: args.client_id.or_else(|| tenant.config.client_id.clone()).unwrap_or_default(),
        roles: args.roles.unwrap_or_else(|| tenant.state().roles.clone()),
        lifetime: args.lifetime.unwrap_or(tenant.config.token_lifetime),
    };
    let now = tenant.clock.now();
    let token = tenant.tokens.issue(&wish, &tenant.urls, now);
    json!({ "token": token, "expiresOn": clock::millis(now + wish.lifetime * SECOND) })
}

fn rate_limit(tenant: &Tenant, name: &str, args: Value) -> Result {
    let limit = match args {
        Value::Null => None,
        Value::Object(members) if members.is_empty() => None,
        args => Some(read::<RateLimit>(name, args)?),
    };
    if let Some(limit) = &limit {
        limit.check().map_err(|error| ControlError(error.to_string()))?;
    }
    *tenant.throttle() = Throttle::new(limit);
    Ok(json!({}))
}
