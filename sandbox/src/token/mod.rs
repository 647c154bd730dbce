//! The authority: token endpoints of both versions, and the metadata that tells a domain's directory id
//! (identity, 1 to 6; management-activity, 2).

mod refusal;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{MINUTE, SECOND};
use crate::random::{guid, hash, hash_text, salt};
use crate::tenant::{Tenant, Urls, locked};
use refusal::{
    Refused, check_standing, refused, unknown_app, unknown_resource, unknown_tenant, wrong_secret,
};

pub use refusal::CredentialState;

/// Every token that was given out.
pub(crate) struct Tokens {
    key: hmac::Key,
    grants: Mutex<HashMap<String, Arc<Grant>>>,
}

/// What a token allows.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The how many-th token it is, from 1; the ledger names tokens by it.
    pub(crate) number: u64,
    pub(crate) audience: Audience,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    pub(crate) expires: i64,
    expired: AtomicBool,
}

/// Which API a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The management API, and what else is on the main host.
    Management,
    Graph,
    /// Something this sandbox does not have.
    Other,
}

/// What a token is issued for.
pub(crate) struct Wish {
    /// As it was asked for; becomes the claim `aud`.
    pub(crate) resource: String,
    pub(crate) tenant: String,
    pub(crate) app: String,
    pub(crate) roles: Vec<String>,
    /// Seconds.
    pub(crate) lifetime: i64,
}

impl Audience {
    /// The API behind a resource. The names that the real clouds have are understood too, for clients that cannot be
    /// told another.
    pub(crate) fn of(resource: &str, urls: &Urls) -> Option<Self> {
        const MANAGEMENT: [&str; 5] = [
            "https://manage.office.com",
            "https://manage-gcc.office.com",
            "https://manage.office365.us",
            "https://manage.protection.apps.mil",
            "https://manage.office365.cn",
        ];
        const GRAPH: [&str; 4] = [
            "https://graph.microsoft.com",
            "https://graph.microsoft.us",
            "https://dod-graph.microsoft.us",
            "https://microsoftgraph.chinacloudapi.cn",
        ];
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        let is = |name: &str| name.eq_ignore_ascii_case(resource);
        if is(&urls.main) || MANAGEMENT.into_iter().any(is) {
            Some(Self::Management)
        } else if is(&urls.graph) || GRAPH.into_iter().any(is) {
            Some(Self::Graph)
        } else {
            None
        }
    }
}

impl Tokens {
    /// None yet. The signing key comes from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let secret: Vec<u8> =
            (0..4).flat_map(|part| hash(&[seed, salt("key"), part]).to_be_bytes()).collect();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), grants: Mutex::default() }
    }

    /// Gives out a token.
    pub(crate) fn issue(&self, wish: &Wish, urls: &Urls, now: i64) -> String {
        let mut grants = locked(&self.grants);
        let number = grants.len() as u64 + 1;
        let expires = now + wish.lifetime * SECOND;
        let object = guid(hash_text(7, &wish.app));
        let claims = json!({
            "aud": wish.resource,
            "iss": format!("https://sts.windows.net/{}/", wish.tenant),
            "iat": now / SECOND,
            "nbf": now / SECOND,
            "exp": expires / SECOND,
            "appid": wish.app,
            "appidacr": "1",
            "idp": format!("https://sts.windows.net/{}/", wish.tenant),
            "oid": object,
            "roles": wish.roles,
            "sub": object,
            "tid": wish.tenant,
            "uti": format!("m365kit{number:012}"),
            "ver": "1.0",
        });
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!(
            "{}.{}",
            encode(&json!({"typ": "JWT", "alg": "HS256", "kid": "sandbox"})),
            encode(&claims)
        );
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, unsigned.as_bytes()));
        let token = format!("{unsigned}.{signature}");
        let grant = Grant {
            number,
            audience: Audience::of(&wish.resource, urls).unwrap_or(Audience::Other),
            tenant: wish.tenant.clone(),
            roles: wish.roles.clone(),
            expires,
            expired: AtomicBool::new(false),
        };
        grants.insert(token.clone(), Arc::new(grant));
        token
    }

    /// What a token allows, while it lives.
    pub(crate) fn check(&self, token: &str, now: i64) -> Option<Arc<Grant>> {
        let grant = locked(&self.grants).get(token).cloned()?;
        (now < grant.expires && !grant.expired.load(Ordering::SeqCst)).then_some(grant)
    }

    /// The number of a token, dead or alive.
    pub(crate) fn number(&self, token: &str) -> Option<u64> {
        locked(&self.grants).get(token).map(|grant| grant.number)
    }

    /// How many were given out.
    pub(crate) fn count(&self) -> u64 {
        locked(&self.grants).len() as u64
    }

    /// Ends the life of one token.
    pub(crate) fn expire(&self, token: &str) {
        if let Some(grant) = locked(&self.grants).get(token) {
            grant.expired.store(true, Ordering::SeqCst);
        }
    }

    /// Ends the life of all tokens.
    pub(crate) fn expire_all(&self) {
        for grant in locked(&self.grants).values() {
            grant.expired.store(true, Ordering::SeqCst);
        }
    }
}

