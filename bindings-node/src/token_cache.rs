//! Tokens that clients share, and places to keep them.

use m365kit::identity::TokenCache;
use napi::Result;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use secrecy::{ExposeSecret, SecretString};

use crate::errors::thrown;
use crate::functions::{AskFunction, host_functions};

/// A token cache of the core.
#[napi]
pub struct NativeTokenCache {
    cache: TokenCache,
}

impl NativeTokenCache {
    /// The cache, for a client to use.
    pub(crate) fn cache(&self) -> TokenCache {
        self.cache.clone()
    }
}

#[napi]
impl NativeTokenCache {
    /// Opens a cache: its place as JSON, and the functions that load and save it where it has a store of the user's.
    #[napi(constructor, catch_unwind)]
    pub fn new(place: String, names: Vec<String>, ask: Option<AskFunction>) -> Result<Self> {
        let functions = host_functions(names, ask)?;
        let place = SecretString::from(place);
        let cache = TokenCache::from_json(place.expose_secret().as_bytes(), functions);
        cache.map(|cache| Self { cache }).map_err(|error| thrown(&error))
    }

    /// All that is worth keeping, in the clear.
    #[napi(catch_unwind)]
    pub fn export(&self) -> Buffer {
        self.cache.export().expose_secret().to_vec().into()
    }

    /// Takes in what was exported.
    #[napi(catch_unwind)]
    pub fn import(&self, bytes: Buffer) -> Result<()> {
        self.cache.import(&bytes).map_err(|error| thrown(&error))
    }
}
