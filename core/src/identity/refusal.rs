//! What the sign-in service's refusals mean: the error for each, and what to do about it.
//!
//! The service asks programs to go by `error`, `suberror`, `claims` and the status alone, since its numbers may
//! change. So numbers sharpen the hint and mark a few causes as passing; an unknown one changes nothing.
//!
//! Source: "Microsoft Entra authentication and authorization error codes".

use crate::error::{Error, ErrorKind, Repeat};
use crate::http::Refusal;

/// Causes that pass by themselves.
const TRANSIENT: &[u32] = &[50033, 50087, 50166, 80005, 90006, 90012, 90024, 90033, 90090, 40010, 501_621];
/// Refused for its rate: the same token was asked for in a loop, or the tenant is asked too often.
const TOO_OFTEN: &[u32] = &[50196, 90055];

/// What to do, by the number of the cause.
const HINTS: &[(&[u32], &str)] = &[
    (&[7_000_215], "The secret is wrong: pass the secret's value, not its id"),
    (&[7_000_222], "The secret has expired: add a new one to the application"),
    (&[700_016, 70001], "The application is not known in this tenant: check the client id and the tenant"),
    (&[90002, 900_023, 50059, 90019], "The tenant is not known here: check its name and the cloud"),
    (
        &[7_000_112],
        "The application is disabled in this tenant: enable it in Entra ID, under Enterprise applications",
    ),
    (&[90038, 900_382, 900_432, 900_439], "The tenant is in another national cloud: choose that cloud"),
    (
        &[50194, 9_001_023, 90124, 90130, 9_002_332],
        "This sign-in needs a tenant of its own: pass a directory id or a domain, not an alias such as `common`",
    ),
    (
        &[500_011, 50001, 650_057],
        "The tenant does not know the API: check the cloud, and that the application asks for its permissions",
    ),
    (
        &[700_027, 50012, 50048],
        "The client's proof was refused; check that its certificate is registered with the application, and the clock",
    ),
    (
        &[700_024],
        "The assertion has expired or is not valid yet: check the clock, and that a fresh one is read for each token",
    ),
    (
        &[700_211, 700_212, 700_213, 70021],
        "No federated credential of the application fits the assertion: compare its issuer, subject and audience",
    ),
    (
        &[700_229],
        "The assertion is a token of Entra ID that is not app-only: only those are taken as assertions",
    ),
    (&[700_030], "The certificate's subject is not allowed to speak for this application"),
    (&[50032], "The certificate's key is too weak: use RSA with 2048 bits or more"),
    (
        &[7_000_218],
        "The application needs to prove itself: pass a secret or a certificate, or allow public client flows for it",
    ),
    (&[700_025], "The application is a public client: sign in without a secret or certificate"),
    (
        &[65001, 65004, 90094, 90095],
        "An administrator of the tenant has to consent to the application's permissions",
    ),
    (
        &[650_052, 650_056, 50105, 90099],
        "The application or the user has not been given access in this tenant",
    ),
    (
        &[50011, 50147, 501_481],
        "The redirect URI or its proof does not fit: use the one that is registered, unchanged",
    ),
    (&[70011, 28002, 28003, 700_022, 700_023], "A scope is not known: ask for scopes of one API at a time"),
    (
        &[53003, 530_032, 530_035, 53011, 50131],
        "A conditional access policy of the tenant refuses this sign-in",
    ),
    (
        &[50053, 50057, 50034, 50020, 50126, 500_021],
        "The account cannot sign in here: locked, disabled or unknown",
    ),
    (
        &[50072, 50074, 50076, 50078, 50079, 50158],
        "A second factor is needed: have the user sign in again, interactively",
    ),
    (
        &[
            50058, 50055, 50125, 50129, 50132, 50133, 50173, 53000, 53001, 53002, 53004, 70008, 700_020,
            700_082, 700_084, 70043, 16000,
        ],
        "The sign-in has ended: have the user sign in again",
    ),
    (&[54005, 50089], "The code has been used or is too old: begin a new sign-in"),
    (&[700_005], "The code is of another tenant: redeem it where it was asked for"),
    (&[70019, 70018], "The device code has expired or is wrong: begin a new sign-in"),
    (
        &[50013, 500_133, 50027],
        "The user's token was refused: it must be fresh, and its audience this application",
    ),
    (&[7_000_114], "The application is not allowed to act on behalf of users"),
    (&[50196], "The same token was asked for in a loop: keep tokens, and use one client for all calls"),
    (&[90055], "The tenant is asked for tokens too often: slow down"),
    (&[901_002], "The v2 endpoint takes no resource: ask the v1 endpoint, or for a scope"),
];

