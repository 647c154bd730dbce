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
mod client_secret;
mod default_credential;
mod device_code;
mod discovery;
mod environment;
#[cfg(test)]
mod flows;
mod functions;
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

use std::collections::BTreeSet;
use std::fmt;

use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::OnceCell;

pub use application::{Application, ConfidentialClient};
pub use authorization_code::AuthorizationCode;
pub use azure_cli::AzureCli;
pub use cache::{CacheKey, StoreError, StoreGuard, TokenCache, TokenStore};
pub use callback::{AccessToken, Callback, TokenRequest, TokenSource};
pub use certificate::{AssertionSigner, ClientCertificate, SigningAlgorithm};
pub use client_secret::{ClientSecret, TokenEndpoint};
pub use default_credential::DefaultCredential;
pub use device_code::{DeviceCode, DeviceCodeDisplay, DeviceCodePrompt};
pub use functions::Functions;
pub use loopback::BrowserSignIn;
pub use managed_identity::ManagedIdentity;
pub use on_behalf_of::OnBehalfOf;
pub use refresh_token::RefreshToken;
pub use sign_in::{PendingSignIn, SignIn, SignInPrompt};
pub use static_token::StaticToken;
pub use workload_identity::{AssertionSource, WorkloadIdentity};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use certificate::can_be_read as certificate_can_be_read;
pub(crate) use environment::Environment;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use refusal::judge;
pub(crate) use token::Token;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use token::read_token;

use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Corridor;
use application::Proof;
use ask::Ask;
use cache::{Key, Principal, RefreshKey};
use session::Session;
use token::Grant;
use user::UserSignIn;

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

/// The identity of a client: its credential, its tenant and the tokens it holds.
pub(crate) struct Identity {
    tenant: String,
    credential: Credential,
    cache: TokenCache,
    continuous_access: bool,
    validate_authority: bool,
    environment: Environment,
    session: Session,
    tenant_id: OnceCell<String>,
    validated: OnceCell<()>,
}

/// How a client deals with tokens.
pub(crate) struct IdentityOptions {
    pub(crate) cache: TokenCache,
    /// Whether it takes tokens of longer life that may be revoked at any moment.
    pub(crate) continuous_access: bool,
    /// Whether the tenant's metadata is checked before anything secret is sent.
    pub(crate) validate_authority: bool,
    pub(crate) environment: Environment,
}

impl Identity {
    pub(crate) fn new(tenant: String, credential: Credential, options: IdentityOptions) -> Self {
        let IdentityOptions { cache, continuous_access, validate_authority, environment } = options;
        Identity {
            tenant,
            credential,
            cache,
            continuous_access,
            validate_authority,
            environment,
            session: Session::new(),
            tenant_id: OnceCell::new(),
            validated: OnceCell::new(),
        }
    }

