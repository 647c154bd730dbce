//! The authorization code grant with PKCE: the credential that comes of a sign-in in a browser.
//!
//! Source: "Microsoft identity platform and OAuth 2.0 authorization code flow".

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::TokenEndpoint;
use super::application::Application;
use super::ask::Ask;
use super::authority::{Form, Redeem, redeem};
use super::sign_in::check_redirect;
use super::token::Grant;
use super::user::{self, UserSignIn};
use crate::error::{Error, ErrorKind, Repeat, Result};

/// A code from a sign-in in a browser. It is redeemed once, by the first client that needs a token; from then on the
/// refresh token renews.
///
/// `SignIn` makes one: it builds the address, checks what comes back, and keeps the secrets that belong to it.
///
/// Source: "Microsoft identity platform and OAuth 2.0 authorization code flow".
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuthorizationCode {
    /// The application: its client id, or a credential if it is a confidential one.
    pub(super) client: Application,
    /// The code.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    pub(super) code: SecretString,
    /// The redirect URI that the code was sent to, unchanged.
    pub(super) redirect_uri: String,
    /// What the challenge in the sign-in's address was made from.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    pub(super) code_verifier: SecretString,
    /// The nonce of the sign-in's address, which the id token has to repeat.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("x-m365-secret" = true)))]
    pub(super) nonce: Option<SecretString>,
    /// The permissions that were asked for. Default: all those that the application is registered with.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// Clones are the same code.
    #[serde(skip)]
    pub(super) redeemed: Arc<AtomicBool>,
}

impl AuthorizationCode {
    /// What another language makes one from: all but the client, which it has kept.
    pub(crate) fn crossing(&self) -> Bytes {
        let fields = json!({
            "code": self.code.expose_secret(),
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.code_verifier.expose_secret(),
            "nonce": self.nonce.as_ref().map(ExposeSecret::expose_secret),
            "scopes": self.scopes,
        });
        fields.to_string().into()
    }

    pub(crate) fn client_mut(&mut self) -> &mut Application {
        &mut self.client
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.code.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the authorization code is empty"));
        }
        let verifier = self.code_verifier.expose_secret();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(allowed) {
            return Err(Error::invalid(
                "the code verifier is not one: it has 43 to 128 letters, digits and -._~",
            ));
        }
        check_redirect(&self.redirect_uri)?;
        self.client.check()
    }
}

impl UserSignIn for AuthorizationCode {
    fn application(&self) -> &Application {
        &self.client
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }

    fn first_api(&self, ask: &Ask<'_>) -> Option<String> {
        user::first_api(ask, &self.scopes)
    }

    async fn sign_in(&self, ask: &Ask<'_>) -> Result<Grant> {
        if self.redeemed.swap(true, Ordering::AcqRel) {
            return Err(Error::new(ErrorKind::Auth, "the authorization code has been used: it works once")
                .with_sign_in(|told| told.interaction_required = true)
                .with_hint("Have the user sign in again, and use one client for all calls"));
        }
        let form = Form::new("authorization_code")
            .secret("code", &self.code)
            .with("redirect_uri", &self.redirect_uri)
            .secret("code_verifier", &self.code_verifier);
        let form = user::complete(ask, self, form).await?;
        let redeemed = redeem(ask, &TokenEndpoint::V2, form, Redeem::Once).await;
        let grant = redeemed.inspect_err(|error| {
            // Nobody has seen the code yet.
            if error.repeat() == Repeat::Unsent {
                self.redeemed.store(false, Ordering::Release);
            }
        })?;
        user::check(ask, self, grant, self.nonce.as_ref())
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("client", &self.client)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
