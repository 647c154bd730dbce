//! What there is: one store that both wires tell of. Everything in it is spelled as Graph spells it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::limits::Calls;
use super::services::{Service, is};
use super::{issues, messages};
use crate::clock::{DAY, SECOND};
use crate::config::{Config, ServiceHealth, Stock};

/// Live issues and messages that are remembered; older ones are gone.
const REMEMBERED: i64 = 2_000;

/// Services, issues and messages of a tenant.
pub(crate) struct Health {
    /// Quirks and switches, as they are now.
    pub(crate) settings: ServiceHealth,
    pub(super) services: Vec<Service>,
    /// What does not develop by itself, newest first.
    issues: Vec<Value>,
    messages: Vec<Value>,
    viewpoints: HashMap<(String, String), Viewpoint>,
    pub(super) calls: Calls,
    seed: u64,
    /// From when on there are live issues.
    live_since: i64,
    /// How many were added.
    added: u64,
    answers: u64,
}

/// How a user has left a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Viewpoint {
    pub(super) read: bool,
    pub(super) archived: bool,
    pub(super) favorite: bool,
}

impl Health {
    /// The store that `config` describes, as it is when the clock starts.
    pub(crate) fn new(config: &Config, start: i64) -> Self {
        let mut settings = config.service_health.clone();
        let services = match settings.services.take() {
            Some(given) => given.into_iter().map(Service::given).collect(),
            None => Service::known(),
        };
        let (seed, span) = (config.seed, (settings.days * DAY as f64) as i64);
        let issues = match std::mem::replace(&mut settings.issues, Stock::Made(0)) {
            Stock::Given(given) => given.into_iter().map(Value::Object).collect(),
            Stock::Made(of) => (0..of)
                .rev()
                .filter_map(|number| issues::past(&services, seed, number, of, span, start))
                .map(|life| life.at(start))
                .collect(),
        };
        let messages = match std::mem::replace(&mut settings.messages, Stock::Made(0)) {
            Stock::Given(given) => given.into_iter().map(Value::Object).collect(),
            Stock::Made(of) => {
                (0..of).rev().map(|number| messages::past(&services, seed, number, of, span, start)).collect()
            }
        };
        Self {
            settings,
            services,
            issues,
            messages,
            viewpoints: HashMap::new(),
            calls: Calls::default(),
            seed,
            live_since: start,
            added: 0,
            answers: 0,
        }
    }

    /// All issues at `now`, the latest first.
    pub(crate) fn issues(&self, now: i64) -> Vec<Value> {
        let mut all = vec![];
        if let Some(live) = &self.settings.live {
            let lasts = (live.lasts.unwrap_or(3.0 * live.every) * SECOND as f64) as i64;
            for (number, at) in begun(self.live_since, live.every, now) {
                let life = issues::coming(&self.services, self.seed, number, at, lasts);
                all.extend(life.filter(|life| !self.has_issue(&life.id)).map(|life| life.at(now)));
            }
        }
        all.extend(self.issues.iter().cloned());
        all
    }

    /// All messages at `now`, the latest first, without anybody's viewpoint.
    pub(crate) fn messages(&self, now: i64) -> Vec<Value> {
        let mut all = vec![];
        if let Some(every) = self.settings.live.as_ref().and_then(|live| live.messages) {
            for (number, at) in begun(self.live_since, every, now) {
                let message = messages::coming(&self.services, self.seed, number, at);
                all.extend(
                    Some(message)
                        .filter(|message| !self.messages.iter().any(|known| same_id(known, message))),
                );
            }
        }
        all.extend(self.messages.iter().cloned());
        all
    }

    /// An issue.
    pub(crate) fn issue(&self, id: &str, now: i64) -> Option<Value> {
        self.issues(now).into_iter().find(|issue| is(issue, "id", id))
    }

    /// A message.
    pub(crate) fn message(&self, id: &str, now: i64) -> Option<Value> {
        self.messages(now).into_iter().find(|message| is(message, "id", id))
    }

    /// Puts an issue in the place of the one with its id, or before all others. It no longer develops by itself.
    pub(crate) fn put_issue(&mut self, issue: Value) {
        put(&mut self.issues, issue);
    }

    /// Puts a message in the place of the one with its id, or before all others.
    pub(crate) fn put_message(&mut self, message: Value) {
        put(&mut self.messages, message);
    }

    /// The services as Graph shows them, with all their issues.
    pub(crate) fn overviews(&self, now: i64) -> Vec<Value> {
        let issues = self.issues(now);
        self.services.iter().map(|service| service.show(&issues)).collect()
    }

    /// Name of a service and what ids of its issues begin with; of the first one, if none is named.
    pub(crate) fn service(&self, name: Option<&str>) -> (String, String) {
        let known = match name {
            None => self.services.first(),
            Some(name) => self.services.iter().find(|service| service.name.eq_ignore_ascii_case(name)),
        };
        match known {
            Some(service) => (service.name.clone(), service.prefix.clone()),
            None => (name.unwrap_or_default().to_owned(), "XX".into()),
        }
    }

    /// A number for what is added.
    pub(crate) const fn next_number(&mut self) -> u64 {
        self.added += 1;
        2_000_000 + self.added
    }

    /// A number for each answer of the older wire.
    pub(super) const fn number(&mut self) -> u64 {
        self.answers += 1;
        self.answers
    }

    /// How a user has left a message.
    pub(super) fn viewpoint(&self, user: &str, message: &str) -> Viewpoint {
        self.viewpoints.get(&key(user, message)).copied().unwrap_or_default()
    }

    /// Changes how a user has left a message.
    pub(super) fn view(&mut self, user: &str, message: &str, change: impl Fn(&mut Viewpoint)) {
        change(self.viewpoints.entry(key(user, message)).or_default());
    }

    /// Takes other settings; what is live begins anew.
    pub(crate) fn set(&mut self, settings: ServiceHealth, live: bool, now: i64) {
        self.settings = settings;
        if live {
            self.live_since = now;
        }
    }

    fn has_issue(&self, id: &str) -> bool {
        self.issues.iter().any(|issue| is(issue, "id", id))
    }
}

impl Viewpoint {
    /// As Graph shows it.
    pub(super) fn show(self) -> Value {
        json!({"isRead": self.read, "isArchived": self.archived, "isFavorited": self.favorite})
    }
}

fn same_id(one: &Value, other: &Value) -> bool {
    other["id"].as_str().is_some_and(|id| is(one, "id", id))
}

fn put(all: &mut Vec<Value>, new: Value) {
    match all.iter_mut().find(|known| same_id(known, &new)) {
        Some(known) => *known = new,
        None => all.insert(0, new),
    }
}

fn key(user: &str, message: &str) -> (String, String) {
    (user.to_ascii_lowercase(), message.to_ascii_lowercase())
}

/// Numbers and times of what has begun by `now`, the latest first.
fn begun(since: i64, every: f64, now: i64) -> impl Iterator<Item = (u64, i64)> {
    let every = (every * SECOND as f64) as i64;
    let last = (now - since).div_euclid(every.max(1));
    ((last - REMEMBERED).max(0)..last.max(0))
        .rev()
        .map(move |number| (number as u64, since + (number + 1) * every))
}