    /// A token for a service: the one in hand, or a new one when that is about to end.
    ///
    /// Boxed, for the request that fetches it walks down the same corridor as the request that needs it.
    pub(crate) fn token<'a>(
        &'a self,
        corridor: &'a Corridor,
        service: &'a Service,
    ) -> BoxFuture<'a, Result<Token>> {
        Box::pin(self.find_token(corridor, service))
    }

    async fn find_token(&self, corridor: &Corridor, service: &Service) -> Result<Token> {
        let audience = corridor.hosts.audience(service)?;
        if self.validate_authority && !matches!(self.credential, Credential::StaticToken(_)) {
            self.validated.get_or_try_init(|| authority::validate(corridor, &self.tenant)).await?;
        }
        let key = self.key(corridor, &audience).await?;
        let (key, audience) = (&key, &audience);
        let fetch = |claims: Option<String>| async move {
            self.fetch(&self.ask(corridor, audience, claims.as_deref()), key).await
        };
        self.cache.get(key, self.session.id, fetch).await
    }

    /// Gives up a token that was refused, unless another call has already replaced it, and notes the claims that the
    /// next one needs; false if asking again gives the same.
    pub(crate) fn give_up(
        &self,
        corridor: &Corridor,
        service: &Service,
        refused: &Token,
        claims: Option<&str>,
    ) -> bool {
        if let Ok(audience) = corridor.hosts.audience(service)
            && let Ok(Some(principal)) = self.principal()
            && let Ok(key) = self.key_of(corridor, &audience, principal)
        {
            self.cache.give_up(&key, refused, claims);
        }
        self.credential.renews()
    }

    /// The tenant's directory id, looked up once if the caller gave a domain.
    pub(crate) async fn tenant_id(&self, corridor: &Corridor) -> Result<String> {
        if is_guid(&self.tenant) {
            return Ok(self.tenant.to_ascii_lowercase());
        }
        if is_alias(&self.tenant) {
            return Err(Error::invalid(format!(
                "{:?} is no tenant of its own, and this needs one: pass the directory id or a domain",
                self.tenant
            )));
        }
        let look_up = || authority::tenant_id(corridor, &self.tenant);
        self.tenant_id.get_or_try_init(look_up).await.cloned()
    }

    fn ask<'a>(&'a self, corridor: &'a Corridor, audience: &'a str, claims: Option<&'a str>) -> Ask<'a> {
        Ask {
            corridor,
            tenant: &self.tenant,
            audience,
            claims,
            continuous_access: self.continuous_access,
            environment: &self.environment,
            session: &self.session,
            cache: &self.cache,
        }
    }

    async fn fetch(&self, ask: &Ask<'_>, key: &Key) -> Result<Grant> {
        tracing::debug!(target: "m365kit::identity", audience = ask.audience, "asking for a token");
        match &self.credential {
            Credential::ClientSecret(credential) => credential.token(ask).await,
            Credential::ClientCertificate(credential) => credential.token(ask).await,
            Credential::WorkloadIdentity(credential) => credential.token(ask).await,
            Credential::ManagedIdentity(credential) => credential.token(ask).await,
            Credential::DeviceCode(credential) => user::renew(ask, credential, &key.owner).await,
            Credential::AuthorizationCode(credential) => user::renew(ask, &**credential, &key.owner).await,
            Credential::RefreshToken(credential) => user::renew(ask, &**credential, &key.owner).await,
            Credential::OnBehalfOf(credential) => credential.token(ask).await,
            Credential::AzureCli(credential) => credential.token(ask).await.map(Grant::from),
            Credential::DefaultCredential(credential) => credential.token(ask).await,
            Credential::StaticToken(credential) => Ok(credential.token().into()),
            Credential::Callback(credential) => credential.token(ask).await.map(Grant::from),
        }
    }

    /// What the token of an API is kept under. Where a user has not signed in yet, that happens here.
    async fn key(&self, corridor: &Corridor, audience: &str) -> Result<Key> {
        let principal = match self.principal()? {
            Some(principal) => principal,
            None => {
                let ask = self.ask(corridor, audience, None);
                let account = match &self.credential {
                    Credential::DeviceCode(credential) => self.sign_in(&ask, credential).await?,
                    Credential::AuthorizationCode(credential) => self.sign_in(&ask, &**credential).await?,
                    Credential::RefreshToken(credential) => self.sign_in(&ask, &**credential).await?,
                    _ => return Err(Error::invalid("there is no user to sign in")),
                };
                Principal::User(account)
            }
        };
        self.key_of(corridor, audience, principal)
    }

    /// Whom the tokens speak for; none before a user has signed in.
    fn principal(&self) -> Result<Option<Principal>> {
        Ok(match &self.credential {
            Credential::ClientSecret(_)
            | Credential::ClientCertificate(_)
            | Credential::WorkloadIdentity(_) => Some(Principal::App),
            Credential::ManagedIdentity(identity) => Some(Principal::Managed(identity.principal())),
            Credential::OnBehalfOf(credential) => Some(Principal::OnBehalfOf(credential.hash())),
            Credential::DeviceCode(_) | Credential::AuthorizationCode(_) | Credential::RefreshToken(_) => {
                self.session.account().map(Principal::User)
            }
            Credential::AzureCli(_)
            | Credential::DefaultCredential(_)
            | Credential::StaticToken(_)
            | Credential::Callback(_) => Some(Principal::Own(self.session.id)),
        })
    }

    fn key_of(&self, corridor: &Corridor, audience: &str, principal: Principal) -> Result<Key> {
        let ask = self.ask(corridor, audience, None);
        let scopes = match &self.credential {
            Credential::DeviceCode(credential) => user::scopes_of(&ask, UserSignIn::scopes(credential)),
            Credential::AuthorizationCode(credential) => user::scopes_of(&ask, UserSignIn::scopes(&**credential)),
            Credential::RefreshToken(credential) => user::scopes_of(&ask, UserSignIn::scopes(&**credential)),
            _ => BTreeSet::from([ask.scope().to_ascii_lowercase()]),
        };
        let environment = &self.environment;
        let client_id = match &self.credential {
            Credential::ClientSecret(credential) => credential.client_id(environment)?,
            Credential::ClientCertificate(credential) => Proof::client_id(&**credential, environment)?,
            Credential::WorkloadIdentity(credential) => Proof::client_id(credential, environment)?,
            Credential::DeviceCode(credential) => credential.application().client_id(environment)?,
            Credential::AuthorizationCode(credential) => credential.application().client_id(environment)?,
            Credential::RefreshToken(credential) => credential.application().client_id(environment)?,
            Credential::OnBehalfOf(credential) => credential.client().client_id(environment)?,
            _ => String::new(),
        };
        // A token that was given needs no authority; a cloud without one may be called with it.
        let authority = corridor.hosts.authority_key().unwrap_or_default();
        Ok(Key {
            owner: RefreshKey { authority, client_id: client_id.to_ascii_lowercase(), principal },
            tenant: self.tenant.to_ascii_lowercase(),
            audience: audience.to_owned(),
            scopes,
        })
    }

    /// Signs a user in, once however many wait, and gives the account.
    async fn sign_in(&self, ask: &Ask<'_>, user: &impl UserSignIn) -> Result<String> {
        if let Some(account) = self.known_account(ask, user).await? {
            self.session.signed_in(account.clone());
            return Ok(account);
        }
        let nobody = self.key_of(ask.corridor, "", Principal::Own(self.session.id))?;
        let sign_in = |_| async {
            let grant = user.sign_in(ask).await?;
            let account = user::account(&grant);
            let key = self.key_of(ask.corridor, ask.audience, Principal::User(account.clone()))?;
            self.cache.put(&key, &grant).await;
            self.session.signed_in(account);
            Ok(Grant::from(grant.token))
        };
        self.cache.get(&nobody, self.session.id, sign_in).await?;
        self.session.account().ok_or_else(|| Error::new(ErrorKind::Auth, "nobody has signed in"))
    }

    /// Who signed in before, where a device code would only ask them again.
    async fn known_account(&self, ask: &Ask<'_>, user: &impl UserSignIn) -> Result<Option<String>> {
        let Credential::DeviceCode(credential) = &self.credential else { return Ok(None) };
        let authority = ask.corridor.hosts.authority_key()?;
        let client_id = user.application().client_id(ask.environment)?.to_ascii_lowercase();
        let mut users = self.cache.users(&authority, &client_id).await;
        match credential.known_account() {
            Some(account) => Ok(users.into_iter().find(|user| user.eq_ignore_ascii_case(account))),
            // With several, only the user knows.
            None => Ok(users.pop().filter(|_| users.is_empty())),
        }
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
    let mut groups = text.split('-').map(|g| (g.len(), g.bytes().all(|b| b.is_ascii_hexdigit())));
    [8, 4, 4, 4, 12].iter().all(|len| groups.next() == Some((*len, true))) && groups.next().is_none()
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
