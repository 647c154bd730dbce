//! A cache as another language asks for one.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{CacheKey, TokenCache};
use crate::dispatch::{HostFunctions, function};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: Option<PathBuf>,
    key: Option<SecretString>,
    passphrase: Option<SecretString>,
    keyring: Option<String>,
}

pub(super) fn read(json: &[u8], functions: Option<HostFunctions>) -> Result<TokenCache> {
    let place: Place = crate::dispatch::read("token_cache", json)?;
    match place {
        Place { path: Some(path), key, passphrase, keyring: None } => {
            Ok(TokenCache::in_file(path, cache_key(key, passphrase)?))
        }
        Place { path: None, key: None, passphrase: None, keyring: Some(name) } => in_keyring(name),
        Place { path: None, key: None, passphrase: None, keyring: None } => Ok(functions
            .and_then(|given| given.giving(function::LOAD_CACHE))
            .map_or_else(TokenCache::new, |given| TokenCache::with_store(HostFunctions::clone(&given)))),
        _ => Err(Error::invalid("a token cache is kept in one place: a file with its key, or a keyring")),
    }
}

fn cache_key(key: Option<SecretString>, passphrase: Option<SecretString>) -> Result<CacheKey> {
    match (key, passphrase) {
        (Some(key), None) => {
            let bytes = STANDARD.decode(key.expose_secret()).map(Zeroizing::new).unwrap_or_default();
            let exact = <[u8; 32]>::try_from(bytes.as_slice());
            exact.map(CacheKey::from_bytes).map_err(|_| {
                Error::invalid(format!("the key of a token cache has 32 bytes, and this one {}", bytes.len()))
            })
        }
        (None, Some(passphrase)) if !passphrase.expose_secret().is_empty() => {
            Ok(CacheKey::from_passphrase(passphrase.expose_secret()))
        }
        (None, Some(_)) => Err(Error::invalid("the passphrase of the token cache is empty")),
        _ => Err(Error::invalid("a token cache in a file has a key or a passphrase: pass one of them")),
    }
}

#[cfg(feature = "keyring")]
#[expect(clippy::unnecessary_wraps, reason = "without keyrings it refuses")]
fn in_keyring(name: String) -> Result<TokenCache> {
    Ok(TokenCache::in_keyring(name))
}

#[cfg(not(feature = "keyring"))]
fn in_keyring(_: String) -> Result<TokenCache> {
    Err(Error::invalid("this build knows no keyrings")
        .with_hint("Keep the token cache in a file, or in the keyring by a store of your own; builds with the feature `keyring` know them"))
}
