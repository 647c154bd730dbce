//! Misbehaviour on request: a rule matches requests and says what goes wrong with them.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::audit::{self, ContentType};
use crate::call::{Call, Operation};
use crate::random::{fraction, hash_text};
use crate::throttle::{Look, Refusal};

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
    nth: Option<u64>,
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
    expecting = "when: takes `once`, `always`, `{\"every\": n}` or `{\"share\": s, \"seed\": n}`"
)]
enum When {
    Word(Word),
    Every(Every),
    Share(Share),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Every {
    every: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    share: f64,
    seed: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Once,
    Always,
}

/// An action as it is written: a delay, or one of the others, or both.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members are the vocabulary of the rule; one of them is set"
)]
struct Spelled {
    delay: Option<f64>,
    status: Option<u16>,
    body: Option<Value>,
    headers: BTreeMap<String, String>,
    cut_after: Option<usize>,
    truncate: Option<usize>,
    wrong_length: Option<i64>,
    drip_bytes: Option<usize>,
    drip_every: Option<f64>,
    duplicate_listing: bool,
    stale_page: bool,
    loop_page: bool,
    foreign_uri: Option<String>,
    foreign_next: Option<String>,
    stall: bool,
    reset: bool,
    html: bool,
    object_body: bool,
    empty: bool,
    throttle: Option<Look>,
    expire_token: bool,
}

/// What goes wrong.
#[derive(Clone, Default)]
pub(crate) struct Action {
    /// Seconds before anything else happens.
    pub(crate) delay: Option<f64>,
    pub(crate) effect: Effect,
}

/// What goes wrong beside a delay.
#[derive(Clone, Default)]
pub(crate) enum Effect {
    /// Nothing else.
    #[default]
    None,
    /// Another answer than that of the service.
    Instead(Canned),
    /// The answer of the service is broken on its way.
    Wire(WireFault),
    /// The listing is not what it should be.
    Listing(Bend),
    /// The connection is reset before there is an answer.
    Reset,
    /// The token of the request is no longer good.
    ExpireToken,
}

/// An answer that stands in for that of the service.
#[derive(Clone)]
pub(crate) enum Canned {
    Status { status: StatusCode, body: Option<Value>, headers: BTreeMap<String, String> },
    Html,
    ObjectBody,
    Empty,
    Throttle(Look),
}

/// What happens to a body on its way.
#[derive(Clone, Copy)]
pub(crate) enum WireFault {
    /// Its full length is announced, and so many bytes arrive before the connection ends.
    Cut(usize),
    /// It is shortened to so many bytes, and the shorter length is announced.
    Truncate(usize),
    /// The announced length is wrong by this.
    WrongLength(i64),
    /// So many bytes every so many seconds.
    Drip(usize, f64),
    /// Half of it, and then nothing until the client goes.
    Stall,
}

