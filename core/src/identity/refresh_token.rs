//! A refresh token that a user left: another sign-in's, or another library's.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::application::Application;
use super::ask::Ask;
use super::token::Grant;
use super::user::{self, UserSignIn};
use crate::error::{Error, Result};

/// A user's refresh token: it fetches tokens for every API that the user has consented to.
///
/// It belongs to the application that it was given to. Each answer may bring a new one, which takes its place for
/// as long as the client lives; the old one goes on being good for some time.
///
/// Source: "Refresh tokens in the Microsoft identity platform".
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The application that the token was given to: its client id, or a credential if it is a confidential one.
    pub(super) client: Application,
    /// The refresh token.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    token: SecretString,
    /// The permissions to ask for, such as `https://graph.microsoft.com/Mail.Read`. Default: all those that the
    /// application is registered with.
    #[serde(default)]
    scopes: Vec<String>,
}

impl RefreshToken {
    /// A credential from a refresh token and the application that it was given to.
    pub fn new(client: impl Into<Application>, token: impl Into<String>) -> Self {
        RefreshToken { client: client.into(), token: SecretString::from(token.into()), scopes: Vec::new() }
    }

    /// The permissions to ask for.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn client_mut(&mut self) -> &mut Application {
        &mut self.client
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.token.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the refresh token is empty"));
        }
        self.client.check()
    }
}

impl UserSignIn for RefreshToken {
    fn application(&self) -> &Application {
        &self.client
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }

    async fn sign_in(&self, ask: &Ask<'_>) -> Result<Grant> {
        let mut grant = user::refresh(ask, self, &self.token).await?;
        // Where none came in its place, the old one goes on.
        grant.refresh.get_or_insert_with(|| self.token.clone());
        Ok(grant)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("client", &self.client).finish_non_exhaustive()
    }
}