/// What a refused token request means.
///
/// Only trouble of the moment is worth another try; a refused credential stays refused.
pub(crate) fn judge(refusal: &Refusal) -> Error {
    let body = refusal.json.as_ref();
    let text = |name: &str| Some(body?.get(name)?.as_str()?.to_owned()).filter(|text| !text.is_empty());
    let oauth = refusal.code.as_deref();
    let number = number(refusal);
    let is_one_of = |numbers: &[u32]| number.is_some_and(|number| numbers.contains(&number));
    let transient = matches!(oauth, Some("temporarily_unavailable" | "server_error")) || is_one_of(TRANSIENT);
    let (kind, repeat) = match refusal.status.as_u16() {
        429 => (ErrorKind::Throttled, Repeat::Throttled),
        _ if is_one_of(TOO_OFTEN) => (ErrorKind::Throttled, Repeat::Never),
        408 | 500..=599 => (ErrorKind::Service, Repeat::Fault),
        _ if transient => (ErrorKind::Service, Repeat::Fault),
        404 => (ErrorKind::NotFound, Repeat::Never),
        _ => (ErrorKind::Auth, Repeat::Never),
    };
    let error = refusal.error(kind, repeat).with_sign_in(|told| {
        told.interaction_required = matches!(
            oauth,
            Some("interaction_required" | "login_required" | "consent_required" | "invalid_grant")
        );
        told.error = oauth.map(str::to_owned);
        told.suberror = text("suberror");
        told.claims = text("claims");
        told.trace_id = text("trace_id");
        told.correlation_id = text("correlation_id");
    });
    let id = refusal.request_id.clone().or_else(|| text("trace_id"));
    let code = number.map(|number| format!("AADSTS{number}")).or_else(|| refusal.code.clone());
    let error = error.with_request_id(id).with_code(code);
    match number.and_then(hint) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// The same of requests that must not be sent a second time, such as the redemption of a code.
pub(crate) fn judge_once(refusal: &Refusal) -> Error {
    judge(refusal).with_repeat(Repeat::Never)
}

fn hint(number: u32) -> Option<&'static str> {
    HINTS.iter().find(|(numbers, _)| numbers.contains(&number)).map(|(_, hint)| *hint)
}

/// The number of the cause: where the service says so, or what its message begins with.
fn number(refusal: &Refusal) -> Option<u32> {
    let said = refusal.json.as_ref().and_then(|body| body.get("error_codes")?.get(0)?.as_u64());
    let written = || {
        let (_, rest) = refusal.message.as_deref()?.split_once("AADSTS")?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().ok()
    };
    said.and_then(|number| u32::try_from(number).ok()).or_else(written)
}

/// Whether a message of an authorization response is one that a person has to answer.
pub(super) fn needs_a_person(error: &str) -> bool {
    matches!(error, "interaction_required" | "login_required" | "consent_required" | "access_denied")
}

/// Whether the refresh token itself is bad; any other refusal may concern one API's policy only.
pub(super) fn ends_refresh_token(error: &Error) -> bool {
    error.sign_in().error.as_deref() == Some("invalid_grant")
        && error.sign_in().suberror.as_deref() == Some("bad_token")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    fn judged(status: u16, body: &Value) -> Error {
        let body = Bytes::from(body.to_string());
        judge(&Refusal::new(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &body))
    }

    #[test]
    fn all_that_the_service_said_is_kept() {
        let error = judged(
            400,
            &json!({"error": "invalid_grant", "suberror": "bad_token", "error_codes": [70043],
                    "error_description": "AADSTS70043: The refresh token has expired", "trace_id": "t-1",
                    "correlation_id": "c-1", "claims": "{\"access_token\":{}}"}),
        );
        let told = error.sign_in();
        assert_eq!(
            (error.kind(), error.code(), error.request_id()),
            (ErrorKind::Auth, Some("AADSTS70043"), Some("t-1"))
        );
        assert_eq!(told.claims.as_deref(), Some(r#"{"access_token":{}}"#));
        assert_eq!((told.trace_id.as_deref(), told.correlation_id.as_deref()), (Some("t-1"), Some("c-1")));
        assert!(told.interaction_required && ends_refresh_token(&error));
        assert!(error.hint().unwrap().contains("sign in again"));
    }

    #[test]
    fn only_trouble_of_the_moment_is_worth_another_try() {
        let refused = |error: &str, number: u32| json!({"error": error, "error_codes": [number]});
        for (status, body, kind, retryable) in [
            (401, refused("invalid_client", 7_000_215), ErrorKind::Auth, false),
            (400, refused("invalid_request", 90033), ErrorKind::Service, true),
            (400, refused("temporarily_unavailable", 1), ErrorKind::Service, true),
            (400, refused("invalid_grant", 50196), ErrorKind::Throttled, false),
            (429, json!({}), ErrorKind::Throttled, true),
            (503, json!({}), ErrorKind::Service, true),
            (400, refused("something_new", 4_000_000), ErrorKind::Auth, false),
        ] {
            let error = judged(status, &body);
            assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{body}");
        }
    }

    #[test]
    fn the_number_is_read_from_the_message_where_no_member_has_it() {
        let body = json!({"error": "invalid_client", "error_description": "AADSTS7000222: expired"});
        assert_eq!(judged(401, &body).code(), Some("AADSTS7000222"));
        let body = json!({"error": "invalid_client", "error_description": "AADSTS"});
        assert_eq!(judged(401, &body).code(), Some("invalid_client"));
    }

    #[test]
    fn no_number_has_two_hints() {
        let mut seen = std::collections::HashSet::new();
        let twice: Vec<u32> =
            HINTS.iter().flat_map(|(numbers, _)| *numbers).copied().filter(|n| !seen.insert(*n)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
