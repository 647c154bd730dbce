//! The client: calls by name.

use std::sync::Arc;

use bytes::Bytes;
use m365kit::Client;
use napi::bindgen_prelude::{Buffer, PromiseRaw, within_runtime_if_available};
use napi::{Env, Result};
use napi_derive::napi;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::chunks::NativeChunks;
use crate::errors::{guarded, text, thrown};
use crate::functions::{AskFunction, host_functions};
use crate::pages::NativePages;
use crate::token_cache::NativeTokenCache;

/// Stops the calls it was given to. JavaScript's own `AbortSignal` stays with the caller: napi's type for it takes
/// over the signal's `onabort`.
#[napi]
pub struct Cancel {
    token: CancellationToken,
}

impl Cancel {
    /// What the calls look at.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

#[napi]
impl Cancel {
    /// A stop that nobody has asked for yet.
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { token: CancellationToken::new() }
    }

    /// Ends the calls this was given to, on the wire too.
    #[napi]
    pub fn cancel(&self) {
        self.token.cancel();
    }
}

/// What a call gives back.
#[napi(object)]
pub struct NativeReply {
    /// The result, as JSON.
    pub json: String,
    /// The bytes beside it, where there are some.
    pub payload: Option<Buffer>,
}

/// A client of the core.
#[napi]
pub struct NativeClient {
    client: Arc<Client>,
}

#[napi]
impl NativeClient {
    /// Opens a client: options as JSON, the names of the functions that its credential has and what calls them, and
    /// the cache that it shares with others.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        options: String,
        names: Vec<String>,
        ask: Option<AskFunction>,
        cache: Option<&NativeTokenCache>,
    ) -> Result<Self> {
        let functions = host_functions(names, ask)?;
        let options = SecretString::from(options);
        let cache = cache.map(NativeTokenCache::cache);
        let client = within_runtime_if_available(|| {
            Client::from_json(options.expose_secret().as_bytes(), functions.as_ref(), cache)
        });
        client.map(|client| Self { client: Arc::new(client) }).map_err(|error| thrown(&error))
    }

    /// Calls an operation that gives one result.
    #[napi(catch_unwind)]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        name: String,
        args: String,
        payload: Option<Buffer>,
        cancel: Option<&Cancel>,
    ) -> Result<PromiseRaw<'env, NativeReply>> {
        let client = Arc::clone(&self.client);
        // Copied: the caller may write to its buffer while the request is on its way.
        let payload = payload.map(|buffer| Bytes::copy_from_slice(&buffer));
        let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
        env.spawn_future(async move {
            let reply = guarded(&stop, client.call(&name, args.as_bytes(), payload)).await?;
            let payload = (!reply.payload.is_empty()).then(|| Buffer::from(Vec::from(reply.payload)));
            Ok(NativeReply { json: text(reply.json.into()), payload })
        })
    }

    /// Opens an operation that gives pages: with `fields`, as columns of those. Nothing is sent before the first
    /// `next`.
    #[napi(catch_unwind)]
    pub fn pages(&self, name: String, args: String, fields: Option<Vec<String>>) -> Result<NativePages> {
        within_runtime_if_available(|| self.client.pages(&name, args.as_bytes()))
            .map(|pages| NativePages::new(pages, fields))
            .map_err(|error| thrown(&error))
    }

    /// Begins an operation that gives bytes, and waits for the first of them.
    #[napi(catch_unwind)]
    pub fn fetch<'env>(
        &self,
        env: &'env Env,
        name: String,
        args: String,
        cancel: Option<&Cancel>,
    ) -> Result<PromiseRaw<'env, NativeChunks>> {
        let client = Arc::clone(&self.client);
        let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
        env.spawn_future(async move {
            guarded(&stop, client.bytes(&name, args.as_bytes())).await.map(NativeChunks::new)
        })
    }

    /// Ends everything in flight.
    #[napi]
    pub fn close(&self) {
        within_runtime_if_available(|| self.client.close());
    }
}
