//! The token endpoints: which grant it is, and what is answered (identity, 4 and 5).

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, PRAGMA};
use serde_json::{Value, json};

use super::client::{Proof, identify, need};
use super::refresh::Lease;
use super::refusal::{CredentialState, Refused, check_standing, numbered, refused};
use super::registry::id;
use super::request::{Claims, Request, Segment, Version};
use super::sign_in::{Session, id_token};
use super::target::{Api, Wanted, audience};
use super::tokens::Wish;
use super::{authorize, device, on_behalf_of, refresh};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::{MINUTE, SECOND};
use crate::config::{App, Behaviour};
use crate::random::{guid, hash_text};
use crate::tenant::Tenant;

/// The grant of applications.
const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The grant of services that act for a user.
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The grant of devices without a browser; older clients use the short name.
const DEVICE_CODE: [&str; 2] = ["urn:ietf:params:oauth:grant-type:device_code", "device_code"];

/// What a grant comes to.
pub(super) struct Granted {
    pub(super) wish: Wish,
    /// The API as it was asked for.
    pub(super) resource: String,
    /// Scopes as the answer spells them; applications have none.
    pub(super) scopes: Vec<String>,
    /// Who has signed in.
    pub(super) session: Option<Session>,
    pub(super) open_id: bool,
    pub(super) refresh_token: Option<String>,
}

/// Answers a request for a token.
pub(super) fn answer(tenant: &Tenant, call: &Call, directory: &str, version: Version) -> Answer {
    let granted = Request::read(tenant, call, directory, version).and_then(|request| {
        let granted = grant(&request)?;
        Ok((request.field("client_info") == Some("1"), granted))
    });
    match granted {
        Ok((client_info, granted)) => issue(tenant, version, &granted, client_info),
        Err(refusal) => refusal.answer(tenant, call),
    }
}

fn grant(request: &Request<'_>) -> Result<Granted, Refused> {
    let tenant = request.tenant;
    let grant_type = request.field("grant_type");
    let for_users = matches!(grant_type, Some("authorization_code" | "refresh_token"))
        || grant_type.is_some_and(|name| DEVICE_CODE.contains(&name));
    if request.segment != Segment::Own && !for_users {
        return Err(numbered(50_059));
    }
    let standing = tenant.state().credential;
    check_standing(tenant, standing, request.directory)?;
    let grant_type = request.required("grant_type")?;
    let (app, proof) = identify(request)?;
    if for_users {
        request.segment.check(&app)?;
    }
    let mut granted = match grant_type {
        CLIENT_CREDENTIALS => client_credentials(request, &app, proof)?,
        "authorization_code" => authorize::redeem(request, &app, proof)?,
        "refresh_token" => refresh::redeem(request, &app, proof)?,
        ON_BEHALF_OF => on_behalf_of::exchange(request, &app, proof)?,
        name if DEVICE_CODE.contains(&name) => device::poll(request, &app, proof)?,
        other => {
            need(proof)?;
            let text = format!("The app requested an unsupported grant type '{other}'.");
            return Err(refused("unsupported_grant_type", 70_003, text));
        }
    };
    if standing == CredentialState::OtherTenant {
        granted.wish.tenant = guid(hash_text(tenant.config.seed, "another tenant"));
    }
    Ok(granted)
}

fn client_credentials(request: &Request<'_>, app: &App, proof: Proof) -> Result<Granted, Refused> {
    need(proof)?;
    let tenant = request.tenant;
    let resource = match request.version {
        Version::V1 => {
            let resource = request.field("resource").unwrap_or_default();
            super::target::check_resource(tenant, resource)?;
            resource.to_owned()
        }
        Version::V2 => {
            if request.field("resource").is_some() {
                return Err(numbered(901_002));
            }
            let scope = request.field("scope").unwrap_or_default();
            let Some(resource) = scope.strip_suffix("/.default").filter(|rest| !rest.contains(' ')) else {
                let text = format!(
                    "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
                     value with /.default suffixed to the resource identifier (application ID URI)."
                );
                return Err(refused("invalid_scope", 1_002_012, text));
            };
            super::target::check_resource(tenant, resource)?;
            resource.to_owned()
        }
    };
    let claims = request.claims()?;
    let (aud, second) = audience(tenant, &resource);
    let wish = Wish {
        resource: aud,
        tenant: tenant.id.clone(),
        app: id(app).to_owned(),
        roles: tenant.state().roles.clone(),
        lifetime: lifetime(tenant, claims),
        strength: proof.strength(),
        capable: claims.capable,
        since: claims.since,
        second,
        ..Wish::default()
    };
    Ok(Granted { wish, resource, scopes: vec![], session: None, open_id: false, refresh_token: None })
}

