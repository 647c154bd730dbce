//! From a credential to a token: one file a credential, one way to the token endpoint, one cache for all of them.
//!
//! `application.rs` says what an application proves its identity with, `user.rs` what all sign-ins of users share,
//! `authority.rs` how a token is asked for, `refusal.rs` what a refusal means, `cache/` what is kept.

mod application;
mod ask;
mod authority;
mod authorization_code;
mod azure_cli;
mod cache;
mod callback;
mod certificate;
mod claims;
mod client_identity;
mod client_secret;
mod default_credential;
mod device_code;
mod discovery;
mod environment;
#[cfg(test)]
mod flows;
mod jwt;
mod loopback;
mod managed_identity;
mod on_behalf_of;
mod random;
mod refresh_token;
mod refusal;
mod session;
mod sign_in;
mod static_token;
mod token;
mod user;
mod workload_identity;

use serde::Deserialize;

pub use application::{Application, ConfidentialClient};
pub use authorization_code::AuthorizationCode;
pub use azure_cli::AzureCli;
pub use cache::{CacheKey, StoreError, StoreGuard, TokenCache, TokenStore};
pub use callback::{AccessToken, Callback, TokenRequest, TokenSource};
pub use certificate::{AssertionSigner, ClientCertificate, SigningAlgorithm};
pub use client_secret::{ClientSecret, TokenEndpoint};
pub use default_credential::DefaultCredential;
pub use device_code::{DeviceCode, DeviceCodeDisplay, DeviceCodePrompt};
pub use environment::Environment;
pub use loopback::BrowserSignIn;
pub use managed_identity::ManagedIdentity;
pub use on_behalf_of::OnBehalfOf;
pub use refresh_token::RefreshToken;
pub use sign_in::{PendingSignIn, SignIn, SignInPrompt};
pub use static_token::StaticToken;
pub use workload_identity::{AssertionSource, WorkloadIdentity};

pub(crate) use authority::open_id;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use certificate::can_be_read as certificate_can_be_read;
pub(crate) use client_identity::{Identity, IdentityOptions};
pub(crate) use jwt::claims as token_claims;
pub(crate) use random::text as nonce;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use refusal::judge;
pub(crate) use token::Token;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use token::read_token;

use crate::error::{Error, Result};

/// The type of every assertion that proves an application's identity.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client proves its identity with.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credential {
    /// An application's id and secret.
    ClientSecret(ClientSecret),
    /// An application's certificate and its private key.
    ClientCertificate(Box<ClientCertificate>),
    /// An application with an assertion of another issuer.
    WorkloadIdentity(WorkloadIdentity),
    /// The identity that Azure gives to what runs there.
    ManagedIdentity(ManagedIdentity),
    /// A user who signs in on another device.
    DeviceCode(DeviceCode),
    /// A code from a sign-in in a browser.
    AuthorizationCode(Box<AuthorizationCode>),
    /// A refresh token that a user left.
    RefreshToken(Box<RefreshToken>),
    /// A service that acts for the user who called it.
    OnBehalfOf(Box<OnBehalfOf>),
    /// The account that is signed in to the Azure command line.
    AzureCli(AzureCli),
    /// The identity of where the program runs.
    DefaultCredential(DefaultCredential),
    /// A token that the caller already has.
    StaticToken(StaticToken),
    /// A function of the caller's that gives tokens.
    Callback(Callback),
}

macro_rules! credentials {
    ($($credential:ident $(in $wrap:ident)?),+ $(,)?) => {
        $(impl From<$credential> for Credential {
            fn from(credential: $credential) -> Self {
                Credential::$credential(credentials!(@ credential $($wrap)?))
            }
        })+
    };
    (@ $credential:ident $wrap:ident) => { $wrap::new($credential) };
    (@ $credential:ident) => { $credential };
}

credentials!(
    ClientSecret,
    ClientCertificate in Box,
    WorkloadIdentity,
    ManagedIdentity,
    DeviceCode,
    AuthorizationCode in Box,
    RefreshToken in Box,
    OnBehalfOf in Box,
    AzureCli,
    DefaultCredential,
    StaticToken,
    Callback,
);

fn v2() -> TokenEndpoint {
    TokenEndpoint::V2
}

impl Credential {
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Credential::ClientSecret(credential) => credential.check(),
            Credential::ClientCertificate(credential) => credential.check(),
            Credential::WorkloadIdentity(credential) => credential.check(),
            Credential::ManagedIdentity(credential) => credential.check(),
            Credential::DeviceCode(credential) => credential.check(),
            Credential::AuthorizationCode(credential) => credential.check(),
            Credential::RefreshToken(credential) => credential.check(),
            Credential::OnBehalfOf(credential) => credential.check(),
            Credential::AzureCli(_) | Credential::DefaultCredential(_) => Ok(()),
            Credential::StaticToken(credential) => credential.check(),
            Credential::Callback(credential) => credential.check(),
        }
    }

    /// Whether the tenant may be an alias such as `common`: where a user signs in, that tells which it is.
    pub(crate) fn takes_aliases(&self) -> bool {
        matches!(
            self,
            Credential::DeviceCode(_) | Credential::AuthorizationCode(_) | Credential::RefreshToken(_)
        )
    }

    /// Whether asking again can give another token.
    fn renews(&self) -> bool {
        !matches!(self, Credential::StaticToken(_))
    }
}

/// Which kind of name a tenant goes by is told by its form.
pub(crate) fn check_tenant(tenant: &str, takes_aliases: bool) -> Result<()> {
    if is_alias(tenant) {
        return if takes_aliases {
            Ok(())
        } else {
            Err(Error::invalid(format!(
                "tenant {tenant:?} is an alias, which only sign-ins of users can go by: pass a directory id (GUID) or a \
                 domain such as contoso.onmicrosoft.com"
            )))
        };
    }
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

/// Names that stand for many tenants.
fn is_alias(tenant: &str) -> bool {
    ["common", "organizations", "consumers"].iter().any(|alias| alias.eq_ignore_ascii_case(tenant))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_guids_or_domains() {
        for good in ["3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10", "contoso.onmicrosoft.com", "a.b"] {
            assert!(check_tenant(good, false).is_ok(), "{good}");
        }
        for bad in ["", "contoso", "a/b.c", "x y.z", "a.b/../c", "3b0f7c9e", ".com", "a%2f.b"] {
            assert!(check_tenant(bad, true).is_err(), "{bad}");
        }
        for alias in ["common", "organizations", "Consumers"] {
            assert!(check_tenant(alias, true).is_ok());
            assert!(check_tenant(alias, false).unwrap_err().message().contains("alias"), "{alias}");
        }
    }
}
