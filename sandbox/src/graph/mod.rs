//! A little of the Graph host: searches of the audit log, and enough to try a request of one's own against, and to
//! see what arrives.

mod bytes;
mod filter;
mod places;
mod queries;
mod records;

use std::sync::Arc;

use hyper::header::WWW_AUTHENTICATE;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::call::{Call, Operation};
use crate::clock;
use crate::identity::{Audience, Denied, Grant, challenge};
use crate::random::{guid, hash_text};
use crate::service_health;
use crate::tenant::Tenant;

pub(crate) use bytes::{ELSEWHERE, elsewhere};
pub(crate) use queries::{Outcome, Queries};

/// Answers a request below `/v1.0/` or `/beta/`.
pub(crate) async fn answer(tenant: &Arc<Tenant>, call: &Call) -> Answer {
    let now = tenant.clock.now();
    let grant = call.bearer().ok_or(Denied::Dead).and_then(|token| tenant.tokens.check(token, now));
    let grant = match grant {
        Ok(grant) => grant,
        Err(Denied::Dead) => {
            return refuse(tenant, "Lifetime validation failed, the token is expired or not known.");
        }
        Err(Denied::Challenged(claims)) => {
            return refuse(tenant, "Continuous access evaluation resulted in a challenge.")
                .with(WWW_AUTHENTICATE, &challenge(&tenant.urls, &claims));
        }
    };
    if grant.audience != Audience::Graph {
        return refuse(tenant, "Access token validation failure. Invalid audience.");
    }
    if call.operation == Operation::Queries {
        return queries::answer(tenant, call, &grant).await;
    }
    if let Some(answer) = service_health::graph(tenant, call, &grant) {
        return answer;
    }
    match (&call.method, call.path.as_str()) {
        (&Method::GET, "/v1.0/organization") => Answer::json(StatusCode::OK, &organization(tenant)),
        (&Method::GET, "/v1.0/me") => Answer::json(StatusCode::OK, &me(tenant, &grant)),
        (&Method::GET, "/v1.0/bytes") => bytes::some(tenant, call),
        (&Method::GET, "/v1.0/moved") => bytes::moved(tenant, call),
        (&Method::GET, "/v1.0/me/drive") => places::drive(tenant, call, &grant),
        (&Method::GET, "/v1.0/sites/root") => places::root(tenant, call, &grant),
        (&Method::GET, path) if path.ends_with("/photo/$value") => bytes::photo(tenant, call),
        (_, "/v1.0/echo") => Answer::json(StatusCode::OK, &echo(call)),
        (_, path) => error(
            tenant,
            StatusCode::NOT_FOUND,
            "ResourceNotFound",
            &format!("Resource not found for the segment '{}'.", path.rsplit('/').next().unwrap_or_default()),
        ),
    }
}

fn organization(tenant: &Tenant) -> Value {
    json!({
        "@odata.context": format!("{}/v1.0/$metadata#organization", tenant.urls.graph),
        "value": [{
            "id": tenant.id,
            "displayName": "Contoso",
            "tenantType": "AAD",
            "verifiedDomains": [{"name": tenant.config.domain, "isDefault": true, "isInitial": true}],
        }],
    })
}

fn me(tenant: &Tenant, grant: &Grant) -> Value {
    let usual = || (format!("sadie.lund@{}", tenant.config.domain), "Sadie Lund".to_owned());
    let user = grant.user.as_ref().map(|user| (user.name.clone(), user.display_name.clone()));
    let (name, display_name) = user.unwrap_or_else(usual);
    json!({
        "@odata.context": format!("{}/v1.0/$metadata#users/$entity", tenant.urls.graph),
        "id": guid(hash_text(tenant.config.seed, &name)),
        "displayName": display_name,
        "userPrincipalName": name,
        "mail": name,
    })
}

/// The request as it arrived. The token stays out of it.
fn echo(call: &Call) -> Value {
    let headers: Map<String, Value> = call
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "authorization" | "cookie" | "host" | "connection"))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let query: Map<String, Value> =
        call.query.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    json!({
        "method": call.method.as_str(),
        "query": query,
        "headers": headers,
        "json": serde_json::from_slice::<Value>(&call.body).unwrap_or(Value::Null),
        "length": call.body.len(),
    })
}

fn refuse(tenant: &Tenant, message: &str) -> Answer {
    error(tenant, StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
        .with(WWW_AUTHENTICATE, &format!("Bearer realm=\"\", authorization_uri=\"{}\"", tenant.urls.main))
}

/// What Graph says with a status when nothing else is said.
pub(crate) fn usual(tenant: &Tenant, status: StatusCode) -> Answer {
    let code = match status {
        StatusCode::UNAUTHORIZED => return refuse(tenant, "Access token has expired or is not yet valid."),
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "ResourceNotFound",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ if status.is_server_error() => "InternalServerError",
        _ => "BadRequest",
    };
    error(tenant, status, code, status.canonical_reason().unwrap_or("Error"))
}

fn error(tenant: &Tenant, status: StatusCode, code: &str, message: &str) -> Answer {
    let date = clock::seconds(tenant.clock.now());
    Answer::json(status, &json!({"error": {"code": code, "message": message, "innerError": {"date": date}}}))
}
