//! Sign-ins in a browser, which come before there is a client.

use m365kit::dispatch;
use napi::bindgen_prelude::PromiseRaw;
use napi::{Env, Result};
use napi_derive::napi;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::calls::Cancel;
use crate::errors::{guarded, text, thrown};
use crate::functions::{AskFunction, host_functions};

/// Begins a sign-in: arguments and answer are JSON.
#[napi(catch_unwind)]
pub fn begin_sign_in(args: String) -> Result<String> {
    let begun = dispatch::begin_sign_in(args.as_bytes());
    begun.map(|begun| text(begun.into())).map_err(|error| thrown(&error))
}

/// Finishes one: gives the fields of an authorization code, as JSON.
#[napi(catch_unwind)]
pub fn finish_sign_in(args: String) -> Result<String> {
    let args = SecretString::from(args);
    let finished = dispatch::finish_sign_in(args.expose_secret().as_bytes());
    finished.map(|fields| text(fields.into())).map_err(|error| thrown(&error))
}

/// Signs in with the browser of this machine: gives the same as finishing a sign-in.
#[napi(catch_unwind)]
pub fn browser_sign_in<'env>(
    env: &'env Env,
    args: String,
    names: Vec<String>,
    ask: Option<AskFunction>,
    cancel: Option<&Cancel>,
) -> Result<PromiseRaw<'env, String>> {
    let functions = host_functions(names, ask)?;
    let args = SecretString::from(args);
    let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
    env.spawn_future(async move {
        let signed_in = dispatch::browser_sign_in(args.expose_secret().as_bytes(), functions);
        guarded(&stop, signed_in).await.map(|fields| text(fields.into()))
    })
}
