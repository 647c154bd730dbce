//! Signed tokens in their compact form (RFC 7515 and 7519).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::keys::SigningKey;

/// A token that was read, and not yet believed.
pub(super) struct Jwt {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It has not the three parts of one.
    Shape,
    /// A part of it is not what it should be.
    Part,
}

impl Jwt {
    /// Takes a token apart.
    pub(super) fn read(text: &str) -> Result<Self, Broken> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Broken::Shape)?;
        let (header, claims) = signed.split_once('.').ok_or(Broken::Shape)?;
        Ok(Self {
            header: object(header).ok_or(Broken::Part)?,
            claims: object(claims).ok_or(Broken::Part)?,
            signed: signed.to_owned(),
            signature: bytes(signature).ok_or(Broken::Part)?,
        })
    }

    /// A text of the header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// A claim that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// A claim that is a time. Text with digits is none.
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// Whether it was signed by the owner of `key` (an RSA key in DER), with the algorithm that its header names.
    pub(super) fn is_signed_by(&self, key: &[u8]) -> bool {
        let algorithm = match self.header("alg") {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, key).verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

/// Signs claims with RS256.
pub(super) fn sign(key: &SigningKey, claims: &Value) -> String {
    let header =
        serde_json::json!({"typ": "JWT", "alg": "RS256", "x5t": key.thumbprint, "kid": key.thumbprint});
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Bytes in the alphabet of tokens. The padding that some clients leave in is tolerated, as by the service.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).or_else(|_| BASE64_URL_SAFE.decode(text)).ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&bytes(part)?).ok()
}
