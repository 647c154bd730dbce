//! A cache in the platform's keyring.

use futures::future::{BoxFuture, FutureExt};
use keyring::{Entry, Error};
use secrecy::{ExposeSecret, SecretSlice};
use zeroize::Zeroizing;

use super::store::{StoreError, TokenStore};

/// Under which the entries stand, beside their name.
const SERVICE: &str = "m365kit";

pub(super) struct Keyring {
    name: String,
}

impl Keyring {
    pub(super) fn new(name: String) -> Self {
        Keyring { name }
    }

    /// Keyrings ask the system, and that may ask the user: nothing for a worker.
    async fn with_entry<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let name = self.name.clone();
        Ok(tokio::task::spawn_blocking(move || work(&Entry::new(SERVICE, &name)?)).await??)
    }
}

impl TokenStore for Keyring {
    fn load(&self) -> BoxFuture<'_, Result<Option<Zeroizing<Vec<u8>>>, StoreError>> {
        self.with_entry(|entry| match entry.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
        .boxed()
    }

    fn save(&self, cache: SecretSlice<u8>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with_entry(move |entry| entry.set_secret(cache.expose_secret())).boxed()
    }
}
