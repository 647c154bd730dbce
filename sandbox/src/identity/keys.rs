//! The keys that tokens are signed with, and how they are published.

use std::error::Error;
use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, PKCS_RSA_SHA256, date_time_ymd};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::certificate::sha1;

/// The keys of all sandboxes.
pub(crate) struct Keys {
    /// Of the authority.
    pub(super) authority: SigningKey,
    /// Of the issuer whose tokens workloads bring.
    pub(super) federation: SigningKey,
}

/// A key that signs.
pub(super) struct SigningKey {
    pair: KeyPair,
    certificate: Vec<u8>,
    /// Of its certificate; also the id of the key.
    pub(super) thumbprint: String,
}

/// How a vault signs.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Algorithm {
    #[default]
    Ps256,
    Rs256,
}

/// Signs with a private key in PEM; message and signature are in base64.
pub(crate) fn sign_for(private_key: &str, message: &str, algorithm: Algorithm) -> Option<String> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(private_key.as_bytes()).ok()?;
    let pair = KeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?;
    let padding: &dyn RsaEncoding = match algorithm {
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Rs256 => &RSA_PKCS1_SHA256,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    let message = BASE64_STANDARD.decode(message).ok()?;
    pair.sign(padding, &SystemRandom::new(), &message, &mut signature).ok()?;
    Some(BASE64_STANDARD.encode(signature))
}

impl Keys {
    /// The keys. They are read once in a process, however many sandboxes are in it.
    pub(crate) fn shared() -> Result<&'static Self, Box<dyn Error + Send + Sync>> {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        if let Some(keys) = KEYS.get() {
            return Ok(keys);
        }
        let keys = Self {
            authority: SigningKey::new(include_bytes!("../../data/authority-key.der"), "accounts.sandbox")?,
            federation: SigningKey::new(include_bytes!("../../data/federation-key.der"), "issuer.sandbox")?,
        };
        Ok(KEYS.get_or_init(|| keys))
    }
}

impl SigningKey {
    fn new(pkcs8: &'static [u8], name: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let pair = KeyPair::from_pkcs8(pkcs8)?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
        let der = PrivatePkcs8KeyDer::from(pkcs8);
        let signer = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256)?;
        let certificate = params.self_signed(&signer)?.der().to_vec();
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(sha1(&certificate));
        Ok(Self { pair, certificate, thumbprint })
    }

    /// A signature with RS256.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // Cannot fail: the key was checked when it was read, and there is room for exactly one signature.
        let _ = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signature
    }

    /// The public half.
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The public half as key sets publish it.
    pub(super) fn published(&self, issuer: &str) -> Value {
        let public = self.pair.public_key();
        json!({
            "keys": [{
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self.thumbprint,
                "x5t": self.thumbprint,
                "n": BASE64_URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
                "e": BASE64_URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
                "x5c": [BASE64_STANDARD.encode(&self.certificate)],
                "issuer": issuer,
            }],
        })
    }
}
