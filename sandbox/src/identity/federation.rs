//! The issuer of tokens that workloads bring, and where their hosts ask for them (identity, 5.3).

use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::discovery;
use super::jwt;
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::SECOND;
use crate::tenant::Tenant;

/// What an issuer says of a workload; what is left out is as the usual trust wants it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assertion {
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) audience: Option<String>,
    /// Seconds from now; may be negative.
    pub(crate) lifetime: Option<i64>,
}

/// Makes a token of the issuer.
pub(crate) fn assert(tenant: &Tenant, assertion: Assertion) -> String {
    let usual = tenant.identity.app(tenant.config.client_id.as_deref().unwrap_or_default());
    let usual = usual.and_then(|app| app.federated.into_iter().next());
    let (issuer, subject, audience) =
        usual.map_or_else(Default::default, |trust| (trust.issuer, trust.subject, trust.audience));
    let now = tenant.clock.now() / SECOND;
    let mut random = tenant.next_request();
    random ^= crate::random::salt("assert");
    let token = jwt::sign(
        &tenant.identity.keys.federation,
        &json!({
            "iss": assertion.issuer.unwrap_or(issuer),
            "sub": assertion.subject.unwrap_or(subject),
            "aud": assertion.audience.unwrap_or(audience),
            "iat": now,
            "nbf": now.min(now + assertion.lifetime.unwrap_or(0)),
            "exp": now + assertion.lifetime.unwrap_or(600),
            "jti": crate::random::guid(crate::random::hash(&[tenant.config.seed, random])),
        }),
    );
    tenant.identity.book().disclose("federated_token", &token);
    token
}

/// Answers a request to the issuer.
pub(super) fn answer(tenant: &Tenant, call: &Call, rest: &str) -> Answer {
    match rest {
        "github" if call.method == Method::GET => hand_out(tenant, call, "value"),
        "pipelines" if call.method == Method::POST => {
            if call.param("api-version").is_none() || call.param("serviceConnectionId").is_none() {
                return refuse(StatusCode::BAD_REQUEST, "api-version and serviceConnectionId are needed.");
            }
            hand_out(tenant, call, "oidcToken")
        }
        _ => discovery::federation(tenant, rest),
    }
}

/// Gives a job its token, if it shows what it was started with.
fn hand_out(tenant: &Tenant, call: &Call, member: &str) -> Answer {
    let expected = format!("Bearer {}", tenant.identity.machine_secret);
    if call.header(&AUTHORIZATION).is_none_or(|shown| !shown.eq_ignore_ascii_case(&expected)) {
        return refuse(StatusCode::UNAUTHORIZED, "The request token is missing or wrong.");
    }
    let audience = call.param("audience").map(str::to_owned);
    let token = assert(tenant, Assertion { audience, ..Assertion::default() });
    let mut body = json!({});
    body[member] = Value::from(token);
    Answer::json(StatusCode::OK, &body)
}

fn refuse(status: StatusCode, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": text }))
}