/// What is wrong with a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bend {
    /// Every item is there twice.
    pub(crate) duplicate: bool,
    /// The next page is of another time.
    pub(crate) stale: bool,
    /// The next page is this page.
    pub(crate) looped: bool,
    /// Host that contents are said to be at.
    pub(crate) foreign_uri: Option<String>,
    /// Host that the next page is said to be at.
    pub(crate) foreign_next: Option<String>,
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
            When::Share(Share { share, .. }) if !(0.0..=1.0).contains(&share) => {
                return Err("when.share: must be between 0 and 1".into());
            }
            _ => {}
        }
        self.last += 1;
        self.rules.push(Rule {
            id: self.last,
            matcher: order.matcher,
            content_type,
            action: order.action.read()?,
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
    pub(crate) fn strike(&mut self, call: &Call) -> Option<Hit> {
        let rule = self
            .rules
            .iter_mut()
            .filter(|rule| rule.matches(call))
            .find_map(|rule| rule.strikes(call).then_some(rule))?;
        rule.hits += 1;
        Some(Hit { id: rule.id, action: rule.action.clone() })
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
    }

    /// Whether this one is among the matching requests that it strikes.
    fn strikes(&mut self, call: &Call) -> bool {
        self.seen += 1;
        if self.times.is_some_and(|times| self.hits >= times)
            || self.matcher.nth.is_some_and(|nth| self.seen != nth)
        {
            return false;
        }
        match self.when {
            When::Word(Word::Always) => true,
            When::Word(Word::Once) => self.hits == 0,
            When::Every(Every { every }) => self.seen.is_multiple_of(every),
            When::Share(Share { share, seed }) => {
                let item = call.item();
                fraction(hash_text(seed, &item)) < share && self.struck.insert(item)
            }
        }
    }
}

impl Spelled {
    fn read(self) -> Result<Action, String> {
        let mut effects = vec![];
        let mut bend = Bend::default();
        if let Some(status) = self.status {
            let status =
                StatusCode::from_u16(status).map_err(|_| format!("action.status: {status} is not one"))?;
            effects.push(Effect::Instead(Canned::Status { status, body: self.body, headers: self.headers }));
        } else if self.body.is_some() || !self.headers.is_empty() {
            return Err("action.body, action.headers: need action.status".into());
        }
        match (self.drip_bytes, self.drip_every) {
            (None, None) => {}
            (Some(bytes), Some(every)) if bytes > 0 && (0.0..3_600.0).contains(&every) => {
                effects.push(Effect::Wire(WireFault::Drip(bytes, every)));
            }
            _ => return Err("action.dripBytes, action.dripEvery: need each other, and be above 0".into()),
        }
        effects.extend(self.cut_after.map(|bytes| Effect::Wire(WireFault::Cut(bytes))));
        effects.extend(self.truncate.map(|bytes| Effect::Wire(WireFault::Truncate(bytes))));
        effects.extend(self.wrong_length.map(|delta| Effect::Wire(WireFault::WrongLength(delta))));
        effects.extend(self.throttle.map(|look| Effect::Instead(Canned::Throttle(look))));
        for (set, effect) in [
            (self.stall, Effect::Wire(WireFault::Stall)),
            (self.reset, Effect::Reset),
            (self.html, Effect::Instead(Canned::Html)),
            (self.object_body, Effect::Instead(Canned::ObjectBody)),
            (self.empty, Effect::Instead(Canned::Empty)),
            (self.expire_token, Effect::ExpireToken),
        ] {
            if set {
                effects.push(effect);
            }
        }
        let listing = [
            (self.duplicate_listing, &mut bend.duplicate),
            (self.stale_page, &mut bend.stale),
            (self.loop_page, &mut bend.looped),
        ]
        .into_iter()
        .fold(false, |any, (set, member)| {
            *member = set;
            any || set
        });
        let foreign = self.foreign_uri.is_some() || self.foreign_next.is_some();
        (bend.foreign_uri, bend.foreign_next) = (self.foreign_uri, self.foreign_next);
        if listing || foreign {
            effects.push(Effect::Listing(bend));
        }
        if effects.len() > 1 {
            return Err("action: takes one fault, beside a delay".into());
        }
        if self.delay.is_some_and(|delay| !(0.0..3_600.0).contains(&delay)) {
            return Err("action.delay: must be between 0 and 3,600 seconds".into());
        }
        match effects.pop() {
            None if self.delay.is_none() => Err("action: names no fault".into()),
            effect => Ok(Action { delay: self.delay, effect: effect.unwrap_or_default() }),
        }
    }
}

impl Canned {
    /// The answer.
    pub(crate) fn answer(&self, call: &Call, now: i64) -> Answer {
        match self {
            Self::Html => {
                let page = "<html><body><h1>Our services aren't available right now</h1></body></html>";
                Answer::whole(StatusCode::OK, "text/html", Bytes::from_static(page.as_bytes()))
            }
            Self::ObjectBody => {
                audit::code(StatusCode::OK, "AF50000", "An internal error occurred. Retry the request.")
            }
            Self::Empty => Answer::whole(StatusCode::OK, "application/json; charset=utf-8", Bytes::new()),
            Self::Throttle(look) => Refusal { look: *look, wait: 500 }.answer(
                audit::operation_name(call.operation),
                call.param("PublisherIdentifier"),
                now,
            ),
            Self::Status { status, body, headers } => {
                let mut answer = match body {
                    None => usual(*status, call),
                    Some(Value::String(text)) => {
                        let json = text.trim_start().starts_with(['{', '[', '\'', '\u{feff}']);
                        let content_type = if json { "application/json; charset=utf-8" } else { "text/html" };
                        Answer::whole(*status, content_type, Bytes::from(text.clone()))
                    }
                    Some(json) => Answer::json(*status, json),
                };
                if matches!(body, Some(Value::String(text)) if text.is_empty()) {
                    answer.headers.remove(CONTENT_TYPE);
                }
                for (name, value) in headers {
                    if let Ok(name) = name.parse::<HeaderName>() {
                        answer = answer.with(name, value);
                    }
                }
                answer
            }
        }
    }
}

/// What the service or its gateway would say with this status.
fn usual(status: StatusCode, call: &Call) -> Answer {
    match status {
        StatusCode::UNAUTHORIZED => audit::gateway_refusal(),
        StatusCode::INTERNAL_SERVER_ERROR => {
            audit::code(status, "AF50000", "An internal error occurred. Retry the request.")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let operation = audit::operation_name(call.operation);
            audit::code(status, "AF429", &format!("Too many requests. Method={operation}, PublisherId="))
        }
        _ if status.is_server_error() => Answer::html(status),
        _ => Answer::empty(status),
    }
}
