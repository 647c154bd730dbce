//! What the ledger says of a request for a token: who asked, how, and nothing that is secret.

use hyper::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::client::basic;
use super::jwt::Jwt;
use super::managed::Host;
use crate::call::{Call, Operation};

/// Whether a field of a form or a header is secret.
pub(crate) fn hides(name: &str) -> bool {
    matches!(
        name,
        "client_secret"
            | "client_assertion"
            | "refresh_token"
            | "assertion"
            | "password"
            | "code"
            | "code_verifier"
            | "device_code"
            | "x-identity-header"
            | "secret"
    )
}

/// Grant, credential and client of a request to an endpoint that gives tokens.
pub(crate) fn summary(call: &Call) -> Option<Value> {
    if let Some(host) = Host::at(&call.path) {
        return Some(json!({"grant": "managed_identity", "credential": host.name()}));
    }
    if !matches!(call.operation, Operation::Token | Operation::DeviceCode) {
        return None;
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let basic = basic(call);
    let client = basic.as_ref().map(|(id, _)| id.as_str()).or_else(|| field("client_id"));
    let assertion = field("client_assertion").map(|text| Jwt::read(text).ok());
    let credential = match (&basic, field("client_secret"), &assertion) {
        (Some(_), _, _) => "secret_basic",
        (None, Some(_), _) => "secret",
        (None, None, Some(Some(token))) if token.text("iss") == client => "certificate",
        (None, None, Some(_)) => "federated",
        (None, None, None) => "none",
    };
    let grant =
        if call.operation == Operation::DeviceCode { Some("devicecode") } else { field("grant_type") };
    let mut summary = json!({"grant": grant, "credential": credential, "clientId": client});
    if let (Some(Some(token)), "certificate") = (&assertion, credential) {
        summary["algorithm"] = json!(token.header("alg"));
        let thumbprints = ["x5t", "x5t#S256", "x5c"];
        let named: Vec<&str> =
            thumbprints.into_iter().filter(|name| token.header.contains_key(*name)).collect();
        summary["certificateBy"] = json!(named);
    }
    if call.headers.contains_key(AUTHORIZATION) && basic.is_none() {
        summary["credential"] = json!("other");
    }
    Some(summary)
}
