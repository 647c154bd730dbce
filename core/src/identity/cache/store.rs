//! Where a cache is kept between one process and the next.

use std::error::Error as StdError;

use futures::future::{BoxFuture, FutureExt, ready};
use secrecy::SecretSlice;
use zeroize::Zeroizing;

/// Why a store could not be read or written; it goes into the log, and the cache lives on in memory.
pub type StoreError = Box<dyn StdError + Send + Sync>;

/// Held while a cache is read, merged and written; dropping it ends that.
pub type StoreGuard = Box<dyn Send>;

/// A place of the caller's for a [`TokenCache`](super::TokenCache): it gets and gives bytes that it need not
/// understand. They hold tokens in the clear, so it is for the store to close them.
pub trait TokenStore: Send + Sync + 'static {
    /// The bytes that were kept last; none if there are none.
    fn load(&self) -> BoxFuture<'_, Result<Option<Zeroizing<Vec<u8>>>, StoreError>>;

    /// Keeps these bytes in place of those before.
    fn save(&self, cache: SecretSlice<u8>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps other processes from writing between a load and the save that follows it. Default: nothing, for
    /// stores that one process alone uses.
    fn lock(&self) -> BoxFuture<'_, Result<StoreGuard, StoreError>> {
        ready(Ok(Box::new(()) as StoreGuard)).boxed()
    }
}
