//! Starting, stopping and listing subscriptions (management-activity, 4.2 to 4.4).

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::code;
use super::{ContentType, gate, webhook};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{self, SECOND};
use crate::config::Config;
use crate::identity::Grant;
use crate::tenant::{Standing, State, Tenant};

/// The subscriptions of the tenant, one for each content type.
pub(crate) struct Subscriptions([Subscription; 5]);

/// One subscription, or the memory of one.
#[derive(Clone, Default)]
pub(crate) struct Subscription {
    pub(crate) status: Status,
    /// Whether an administrator holds it down, so that `start` does not help.
    pub(crate) locked: bool,
    pub(crate) webhook: Option<Webhook>,
    /// Spans whose content is listed, from inclusive to exclusive.
    pub(crate) periods: Vec<(i64, i64)>,
}

/// The state of a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Enabled,
    /// By an administrator of the tenant or of the service.
    Disabled,
    #[default]
    Absent,
}

/// Where notifications go.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) address: String,
    pub(crate) auth_id: Option<String>,
    pub(crate) expiration: Option<i64>,
    /// False after too many failures.
    pub(crate) enabled: bool,
    /// Deliveries that failed since the last that did not.
    pub(crate) failures: u32,
    /// What became available up to here has been queued.
    pub(crate) queued: i64,
    /// Whether it is to look as if it had been there all along.
    pub(crate) historic: bool,
}

impl Subscriptions {
    /// The subscriptions that a configuration begins with.
    pub(crate) fn new(config: &Config) -> Self {
        Self(ContentType::ALL.map(|content_type| {
            let mut subscription = Subscription::default();
            // Nothing can be started while auditing is off.
            if config.auditing
                && config.content_types.contains(&content_type)
                && config.subscribed.has(content_type)
            {
                subscription.status = Status::Enabled;
                subscription.periods = vec![(i64::MIN, i64::MAX)];
            }
            subscription
        }))
    }

    pub(crate) fn get(&self, content_type: ContentType) -> &Subscription {
        &self.0[content_type.index()]
    }

    pub(crate) fn get_mut(&mut self, content_type: ContentType) -> &mut Subscription {
        &mut self.0[content_type.index()]
    }

    /// Refuses what needs an enabled subscription.
    pub(super) fn check_enabled(&self, content_type: ContentType) -> Result<(), Answer> {
        match self.get(content_type).status {
            Status::Enabled => Ok(()),
            Status::Disabled => Err(disabled()),
            Status::Absent => Err(absent()),
        }
    }

    /// Those that exist, as the service lists them.
    pub(crate) fn show(&self, now: i64) -> Value {
        let shown = ContentType::ALL.into_iter().filter_map(|content_type| {
            let subscription = self.get(content_type);
            (subscription.status != Status::Absent).then(|| subscription.show(content_type, now))
        });
        shown.collect()
    }
}

impl Subscription {
    /// Begins to list content that becomes available from `from` on.
    fn enable(&mut self, from: i64) {
        self.status = Status::Enabled;
        self.periods.push((from, i64::MAX));
    }

    /// Ends it; what came before stays available if it is started again.
    fn stop(&mut self, now: i64) {
        self.status = Status::Absent;
        self.webhook = None;
        self.periods.retain(|&(from, _)| from < now);
        if let Some((_, until)) = self.periods.last_mut() {
            *until = (*until).min(now);
        }
    }

    pub(crate) fn show(&self, content_type: ContentType, now: i64) -> Value {
        let status = if self.status == Status::Disabled { "disabled" } else { "enabled" };
        json!({
            "contentType": content_type.as_str(),
            "status": status,
            "webhook": self.webhook.as_ref().map(|webhook| webhook.show(now)),
        })
    }
}

impl Webhook {
    fn show(&self, now: i64) -> Value {
        let status = if self.expired(now) {
            "expired"
        } else if self.enabled {
            "enabled"
        } else {
            "disabled"
        };
        json!({
            "status": status,
            "address": self.address,
            "authId": self.auth_id,
            "expiration": self.expiration.map(clock::seconds),
        })
    }

    pub(crate) fn expired(&self, now: i64) -> bool {
        self.expiration.is_some_and(|expiration| expiration <= now)
    }

    fn same(&self, other: &Self) -> bool {
        (&self.address, &self.auth_id, self.expiration) == (&other.address, &other.auth_id, other.expiration)
    }
}

/// A webhook as it is asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    pub(crate) address: Option<String>,
    pub(crate) auth_id: Option<String>,
    pub(crate) expiration: Option<String>,
}

#[derive(Deserialize)]
struct StartBody {
    webhook: Option<Asked>,
}

