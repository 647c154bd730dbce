//! The token endpoints: where they are, how they are asked, and what their errors mean.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded;

use super::{Number, Token, TokenAnswer, TokenEndpoint, is_guid};
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::http::{Answer, Corridor, Refusal, Request};

/// The life of a token whose answer does not tell: short, so that a guess does no harm.
const ASSUMED_LIFE: i64 = 600;

/// Sends a grant to the token endpoint and reads the token.
pub(super) async fn redeem(
    corridor: &Corridor,
    tenant: &str,
    endpoint: &TokenEndpoint,
    form: &[(&str, String)],
) -> Result<Token> {
    let path = match endpoint {
        TokenEndpoint::V1 => format!("{tenant}/oauth2/token"),
        _ => format!("{tenant}/oauth2/v2.0/token"),
    };
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    // A grant of client credentials may be sent again: each answer is a token of its own.
    let request = Request::new(Method::POST, at_authority(corridor, &path)?)
        .body("application/x-www-form-urlencoded", body)
        .repeatable()
        .judge(judge);
    Box::pin(corridor.exchange(&request, read_token)).await
}

/// The directory id of a domain, from the issuer that its metadata names.
pub(super) async fn tenant_id(corridor: &Corridor, domain: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
    }

    let url = at_authority(corridor, &format!("{domain}/.well-known/openid-configuration"))?;
    let request = Request::new(Method::GET, url).judge(judge);
    Box::pin(corridor.exchange(&request, |answer| {
        let metadata: Metadata = serde_json::from_slice(&answer.body)
            .map_err(|e| Error::decode("the tenant's metadata cannot be read").with_source(e))?;
        let id = metadata.issuer.split('/').find(|part| is_guid(part)).map(str::to_ascii_lowercase);
        id.ok_or_else(|| Error::new(ErrorKind::Auth, format!("the tenant {domain:?} has no directory id")))
    }))
    .await
}

fn at_authority(corridor: &Corridor, path: &str) -> Result<Url> {
    let authority = corridor.hosts.authority()?;
    authority
        .join(path)
        .map_err(|e| Error::invalid(format!("{path:?} cannot follow {authority}")).with_source(e))
}

pub(crate) fn read_token(answer: &Answer) -> Result<Token> {
    // The body is never quoted in an error: it may hold the token.
    let unreadable = || Error::new(ErrorKind::Auth, "the token endpoint answered without a usable token");
    let read: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    let bearer = read.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let (Some(token), true) = (read.access_token, bearer) else { return Err(unreadable()) };
    let now = Timestamp::now();
    let seconds = read.expires_in.as_ref().and_then(Number::seconds);
    let until =
        read.expires_on.as_ref().and_then(Number::seconds).and_then(|s| Timestamp::from_second(s).ok());
    let expires = match (seconds, until) {
        (Some(seconds), _) => now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now),
        (None, Some(until)) => until,
        (None, None) => now + SignedDuration::from_secs(ASSUMED_LIFE),
    };
    Ok(Token::new(token, Some(expires)))
}

/// Only trouble of the moment is worth another try; a refused credential stays refused.
pub(crate) fn judge(refusal: &Refusal) -> Error {
    let transient = matches!(refusal.code.as_deref(), Some("temporarily_unavailable" | "server_error"));
    let (kind, repeat) = match refusal.status.as_u16() {
        429 => (ErrorKind::Throttled, Repeat::Throttled),
        408 | 500..=599 => (ErrorKind::Service, Repeat::Fault),
        _ if transient => (ErrorKind::Service, Repeat::Fault),
        404 => (ErrorKind::NotFound, Repeat::Never),
        _ => (ErrorKind::Auth, Repeat::Never),
    };
    let error = refusal.error(kind, repeat);
    let number = refusal.message.as_deref().and_then(aadsts);
    let hint = match number.as_deref() {
        Some("AADSTS7000215") => "The secret is wrong: pass the secret's value, not its id",
        Some("AADSTS7000222") => "The secret has expired: add a new one to the application",
        Some("AADSTS700016") => {
            "The application is not known in this tenant: check the client id and the tenant"
        }
        Some("AADSTS90002" | "AADSTS900023") => "The tenant is not known here: check its name and the cloud",
        Some("AADSTS7000112") => {
            "The application is disabled in this tenant: enable it in Entra ID, under Enterprise applications"
        }
        Some("AADSTS90038" | "AADSTS900382" | "AADSTS900439") => {
            "The tenant is in another national cloud: choose that cloud"
        }
        Some("AADSTS500011") => {
            "The tenant does not know the API: check the cloud, and that the application asks for its permissions"
        }
        Some("AADSTS700027" | "AADSTS50012") => {
            "The client's proof was refused; check its certificate and the clock"
        }
        Some("AADSTS65001") => {
            "An administrator of the tenant has to consent to the application's permissions"
        }
        _ => return error.with_code(number.or_else(|| refusal.code.clone())),
    };
    error.with_code(number).with_hint(hint)
}

/// The number that a message begins with, such as `AADSTS7000215`.
fn aadsts(message: &str) -> Option<String> {
    let start = message.find("AADSTS")?;
    let digits = message[start + 6..].bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| message[start..start + 6 + digits].to_owned())
}
