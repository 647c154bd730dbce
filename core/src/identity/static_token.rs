//! A token that the caller already has.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::token::Token;
use crate::error::{Error, Result};

/// A fixed access token: used as it is until it is refused, never renewed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StaticToken {
    /// The token, without the word `Bearer`.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-secret" = true)))]
    token: SecretString,
}

impl StaticToken {
    /// A credential from a token, without the word `Bearer`.
    pub fn new(token: impl Into<String>) -> Self {
        StaticToken { token: SecretString::from(token.into()) }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.token.expose_secret().trim().is_empty() {
            return Err(Error::invalid("the token is empty"));
        }
        Ok(())
    }

    pub(super) fn token(&self) -> Token {
        Token::new(self.token.clone(), None)
    }
}
