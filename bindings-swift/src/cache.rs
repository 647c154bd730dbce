//! Where tokens are kept, for as many clients as share it.

use std::sync::Arc;

use m365kit::TokenCache;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::functions::{NativeFunctions, host};

/// A token cache of the core.
#[derive(uniffi::Object)]
pub struct NativeTokenCache {
    cache: TokenCache,
}

#[uniffi::export]
impl NativeTokenCache {
    /// A cache in the place that JSON names, or in a store of the application's that loads and saves it.
    #[uniffi::constructor]
    pub fn new(place: Vec<u8>, store: Option<Arc<dyn NativeFunctions>>) -> Result<Arc<Self>, Failure> {
        let place = Zeroizing::new(place);
        Ok(Arc::new(Self { cache: TokenCache::from_json(&place, host(store)?)? }))
    }

    /// A cache that ends with the process.
    #[uniffi::constructor]
    pub fn in_memory() -> Arc<Self> {
        Arc::new(Self { cache: TokenCache::new() })
    }

    /// All that is worth keeping, tokens in the clear among it.
    pub fn export(&self) -> Vec<u8> {
        self.cache.export().expose_secret().to_vec()
    }

    /// Takes in what was exported.
    pub fn import(&self, exported: Vec<u8>) -> Result<(), Failure> {
        Ok(self.cache.import(&Zeroizing::new(exported))?)
    }
}

impl NativeTokenCache {
    /// The same cache, for a client.
    pub(crate) fn shared(&self) -> TokenCache {
        self.cache.clone()
    }
}
