//! Signed assertions in place of a secret: of the client's own certificate, or of another issuer that it is trusted by
//! (identity, 5.2 and 5.3).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::certificate::{Certificate, sha1, sha256};
use super::client::Proof;
use super::jwt::{self, Broken, Jwt};
use super::refusal::{Refused, missing, numbered};
use super::registry::id;
use super::request::Request;
use crate::clock::SECOND;
use crate::config::{App, Replay};

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far clocks may be apart.
const LEEWAY: i64 = 300;

/// Checks an assertion that a client shows in place of a secret.
pub(super) fn check(request: &Request<'_>, app: &App, shown: &str) -> Result<Proof, Refused> {
    let token = Jwt::read(shown).map_err(|broken| match broken {
        Broken::Shape => numbered(700_027).because("The assertion is no signed token."),
        Broken::Part => numbered(50_027).because("A part of the client assertion cannot be read."),
    })?;
    match request.field("client_assertion_type") {
        Some(BEARER) => {}
        Some(other) => {
            return Err(
                numbered(9_002_313).because(format!("The client_assertion_type '{other}' is not supported."))
            );
        }
        None => return Err(missing("client_assertion_type")),
    }
    let is_app = |claim: &str| token.text(claim).is_some_and(|text| text.eq_ignore_ascii_case(id(app)));
    let proof = if is_app("iss") || is_app("sub") {
        if token.text("iss") != token.text("sub") {
            return Err(numbered(50_048));
        }
        check_certificate(request, app, &token)?;
        Proof::Certificate
    } else {
        check_federated(request, app, &token)?;
        Proof::Federated
    };
    if proof == Proof::Certificate {
        check_replay(request, &token, shown)?;
    }
    Ok(proof)
}

fn check_certificate(request: &Request<'_>, app: &App, token: &Jwt) -> Result<(), Refused> {
    if !matches!(token.header("alg"), Some("RS256" | "PS256")) {
        return Err(numbered(50_012).because("The algorithm of a client assertion is RS256 or PS256."));
    }
    let certificate = certificate(app, token)?;
    let now = request.tenant.clock.now() / SECOND;
    if now < certificate.not_before || now > certificate.not_after {
        let thumbprint = certificate.thumbprint();
        return Err(numbered(700_027).because(format!(
            "[Reason - The key used is expired. Thumbprint of key used by client: '{thumbprint}']"
        )));
    }
    let key = certificate
        .key
        .as_deref()
        .ok_or_else(|| numbered(700_027).because("[Reason - The key is no RSA key.]"))?;
    if certificate.bits < 2_048 {
        return Err(numbered(50_032));
    }
    if !token.is_signed_by(key) {
        let thumbprint = certificate.thumbprint();
        return Err(numbered(700_027).because(format!(
            "[Reason - The signature is not that of the key. Thumbprint of key used by client: '{thumbprint}']"
        )));
    }
    let audience = token.text("aud").unwrap_or_default();
    if !request.endpoints().iter().any(|endpoint| endpoint.eq_ignore_ascii_case(audience)) {
        return Err(numbered(700_023).because(format!(
            "The audience is '{audience}'; this endpoint is '{}'.",
            request.endpoints()[0]
        )));
    }
    check_times(token, now)
}

/// The certificate that an assertion names: a registered one, or one of a trusted subject and issuer.
fn certificate(app: &App, token: &Jwt) -> Result<Certificate, Refused> {
    let unknown = |why: &str| numbered(700_027).because(format!("[Reason - {why}]"));
    let named = |header: &str| token.header(header).map(|text| jwt::bytes(text).unwrap_or_default());
    let (old, new) = (named("x5t"), named("x5t#S256"));
    let fits = |certificate: &Certificate| {
        old.as_ref().is_none_or(|old| *old == sha1(&certificate.der))
            && new.as_ref().is_none_or(|new| *new == sha256(&certificate.der))
    };
    let chain = chain(token)?;
    if old.is_none() && new.is_none() && chain.is_empty() {
        return Err(unknown("The assertion names no certificate: x5t, x5t#S256 or x5c are missing."));
    }
    let leaf = chain.first();
    let registered = app.certificates.iter().filter_map(|pem| Certificate::from_pem(pem));
    let meant = |known: &Certificate| fits(known) && leaf.is_none_or(|leaf| leaf.der == known.der);
    if let Some(known) = registered.into_iter().find(meant) {
        return Ok(known);
    }
    let Some(leaf) = chain.into_iter().next() else {
        return Err(unknown("The key was not found."));
    };
    if !fits(&leaf) {
        return Err(unknown("The thumbprint is not that of the first certificate in x5c."));
    }
    if app.subject_names.is_empty() {
        return Err(unknown("The key was not found."));
    }
    let trusted = app.subject_names.iter().any(|name| {
        name.subject.eq_ignore_ascii_case(&leaf.subject)
            && Certificate::from_pem(&name.issuer).is_some_and(|issuer| leaf.is_issued_by(&issuer))
    });
    if trusted { Ok(leaf) } else { Err(numbered(700_030).because(format!("It is '{}'.", leaf.subject))) }
}