/// Answers a request to the authority.
pub(crate) fn answer(tenant: &Tenant, call: &Call) -> Answer {
    let path = call.path.trim_start_matches('/');
    let Some((directory, rest)) = path.split_once('/') else { return Answer::empty(StatusCode::NOT_FOUND) };
    match rest {
        "oauth2/v2.0/token" if call.method == Method::POST => token(tenant, call, directory, Version::V2),
        "oauth2/token" if call.method == Method::POST => token(tenant, call, directory, Version::V1),
        "v2.0/.well-known/openid-configuration" => metadata(tenant, directory, Version::V2),
        ".well-known/openid-configuration" => metadata(tenant, directory, Version::V1),
        _ => Answer::empty(StatusCode::NOT_FOUND),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    V1,
    V2,
}

fn token(tenant: &Tenant, call: &Call, directory: &str, version: Version) -> Answer {
    let form: HashMap<String, String> = form_urlencoded::parse(&call.body).into_owned().collect();
    match grant(tenant, call, directory, version, &form) {
        Ok(wish) => {
            let now = tenant.clock.now();
            let token = tenant.tokens.issue(&wish, &tenant.urls, now);
            let seconds = wish.lifetime;
            // The older endpoint writes its numbers as text.
            Answer::json(
                StatusCode::OK,
                &match version {
                    Version::V2 => json!({
                        "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
                    }),
                    Version::V1 => json!({
                        "token_type": "Bearer",
                        "expires_in": seconds.to_string(),
                        "ext_expires_in": seconds.to_string(),
                        "expires_on": (now / SECOND + seconds).to_string(),
                        "not_before": ((now - 5 * MINUTE) / SECOND).to_string(),
                        "resource": wish.resource,
                        "access_token": token,
                    }),
                },
            )
        }
        Err(refusal) => refusal.answer(tenant, call),
    }
}

fn grant(
    tenant: &Tenant,
    call: &Call,
    directory: &str,
    version: Version,
    form: &HashMap<String, String>,
) -> Result<Wish, Refused> {
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let missing = |name: &str| {
        refused(
            "invalid_request",
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    };
    known_directory(tenant, directory)?;
    let standing = tenant.state().credential;
    check_standing(tenant, standing, directory)?;
    let grant_type = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    let basic = basic(call);
    let client = basic.as_ref().map(|(id, _)| id.as_str()).or_else(|| field("client_id"));
    let client = client.ok_or_else(|| missing("client_id"))?;
    let ours = tenant.config.client_id.as_deref().unwrap_or_default();
    if !client.eq_ignore_ascii_case(ours) {
        return Err(unknown_app(client, directory));
    }
    match basic.as_ref().map(|(_, secret)| secret.as_str()).or_else(|| field("client_secret")) {
        None if field("client_assertion").is_some() => {
            return Err(refused(
                "invalid_client",
                700_027,
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            ));
        }
        None => {
            return Err(refused(
                "invalid_client",
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ));
        }
        Some(secret) if Some(secret) != tenant.config.client_secret.as_deref() => {
            return Err(wrong_secret(client));
        }
        Some(_) => {}
    }
    match grant_type {
        "client_credentials" => {}
        "refresh_token" => {
            field("refresh_token").ok_or_else(|| missing("refresh_token"))?;
            let text =
                "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.";
            return Err(refused("invalid_grant", 9_002_313, text));
        }
        other => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            return Err(refused("unsupported_grant_type", 70_003, text));
        }
    }
    let resource = resource(tenant, version, form)?;
    Ok(Wish {
        resource,
        tenant: if standing == CredentialState::OtherTenant {
            guid(hash_text(tenant.config.seed, "another tenant"))
        } else {
            tenant.id.clone()
        },
        app: ours.to_owned(),
        roles: tenant.state().roles.clone(),
        lifetime: tenant.config.token_lifetime,
    })
}

fn known_directory(tenant: &Tenant, directory: &str) -> Result<(), Refused> {
    if ["common", "organizations", "consumers"].contains(&directory) {
        let text = "No tenant-identifying information found in either the request or implied by any provided credentials.";
        return Err(refused("invalid_request", 50_059, text));
    }
    if directory.eq_ignore_ascii_case(&tenant.id) || directory.eq_ignore_ascii_case(&tenant.config.domain) {
        return Ok(());
    }
    Err(unknown_tenant(directory))
}

/// What the token is for: `resource`, or a `scope` that ends in `/.default`.
fn resource(tenant: &Tenant, version: Version, form: &HashMap<String, String>) -> Result<String, Refused> {
    let resource = match version {
        Version::V1 => form.get("resource").cloned().unwrap_or_default(),
        Version::V2 => {
            if form.contains_key("resource") {
                return Err(refused(
                    "invalid_request",
                    901_002,
                    "The 'resource' request parameter is not supported.",
                ));
            }
            let scope = form.get("scope").map_or("", String::as_str);
            let Some(resource) = scope.strip_suffix("/.default").filter(|rest| !rest.contains(' ')) else {
                return Err(refused(
                    "invalid_scope",
                    1_002_012,
                    format!(
                        "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
                         value with /.default suffixed to the resource identifier (application ID URI)."
                    ),
                ));
            };
            resource.to_owned()
        }
    };
    if Audience::of(&resource, &tenant.urls).is_none() {
        return Err(unknown_resource(&resource, tenant));
    }
    Ok(resource)
}

/// Client id and secret from an HTTP Basic header; both are form-encoded inside it.
fn basic(call: &Call) -> Option<(String, String)> {
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

fn metadata(tenant: &Tenant, directory: &str, version: Version) -> Answer {
    if !(directory.eq_ignore_ascii_case(&tenant.id) || directory.eq_ignore_ascii_case(&tenant.config.domain))
    {
        let refusal = refused("invalid_tenant", 90_002, format!("Tenant '{directory}' not found."));
        let body = refusal.body(tenant, &tenant.urls.main, "");
        return Answer::json(StatusCode::BAD_REQUEST, &body);
    }
    let (main, id) = (&tenant.urls.main, &tenant.id);
    let (issuer, path) = match version {
        Version::V2 => (format!("{main}/{id}/v2.0"), "oauth2/v2.0"),
        Version::V1 => (format!("https://sts.windows.net/{id}/"), "oauth2"),
    };
    Answer::json(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "token_endpoint": format!("{main}/{id}/{path}/token"),
            "authorization_endpoint": format!("{main}/{id}/{path}/authorize"),
            "device_authorization_endpoint": format!("{main}/{id}/{path}/devicecode"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_types_supported": ["code"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "sandbox",
            "msgraph_host": tenant.urls.graph.split_once("://").map_or("", |(_, host)| host),
        }),
    )
}
