//! The audit log query API of Graph: `POST` and `GET /security/auditLog/queries`, `GET` and `DELETE` of one, and
//! `GET .../records`. A query needs a while; then its records are there, in pages.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::{self, Filter, Found};
use super::{error, records};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{self, SECOND};
use crate::identity::Grant;
use crate::random::{guid, hash, salt};
use crate::tenant::Tenant;

/// Where the API is.
pub(super) const PATH: &str = "/v1.0/security/auditLog/queries";

/// All queries of the tenant.
#[derive(Default)]
pub(crate) struct Queries {
    all: Vec<Query>,
    made: u64,
    /// What becomes of those that are created from now on.
    pub(crate) outcome: Outcome,
    /// Seconds from creation to the end, if it is not what the configuration says.
    pub(crate) delay: Option<f64>,
}

struct Query {
    id: String,
    created: i64,
    /// When it ends.
    done: i64,
    outcome: Outcome,
    /// As it was asked for.
    asked: Map<String, Value>,
    filter: Arc<Filter>,
    found: Option<Arc<Vec<Found>>>,
}

/// How a query ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    #[default]
    Succeeded,
    Failed,
    Cancelled,
}

/// Answers a request to the API.
pub(super) async fn answer(tenant: &Arc<Tenant>, call: &Call, grant: &Grant) -> Answer {
    let Some(services) = filter::permitted(&grant.roles) else {
        let message = "The caller does not have the required permission AuditLogsQuery.Read.All.";
        return error(tenant, StatusCode::FORBIDDEN, "Forbidden", message);
    };
    let rest = call.path[PATH.len()..].trim_matches('/');
    let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
    match (&call.method, id, below) {
        (&Method::POST, "", "") => create(tenant, call, services),
        (&Method::GET, "", "") => list(tenant),
        (&Method::GET, id, "") => get(tenant, id),
        (&Method::DELETE, id, "") if !id.is_empty() => delete(tenant, id),
        (&Method::GET, id, "records") => page(tenant, call, id).await,
        _ => missing(tenant, &call.path),
    }
}

fn create(tenant: &Arc<Tenant>, call: &Call, services: Option<Vec<&'static str>>) -> Answer {
    let refuse = |message: &str| error(tenant, StatusCode::BAD_REQUEST, "BadRequest", message);
    let Ok(asked) = serde_json::from_slice::<Map<String, Value>>(&call.body) else {
        return refuse("Unable to read JSON request payload.");
    };
    let filter = match Filter::read(&asked, services) {
        Ok(filter) => filter,
        Err(message) => return refuse(&message),
    };
    let mut state = tenant.state();
    let now = tenant.clock.now();
    let queries = &mut state.queries;
    queries.made += 1;
    let delay = queries.delay.unwrap_or(tenant.config.search_delay);
    let query = Query {
        id: guid(hash(&[tenant.config.seed, salt("query"), queries.made])),
        created: now,
        done: now + (delay * SECOND as f64) as i64,
        outcome: queries.outcome,
        asked,
        filter: Arc::new(filter),
        found: None,
    };
    let shown = query.show(tenant, now, true);
    queries.all.push(query);
    Answer::json(StatusCode::CREATED, &shown)
}

fn list(tenant: &Tenant) -> Answer {
    let now = tenant.clock.now();
    let shown: Vec<Value> =
        tenant.state().queries.all.iter().map(|query| query.show(tenant, now, false)).collect();
    let context = format!("{}/v1.0/$metadata#security/auditLog/queries", tenant.urls.graph);
    Answer::json(StatusCode::OK, &json!({"@odata.context": context, "value": shown}))
}

fn get(tenant: &Tenant, id: &str) -> Answer {
    let now = tenant.clock.now();
    let state = tenant.state();
    match state.queries.all.iter().find(|query| query.id == id) {
        Some(query) => Answer::json(StatusCode::OK, &query.show(tenant, now, true)),
        None => missing(tenant, id),
    }
}

fn delete(tenant: &Tenant, id: &str) -> Answer {
    let mut state = tenant.state();
    let queries = &mut state.queries.all;
    let before = queries.len();
    queries.retain(|query| query.id != id);
    if queries.len() < before { Answer::empty(StatusCode::NO_CONTENT) } else { missing(tenant, id) }
}

/// A page of the records. Before the query has succeeded there are none.
async fn page(tenant: &Arc<Tenant>, call: &Call, id: &str) -> Answer {
    let context = format!("{}/v1.0/$metadata#security/auditLog/queries('{id}')/records", tenant.urls.graph);
    let (filter, created) = {
        let now = tenant.clock.now();
        let state = tenant.state();
        let Some(query) = state.queries.all.iter().find(|query| query.id == id) else {
            return missing(tenant, id);
        };
        if query.status(now) != "succeeded" {
            return Answer::json(StatusCode::OK, &json!({"@odata.context": context, "value": []}));
        }
        if let Some(found) = &query.found {
            return records::page(tenant, call, id, &context, found);
        }
        (Arc::clone(&query.filter), query.created)
    };
    // A search reads all that it searches, which must not keep others waiting.
    let searched = Arc::clone(tenant);
    let work = tokio::task::spawn_blocking(move || filter::search(&searched, &filter, created));
    let Ok(found) = work.await else { return Answer::html(StatusCode::INTERNAL_SERVER_ERROR) };
    let found = Arc::new(found);
    if let Some(query) = tenant.state().queries.all.iter_mut().find(|query| query.id == id) {
        query.found = Some(Arc::clone(&found));
    }
    records::page(tenant, call, id, &context, &found)
}

impl Query {
    fn status(&self, now: i64) -> &'static str {
        if now >= self.done {
            match self.outcome {
                Outcome::Succeeded => "succeeded",
                Outcome::Failed => "failed",
                Outcome::Cancelled => "cancelled",
            }
        } else if now - self.created < (self.done - self.created) / 2 {
            "notStarted"
        } else {
            "running"
        }
    }

    fn show(&self, tenant: &Tenant, now: i64, alone: bool) -> Value {
        let mut shown = Map::new();
        if alone {
            let context = format!("{}/v1.0/$metadata#security/auditLog/queries/$entity", tenant.urls.graph);
            shown.insert("@odata.context".into(), context.into());
        }
        shown.insert("id".into(), self.id.clone().into());
        let asked =
            self.asked.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "status" | "@odata.type"));
        shown.extend(asked.map(|(name, value)| (name.clone(), value.clone())));
        let (from, until) = self.filter.span();
        for (name, instant) in [("filterStartDateTime", from), ("filterEndDateTime", until)] {
            if let Some(instant) = instant {
                shown.insert(name.into(), format!("{}Z", clock::seconds(instant)).into());
            }
        }
        shown.insert("status".into(), self.status(now).into());
        Value::Object(shown)
    }
}

fn missing(tenant: &Tenant, what: &str) -> Answer {
    let message = format!(
        "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    );
    error(tenant, StatusCode::NOT_FOUND, "ResourceNotFound", &message)
}
