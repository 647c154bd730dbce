//! The identity of a client: whom it asks for tokens, what it keeps them under, and when a user signs in.

use std::collections::BTreeSet;
use std::fmt;

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::application::Proof;
use super::ask::Ask;
use super::cache::{AnswerKey, Key, Principal, RefreshKey, TokenCache};
use super::environment::Environment;
use super::session::Session;
use super::token::{Grant, Token};
use super::user::{self, UserSignIn};
use super::{Credential, authority, is_alias, is_guid};
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Corridor;

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
            && let Some(principal) = self.principal()
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
        let principal = if let Some(principal) = self.principal() {
            principal
        } else {
            let ask = self.ask(corridor, audience, None);
            Principal::User(match &self.credential {
                Credential::DeviceCode(credential) => self.sign_in(&ask, credential).await?,
                Credential::AuthorizationCode(credential) => self.sign_in(&ask, &**credential).await?,
                Credential::RefreshToken(credential) => self.sign_in(&ask, &**credential).await?,
                _ => return Err(Error::invalid("there is no user to sign in")),
            })
        };
        self.key_of(corridor, audience, principal)
    }

    /// Whom the tokens speak for; none before a user has signed in.
    fn principal(&self) -> Option<Principal> {
        match &self.credential {
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
        }
    }

    fn key_of(&self, corridor: &Corridor, audience: &str, principal: Principal) -> Result<Key> {
        let ask = self.ask(corridor, audience, None);
        let scopes = match &self.credential {
            Credential::DeviceCode(credential) => user::scopes_of(&ask, UserSignIn::scopes(credential)),
            Credential::AuthorizationCode(credential) => {
                user::scopes_of(&ask, UserSignIn::scopes(&**credential))
            }
            Credential::RefreshToken(credential) => user::scopes_of(&ask, UserSignIn::scopes(&**credential)),
            _ => BTreeSet::from([ask.scope().to_ascii_lowercase()]),
        };
        let client_id = self.client_id()?;
        // A token that was given needs no authority; a cloud without one may be called with it.
        let authority = corridor.hosts.authority_key().unwrap_or_default();
        Ok(Key {
            owner: RefreshKey { authority, client_id, principal },
            tenant: self.tenant.to_ascii_lowercase(),
            audience: audience.to_owned(),
            scopes,
        })
    }

    /// The application, in lower case; empty where only the source of the tokens knows it.
    fn client_id(&self) -> Result<String> {
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
        Ok(client_id.to_ascii_lowercase())
    }

    /// Keeps the answer of a first sign-in beside the tokens, for this application and the account; none forgets it.
    pub(crate) async fn keep_answer(
        &self,
        corridor: &Corridor,
        account: String,
        answer: Option<SecretString>,
    ) -> Result<()> {
        self.cache.keep_answer(self.answer_key(corridor, account)?, answer).await;
        Ok(())
    }

    /// The answer of a first sign-in that was kept.
    pub(crate) async fn kept_answer(
        &self,
        corridor: &Corridor,
        account: String,
    ) -> Result<Option<SecretString>> {
        Ok(self.cache.answer(&self.answer_key(corridor, account)?).await)
    }

    fn answer_key(&self, corridor: &Corridor, account: String) -> Result<AnswerKey> {
        let authority = corridor.hosts.authority_key()?;
        Ok(AnswerKey { authority, client_id: self.client_id()?, account })
    }

    /// Signs a user in, once however many wait, and gives the account.
    async fn sign_in(&self, ask: &Ask<'_>, user: &impl UserSignIn) -> Result<String> {
        if let Some(account) = self.known_account(ask, user).await? {
            self.session.signed_in(account.clone());
            return Ok(account);
        }
        // Where that is another API than the one asked for, the refresh token fetches what was asked for.
        let first = user.first_api(ask);
        let ask = &Ask { audience: first.as_deref().unwrap_or(ask.audience), ..*ask };
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
