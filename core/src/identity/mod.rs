//! From a credential to a token: one file a credential, one cache for all of them.

pub(crate) mod authority;
mod cache;
mod callback;
mod client_secret;
mod static_token;

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use callback::{AccessToken, Callback, TokenRequest, TokenSource};
pub use client_secret::{ClientSecret, TokenEndpoint};
pub use static_token::StaticToken;

use crate::cloud::Service;
use crate::error::{Error, Result};
use crate::http::Corridor;
use cache::Cache;

/// What a client proves its identity with.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credential {
    /// An application's id and secret.
    ClientSecret(ClientSecret),
    /// A token that the caller already has.
    StaticToken(StaticToken),
    /// A function of the caller's that gives tokens.
    Callback(Callback),
}

impl Credential {
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Credential::ClientSecret(credential) => credential.check(),
            Credential::StaticToken(credential) => credential.check(),
            Credential::Callback(credential) => credential.check(),
        }
    }

    async fn token(&self, corridor: &Corridor, tenant: &str, audience: &str) -> Result<Token> {
        match self {
            Credential::ClientSecret(credential) => credential.token(corridor, tenant, audience).await,
            Credential::StaticToken(credential) => Ok(credential.token()),
            Credential::Callback(credential) => credential.token(tenant, audience).await,
        }
    }

    /// Whether asking again can give another token.
    fn renews(&self) -> bool {
        !matches!(self, Credential::StaticToken(_))
    }
}

/// An access token, and when it ends.
#[derive(Clone)]
pub(crate) struct Token {
    secret: SecretString,
    /// None for a token of unknown life: it is used until it is refused.
    expires: Option<Timestamp>,
    issued: Timestamp,
}

impl Token {
    pub(crate) fn new(secret: impl Into<SecretString>, expires: Option<Timestamp>) -> Self {
        Token { secret: secret.into(), expires, issued: Timestamp::now() }
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }

    fn is_same(&self, other: &Token) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// The identity of a client: its credential, its tenant and the tokens it holds.
pub(crate) struct Identity {
    tenant: String,
    credential: Credential,
    cache: Cache,
}

impl Identity {
    pub(crate) fn new(tenant: String, credential: Credential) -> Self {
        Identity { tenant, credential, cache: Cache::default() }
    }

    /// A token for a service: the one in hand, or a new one when that is about to end.
    pub(crate) async fn token(&self, corridor: &Corridor, service: &Service) -> Result<Token> {
        let audience = corridor.hosts.audience(service)?;
        self.cache.get(service, self.credential.token(corridor, &self.tenant, &audience)).await
    }

    /// Forgets a token that was refused, unless another call has already replaced it; false if asking again
    /// gives the same.
    pub(crate) fn discard(&self, service: &Service, refused: &Token) -> bool {
        self.cache.discard(service, refused);
        self.credential.renews()
    }

    /// The tenant's directory id, looked up once if the caller gave a domain.
    pub(crate) async fn tenant_id(&self, corridor: &Corridor) -> Result<String> {
        if is_guid(&self.tenant) {
            return Ok(self.tenant.to_ascii_lowercase());
        }
        self.cache.tenant_id(authority::tenant_id(corridor, &self.tenant)).await
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("tenant", &self.tenant)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

/// Which kind of name a tenant goes by is told by its form.
pub(crate) fn check_tenant(tenant: &str) -> Result<()> {
    let well_formed = !tenant.is_empty()
        && tenant.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && (is_guid(tenant) || tenant.contains('.'))
        && !tenant.starts_with(['.', '-'])
        && !tenant.ends_with(['.', '-']);
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "tenant {tenant:?} is neither a directory id (GUID) nor a domain such as contoso.onmicrosoft.com"
    )))
}

pub(crate) fn is_guid(text: &str) -> bool {
    guid(text).is_some()
}

/// The GUID that a text spells.
pub(crate) fn guid(text: &str) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut guid = 0;
    for (at, byte) in text.bytes().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
        } else {
            guid = guid << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(guid)
}

/// The answer of a token endpoint, whichever version it is of.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<SecretString>,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Number>,
    #[serde(default)]
    expires_on: Option<Number>,
}

/// A number, or a text that holds one: the v1 endpoint answers in texts.
#[derive(Deserialize, Serialize, Clone)]
#[serde(untagged)]
enum Number {
    Int(i64),
    Float(f64),
    Text(String),
}

impl Number {
    #[allow(clippy::cast_possible_truncation)] // seconds of a token's life, rounded down
    fn seconds(&self) -> Option<i64> {
        match self {
            Number::Int(n) => Some(*n),
            Number::Float(n) => Some(*n as i64),
            Number::Text(text) => text.trim().parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_guids_or_domains() {
        for good in ["3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10", "contoso.onmicrosoft.com", "a.b"] {
            assert!(check_tenant(good).is_ok(), "{good}");
        }
        for bad in ["", "contoso", "a/b.c", "common", "x y.z", "a.b/../c", "3b0f7c9e", ".com", "a%2f.b"] {
            assert!(check_tenant(bad).is_err(), "{bad}");
        }
    }
}
