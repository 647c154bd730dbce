//! What clients can find out before they sign in: addresses, keys, where a domain lives, and whether a host is an
//! authority at all (identity, 1, 2 and 2.1; discovery-service, 9.1).

use hyper::StatusCode;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use serde_json::{Value, json};

use super::refusal::{Refused, numbered, refused};
use super::registry::PERSONAL;
use super::request::{Segment, Version};
use crate::answer::Answer;
use crate::call::Call;
use crate::config::{DiscoveryDomain, DomainCloud};
use crate::random::{guid, hash_text};
use crate::tenant::{Tenant, Urls};

/// The hosts of the clouds: the one to use first, then its aliases.
const CLOUDS: [&[&str]; 3] = [
    &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
];

/// The addresses of a directory.
pub(super) fn metadata(tenant: &Tenant, directory: &str, version: Version) -> Answer {
    let refuse = |refusal: &Refused| {
        Answer::json(StatusCode::BAD_REQUEST, &refusal.body(tenant, &tenant.urls.main, ""))
    };
    let discovery = tenant.discovery();
    let said = discovery.domain(directory);
    if let Some(refusal) = said.and_then(|said| elsewhere(said, directory)) {
        return refuse(&refusal);
    }
    let main = &tenant.urls.main;
    let foreign = guid(hash_text(tenant.config.seed, &directory.to_ascii_lowercase()));
    // Where many directories sign in, the issuer is a template, and endpoints stay where they are.
    let (place, issuer) = match (Segment::read(tenant, directory), said) {
        (Ok(Segment::Own), _) => (tenant.id.as_str(), tenant.id.as_str()),
        (Ok(Segment::Common), _) => ("common", "{tenantid}"),
        (Ok(Segment::Organizations), _) => ("organizations", "{tenantid}"),
        (Ok(Segment::Consumers), _) => ("consumers", PERSONAL),
        (Err(_), Some(_)) => (foreign.as_str(), foreign.as_str()),
        (Err(_), None) => {
            return refuse(&refused("invalid_tenant", 90_002, format!("Tenant '{directory}' not found.")));
        }
    };
    // No region has all directories.
    let everywhere = issuer == "{tenantid}";
    let (issuer, path, keys) = match version {
        Version::V2 => (format!("{main}/{issuer}/v2.0"), "oauth2/v2.0", "discovery/v2.0/keys"),
        Version::V1 => (format!("https://sts.windows.net/{issuer}/"), "oauth2", "discovery/keys"),
    };
    let mut body = json!({
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
        "tenant_region_scope": (!everywhere).then_some("EU"),
        "cloud_instance_name": "sandbox",
        "msgraph_host": host(&tenant.urls.graph),
    });
    if let Some(said) = said {
        locate(&mut body, said);
    }
    open(&body)
}

/// What is said of a cloud: its name, the host of its Graph, and the region of its tenants with a part of it.
const fn about(cloud: DomainCloud) -> (&'static str, &'static str, &'static str, Option<&'static str>) {
    match cloud {
        DomainCloud::Global => ("microsoftonline.com", "graph.microsoft.com", "EU", None),
        DomainCloud::Gcc => ("microsoftonline.com", "graph.microsoft.com", "NA", Some("GCC")),
        DomainCloud::GccHigh => ("microsoftonline.us", "graph.microsoft.us", "USGov", Some("DODCON")),
        DomainCloud::Dod => ("microsoftonline.us", "dod-graph.microsoft.us", "USGov", Some("DOD")),
        DomainCloud::China => ("partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "AS", None),
    }
}

/// The refusal of a domain that another cloud's authority is to be asked for.
fn elsewhere(said: &DiscoveryDomain, directory: &str) -> Option<Refused> {
    let (cloud, ..) = about(said.cloud.filter(|_| said.refused)?);
    let text = format!("Tenant '{directory}' request is being redirected to the National Cloud '{cloud}'.");
    Some(refused("invalid_request", 90_038, text))
}

/// Says where a domain lives.
fn locate(body: &mut Value, said: &DiscoveryDomain) {
    let (mut scope, mut part) = (None, None);
    if let Some(cloud) = said.cloud {
        let (name, graph, region, within) = about(cloud);
        body["cloud_instance_name"] = json!(name);
        body["msgraph_host"] = json!(graph);
        (scope, part) = (Some(region), within);
    }
    if let Some(scope) = said.region_scope.as_deref().or(scope) {
        body["tenant_region_scope"] = json!(scope);
    }
    if let Some(part) = said.region_sub_scope.as_deref().or(part) {
        body["tenant_region_sub_scope"] = json!(part);
    }
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
