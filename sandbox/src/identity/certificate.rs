//! Certificates that clients sign in with.

use std::error::Error;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    RsaKeySize, date_time_ymd,
};
use serde_json::{Value, json};
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;

use crate::clock::civil;

/// What of a certificate matters to an authority.
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) subject: String,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// The RSA key in DER; of other kinds of keys there is none.
    pub(super) key: Option<Vec<u8>>,
    pub(super) bits: usize,
}

impl Certificate {
    /// Reads the first certificate in a PEM text.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        let (_, block) = parse_x509_pem(pem.as_bytes()).ok()?;
        Self::from_der(&block.contents)
    }

    /// Reads a certificate.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, read) = parse_x509_certificate(der).ok()?;
        let spki = read.public_key();
        let (key, bits) = match spki.parsed().ok()? {
            PublicKey::RSA(key) => (Some(spki.subject_public_key.data.to_vec()), key.key_size()),
            _ => (None, 0),
        };
        Some(Self {
            der: der.to_vec(),
            subject: read.subject().to_string(),
            not_before: read.validity().not_before.timestamp(),
            not_after: read.validity().not_after.timestamp(),
            key,
            bits,
        })
    }

    /// Whether the owner of `issuer` signed it.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> bool {
        let (Ok((_, leaf)), Ok((_, authority))) =
            (parse_x509_certificate(&self.der), parse_x509_certificate(&issuer.der))
        else {
            return false;
        };
        leaf.issuer() == authority.subject() && leaf.verify_signature(Some(authority.public_key())).is_ok()
    }

    pub(super) fn thumbprint(&self) -> String {
        thumbprint(&self.der)
    }
}

/// SHA-1 of a certificate, in hexadecimal, as portals show it.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    sha1(der).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// SHA-1, which older thumbprints are made with.
pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// What a certificate is made for.
pub(crate) struct Order {
    /// Common name of the subject.
    pub(crate) subject: String,
    /// Bits of an RSA key, or none for an elliptic curve.
    pub(crate) bits: Option<u32>,
    /// Milliseconds since 1970, of which the day counts.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// Whether an authority signs it instead of itself.
    pub(crate) chain: bool,
}

/// Makes a certificate and its key, for tests that need one.
pub(crate) fn make(order: &Order) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let key = match order.bits {
        None => KeyPair::generate()?,
        Some(bits) => {
            let size = match bits {
                2_048 => RsaKeySize::_2048,
                3_072 => RsaKeySize::_3072,
                4_096 => RsaKeySize::_4096,
                _ => return Err(format!("{bits} is not one of 2048, 3072 and 4096").into()),
            };
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?
        }
    };
    let day = |instant: i64| {
        let at = civil(instant);
        date_time_ymd(at.year as i32, at.month as u8, at.day as u8)
    };
    let dated = |name: &str| -> Result<CertificateParams, Box<dyn Error + Send + Sync>> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (day(order.not_before), day(order.not_after));
        Ok(params)
    };
    let leaf = dated(&order.subject)?;
    let (certificate, issuer) = if order.chain {
        let mut authority = dated(&format!("{} authority", order.subject))?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let issuer = authority.self_signed(&authority_key)?.pem();
        (leaf.signed_by(&key, &Issuer::new(authority, authority_key))?, Some(issuer))
    } else {
        (leaf.self_signed(&key)?, None)
    };
    let der = certificate.der();
    Ok(json!({
        "certificate": certificate.pem(),
        "privateKey": key.serialize_pem(),
        "pem": format!("{}{}", certificate.pem(), key.serialize_pem()),
        "issuer": issuer,
        "subject": format!("CN={}", order.subject),
        "x5t": BASE64_URL_SAFE_NO_PAD.encode(sha1(der)),
        "x5tS256": BASE64_URL_SAFE_NO_PAD.encode(sha256(der)),
    }))
}
