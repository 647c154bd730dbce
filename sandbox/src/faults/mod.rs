//! Misbehaviour on request: a rule matches requests and says what goes wrong with them.

mod action;
mod canned;

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::ContentType;
use crate::call::{Call, Operation};
use crate::clock::SECOND;
use crate::random::{fraction, hash_text};
use action::{Spelled, Storm};
use canned::Canned;

pub(crate) use action::{Action, Bend, Effect, WireFault, WrongNext, WrongUri};

/// All rules, in the order they were added. The first that strikes is the one.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    last: u64,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    #[serde(default, rename = "match")]
    matcher: Matcher,
    action: Spelled,
    #[serde(default)]
    when: Option<When>,
    #[serde(default)]
    times: Option<u64>,
}

struct Rule {
    id: u64,
    matcher: Matcher,
    content_type: Option<ContentType>,
    action: Action,
    storm: Option<Storm>,
    /// Until when the storm lasts that has begun.
    raging: i64,
    when: When,
    times: Option<u64>,
    seen: u64,
    hits: u64,
    struck: HashSet<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Matcher {
    operation: Option<Which>,
    method: Option<String>,
    path: Option<String>,
    content_type: Option<String>,
    content_id: Option<String>,
    page: Option<PageKind>,
    nth: Option<u64>,
}

/// A page of a listing, by whether a link led to it.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PageKind {
    First,
    Next,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "match.operation: takes the name of an operation, `other` or `any`")]
enum Which {
    One(Operation),
    Any(Any),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Any {
    Any,
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "when: takes `once`, `always`, `{\"every\": n}` or `{\"share\": s, \"seed\": n, \"permanent\"?: b}`"
)]
enum When {
    Word(Word),
    Every(Every),
    Share(Part),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Every {
    every: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    share: f64,
    seed: u64,
    /// Whether the chosen ones are struck each time and not only the first.
    #[serde(default)]
    permanent: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Once,
    Always,
}

/// A rule that struck.
pub(crate) struct Hit {
    pub(crate) id: u64,
    pub(crate) action: Action,
}

impl Faults {
    /// Adds a rule and gives its number.
    pub(crate) fn add(&mut self, order: Order) -> Result<u64, String> {
        let content_type = match &order.matcher.content_type {
            None => None,
            Some(name) => Some(
                ContentType::parse(name)
                    .ok_or_else(|| format!("match.contentType: unknown type {name:?}"))?,
            ),
        };
        let default = if order.times.is_some() { Word::Always } else { Word::Once };
        let when = order.when.unwrap_or(When::Word(default));
        match when {
            When::Every(Every { every: 0 }) => return Err("when.every: must be at least 1".into()),
            When::Share(Part { share, .. }) if !(0.0..=1.0).contains(&share) => {
                return Err("when.share: must be between 0 and 1".into());
            }
            _ => {}
        }
        self.last += 1;
        let storm = order.action.storm();
        self.rules.push(Rule {
            id: self.last,
            matcher: order.matcher,
            content_type,
            action: order.action.read()?,
            storm,
            raging: i64::MIN,
            when,
            times: order.times,
            seen: 0,
            hits: 0,
            struck: HashSet::new(),
        });
        Ok(self.last)
    }

    /// Drops all rules.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often each rule struck.
    pub(crate) fn stats(&self) -> Value {
        let hits: serde_json::Map<String, Value> =
            self.rules.iter().map(|rule| (rule.id.to_string(), json!(rule.hits))).collect();
        json!({ "hits": hits })
    }

    /// The rule that strikes a request.
    pub(crate) fn strike(&mut self, call: &Call, now: i64) -> Option<Hit> {
        let rule = self
            .rules
            .iter_mut()
            .filter(|rule| rule.matches(call))
            .find_map(|rule| rule.strikes(call, now).then_some(rule))?;
        let mut action = rule.action.clone();
        match (&mut action.effect, rule.storm) {
            (Effect::Instead(Canned::Status { status, .. }), Some(storm)) => {
                *status = storm.status(rule.hits);
            }
            // Chosen anew for each listing: what is missing in one is there in the next.
            (Effect::Listing(Bend { changes: Some((_, seed)), .. }), _) => *seed = rule.hits + 1,
            _ => {}
        }
        rule.hits += 1;
        Some(Hit { id: rule.id, action })
    }
}

impl Rule {
    fn matches(&self, call: &Call) -> bool {
        let matcher = &self.matcher;
        let operation = match matcher.operation {
            None | Some(Which::Any(Any::Any)) => true,
            Some(Which::One(operation)) => operation == call.operation,
        };
        operation
            && matcher.method.as_ref().is_none_or(|method| call.method.as_str().eq_ignore_ascii_case(method))
            && matcher.path.as_ref().is_none_or(|path| call.path.contains(path.as_str()))
            && self.content_type.is_none_or(|wanted| call.content_type() == Some(wanted))
            && matcher.content_id.as_ref().is_none_or(|wanted| call.content_id() == Some(wanted.as_str()))
            && matcher.page.is_none_or(|wanted| {
                let next = call.param("nextPage").is_some();
                wanted == if next { PageKind::Next } else { PageKind::First }
            })
    }

    /// Whether this one is among the matching requests that it strikes.
    fn strikes(&mut self, call: &Call, now: i64) -> bool {
        self.seen += 1;
        if now < self.raging {
            return true;
        }
        let strikes = self.chosen(call);
        if let Some(storm) = self.storm.filter(|_| strikes) {
            self.raging = now + (storm.seconds * SECOND as f64) as i64;
        }
        strikes
    }

    fn chosen(&mut self, call: &Call) -> bool {
        if self.times.is_some_and(|times| self.hits >= times)
            || self.matcher.nth.is_some_and(|nth| self.seen != nth)
        {
            return false;
        }
        match self.when {
            When::Word(Word::Always) => true,
            When::Word(Word::Once) => self.hits == 0,
            When::Every(Every { every }) => self.seen.is_multiple_of(every),
            When::Share(Part { share, seed, permanent }) => {
                let item = call.item();
                fraction(hash_text(seed, &item)) < share && (permanent || self.struck.insert(item))
            }
        }
    }
}
