//! A memory of every request, so that tests can say what was asked, how often, and what became of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::audit::ContentType;
use crate::call::{Call, Operation};
use crate::clock;
use crate::identity::{hides, summary};
use crate::tenant::locked;

/// All requests since the start, or since the ledger was cleared.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Requests that are remembered; the oldest are forgotten first.
    kept: usize,
    rows: Mutex<Rows>,
    requests: AtomicU64,
    refused: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

#[derive(Default)]
struct Rows {
    first: u64,
    rows: VecDeque<Row>,
}

struct Row {
    at: i64,
    method: String,
    path: String,
    operation: Operation,
    content_type: Option<ContentType>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    status: Option<u16>,
    fault: Option<u64>,
    aborted: bool,
    /// What a request for a token asked for, and how.
    login: Option<Value>,
}

/// Which requests to show.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Filter {
    path: Option<String>,
    method: Option<String>,
    operation: Option<Operation>,
    content_type: Option<String>,
}

/// A request in flight. Dropping it before it is finished means that the client has gone.
pub(crate) struct Entry {
    /// Absent for requests that nobody asks about: those of the control surface.
    ledger: Option<Arc<Ledger>>,
    number: u64,
    finished: bool,
}

impl Ledger {
    /// An empty one that remembers so many requests.
    pub(crate) fn new(kept: usize) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Notes a request. `bearer` is the number of its token.
    pub(crate) fn begin(self: &Arc<Self>, at: i64, call: &Call, bearer: Option<u64>) -> Entry {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        // A number that no row has, for a ledger that keeps none.
        let mut number = u64::MAX;
        if self.kept > 0 {
            let row = Row::new(at, call, bearer);
            let mut rows = locked(&self.rows);
            number = rows.first + rows.rows.len() as u64;
            rows.rows.push_back(row);
            if rows.rows.len() > self.kept {
                rows.rows.pop_front();
                rows.first += 1;
            }
        }
        Entry { ledger: Some(Arc::clone(self)), number, finished: false }
    }

    /// The requests that `filter` lets through, oldest first.
    pub(crate) fn show(&self, filter: &Filter) -> Value {
        let rows = locked(&self.rows);
        let shown: Vec<Value> = rows.rows.iter().filter(|row| filter.lets(row)).map(Row::show).collect();
        json!({ "requests": shown })
    }

    /// Forgets all requests.
    pub(crate) fn clear(&self) {
        let mut rows = locked(&self.rows);
        // Requests still in flight must not write into the rows of later ones.
        rows.first += rows.rows.len() as u64;
        rows.rows.clear();
    }

    /// Counts a request that the limit turned away.
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Totals since the start.
    pub(crate) fn stats(&self, tokens: u64) -> Value {
        json!({
            "requests": self.requests.load(Ordering::Relaxed),
            "refused": self.refused.load(Ordering::Relaxed),
            "tokens": tokens,
            "bytes": self.bytes.load(Ordering::Relaxed),
            "inFlight": self.in_flight.load(Ordering::SeqCst),
            "peakInFlight": self.peak.load(Ordering::SeqCst),
        })
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Row)) {
        let mut rows = locked(&self.rows);
        let place = number.checked_sub(rows.first).and_then(|place| usize::try_from(place).ok());
        if let Some(row) = place.and_then(|place| rows.rows.get_mut(place)) {
            change(row);
        }
    }
}

impl Entry {
    /// An entry in no ledger.
    pub(crate) const fn unrecorded() -> Self {
        Self { ledger: None, number: 0, finished: false }
    }

    /// Notes what the request is answered with.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.change(|row| row.status = Some(status.as_u16()));
    }

    /// Notes the fault rule that struck.
    pub(crate) fn struck(&self, fault: u64) {
        self.change(|row| row.fault = Some(fault));
    }

    /// The answer is out, or the server itself broke it off.
    pub(crate) fn finish(&mut self) {
        if !std::mem::replace(&mut self.finished, true)
            && let Some(ledger) = &self.ledger
        {
            ledger.in_flight.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Counts bytes of this answer.
    pub(crate) fn count_bytes(&self, bytes: usize) {
        if let Some(ledger) = &self.ledger {
            ledger.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Row)) {
        if let Some(ledger) = &self.ledger {
            ledger.change(self.number, change);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.finished {
            self.change(|row| row.aborted = true);
            self.finish();
        }
    }
}

impl Filter {
    fn lets(&self, row: &Row) -> bool {
        self.path.as_ref().is_none_or(|path| row.path.contains(path.as_str()))
            && self.method.as_ref().is_none_or(|method| row.method.eq_ignore_ascii_case(method))
            && self.operation.is_none_or(|operation| row.operation == operation)
            && self.content_type.as_ref().is_none_or(|name| {
                row.content_type.is_some_and(|known| known.as_str().eq_ignore_ascii_case(name))
            })
    }
}

impl Row {
    fn new(at: i64, call: &Call, bearer: Option<u64>) -> Self {
        let headers = call.headers.iter().map(|(name, value)| {
            let value = match name.as_str() {
                "authorization" => mask(call, bearer),
                name if hides(name) => "(hidden)".into(),
                _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            };
            (name.as_str().to_owned(), value)
        });
        Self {
            at,
            method: call.method.to_string(),
            path: call.path.clone(),
            operation: call.operation,
            content_type: call.content_type(),
            query: call.query.clone(),
            headers: headers.collect(),
            body: (!call.body.is_empty()).then(|| body(call)),
            status: None,
            fault: None,
            aborted: false,
            login: summary(call),
        }
    }

    fn show(&self) -> Value {
        let map = |pairs: &[(String, String)]| -> Map<String, Value> {
            pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
        };
        let mut shown = json!({
            "at": clock::millis(self.at),
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "query": map(&self.query),
            "headers": map(&self.headers),
            "status": self.status,
            "aborted": self.aborted,
        });
        if let Some(body) = &self.body {
            shown["body"] = json!(body);
        }
        if let Some(login) = &self.login {
            shown["login"] = login.clone();
        }
        if let Some(fault) = self.fault {
            shown["fault"] = json!(fault);
        }
        shown
    }
}

fn mask(call: &Call, bearer: Option<u64>) -> String {
    match (call.bearer(), bearer) {
        (Some(_), Some(number)) => format!("Bearer #{number}"),
        (Some(_), None) => "Bearer #?".into(),
        (None, _) => "(hidden)".into(),
    }
}

fn body(call: &Call) -> String {
    const SHOWN: usize = 65_536;
    if !matches!(call.operation, Operation::Token | Operation::DeviceCode | Operation::Authorize) {
        return String::from_utf8_lossy(&call.body[..call.body.len().min(SHOWN)]).into_owned();
    }
    let mut shown = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(&call.body) {
        shown.append_pair(&name, if hides(&name) { "(hidden)" } else { &value });
    }
    shown.finish()
}
