//! Functions of the application, behind the one trait by which the core asks for what JSON cannot hold.

use std::error::Error;
use std::sync::Arc;

use futures::future::BoxFuture;
use m365kit::dispatch::{Host, HostError, HostFunctions};
use secrecy::{ExposeSecret, SecretString};

use crate::failure::Failure;

/// The functions that the application gave for one client, sign-in or cache.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait NativeFunctions: Send + Sync {
    /// The names of those that there are.
    fn given(&self) -> Vec<String>;

    /// Asks one of them. Question and answer are JSON, and may hold secrets.
    async fn ask(&self, function: String, question: Vec<u8>) -> Result<Vec<u8>, FunctionFailure>;
}

/// Why a function gave no answer.
#[derive(Debug, uniffi::Error)]
pub enum FunctionFailure {
    /// It threw.
    Failed {
        /// The description of what it threw.
        reason: String,
    },
}

impl std::fmt::Display for FunctionFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { reason } = self;
        f.write_str(reason)
    }
}

impl Error for FunctionFailure {}

impl From<uniffi::UnexpectedUniFFICallbackError> for FunctionFailure {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// What the core asks, where there is anything to ask.
pub(crate) fn host(functions: Option<Arc<dyn NativeFunctions>>) -> Result<Option<HostFunctions>, Failure> {
    let Some(functions) = functions else { return Ok(None) };
    let given = functions.given();
    Ok(Some(HostFunctions::new(Arc::new(Application { functions }), given)?))
}

struct Application {
    functions: Arc<dyn NativeFunctions>,
}

impl Host for Application {
    fn ask(
        &self,
        function: &'static str,
        question: SecretString,
    ) -> BoxFuture<'static, Result<SecretString, HostError>> {
        let functions = Arc::clone(&self.functions);
        Box::pin(async move {
            let question = question.expose_secret().as_bytes().to_vec();
            let answer = functions.ask(function.to_owned(), question).await?;
            let answer = String::from_utf8(answer)
                .map_err(|_| format!("the function {function:?} gave something else than text"))?;
            Ok(SecretString::from(answer))
        })
    }
}
