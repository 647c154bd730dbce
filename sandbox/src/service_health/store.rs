//! What there is: one store that both wires tell of. Everything in it is spelled as Graph spells it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::catalogue::SERVICES;
use super::limits::Calls;
use super::schema::rank;
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

/// A service.
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) features: Vec<Feature>,
    /// A status that does not follow from its issues.
    fixed: Option<String>,
    /// What else was said of it.
    more: Map<String, Value>,
}

/// A group of features.
pub(super) struct Feature {
    pub(super) id: String,
    pub(super) name: String,
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

impl Service {
    fn known() -> Vec<Self> {
        let feature = |&(id, name): &(&str, &str)| Feature { id: id.into(), name: name.into() };
        SERVICES
            .iter()
            .map(|known| Self {
                id: known.id.into(),
                name: known.name.into(),
                prefix: known.prefix.into(),
                features: known.features.iter().map(feature).collect(),
                fixed: None,
                more: Map::new(),
            })
            .collect()
    }

    fn given(mut members: Map<String, Value>) -> Self {
        let mut take = |name: &str| members.remove(name);
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        let (id, name, fixed) = (text(take("id")), text(take("service")), text(take("status")));
        let features = take("features").and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let id = id.unwrap_or_default();
        let known = SERVICES.iter().find(|known| known.id == id);
        let letters: String = id.chars().filter(char::is_ascii_alphabetic).take(2).collect();
        Self {
            prefix: known.map_or_else(|| letters.to_ascii_uppercase(), |known| known.prefix.into()),
            name: name.unwrap_or_default(),
            features: features.iter().map(Feature::given).collect(),
            fixed,
            more: members,
            id,
        }
    }

    /// Its status, which is that of its worst open issue unless it was given.
    pub(super) fn status(&self, issues: &[Value]) -> String {
        self.fixed.clone().unwrap_or_else(|| worst(self.open(issues)))
    }

    /// Its issues that are not resolved.
    pub(super) fn open<'a>(&self, issues: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        self.all(issues).filter(|issue| issue["isResolved"] != true)
    }

    /// All its issues.
    pub(super) fn all<'a>(&self, issues: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        issues.iter().filter(move |issue| is(issue, "service", &self.name))
    }

    fn show(&self, issues: &[Value]) -> Value {
        let mut shown = self.more.clone();
        shown.insert("id".into(), self.id.clone().into());
        shown.insert("service".into(), self.name.clone().into());
        shown.insert("status".into(), self.status(issues).into());
        shown.insert("issues".into(), self.all(issues).cloned().collect());
        Value::Object(shown)
    }
}

impl Feature {
    fn given(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().or(value.as_str()).unwrap_or_default().to_owned();
        let name = if value["name"].is_string() { text("name") } else { text("id") };
        Self { id: text("id"), name }
    }
}

impl Viewpoint {
    /// As Graph shows it.
    pub(super) fn show(self) -> Value {
        json!({"isRead": self.read, "isArchived": self.archived, "isFavorited": self.favorite})
    }
}

/// The worst status of issues, or that of a service that is well.
pub(super) fn worst<'a>(issues: impl Iterator<Item = &'a Value>) -> String {
    let statuses = issues.filter_map(|issue| issue["status"].as_str());
    statuses.max_by_key(|status| rank(status)).unwrap_or("serviceOperational").to_owned()
}

/// Whether a text member is this, in any case.
pub(super) fn is(value: &Value, member: &str, text: &str) -> bool {
    value[member].as_str().is_some_and(|known| known.eq_ignore_ascii_case(text))
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
