//! The older wire: four calls below `/api/v1.0/{tenant}/ServiceComms/` (service-communications, 2).

mod answers;
mod filter;
mod gate;
mod message;
mod ranges;
mod status;
mod words;

use hyper::{Method, StatusCode};
use serde_json::Value;

use super::path;
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::DAY;
use crate::tenant::Tenant;

pub(crate) use answers::error;

use answers::{Entity, Level, list, retired, stamp};
use filter::{Clause, read};

/// Answers a request to the older wire, if it is one.
pub(crate) fn answer(tenant: &Tenant, call: &Call) -> Option<Answer> {
    let (directory, operation) = path::legacy(&call.path)?;
    let answer = respond(tenant, call, directory, operation).unwrap_or_else(|refusal| refusal);
    Some(stamp(tenant, answer))
}

fn respond(tenant: &Tenant, call: &Call, directory: &str, operation: &str) -> Result<Answer, Answer> {
    let status = tenant.health().settings.retired.status();
    if let Some(status) = status {
        return Ok(retired(status));
    }
    let grant = gate::check(tenant, call, directory, operation)?;
    if call.method != Method::GET {
        return Err(Answer::empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    let now = tenant.clock.now();
    let clauses = |texts: &[&'static str], times: &[&'static str]| {
        let filter = option(call, "$filter").unwrap_or_default();
        read(filter, texts, times).map_err(|what| wrong(tenant, &what))
    };
    let operation = operation.to_ascii_lowercase();
    let (rows, of) = match operation.as_str() {
        "services" => (status::services(&tenant.health()), Entity::Workload),
        "currentstatus" => {
            let clauses = clauses(&["Workload"], &[])?;
            (lets(status::current(&tenant.health(), now), &clauses), Entity::Status)
        }
        "historicalstatus" => {
            let clauses = clauses(&["Workload"], &["StatusTime"])?;
            let health = tenant.health();
            let days = if clauses.iter().any(|clause| clause.name() == "StatusTime") { 90 } else { 7 };
            let first = now - days * DAY;
            (lets(status::historical(&health, first, now), &clauses), Entity::Status)
        }
        "messages" => {
            let clauses = clauses(&["Workload", "MessageType", "Id"], &["StartTime", "EndTime"])?;
            let health = tenant.health();
            let user = grant.user.as_ref().map(|user| user.name.as_str());
            let rows = message::all(tenant, &health, user, now);
            let inside = ranges::usual(&clauses, health.settings.strict_window, now);
            drop(health);
            let mut rows = lets(rows, &clauses);
            rows.retain(|row| inside(row));
            (window(tenant, call, rows)?, Entity::Message)
        }
        _ => return Err(Answer::empty(StatusCode::NOT_FOUND)),
    };
    Ok(list(tenant, Level::of(call), directory, of, &rows, option(call, "$select")))
}

/// The part of the rows that `$top` and `$skip` name.
fn window(tenant: &Tenant, call: &Call, rows: Vec<Value>) -> Result<Vec<Value>, Answer> {
    const MOST: usize = 100;
    let number = |name: &str, usual: usize| match option(call, name).map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => Err(wrong(tenant, &format!("Invalid parameter type: {name}. Expected type: Int32."))),
    };
    let (top, skip) = (number("$top", MOST)?.min(MOST), number("$skip", 0)?);
    Ok(rows.into_iter().skip(skip).take(top).collect())
}

fn lets(mut rows: Vec<Value>, clauses: &[Clause]) -> Vec<Value> {
    rows.retain(|row| clauses.iter().all(|clause| clause.lets(row)));
    rows
}

/// A query option, by its exact name. What is spelled otherwise is not there, and nobody is told.
fn option<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn wrong(tenant: &Tenant, what: &str) -> Answer {
    error(tenant, StatusCode::BAD_REQUEST, "AF20002", what)
}
