//! A service that calls on for the user who called it.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::application::{ConfidentialClient, Proof};
use super::ask::Ask;
use super::authority::{Form, Redeem, redeem};
use super::token::Grant;
use super::{TokenEndpoint, jwt};
use crate::error::{Error, Result};

/// A service's way to act for the user whose token it was called with. One client for each user.
///
/// Where the user has to do something first, the error's `claims` are for the service's own answer: `401` with
/// `WWW-Authenticate: Bearer error="insufficient_claims", claims="…"`, the claims in base64.
///
/// Source: "Microsoft identity platform and OAuth 2.0 On-Behalf-Of flow".
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OnBehalfOf {
    /// The service: the application that the user's token was issued for.
    client: ConfidentialClient,
    /// The access token that the user called with.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    user_token: SecretString,
}

impl OnBehalfOf {
    /// A credential from the service's own and the token that the user called with.
    pub fn new(client: impl Into<ConfidentialClient>, user_token: impl Into<String>) -> Self {
        OnBehalfOf { client: client.into(), user_token: SecretString::from(user_token.into()) }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.user_token.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the user's token is empty"));
        }
        if jwt::is_app_only(&self.user_token) {
            return Err(Error::invalid(
                "the token is of an application and not of a user (it has no `scp`): there is nobody to act for",
            ));
        }
        self.client.check()
    }

    pub(super) fn client(&self) -> &ConfidentialClient {
        &self.client
    }

    pub(crate) fn client_mut(&mut self) -> &mut ConfidentialClient {
        &mut self.client
    }

    /// Tells one user's token from another's without showing it.
    pub(super) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.user_token.expose_secret().as_bytes()))
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        let form = Form::new("urn:ietf:params:oauth:grant-type:jwt-bearer")
            .secret("assertion", &self.user_token)
            .with("requested_token_use", "on_behalf_of")
            .with("scope", &ask.scope())
            .claims(ask);
        let form = self.client.prove(ask, &TokenEndpoint::V2, form).await?;
        redeem(ask, &TokenEndpoint::V2, form, Redeem::Often).await
    }
}

impl fmt::Debug for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalfOf").field("client", &self.client).finish_non_exhaustive()
    }
}
