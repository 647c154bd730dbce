//! What clients can find out before they sign in: addresses, keys, and whether a host is an authority at all
//! (identity, 1, 2 and 2.1).

use hyper::StatusCode;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use serde_json::{Value, json};

use super::refusal::{numbered, refused};
use super::registry::PERSONAL;
use super::request::{Segment, Version};
use crate::answer::Answer;
use crate::call::Call;
use crate::tenant::{Tenant, Urls};

/// The hosts of the clouds: the one to use first, then its aliases.
const CLOUDS: [&[&str]; 3] = [
    &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
];

/// The addresses of a directory.
pub(super) fn metadata(tenant: &Tenant, directory: &str, version: Version) -> Answer {
    let Ok(segment) = Segment::read(tenant, directory) else {
        let refusal = refused("invalid_tenant", 90_002, format!("Tenant '{directory}' not found."));
        let body = refusal.body(tenant, &tenant.urls.main, "");
        return Answer::json(StatusCode::BAD_REQUEST, &body);
    };
    let main = &tenant.urls.main;
    // Where many directories sign in, the issuer is a template, and endpoints stay where they are.
    let (place, issuer) = match segment {
        Segment::Own => (tenant.id.as_str(), tenant.id.as_str()),
        Segment::Common => ("common", "{tenantid}"),
        Segment::Organizations => ("organizations", "{tenantid}"),
        Segment::Consumers => ("consumers", PERSONAL),
    };
    let (issuer, path, keys) = match version {
        Version::V2 => (format!("{main}/{issuer}/v2.0"), "oauth2/v2.0", "discovery/v2.0/keys"),
        Version::V1 => (format!("https://sts.windows.net/{issuer}/"), "oauth2", "discovery/keys"),
    };
    open(&json!({
        "issuer": issuer,
        "token_endpoint": format!("{main}/{place}/{path}/token"),
        "authorization_endpoint": format!("{main}/{place}/{path}/authorize"),
        "device_authorization_endpoint": format!("{main}/{place}/{path}/devicecode"),
        "end_session_endpoint": format!("{main}/{place}/{path}/logout"),
        "jwks_uri": format!("{main}/{place}/{keys}"),
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "client_secret_basic", "private_key_jwt",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "request_uri_parameter_supported": false,
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "oid",
        ],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "sandbox",
        "msgraph_host": host(&tenant.urls.graph),
    }))
}

/// The keys that tokens are signed with.
pub(super) fn keys(tenant: &Tenant, directory: &str) -> Answer {
    match Segment::read(tenant, directory) {
        Ok(_) => open(
            &tenant.identity.keys.authority.published(&format!("{}/{{tenantid}}/v2.0", tenant.urls.main)),
        ),
        Err(refusal) => Answer::json(StatusCode::BAD_REQUEST, &refusal.body(tenant, &tenant.urls.main, "")),
    }
}

/// Says whether a host is an authority, and which hosts are the same.
pub(super) fn instance(tenant: &Tenant, call: &Call) -> Answer {
    let refuse = |number: u32, text: &str| {
        let refusal = numbered(number).because(text);
        Answer::json(StatusCode::BAD_REQUEST, &refusal.body(tenant, &tenant.urls.main, ""))
    };
    if !matches!(call.param("api-version"), Some("1.0" | "1.1")) {
        return refuse(9_002_313, "The parameter 'api-version' must be 1.0 or 1.1.");
    }
    let Some(asked) = call.param("authorization_endpoint").filter(|asked| !asked.is_empty()) else {
        return refuse(900_144, "It is 'authorization_endpoint'.");
    };
    let Some((asked_host, directory)) = split(asked) else {
        return refuse(50_049, "It is no address.");
    };
    let (ours, clouds) = (own_hosts(&tenant.urls), CLOUDS.into_iter());
    let known = ours.iter().any(|host| host.eq_ignore_ascii_case(asked_host))
        || clouds.clone().flatten().any(|host| host.eq_ignore_ascii_case(asked_host));
    if !known {
        return refuse(50_049, &format!("The host is '{asked_host}'."));
    }
    let scheme = if tenant.urls.main.starts_with("https") { "https" } else { "http" };
    let scheme = if ours.iter().any(|host| host == asked_host) { scheme } else { "https" };
    let row = |hosts: &[&str]| json!({"preferred_network": hosts[0], "preferred_cache": hosts[0], "aliases": hosts});
    let own: Vec<&str> = ours.iter().map(String::as_str).collect();
    let rows: Vec<Value> = std::iter::once(row(&own)).chain(clouds.map(row)).collect();
    open(&json!({
        "tenant_discovery_endpoint":
            format!("{scheme}://{asked_host}/{directory}/v2.0/.well-known/openid-configuration"),
        "api-version": call.param("api-version"),
        "metadata": rows,
    }))
}

/// The issuer of tokens that workloads bring.
pub(super) fn federation(tenant: &Tenant, rest: &str) -> Answer {
    let issuer = format!("{}/federation", tenant.urls.main);
    match rest {
        ".well-known/openid-configuration" => open(&json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })),
        "keys" => open(&tenant.identity.keys.federation.published(&issuer)),
        _ => Answer::empty(StatusCode::NOT_FOUND),
    }
}

/// The sandbox's own host, by both of its names.
fn own_hosts(urls: &Urls) -> Vec<String> {
    let own = host(&urls.main).to_owned();
    let other = own.replacen("127.0.0.1", "localhost", 1);
    vec![own, other]
}

/// Host and directory of `https://{host}/{directory}/...`.
fn split(endpoint: &str) -> Option<(&str, &str)> {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let directory = path.split('/').next().filter(|name| !name.is_empty())?;
    Some((host, directory))
}

fn host(url: &str) -> &str {
    url.split_once("://").map_or("", |(_, host)| host)
}

fn open(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
        .with(CACHE_CONTROL, "max-age=86400, private")
        .with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}
