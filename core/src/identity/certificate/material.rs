//! A key and the certificate that it fits, read and found fit for use.

use std::sync::Arc;

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use jsonwebtoken::EncodingKey;
use pkcs1::RsaPrivateKeyRef;

use super::chain::{Certificate, Chain};
use super::given::Given;
use super::pbe::Password;
use crate::error::{Error, Result};

/// What Entra ID takes at least.
const FEWEST_BITS: usize = 2048;

/// A private key and the certificate that it fits.
#[derive(Clone)]
pub(super) struct Material {
    pub(super) key: Arc<EncodingKey>,
    pub(super) chain: Chain,
}

impl Material {
    /// Reads PEM text, or a PFX as bytes or as base64, and a key of its own if there is one.
    pub(super) fn read(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Result<Self> {
        let mut given = Given::default();
        let password = Password::of(password);
        for part in std::iter::once(certificate).chain(key) {
            given.read(part, &password)?;
        }
        let chain = Certificate::read_all(&given.certificates)?;
        if chain.is_empty() {
            return Err(Error::invalid("there is no certificate: pass the certificate and its private key"));
        }
        let key = match given.keys.as_slice() {
            [] => {
                return Err(Error::invalid(
                    "there is no private key: pass the file that holds it beside the certificate",
                ));
            }
            [key] => key,
            more => return Err(Error::invalid(format!("there are {} private keys: pass one", more.len()))),
        };
        let public = public_key(key)?;
        let fits = |certificate: &Certificate| certificate.public_key.as_ref() == Some(&public);
        let chain = Chain::from(chain, fits).ok_or_else(|| {
            Error::invalid("the private key does not fit the certificate: pass those that were made together")
        })?;
        Ok(Material { key: Arc::new(EncodingKey::from_rsa_der(key)), chain })
    }
}

/// The public half of a key that can sign, as PKCS#1.
fn public_key(key: &[u8]) -> Result<Vec<u8>> {
    let parts = RsaPrivateKeyRef::try_from(key)
        .map_err(|_| Error::invalid("the private key cannot be read: it is neither PKCS#8 nor PKCS#1"))?;
    check_bits(parts.modulus.as_bytes())?;
    let pair = KeyPair::from_der(key)
        .map_err(|_| Error::invalid("the private key is damaged: it is not a sound RSA key"))?;
    Ok(pair.public_key().as_ref().to_vec())
}

/// Refuses a key whose modulus, without leading zeros, is too short.
pub(super) fn check_bits(modulus: &[u8]) -> Result<()> {
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if bits < FEWEST_BITS {
        return Err(Error::invalid(format!("the RSA key has {bits} bits: use {FEWEST_BITS} or more")));
    }
    Ok(())
}

pub(super) fn not_rsa() -> Error {
    Error::invalid("the key is not RSA: Entra ID takes RSA keys only")
}