/// `POST /subscriptions/start`
pub(super) async fn start(tenant: &Tenant, call: &Call, grant: &Arc<Grant>) -> Answer {
    match try_start(tenant, call, grant).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn try_start(tenant: &Tenant, call: &Call, grant: &Grant) -> Result<Answer, Answer> {
    let content_type = gate::content_type(call, grant)?;
    let now = tenant.clock.now();
    let off = |state: &State| !state.auditing || state.standing == Standing::NoAuditing;
    if off(&tenant.state()) {
        return Err(no_auditing(tenant, content_type));
    }
    let wanted = wanted(call, now)?;
    let before = tenant.state().subscriptions.get(content_type).clone();
    if before.status == Status::Disabled && before.locked {
        return Err(disabled());
    }
    let unchanged = match (&before.webhook, &wanted) {
        (None, None) => true,
        (Some(old), Some(new)) => old.enabled && old.same(new),
        _ => false,
    };
    if before.status == Status::Enabled && unchanged {
        return Err(code(
            StatusCode::BAD_REQUEST,
            "AF20024",
            "The subscription is already enabled. No property change.",
        ));
    }
    if let Some(webhook) = &wanted {
        webhook::validate(tenant, webhook).await.map_err(|reason| {
            let message =
                format!("The webhook endpoint ({}) could not be validated. {reason}", webhook.address);
            code(StatusCode::BAD_REQUEST, "AF20021", &message)
        })?;
    }
    let mut state = tenant.state();
    let subscription = state.subscriptions.get_mut(content_type);
    match subscription.status {
        Status::Enabled => {}
        Status::Disabled => subscription.status = Status::Enabled,
        Status::Absent => subscription.enable(now + tenant.config.first_content_delay * SECOND),
    }
    let mut webhook = wanted;
    if let (Some(new), Some(old)) = (&mut webhook, &subscription.webhook)
        && old.enabled
    {
        // A webhook that only changes goes on where it was.
        new.queued = old.queued;
    }
    subscription.webhook = webhook;
    Ok(Answer::json(StatusCode::OK, &subscription.show(content_type, now)))
}

/// The webhook that a start asks for.
fn wanted(call: &Call, now: i64) -> Result<Option<Webhook>, Answer> {
    let refuse = |name: &str, message: &str| Err(code(StatusCode::BAD_REQUEST, name, message));
    if call.body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let Ok(body) = serde_json::from_slice::<Option<StartBody>>(&call.body) else {
        return refuse(
            "AF20002",
            "Invalid parameter type: the body is not a JSON object of the expected form.",
        );
    };
    let Some(asked) = body.and_then(|body| body.webhook) else { return Ok(None) };
    asked.read(now).map_err(|(name, message)| code(StatusCode::BAD_REQUEST, name, &message)).map(Some)
}

impl Asked {
    /// The webhook, or the code and message of what is wrong with it.
    pub(crate) fn read(self, now: i64) -> Result<Webhook, (&'static str, String)> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let Some(address) = some(self.address) else {
            return Err(("AF20001", "Missing parameter: webhook.address.".into()));
        };
        let expiration = match some(self.expiration) {
            None => None,
            Some(text) => Some(clock::parse(&text).ok_or_else(|| {
                let message =
                    format!("Invalid parameter type: expiration. Expected type: DateTime. Value: {text}");
                ("AF20002", message)
            })?),
        };
        if let Some(past) = expiration.filter(|&at| at <= now) {
            return Err((
                "AF20003",
                format!("Expiration {} provided is set to past date and time.", clock::seconds(past)),
            ));
        }
        Ok(Webhook {
            address,
            auth_id: some(self.auth_id),
            expiration,
            enabled: true,
            failures: 0,
            queued: now,
            historic: false,
        })
    }
}

/// `POST /subscriptions/stop`
pub(super) fn stop(tenant: &Tenant, call: &Call, grant: &Grant) -> Answer {
    let content_type = match gate::content_type(call, grant) {
        Ok(content_type) => content_type,
        Err(refusal) => return refusal,
    };
    let mut state = tenant.state();
    let subscription = state.subscriptions.get_mut(content_type);
    if subscription.status == Status::Absent {
        return absent();
    }
    subscription.stop(tenant.clock.now());
    Answer::empty(StatusCode::OK)
}

/// `GET /subscriptions/list`
pub(super) fn list(tenant: &Tenant) -> Answer {
    Answer::json(StatusCode::OK, &tenant.state().subscriptions.show(tenant.clock.now()))
}

fn absent() -> Answer {
    code(StatusCode::BAD_REQUEST, "AF20022", "No subscription found for the specified content type.")
}

fn disabled() -> Answer {
    let message = "The subscription was disabled by a tenant admin or a service admin.";
    code(StatusCode::BAD_REQUEST, "AF20023", message)
}

/// Free text where a code should be, as the service writes it when unified auditing is off (7.4).
fn no_auditing(tenant: &Tenant, content_type: ContentType) -> Answer {
    let id = &tenant.id;
    let correlation = crate::feed::request_id(tenant.config.seed, tenant.next_request());
    code(
        StatusCode::BAD_REQUEST,
        &format!(
            "StartSubscription [CorrId={correlation}] [TenantId={id},ContentType={}]",
            content_type.as_str()
        ),
        &format!(
            "Exception of type 'Microsoft.Office.Compliance.Audit.DataServiceException' was thrown: \
             Microsoft.Office.Compliance.Audit.DataServiceException: Tenant {id} does not exist."
        ),
    )
}
