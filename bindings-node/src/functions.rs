//! Functions of JavaScript that the core asks: for tokens, signatures, what a cache has kept.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use m365kit::dispatch::{Host, HostError, HostFunctions};
use napi::bindgen_prelude::{FnArgs, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Result, Status};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::errors::thrown;

type Question = FnArgs<(String, String)>;

/// Takes the name of a function and a question, and promises what `src-ts/functions.ts` answers, all JSON. Weak: a
/// client that is merely there does not keep Node running.
pub(crate) type AskFunction = ThreadsafeFunction<Question, Promise<String>, Question, Status, false, true>;

/// The functions of these names, which that one calls.
pub(crate) fn host_functions(names: Vec<String>, ask: Option<AskFunction>) -> Result<Option<HostFunctions>> {
    ask.map(|ask| HostFunctions::new(Arc::new(JavaScript { ask: Arc::new(ask) }), names))
        .transpose()
        .map_err(|error| thrown(&error))
}

struct JavaScript {
    ask: Arc<AskFunction>,
}

impl Host for JavaScript {
    fn ask(
        &self,
        function: &'static str,
        question: SecretString,
    ) -> BoxFuture<'static, std::result::Result<SecretString, HostError>> {
        let ask = Arc::clone(&self.ask);
        async move {
            let question = (function.to_owned(), question.expose_secret().to_owned());
            let answer = ask.call_async_catch(question.into()).await.map_err(said)?.await.map_err(said)?;
            read(&SecretString::from(answer))
        }
        .boxed()
    }
}

/// What was answered: `{answer}` or `{error}`.
fn read(answered: &SecretString) -> std::result::Result<SecretString, HostError> {
    #[derive(Deserialize)]
    struct Answered<'a> {
        #[serde(borrow)]
        answer: Option<&'a RawValue>,
        error: Option<String>,
    }

    let Answered { answer, error } = serde_json::from_str(answered.expose_secret())?;
    error
        .map_or_else(|| Ok(answer.map_or("null", RawValue::get).to_owned().into()), |error| Err(error.into()))
}

fn said(error: napi::Error) -> HostError {
    error.reason.into()
}
