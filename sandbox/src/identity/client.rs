//! Who the client is, and how it proves it (identity, 5.1 to 5.3).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::AUTHORIZATION;

use super::assertion;
use super::refusal::{Refused, missing, numbered, unknown_app, wrong_secret};
use super::registry::id;
use super::request::Request;
use crate::call::Call;
use crate::clock;
use crate::config::App;

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Not at all.
    None,
    Secret,
    Certificate,
    Federated,
}

impl Proof {
    /// As access tokens say it.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Secret => 1,
            Self::Certificate | Self::Federated => 2,
        }
    }
}

/// The application that a request is of, and its proof if it shows one. A wrong proof is refused.
pub(super) fn identify(request: &Request<'_>) -> Result<(App, Proof), Refused> {
    let tenant = request.tenant;
    let basic = basic(request.call);
    let client = basic.as_ref().map(|(id, _)| id.as_str()).or_else(|| request.field("client_id"));
    let client = client.ok_or_else(|| missing("client_id"))?;
    let app = tenant.identity.app(client).ok_or_else(|| unknown_app(client, request.directory))?;
    let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or_else(|| request.field("client_secret"));
    let proof = match (secret, request.field("client_assertion")) {
        (Some(_), Some(_)) => {
            return Err(numbered(9_002_313).because("Only one way of client authentication is allowed."));
        }
        (Some(secret), None) => check_secret(&app, secret, tenant.clock.now())?,
        (None, Some(shown)) => {
            tenant.identity.book().disclose("client_assertion", shown);
            assertion::check(request, &app, shown)?
        }
        (None, None) => Proof::None,
    };
    Ok((app, proof))
}

/// Refuses a client that has shown no proof.
pub(super) fn need(proof: Proof) -> Result<(), Refused> {
    if proof == Proof::None { Err(numbered(7_000_218)) } else { Ok(()) }
}

/// Client id and secret from an HTTP Basic header; both are form-encoded inside it.
pub(super) fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, value) = call.header(&AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        form_urlencoded::parse(format!("v={part}").as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

fn check_secret(app: &App, shown: &str, now: i64) -> Result<Proof, Refused> {
    let known =
        app.secrets.iter().find(|secret| secret.value == shown).ok_or_else(|| wrong_secret(id(app)))?;
    let expires = known.expires.as_deref().and_then(clock::parse);
    if expires.is_some_and(|expires| expires <= now) {
        return Err(numbered(7_000_222).because(format!("Visit the registration of '{}'.", id(app))));
    }
    Ok(Proof::Secret)
}
