//! The library's own log events, for the languages that have a logger of their own.
//!
//! A Rust program does not need this: it subscribes to `tracing` as always, under targets that
//! begin with `m365kit`.

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::masked::masked;

/// How many events wait at most; what comes while it is full is dropped, for nobody waits for a log.
const CAPACITY: usize = 1_024;

static QUEUE: OnceLock<Queue> = OnceLock::new();
static LEVEL: Mutex<Level> = Mutex::new(Level::INFO);

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEvent {
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// Where it comes from, such as `m365kit::http`.
    pub target: String,
    /// What happened.
    pub message: String,
    /// The figures that go with it.
    pub fields: Map<String, Value>,
}

/// Begins to collect events of this level and above; false if the program has a subscriber already.
///
/// A second call only changes the level.
pub fn install(level: Level) -> bool {
    *LEVEL.lock().unwrap_or_else(PoisonError::into_inner) = level;
    if QUEUE.get().is_some() {
        tracing::callsite::rebuild_interest_cache();
        return true;
    }
    let collects = tracing::subscriber::set_global_default(registry().with(Collector)).is_ok();
    collects && QUEUE.set(Queue::default()).is_ok()
}

/// Waits for the next event; none if [`install`] was never called.
pub async fn next() -> Option<LogEvent> {
    let queue = QUEUE.get()?;
    loop {
        let mut arrived = pin!(queue.arrived.notified());
        // Listening before looking, so that an event in between is not slept through.
        arrived.as_mut().enable();
        if let Some(event) = queue.events().pop_front() {
            return Some(event);
        }
        arrived.await;
    }
}

/// The events that are waiting, without waiting for more.
pub fn try_drain() -> Vec<LogEvent> {
    QUEUE.get().map(|queue| queue.events().drain(..).collect()).unwrap_or_default()
}

/// No lock is held while somebody waits, so that a process that was forked meanwhile has its logs too.
#[derive(Default)]
struct Queue {
    events: Mutex<VecDeque<LogEvent>>,
    arrived: Notify,
}

impl Queue {
    fn events(&self) -> MutexGuard<'_, VecDeque<LogEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: LogEvent) {
        let mut events = self.events();
        if events.len() < CAPACITY {
            events.push_back(event);
            drop(events);
            self.arrived.notify_waiters();
        }
    }
}

struct Collector;

impl Collector {
    /// Only our own events: what the HTTP stack says at debug level can hold secrets.
    fn wants(metadata: &Metadata<'_>) -> bool {
        let level = *LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
        metadata.target().starts_with("m365kit") && *metadata.level() <= level
    }
}

impl<S: Subscriber> Layer<S> for Collector {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        Collector::wants(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        if let Some(queue) = QUEUE.get() {
            queue.push(LogEvent {
                level: metadata.level().to_string(),
                target: metadata.target().to_owned(),
                message: fields.message,
                fields: fields.others,
            });
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, masked(value).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = masked(&text).into_owned();
        } else {
            self.put(field, masked(&text).into());
        }
    }
}
