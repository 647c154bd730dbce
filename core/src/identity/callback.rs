//! A function of the caller's that gives tokens.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::token::Token;
use crate::error::{Error, ErrorKind, Result};

/// What a token is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct TokenRequest {
    /// The scope of the v2 endpoint, such as `https://manage.office.com/.default`.
    pub scope: String,
    /// The resource of the v1 endpoint, such as `https://manage.office.com`.
    pub resource: String,
    /// The tenant, as the client was given it.
    pub tenant: String,
    /// The claims that the service demands of the token, as JSON text; absent as a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

/// A token from a caller's own source.
#[derive(Clone)]
pub struct AccessToken {
    token: SecretString,
    expires_on: Option<Timestamp>,
}

impl AccessToken {
    /// A token, and when it ends; without that it is used until it is refused.
    pub fn new(token: impl Into<String>, expires_on: Option<Timestamp>) -> Self {
        AccessToken { token: SecretString::from(token.into()), expires_on }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_on", &self.expires_on).finish_non_exhaustive()
    }
}

/// Whatever can give a token: asked when one is missing, about to end, or was refused.
pub trait TokenSource: Send + Sync + 'static {
    /// Gives a token for what is asked; an error ends the call as an `AuthError` with this source.
    fn token(
        &self,
        request: TokenRequest,
    ) -> BoxFuture<'static, Result<AccessToken, Box<dyn StdError + Send + Sync>>>;
}

impl<F, R> TokenSource for F
where
    F: Fn(TokenRequest) -> R + Send + Sync + 'static,
    R: Future<Output = Result<AccessToken, Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    fn token(
        &self,
        request: TokenRequest,
    ) -> BoxFuture<'static, Result<AccessToken, Box<dyn StdError + Send + Sync>>> {
        Box::pin(self(request))
    }
}

/// A credential that asks a function of the caller's for each token, one call at a time.
///
/// The function is given the scope, the resource and the tenant, and gives the token and, if it is
/// known, when that ends.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    schemars(extend("x-m365-function" = {
        "name": "function",
        "asks": "token",
        "required": true,
        "doc": "Called for each token with what is asked for; gives the token, alone or with the moment when it ends. It may be asynchronous."
    }))
)]
pub struct Callback {
    #[serde(skip)]
    source: Option<Arc<dyn TokenSource>>,
}

impl Callback {
    /// A credential from a source of tokens, such as an async closure.
    pub fn new(source: impl TokenSource) -> Self {
        Callback::from_source(Arc::new(source))
    }

    /// Stands for the credential that a client builder has not been given yet.
    pub(crate) fn missing() -> Self {
        Callback { source: None }
    }

    pub(crate) fn from_source(source: Arc<dyn TokenSource>) -> Self {
        Callback { source: Some(source) }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.source().map(|_| ())
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Token> {
        let request = TokenRequest {
            scope: ask.scope(),
            resource: ask.audience.to_owned(),
            tenant: ask.tenant.to_owned(),
            claims: ask.claims.map(str::to_owned),
        };
        let given = self.source()?.token(request).await.map_err(|e| {
            Error::new(ErrorKind::Auth, format!("the token callback failed: {e}")).with_source(e)
        })?;
        if given.token.expose_secret().trim().is_empty() {
            return Err(Error::new(ErrorKind::Auth, "the token callback gave an empty token"));
        }
        Ok(Token::new(given.token, given.expires_on))
    }

    fn source(&self) -> Result<&Arc<dyn TokenSource>> {
        self.source
            .as_ref()
            .ok_or_else(|| Error::invalid("no credential was given, or a callback without a function"))
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
