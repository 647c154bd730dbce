//! The tenant: everything the APIs of one sandbox share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::{ContentType, Subscriptions, webhook};
use crate::clock::{Clock, SECOND};
use crate::config::{ClockSource, Config, ConfigError, Discovery, WebhookFaults};
use crate::faults::Faults;
use crate::feed::Feed;
use crate::graph::Queries;
use crate::identity::{self, CredentialState, Directory, Keys, Tokens};
use crate::ledger::Ledger;
use crate::service_health::Health;
use crate::throttle::Throttle;
use crate::tls::Certificates;

/// One simulated tenant.
pub(crate) struct Tenant {
    pub(crate) config: Config,
    /// Directory id.
    pub(crate) id: String,
    pub(crate) urls: Urls,
    /// With TLS, what clients may know of it.
    pub(crate) certificates: Option<Certificates>,
    pub(crate) clock: Clock,
    pub(crate) feed: Arc<Feed>,
    pub(crate) tokens: Tokens,
    pub(crate) identity: Directory,
    pub(crate) ledger: Arc<Ledger>,
    faults: Mutex<Faults>,
    throttle: Mutex<Throttle>,
    state: Mutex<State>,
    health: Mutex<Health>,
    requests: AtomicU64,
    /// Microseconds before every answer of the APIs.
    latency: AtomicU64,
    connections: Connections,
    /// Held by whoever delivers notifications.
    pub(crate) pumping: tokio::sync::Mutex<()>,
}

/// Connections of clients.
struct Connections {
    accepted: AtomicU64,
    refused: AtomicU64,
    open: AtomicUsize,
    most: AtomicUsize,
}

/// An open connection; it counts until it is dropped.
pub(crate) struct Connection(Arc<Tenant>);

/// Where the tenant's hosts are. Graph has one of its own, so that an audience means something.
pub(crate) struct Urls {
    pub(crate) main: String,
    pub(crate) graph: String,
}

/// What changes.
pub(crate) struct State {
    pub(crate) subscriptions: Subscriptions,
    /// Content that tests added.
    pub(crate) added: Vec<Arc<Added>>,
    /// Expirations other than the regular ones, by content id.
    pub(crate) expiries: HashMap<String, i64>,
    pub(crate) standing: Standing,
    /// Whether unified auditing is on.
    pub(crate) auditing: bool,
    pub(crate) credential: CredentialState,
    pub(crate) outbox: webhook::Outbox,
    pub(crate) webhook_faults: Option<WebhookFaults>,
    pub(crate) queries: Queries,
    /// Roles of tokens that are issued from now on.
    pub(crate) roles: Vec<String>,
    /// How the Discovery Service behaves now.
    pub(crate) discovery: Arc<Discovery>,
}

/// Content that a test added.
pub(crate) struct Added {
    pub(crate) content_type: ContentType,
    pub(crate) id: String,
    /// The how many-th it is.
    pub(crate) number: usize,
    pub(crate) created: i64,
    /// From when on it is listed.
    pub(crate) listed: i64,
    pub(crate) uri: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) records: usize,
    pub(crate) record_ids: Vec<String>,
}

impl Added {
    /// Its place among what was added: by time, and by number where times are equal.
    pub(crate) const fn key(&self) -> (i64, usize) {
        (self.created, self.number)
    }
}

/// What the service knows about the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Standing {
    /// All is well.
    #[default]
    Ok,
    /// AF20011.
    Missing,
    /// AF20012.
    Misconfigured,
    /// Unified auditing is off. The other way to say it is `auditing`.
    NoAuditing,
}