/// The tokens of somebody who has signed in. `wanted` has at most one API; without one, Graph knows who they are.
pub(super) fn for_user(
    request: &Request<'_>,
    app: &App,
    proof: Proof,
    session: Session,
    wanted: &Wanted,
    lease: Option<Lease>,
) -> Result<Granted, Refused> {
    let tenant = request.tenant;
    if !app.consented {
        return Err(numbered(65_001).sub("consent_required"));
    }
    let graph = || Api { resource: tenant.urls.graph.clone(), scopes: vec![] };
    let api = wanted.apis.first().cloned().unwrap_or_else(graph);
    let mut granted = api.granted(tenant)?;
    let claims = request.claims()?;
    let capable = claims.capable || session.claims.capable;
    let (aud, second) = audience(tenant, &api.resource);
    let mut scopes = api.spelled(&granted);
    let open_id = wanted.open_id.iter().filter(|scope| *scope != "offline_access").cloned();
    scopes.extend(open_id.clone());
    if granted.is_empty() {
        granted.extend(open_id);
    }
    let refresh_token = lease.map(|lease| refresh::lease(tenant, app, &session, wanted, lease));
    let wish = Wish {
        resource: aud,
        tenant: session.directory.clone(),
        app: id(app).to_owned(),
        roles: granted,
        lifetime: lifetime(tenant, Claims { capable, ..claims }),
        user: Some(session.user.clone()),
        strength: proof.strength(),
        capable,
        since: claims.since.or(session.claims.since),
        second,
        ..Wish::default()
    };
    let open_id = wanted.has("openid");
    Ok(Granted { wish, resource: api.resource, scopes, session: Some(session), open_id, refresh_token })
}

/// What is asked for if it is of one API; of several where that is not allowed, the refusal.
pub(super) fn of_one_api(wanted: Wanted) -> Result<Wanted, Refused> {
    if wanted.apis.len() > 1 { Err(numbered(700_022)) } else { Ok(wanted) }
}

fn lifetime(tenant: &Tenant, claims: Claims) -> i64 {
    let usual = tenant.config.token_lifetime;
    if claims.capable { tenant.identity.behaviour().capable_lifetime.unwrap_or(usual) } else { usual }
}

fn issue(tenant: &Tenant, version: Version, granted: &Granted, client_info: bool) -> Answer {
    let now = tenant.clock.now();
    let behaviour = tenant.identity.behaviour();
    let wish = &granted.wish;
    let token = tenant.tokens.issue(wish, &tenant.urls, tenant.config.seed, now);
    // The older endpoint writes its numbers as text.
    let number = |value: i64| match version {
        Version::V2 if !behaviour.string_numbers => json!(value),
        _ => json!(value.to_string()),
    };
    let mut body = json!({
        "token_type": behaviour.token_type,
        "expires_in": number(wish.lifetime),
        "ext_expires_in": number(behaviour.ext_expires_in.unwrap_or(wish.lifetime)),
        "access_token": token,
    });
    if version == Version::V1 {
        body["expires_on"] = number(now / SECOND + wish.lifetime);
        body["not_before"] = number((now - 5 * MINUTE) / SECOND);
        body["resource"] = json!(granted.resource);
    }
    if let Some(seconds) = behaviour.refresh_in {
        body["refresh_in"] = number(seconds);
    }
    if let (true, Some(members)) = (behaviour.omit_expires_in, body.as_object_mut()) {
        members.remove("expires_in");
    }
    if !granted.scopes.is_empty() {
        body["scope"] = json!(granted.scopes.join(" "));
    }
    if let Some(refresh_token) = &granted.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    if let Some(session) = &granted.session {
        if granted.open_id {
            body["id_token"] = json!(id_token(tenant, session, &wish.app, version, now));
        }
        if client_info {
            body["client_info"] = json!(session.client_info(tenant));
        }
    }
    written(&body, &behaviour).with(CACHE_CONTROL, "no-store, no-cache").with(PRAGMA, "no-cache")
}

fn written(body: &Value, behaviour: &Behaviour) -> Answer {
    if !behaviour.malformed {
        return Answer::json(StatusCode::OK, body);
    }
    let text = body.to_string();
    let half = text.get(..text.len() / 2).unwrap_or_default().to_owned();
    Answer::whole(StatusCode::OK, "application/json; charset=utf-8", Bytes::from(half))
}
