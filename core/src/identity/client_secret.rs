//! An application's id and secret: the OAuth 2.0 client credentials grant.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Token, authority};
use crate::error::{Error, Result};
use crate::http::Corridor;
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
    #[serde(default = "v2")]
    endpoint: TokenEndpoint,
}

fn v2() -> TokenEndpoint {
    TokenEndpoint::V2
}

impl ClientSecret {
    /// A credential for the v2 token endpoint.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        ClientSecret {
            client_id: client_id.into(),
            secret: SecretString::from(secret.into()),
            endpoint: v2(),
        }
    }

    /// Asks the given token endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: TokenEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.client_id.trim().is_empty() {
            return Err(Error::invalid("the client id is empty"));
        }
        if self.secret.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the client secret is empty: pass the secret's value"));
        }
        if let TokenEndpoint::Unknown(endpoint) = &self.endpoint {
            return Err(Error::invalid(format!("unknown token endpoint {endpoint:?}: use v2 or v1")));
        }
        Ok(())
    }

    pub(super) async fn token(&self, corridor: &Corridor, tenant: &str, audience: &str) -> Result<Token> {
        let target = match self.endpoint {
            TokenEndpoint::V1 => ("resource", audience.to_owned()),
            _ => ("scope", format!("{audience}/.default")),
        };
        let form = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.client_id.clone()),
            ("client_secret", self.secret.expose_secret().to_owned()),
            target,
        ];
        authority::redeem(corridor, tenant, &self.endpoint, &form).await
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl From<ClientSecret> for super::Credential {
    fn from(credential: ClientSecret) -> Self {
        super::Credential::ClientSecret(credential)
    }
}
