//! Tokens from the application: a Swift `TokenProvider` behind the core's `TokenSource`.

use std::error::Error;
use std::sync::Arc;

use futures::future::BoxFuture;
use m365kit::identity::{AccessToken, TokenRequest, TokenSource};

/// What a token is wanted for.
#[derive(uniffi::Record)]
pub struct NativeTokenRequest {
    /// The scope of the v2 endpoint.
    pub scope: String,
    /// The resource of the v1 endpoint.
    pub resource: String,
    /// The tenant the client was made for.
    pub tenant: String,
}

/// A token and its end.
#[derive(uniffi::Record)]
pub struct NativeToken {
    /// The bearer token.
    pub token: String,
    /// When it ends, in milliseconds since 1970; unknown when absent.
    pub expires_on: Option<i64>,
}

/// Why the application gave no token.
#[derive(Debug, uniffi::Error)]
pub enum TokenFailure {
    /// What the provider threw.
    Failed {
        /// Its description.
        reason: String,
    },
}

impl std::fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { reason } = self;
        f.write_str(reason)
    }
}

impl Error for TokenFailure {}

impl From<uniffi::UnexpectedUniFFICallbackError> for TokenFailure {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// The application's source of tokens.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait NativeTokens: Send + Sync {
    /// Gives a token. It is asked again when the token nears its end or is refused.
    async fn token(&self, request: NativeTokenRequest) -> Result<NativeToken, TokenFailure>;
}

/// Adapts the application's source to the core's.
pub(crate) struct ForeignTokens {
    tokens: Arc<dyn NativeTokens>,
}

impl ForeignTokens {
    pub(crate) fn source(tokens: Arc<dyn NativeTokens>) -> Arc<dyn TokenSource> {
        Arc::new(Self { tokens })
    }
}

impl TokenSource for ForeignTokens {
    fn token(
        &self,
        request: TokenRequest,
    ) -> BoxFuture<'static, Result<AccessToken, Box<dyn Error + Send + Sync>>> {
        let tokens = Arc::clone(&self.tokens);
        Box::pin(async move {
            let TokenRequest { scope, resource, tenant } = request;
            let given = tokens.token(NativeTokenRequest { scope, resource, tenant }).await?;
            let expires_on = given.expires_on.map(jiff::Timestamp::from_millisecond).transpose()?;
            Ok(AccessToken::new(given.token, expires_on))
        })
    }
}
