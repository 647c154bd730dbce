//! The signed statement by which an application with a certificate says who it is.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials".

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde::Serialize;

use super::SigningAlgorithm;
use super::chain::Chain;
use crate::error::{Error, Result};
use crate::identity::random::guid;

/// How long it holds: what it is used for takes seconds.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is fast by so much does no harm.
const BACKDATED: SignedDuration = SignedDuration::from_secs(60);

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
///
/// Put together here, since `jsonwebtoken` signs in the same breath, and the key may be elsewhere.
pub(super) fn unsigned(
    client_id: &str,
    audience: &str,
    now: Timestamp,
    algorithm: &SigningAlgorithm,
    chain: &Chain,
    send_chain: bool,
) -> Result<String> {
    let mut header = Header::new(registered(algorithm));
    match header.alg {
        Algorithm::RS256 => header.x5t = Some(URL_SAFE_NO_PAD.encode(chain.sha1())),
        _ => header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(chain.sha256())),
    }
    header.x5c = send_chain.then(|| chain.x5c());
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

/// Names its provider: the one of the process panics where another crate has switched on a second one.
pub(super) fn sign(key: &EncodingKey, algorithm: &SigningAlgorithm, message: &str) -> Result<Vec<u8>> {
    (DEFAULT_PROVIDER.signer_factory)(&registered(algorithm), key)
        .ok()
        .and_then(|signer| signer.try_sign(message.as_bytes()).ok())
        .ok_or_else(|| Error::invalid("the private key cannot sign: it is damaged"))
}

pub(super) fn signed(mut message: String, signature: &[u8]) -> SecretString {
    message.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut message);
    message.into()
}

fn registered(algorithm: &SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        _ => Algorithm::PS256,
    }
}

fn part(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value)
        .map_err(|e| Error::invalid("the assertion cannot be written").with_source(e))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
