//! Somebody who has signed in, and what their client is told of them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::jwt;
use super::registry::{Book, PERSONAL, object_id};
use super::request::{Claims, Segment, Version};
use crate::clock::SECOND;
use crate::config::User;
use crate::tenant::Tenant;

/// A sign-in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) user: User,
    /// The directory that tokens are of.
    pub(super) directory: String,
    pub(super) nonce: Option<String>,
    /// What the sign-in asked for.
    pub(super) claims: Claims,
}

impl Session {
    /// The sign-in of the user with this name, or of the first who may.
    pub(super) fn start(tenant: &Tenant, book: &Book, segment: Segment, name: Option<&str>) -> Option<Self> {
        let user = book.user(name, |personal| segment.takes(personal))?.clone();
        let directory = if user.personal { PERSONAL.to_owned() } else { tenant.id.clone() };
        Some(Self { user, directory, nonce: None, claims: Claims::default() })
    }

    /// The account as clients key their caches by it.
    pub(super) fn client_info(&self, tenant: &Tenant) -> String {
        let info = json!({"uid": object_id(tenant.config.seed, &self.user), "utid": self.directory});
        BASE64_URL_SAFE_NO_PAD.encode(info.to_string())
    }
}

/// Tells a client who has signed in.
pub(super) fn id_token(
    tenant: &Tenant,
    session: &Session,
    client: &str,
    version: Version,
    now: i64,
) -> String {
    let directory = &session.directory;
    let object = object_id(tenant.config.seed, &session.user);
    let (issuer, name) = match version {
        Version::V1 => (format!("https://sts.windows.net/{directory}/"), "upn"),
        Version::V2 => (format!("{}/{directory}/v2.0", tenant.urls.main), "preferred_username"),
    };
    let mut claims = json!({
        "aud": client,
        "iss": issuer,
        "iat": now / SECOND,
        "nbf": now / SECOND,
        "exp": now / SECOND + 3_600,
        "name": session.user.display_name,
        "oid": object,
        "sub": object,
        "tid": directory,
        "ver": if version == Version::V1 { "1.0" } else { "2.0" },
    });
    claims[name] = json!(session.user.name);
    if let Some(nonce) = &session.nonce {
        claims["nonce"] = json!(nonce);
    }
    let token = jwt::sign(&tenant.identity.keys.authority, &claims);
    tenant.identity.book().disclose("id_token", &token);
    token
}
