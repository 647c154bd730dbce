//! A simulated Microsoft 365 tenant, for tests, demonstrations and first steps.
//!
//! A [`Sandbox`] is an HTTP server on loopback that behaves like the services: it gives out tokens, keeps
//! subscriptions, lists and serves an audit feed, refuses what the service refuses, and can be told to misbehave.
//! Everything in it is made from a seed, so that the same [`Config`] gives the same tenant.
//!
//! ```
//! use m365kit_sandbox::{Config, Sandbox};
//! use serde_json::json;
//!
//! let sandbox = Sandbox::start(Config { blobs: 12, ..Config::default() })?;
//! println!("{}", sandbox.url());
//!
//! // Some time later, and with the first fetch of every fifth blob failing:
//! sandbox.control("advance", json!({"seconds": 3600}))?;
//! sandbox.control(
//!     "fault",
//!     json!({"match": {"operation": "blob"}, "action": {"status": 503}, "when": {"share": 0.2, "seed": 1}}),
//! )?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate is written from the specification of the services and shares nothing with the client.

// Numbers here come from a configuration that bounds them, and from hashes that are meant to be cut.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod answer;
mod audit;
mod call;
mod clock;
mod config;
mod control;
mod discovery;
mod faults;
mod feed;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod graph;
mod identity;
mod ledger;
mod odata;
mod random;
mod server;
mod service_health;
mod tenant;
mod threads;
mod throttle;
mod tls;
mod wire;

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, mpsc};

use serde_json::Value;

pub use audit::ContentType;
pub use config::{
    App, ArcChallenge, Assigned, Behaviour, ClockFile, ClockSource, Coding, Compression, Config, ConfigError,
    DeviceStep, Dialect, Discovery, DiscoveryDomain, DiscoveryMischief, DiscoveryUser, DomainCloud,
    Duplicates, Identity, Late, Limits, Live, Managed, Mischief, PageHeader, Paging, RateLimit, Redirect,
    RedirectUris, Replay, Retired, RetryAfter, Secret, ServiceHealth, Shape, SignIn, Stock, SubjectName,
    Subscribed, Trust, Unfolding, User, WaitForm, WebhookFaults, Windows,
};
pub use control::ControlError;
pub use identity::CredentialState;

use tenant::{Tenant, Urls};
use threads::{Life, Stop, Threads};

/// A running sandbox. Dropping it stops it and closes its connections.
pub struct Sandbox {
    tenant: Arc<Tenant>,
    threads: Arc<Threads>,
    stop: Stop,
}

impl Sandbox {
    /// Starts a sandbox. It listens when this returns. All sandboxes of a process share a few threads.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let config = config.settle().map_err(StartError::Config)?;
        let main = listen(config.port)?;
        let graph = listen(config.port.checked_add(1).filter(|&next| next > 1).unwrap_or(0))
            .or_else(|_| listen(0))?;
        let identity =
            if config.https { Some(tls::identity().map_err(StartError::Certificate)?) } else { None };
        let (certificates, acceptor) =
            identity.map_or((None, None), |made| (Some(made.certificates), Some(made.acceptor)));
        let url = |listener: &TcpListener| {
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            listener.local_addr().map(|address| format!("{scheme}://{address}")).map_err(StartError::Listen)
        };
        let urls = Urls { main: url(&main)?, graph: url(&graph)? };
        let keys = identity::Keys::shared().map_err(StartError::Certificate)?;
        let tenant = Arc::new(Tenant::new(config, urls, certificates, keys).map_err(StartError::Config)?);
        let threads = Threads::shared().map_err(StartError::Listen)?;
        let (stop, life) = Life::new();
        {
            let _inside = threads.handle().enter();
            for listener in [main, graph] {
                let listener = tokio::net::TcpListener::from_std(listener).map_err(StartError::Listen)?;
                let tenant = Arc::clone(&tenant);
                life.spawn(server::serve(listener, acceptor.clone(), tenant, life.clone()));
            }
            life.spawn(audit::webhook::deliver(Arc::clone(&tenant)));
        }
        Ok(Self { tenant, threads, stop })
    }

    /// Starts a sandbox from a configuration in JSON; an empty text is the default.
    pub fn start_json(config: &[u8]) -> Result<Self, StartError> {
        Self::start(Config::from_json(config).map_err(StartError::Config)?)
    }

    /// Where it listens, such as `http://127.0.0.1:49731`.
    pub fn url(&self) -> &str {
        &self.tenant.urls.main
    }

    /// What a client needs to know: `url`, `tenant`, `domain`, `clientId`, `clientSecret`, `cloud` (the hosts),
    /// `caCertificate` (PEM, with `https`), `identity` (who may sign in, and where) and the `config`.
    pub fn describe(&self) -> Value {
        self.tenant.describe()
    }

    /// Does a control operation; the README of this crate lists them. Not to be called from a task of an asynchronous
    /// runtime that must not be held up: `pump_webhooks` waits for the receivers.
    pub fn control(&self, name: &str, args: Value) -> Result<Value, ControlError> {
        if !self.threads.here() {
            return Err(ControlError::new("the sandbox runs in the process that this one was forked from"));
        }
        let (done, result) = mpsc::channel();
        let (tenant, name) = (Arc::clone(&self.tenant), name.to_owned());
        self.threads.handle().spawn(async move {
            // The receiver is gone only when the whole sandbox is.
            let _ = done.send(control::run(&tenant, &name, args).await);
        });
        result.recv().unwrap_or_else(|_| Err(ControlError::new("the sandbox has stopped")))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // After a fork the tasks are those of the parent.
        if self.threads.here() {
            self.stop.stop();
            identity::clean(&self.tenant);
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.tenant.urls.main)
            .field("tenant", &self.tenant.id)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration cannot be.
    Config(ConfigError),
    /// There is no port to listen on, or no thread to do it.
    Listen(std::io::Error),
    /// No certificate could be made.
    Certificate(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Listen(error) => write!(f, "the sandbox cannot listen: {error}"),
            Self::Certificate(error) => write!(f, "the sandbox cannot make its certificate: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

fn listen(port: u16) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(StartError::Listen)?;
    listener.set_nonblocking(true).map_err(StartError::Listen)?;
    Ok(listener)
}
