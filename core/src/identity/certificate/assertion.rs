//! The signed statement by which an application with a certificate says who it is.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials".

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Serialize;

use super::SigningAlgorithm;
use super::material::Chain;
use crate::error::{Error, Result};
use crate::identity::random::guid;

/// How long it holds: what it is used for takes seconds.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is fast by so much does no harm.
const BACKDATED: SignedDuration = SignedDuration::from_secs(60);

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5c: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// What is to be signed: for one token endpoint, by one application, once.
pub(super) fn unsigned(
    client_id: &str,
    audience: &str,
    now: Timestamp,
    algorithm: &SigningAlgorithm,
    chain: &Chain,
    send_chain: bool,
) -> Result<String> {
    let rs256 = *algorithm == SigningAlgorithm::Rs256;
    let header = Header {
        alg: if rs256 { "RS256" } else { "PS256" },
        typ: "JWT",
        x5t_s256: (!rs256).then(|| URL_SAFE_NO_PAD.encode(chain.sha256())),
        x5t: rs256.then(|| URL_SAFE_NO_PAD.encode(chain.sha1())),
        x5c: send_chain.then(|| chain.x5c()),
    };
    let at = |offset| now.saturating_add(offset).unwrap_or(now).as_second();
    let claims = Claims {
        aud: audience,
        iss: client_id,
        sub: client_id,
        jti: guid(),
        nbf: at(-BACKDATED),
        iat: now.as_second(),
        exp: at(LIFE),
    };
    Ok(format!("{}.{}", part(&header)?, part(&claims)?))
}

pub(super) fn sign(key: &KeyPair, algorithm: &SigningAlgorithm, message: &str) -> Result<Vec<u8>> {
    let encoding: &'static dyn RsaEncoding = match algorithm {
        SigningAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
        _ => &RSA_PSS_SHA256,
    };
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .map_err(|_| Error::invalid("the private key cannot sign: it is damaged"))?;
    Ok(signature)
}

pub(super) fn signed(mut message: String, signature: &[u8]) -> SecretString {
    message.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut message);
    message.into()
}

fn part(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value)
        .map_err(|e| Error::invalid("the assertion cannot be written").with_source(e))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
