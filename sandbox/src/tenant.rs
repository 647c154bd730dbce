//! The tenant: everything the APIs of one sandbox share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::{ContentType, Subscriptions, webhook};
use crate::clock::Clock;
use crate::config::Config;
use crate::faults::Faults;
use crate::feed::Feed;
use crate::ledger::Ledger;
use crate::throttle::Throttle;
use crate::token::Tokens;

/// One simulated tenant.
pub(crate) struct Tenant {
    pub(crate) config: Config,
    /// Directory id.
    pub(crate) id: String,
    pub(crate) urls: Urls,
    /// Certificate of the authority behind the server's certificate.
    pub(crate) authority: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) feed: Arc<Feed>,
    pub(crate) tokens: Tokens,
    pub(crate) ledger: Arc<Ledger>,
    faults: Mutex<Faults>,
    throttle: Mutex<Throttle>,
    state: Mutex<State>,
    requests: AtomicU64,
}

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
    pub(crate) outbox: webhook::Outbox,
    /// Roles of tokens that are issued from now on.
    pub(crate) roles: Vec<String>,
}

/// Content that a test added.
pub(crate) struct Added {
    pub(crate) content_type: ContentType,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) uri: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) records: usize,
    pub(crate) record_ids: Vec<String>,
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
    /// Unified auditing is off: `start` fails with free text.
    NoAuditing,
}

impl Tenant {
    /// Builds the tenant that `config` describes. The configuration has been settled.
    pub(crate) fn new(config: Config, urls: Urls, authority: Option<String>) -> Self {
        let clock = Clock::new(config.start_time());
        let id = config.tenant.clone().unwrap_or_default();
        let state = State {
            subscriptions: Subscriptions::new(&config),
            added: vec![],
            expiries: HashMap::new(),
            standing: Standing::Ok,
            outbox: webhook::Outbox::default(),
            roles: config.roles.clone(),
        };
        Self {
            feed: Arc::new(Feed::new(&config, &id, clock.now())),
            tokens: Tokens::new(config.seed),
            ledger: Arc::default(),
            faults: Mutex::default(),
            throttle: Mutex::new(Throttle::new(config.rate_limit.clone())),
            state: Mutex::new(state),
            requests: AtomicU64::new(0),
            config,
            id,
            urls,
            authority,
            clock,
        }
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
            "caCertificate": self.authority,
            "config": self.config,
        })
    }
}

/// Locks; a panic elsewhere does not make the tenant unusable, since no change here is done in two steps.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
