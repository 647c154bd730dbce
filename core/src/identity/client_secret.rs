//! An application's id and secret: the OAuth 2.0 client credentials grant.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::application::{self, Proof};
use super::ask::Ask;
use super::authority::Form;
use super::environment::Environment;
use super::token::Grant;
use crate::error::{Error, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// Which token endpoint is asked.
    TokenEndpoint {
        /// `/oauth2/v2.0/token`, with a scope.
        V2 = "v2",
        /// `/oauth2/token`, with a resource.
        V1 = "v1",
    }
}

/// An application's id and secret.
///
/// Source: "Get started with Office 365 Management APIs"; "OAuth 2.0 client credentials flow".
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    /// The application (client) id.
    client_id: String,
    /// The secret's value, not its id.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    secret: SecretString,
    /// The token endpoint that is asked: `v2`, or `v1` for directories that still need it.
    #[serde(default = "super::v2")]
    endpoint: TokenEndpoint,
}

impl ClientSecret {
    /// A credential for the v2 token endpoint.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        ClientSecret {
            client_id: client_id.into(),
            secret: SecretString::from(secret.into()),
            endpoint: super::v2(),
        }
    }

    pub(super) fn from_parts(client_id: String, secret: SecretString) -> Self {
        ClientSecret { client_id, secret, endpoint: super::v2() }
    }

    /// Asks the given token endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: TokenEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        application::check_client_id(&self.client_id)?;
        if self.secret.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the client secret is empty: pass the secret's value"));
        }
        self.endpoint.check()
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        application::app_token(ask, self).await
    }
}

impl TokenEndpoint {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            TokenEndpoint::Unknown(endpoint) => {
                Err(Error::invalid(format!("unknown token endpoint {endpoint:?}: use v2 or v1")))
            }
            _ => Ok(()),
        }
    }
}

impl Proof for ClientSecret {
    fn client_id(&self, _: &Environment) -> Result<String> {
        Ok(self.client_id.clone())
    }

    fn endpoint(&self) -> &TokenEndpoint {
        &self.endpoint
    }

    async fn prove(&self, _: &Ask<'_>, _: &TokenEndpoint, form: Form) -> Result<Form> {
        Ok(form.with("client_id", &self.client_id).secret("client_secret", &self.secret))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
