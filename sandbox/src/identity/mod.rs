//! Who may do what: the authority with all its ways to a token, and the endpoints that machines have for theirs
//! (identity; management-activity, 2).

mod arc;
mod assertion;
mod authorize;
mod catalogue;
mod certificate;
mod client;
mod consent;
mod device;
mod discovery;
mod federation;
mod jwt;
mod keys;
mod managed;
mod on_behalf_of;
mod pages;
mod redirect;
mod refresh;
mod refusal;
mod registry;
mod request;
mod sign_in;
mod summary;
mod target;
mod token_endpoint;
mod tokens;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::{Call, Operation};
use crate::tenant::Tenant;
use request::Version;

pub(crate) use arc::clean;
pub(crate) use catalogue::{known, numbers};
pub(crate) use certificate::{Order, make, thumbprint};
pub(crate) use device::{direct, show as show_devices};
pub(crate) use federation::{Assertion, assert};
pub(crate) use keys::{Algorithm, Keys, sign_for};
pub(crate) use managed::{Host, usual};
pub(crate) use pages::escape;
pub(crate) use refresh::revoke as revoke_refresh_tokens;
pub use refusal::CredentialState;
pub(crate) use refusal::{Refused, numbered, status_of};
pub(crate) use registry::Directory;
pub(crate) use summary::{hides, summary};
pub(crate) use tokens::{Audience, Denied, Grant, Tokens, Whose, Wish, challenge};

/// Answers a request to the authority, or to a machine's endpoint for managed identities.
pub(crate) fn answer(tenant: &Tenant, call: &Call) -> Answer {
    if let Some(host) = Host::at(&call.path) {
        return managed::answer(tenant, call, host);
    }
    if call.path == "/devicelogin" {
        return device::page(tenant, call);
    }
    let (get, post) = (call.method == Method::GET, call.method == Method::POST);
    let path = call.path.trim_start_matches('/');
    let Some((directory, rest)) = path.split_once('/') else { return Answer::empty(StatusCode::NOT_FOUND) };
    if directory == "federation" {
        return federation::answer(tenant, call, rest);
    }
    match rest {
        "oauth2/v2.0/token" if post => token_endpoint::answer(tenant, call, directory, Version::V2),
        "oauth2/token" if post => token_endpoint::answer(tenant, call, directory, Version::V1),
        "oauth2/v2.0/authorize" if get || post => authorize::answer(tenant, call, directory, Version::V2),
        "oauth2/authorize" if get || post => authorize::answer(tenant, call, directory, Version::V1),
        "oauth2/v2.0/devicecode" if post => device::answer(tenant, call, directory, Version::V2),
        "oauth2/devicecode" if post => device::answer(tenant, call, directory, Version::V1),
        "oauth2/v2.0/logout" | "oauth2/logout" if get => {
            pages::say(StatusCode::OK, "You signed out of your account", "You may close this window.")
        }
        "adminconsent" | "v2.0/adminconsent" if get || post => consent::answer(tenant, call, directory),
        "v2.0/.well-known/openid-configuration" => discovery::metadata(tenant, directory, Version::V2),
        ".well-known/openid-configuration" => discovery::metadata(tenant, directory, Version::V1),
        "discovery/v2.0/keys" | "discovery/keys" => discovery::keys(tenant, directory),
        "discovery/instance" if get => discovery::instance(tenant, call),
        _ => Answer::empty(StatusCode::NOT_FOUND),
    }
}

/// Refuses a request of any kind to the authority; a browser is sent back with it.
pub(crate) fn refuse(tenant: &Tenant, call: &Call, refusal: &Refused) -> Answer {
    if call.operation == Operation::Authorize {
        return authorize::refuse(tenant, call, refusal);
    }
    refusal.answer(tenant, call)
}

/// Notes a private key that was made for a test.
pub(crate) fn note_private_key(tenant: &Tenant, pem: &str) {
    tenant.identity.book().disclose("private_key", pem);
}

/// Every secret and token that the authority has given out or was shown.
pub(crate) fn secrets(tenant: &Tenant) -> Vec<Value> {
    let mut secrets = tenant.identity.book().disclosed();
    let tokens = tenant.tokens.all();
    secrets.extend(tokens.into_iter().map(|token| json!({"kind": "access_token", "value": token})));
    secrets
}

/// What a client needs to know to sign in by any of the ways.
pub(crate) fn describe(tenant: &Tenant) -> Value {
    let main = &tenant.urls.main;
    let at = |host: Host| format!("{main}{}", host.path());
    let directory = &tenant.identity;
    let book = directory.book();
    let user = book.user(None, |personal| !personal);
    json!({
        "user": user.map(|user| user.name.clone()),
        "users": book.users,
        "apps": book.apps,
        "federation": {"issuer": format!("{main}/federation"), "requestUrl": format!("{main}/federation/github?")},
        "managed": {
            "header": directory.machine_secret,
            "user": directory.managed.user,
            "imds": main,
            "appService": at(Host::AppService),
            "machineLearning": at(Host::MachineLearning),
            "arc": at(Host::Arc),
            "arcDirectory": arc::directory(tenant).display().to_string(),
            "arcProgramData": arc::program_data(tenant).display().to_string(),
            "serviceFabric": at(Host::ServiceFabric),
            "serverThumbprint": tenant.certificates.as_ref().map(|known| &known.thumbprint),
            "cloudShell": at(Host::CloudShell),
        },
        "behaviour": book.behaviour,
    })
}