impl Tenant {
    /// Builds the tenant that `config` describes. The configuration has been settled.
    pub(crate) fn new(
        config: Config,
        urls: Urls,
        certificates: Option<Certificates>,
        keys: &'static Keys,
    ) -> Result<Self, ConfigError> {
        let clock = match &config.clock {
            ClockSource::Process => Clock::new(config.start_time()),
            ClockSource::File(at) => Clock::shared(&at.file, config.start_time())
                .map_err(|error| ConfigError(format!("clock.file: {}: {error}", at.file.display())))?,
        };
        clock.set_skew((config.skew * SECOND as f64) as i64);
        let id = config.tenant.clone().unwrap_or_default();
        let state = State {
            subscriptions: Subscriptions::new(&config),
            added: vec![],
            expiries: HashMap::new(),
            standing: Standing::Ok,
            auditing: config.auditing,
            credential: config.credential_state,
            outbox: webhook::Outbox::default(),
            webhook_faults: config.webhook_faults.clone(),
            queries: Queries::default(),
            roles: config.roles.clone(),
            discovery: Arc::new(config.discovery.clone()),
        };
        Ok(Self {
            feed: Arc::new(Feed::new(&config, &id, clock.start())),
            tokens: Tokens::new(keys),
            identity: Directory::new(&config, &urls, keys),
            ledger: Arc::new(Ledger::new(config.ledger)),
            faults: Mutex::default(),
            throttle: Mutex::new(Throttle::new(config.rate_limit.clone())),
            state: Mutex::new(state),
            health: Mutex::new(Health::new(&config, clock.start())),
            requests: AtomicU64::new(0),
            latency: AtomicU64::new((config.latency * 1e6) as u64),
            pumping: tokio::sync::Mutex::default(),
            connections: Connections {
                accepted: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                open: AtomicUsize::new(0),
                most: AtomicUsize::new(config.max_connections.unwrap_or(usize::MAX)),
            },
            config,
            id,
            urls,
            certificates,
            clock,
        })
    }

    /// A place for a connection, if there is one left.
    pub(crate) fn connect(self: &Arc<Self>) -> Option<Connection> {
        let Connections { accepted, refused, open, most } = &self.connections;
        let most = most.load(Ordering::SeqCst);
        let more = |open: usize| (open < most).then_some(open + 1);
        if open.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_err() {
            refused.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        accepted.fetch_add(1, Ordering::SeqCst);
        Some(Connection(Arc::clone(self)))
    }

    /// How many connections may be open from now on; those that are stay.
    pub(crate) fn limit_connections(&self, most: Option<usize>) {
        self.connections.most.store(most.unwrap_or(usize::MAX), Ordering::SeqCst);
    }

    /// Totals since the start.
    pub(crate) fn stats(&self) -> Value {
        let mut stats = self.ledger.stats(self.tokens.count());
        let Connections { accepted, refused, open, .. } = &self.connections;
        stats["connections"] = json!(accepted.load(Ordering::SeqCst));
        stats["openConnections"] = json!(open.load(Ordering::SeqCst));
        stats["refusedConnections"] = json!(refused.load(Ordering::SeqCst));
        stats
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        locked(&self.throttle)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Services, their issues, and messages about them.
    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        locked(&self.health)
    }

    /// What `work` makes of the state, which nobody else changes meanwhile.
    pub(crate) fn state_with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state())
    }

    /// How the Discovery Service behaves now.
    pub(crate) fn discovery(&self) -> Arc<Discovery> {
        Arc::clone(&self.state().discovery)
    }

    /// How far away the service is.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency.load(Ordering::Relaxed))
    }

    /// Moves the service away, or nearer; for requests that arrive from now on.
    pub(crate) fn set_latency(&self, seconds: f64) {
        self.latency.store((seconds * 1e6) as u64, Ordering::Relaxed);
    }

    /// A number for each request.
    pub(crate) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// What a client needs to know to use the tenant.
    pub(crate) fn describe(&self) -> Value {
        let Urls { main, graph } = &self.urls;
        json!({
            "url": main,
            "tenant": self.id,
            "domain": self.config.domain,
            "clientId": self.config.client_id,
            "clientSecret": self.config.client_secret,
            "cloud": {
                "authority": main,
                "management": main,
                "graph": graph,
                "outlook": main,
                "discovery": main,
            },
            "caCertificate": self.certificates.as_ref().map(|known| &known.authority),
            "identity": identity::describe(self),
            "config": self.config,
        })
    }
}

impl Connection {
    pub(crate) const fn tenant(&self) -> &Arc<Tenant> {
        &self.0
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Locks; a panic elsewhere does not make the tenant unusable, since no change here is done in two steps.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
