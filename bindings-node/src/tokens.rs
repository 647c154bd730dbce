//! A JavaScript function as a source of tokens.

use std::error::Error;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use m365kit::identity::{AccessToken, TokenRequest, TokenSource};
use napi::Status;
use napi::bindgen_prelude::Promise;
use napi::threadsafe_function::ThreadsafeFunction;

/// Takes a request and promises an answer, both JSON. Weak: a client that is merely there does not keep Node running.
pub(crate) type TokenFunction = ThreadsafeFunction<String, Promise<String>, String, Status, false, true>;

/// Asks the function for every token.
pub(crate) struct Callback {
    function: Arc<TokenFunction>,
}

impl Callback {
    pub(crate) fn new(function: TokenFunction) -> Self {
        Self { function: Arc::new(function) }
    }
}

impl TokenSource for Callback {
    fn token(
        &self,
        request: TokenRequest,
    ) -> BoxFuture<'static, Result<AccessToken, Box<dyn Error + Send + Sync>>> {
        let function = Arc::clone(&self.function);
        async move {
            let request = serde_json::to_string(&request)?;
            let answer = function.call_async_catch(request).await.map_err(said)?.await.map_err(said)?;
            read(&answer)
        }
        .boxed()
    }
}

/// The answer of `src-ts/tokens.ts`: `{token, expiresOn}` or `{error}`.
fn read(answer: &str) -> Result<AccessToken, Box<dyn Error + Send + Sync>> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    if let Some(error) = answer["error"].as_str() {
        return Err(error.into());
    }
    let token = answer["token"].as_str().ok_or("the token callback gave no token")?;
    let expires_on = answer["expiresOn"].as_str().map(str::parse).transpose()?;
    Ok(AccessToken::new(token, expires_on))
}

fn said(error: napi::Error) -> Box<dyn Error + Send + Sync> {
    error.reason.into()
}