/// The certificates in `x5c`, the client's own first.
fn chain(token: &Jwt) -> Result<Vec<Certificate>, Refused> {
    let Some(value) = token.header.get("x5c") else { return Ok(vec![]) };
    // Some clients leave the line breaks of a PEM file in; the service does not mind.
    let read = |item: &Value| {
        let text: String = item.as_str()?.split_ascii_whitespace().collect();
        Certificate::from_der(&BASE64_STANDARD.decode(text).ok()?)
    };
    let chain = value.as_array().and_then(|items| items.iter().map(read).collect::<Option<Vec<_>>>());
    chain.ok_or_else(|| {
        numbered(50_027).because("The header x5c is a list of certificates, each DER in base64 with padding.")
    })
}

fn check_federated(request: &Request<'_>, app: &App, token: &Jwt) -> Result<(), Refused> {
    let tenant = request.tenant;
    let claim = |name: &str| token.text(name).unwrap_or_default();
    let (issuer, subject, audience) = (claim("iss"), claim("sub"), claim("aud"));
    let presented = || {
        format!(
            "Assertion issuer '{issuer}', subject '{subject}', audience '{audience}'. Please note that the matching is case-sensitive."
        )
    };
    let by_issuer: Vec<_> = app.federated.iter().filter(|trust| trust.issuer == issuer).collect();
    if by_issuer.is_empty() {
        return Err(numbered(700_211).because(presented()));
    }
    if !by_issuer.iter().any(|trust| trust.subject == subject) {
        return Err(numbered(700_213).because(presented()));
    }
    if !by_issuer.iter().any(|trust| trust.subject == subject && trust.audience == audience) {
        return Err(numbered(700_212).because(presented()));
    }
    let keys = tenant.identity.keys;
    let ours = [
        format!("https://sts.windows.net/{}/", tenant.id),
        format!("{}/{}/v2.0", tenant.urls.main, tenant.id),
    ];
    let key = if ours.iter().any(|own| own == issuer) {
        if token.claims.contains_key("scp") {
            return Err(numbered(700_229));
        }
        &keys.authority
    } else if issuer == format!("{}/federation", tenant.urls.main) {
        &keys.federation
    } else {
        return Err(numbered(50_013).because("The keys of the issuer cannot be fetched."));
    };
    if token.header("alg") != Some("RS256") || !token.is_signed_by(key.public()) {
        let mut refusal =
            numbered(50_013).because("[Reason - The signature is not that of the issuer's key.]");
        (refusal.error, refusal.status) = ("invalid_client".into(), hyper::StatusCode::UNAUTHORIZED);
        return Err(refusal);
    }
    check_times(token, tenant.clock.now() / SECOND)
}

/// Lifetimes are JSON numbers, and hold now.
fn check_times(token: &Jwt, now: i64) -> Result<(), Refused> {
    for name in ["exp", "nbf", "iat"] {
        if token.claims.get(name).is_some_and(|value| !value.is_number()) {
            return Err(numbered(50_027).because(format!("The claim '{name}' is not a number.")));
        }
    }
    let end = token.time("exp").ok_or_else(|| numbered(50_027).because("The claim 'exp' is missing."))?;
    let start = token.time("nbf").unwrap_or(end.min(now));
    if now >= end + LEEWAY || now < start - LEEWAY {
        return Err(numbered(700_024).because(format!(
            "Current time: {now}, assertion valid from {start}, expiry time of assertion {end}."
        )));
    }
    Ok(())
}

fn check_replay(request: &Request<'_>, token: &Jwt, shown: &str) -> Result<(), Refused> {
    let mut book = request.tenant.identity.book();
    if book.behaviour.assertion_replay == Replay::Allow {
        return Ok(());
    }
    let Some(jti) = token.text("jti").filter(|jti| !jti.is_empty()) else {
        return Err(numbered(50_027).because("The claim 'jti' is missing."));
    };
    let now = request.tenant.clock.now() / SECOND;
    book.shown.retain(|_, (_, end)| *end + LEEWAY > now);
    let key = format!("{} {jti}", token.text("iss").unwrap_or_default());
    let this = sha256(shown.as_bytes());
    match book.shown.get(&key) {
        Some((known, _)) if book.behaviour.assertion_replay == Replay::Refuse || *known != this => {
            Err(numbered(50_012)
                .because(format!("A client assertion with the jti '{jti}' was shown before.")))
        }
        _ => {
            book.shown.insert(key, (this, token.time("exp").unwrap_or(now)));
            Ok(())
        }
    }
}
