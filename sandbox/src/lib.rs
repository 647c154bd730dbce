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
mod faults;
mod feed;
mod graph;
mod ledger;
mod random;
mod server;
mod tenant;
mod throttle;
mod tls;
mod token;
mod wire;

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub use audit::ContentType;
pub use config::{
    Coding, Compression, Config, ConfigError, Duplicates, PageHeader, Paging, RateLimit, RetryAfter, Shape,
    Subscribed, WaitForm,
};
pub use control::ControlError;

use tenant::{Tenant, Urls};

/// A running sandbox. Dropping it stops it and closes its connections.
pub struct Sandbox {
    tenant: Arc<Tenant>,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on threads of its own. It listens when this returns.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let config = config.settle().map_err(StartError::Config)?;
        let main = listen(config.port)?;
        let graph = listen(config.port.checked_add(1).filter(|&next| next > 1).unwrap_or(0))
            .or_else(|_| listen(0))?;
        let identity =
            if config.https { Some(tls::identity().map_err(StartError::Certificate)?) } else { None };
        let (authority, acceptor) =
            identity.map_or((None, None), |made| (Some(made.authority), Some(made.acceptor)));
        let url = |listener: &TcpListener| {
            let scheme = if acceptor.is_some() { "https" } else { "http" };
            listener.local_addr().map(|address| format!("{scheme}://{address}")).map_err(StartError::Listen)
        };
        let urls = Urls { main: url(&main)?, graph: url(&graph)? };
        let tenant = Arc::new(Tenant::new(config, urls, authority));
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = {
            let tenant = Arc::clone(&tenant);
            thread::Builder::new()
                .name("m365kit-sandbox".into())
                .spawn(move || run([main, graph], acceptor.as_ref(), &tenant, &ready, stopped))
                .map_err(StartError::Listen)?
        };
        let runtime = match started.recv() {
            Ok(result) => result.map_err(StartError::Listen)?,
            Err(_) => return Err(StartError::Listen(std::io::Error::other("the server thread ended"))),
        };
        Ok(Self { tenant, runtime, stop: Some(stop), thread: Some(thread) })
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
    /// `caCertificate` (PEM, with `https`) and the `config`.
    pub fn describe(&self) -> Value {
        self.tenant.describe()
    }

    /// Does a control operation; the README of this crate lists them. Not to be called from a task of an asynchronous
    /// runtime that must not be held up: `pump_webhooks` waits for the receivers.
    pub fn control(&self, name: &str, args: Value) -> Result<Value, ControlError> {
        let (done, result) = mpsc::channel();
        let (tenant, name) = (Arc::clone(&self.tenant), name.to_owned());
        self.runtime.spawn(async move {
            // The receiver is gone only when the whole sandbox is.
            let _ = done.send(control::run(&tenant, &name, args).await);
        });
        result.recv().unwrap_or_else(|_| Err(ControlError::new("the sandbox has stopped")))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
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

/// The thread of a sandbox: a runtime that lives until it is told to stop.
fn run(
    listeners: [TcpListener; 2],
    tls: Option<&TlsAcceptor>,
    tenant: &Arc<Tenant>,
    ready: &mpsc::Sender<std::io::Result<Handle>>,
    stopped: oneshot::Receiver<()>,
) {
    let built =
        Builder::new_multi_thread().worker_threads(2).thread_name("m365kit-sandbox").enable_all().build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let serving = runtime.block_on(async {
        for listener in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(server::serve(listener, tls.cloned(), Arc::clone(tenant)));
        }
        tokio::spawn(deliver_webhooks(Arc::clone(tenant)));
        Ok::<(), std::io::Error>(())
    });
    let serving = serving.map(|()| runtime.handle().clone());
    let failed = serving.is_err();
    if ready.send(serving).is_ok() && !failed {
        // An error means that the sandbox was dropped without a word, which is a stop too.
        let _ = runtime.block_on(stopped);
    }
    runtime.shutdown_timeout(Duration::from_millis(500));
}

/// Delivers notifications as they fall due.
async fn deliver_webhooks(tenant: Arc<Tenant>) {
    const PULSE: Duration = Duration::from_millis(250);
    loop {
        tokio::time::sleep(PULSE).await;
        if audit::webhook::any(&tenant) {
            audit::webhook::pump(&tenant).await;
        }
    }
}
