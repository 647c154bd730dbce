//! A certificate, and those above it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pkcs1::RsaPublicKeyRef;
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::given::Given;
use super::material::{check_bits, not_rsa};
use crate::error::{Error, Result};

/// A certificate, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    /// The RSA key as PKCS#1; none for keys of another kind.
    pub(super) public_key: Option<Vec<u8>>,
}

/// The leaf, and the certificates above it as far as they were given.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) leaf: Certificate,
    above: Vec<Certificate>,
}

impl Chain {
    /// The certificates of PEM text or of one DER, for a key that is elsewhere; the first is the leaf.
    pub(super) fn read(certificates: &[u8]) -> Result<Self> {
        let read = Certificate::read_all(&Given::certificates(certificates)?)?;
        let first = read.first().map(|leaf| leaf.der.clone());
        let chain = Chain::from(read, |one| Some(&one.der) == first.as_ref());
        let chain = chain.ok_or_else(|| Error::invalid("there is no certificate"))?;
        let key = chain.leaf.public_key.as_deref().ok_or_else(not_rsa)?;
        let key = RsaPublicKeyRef::try_from(key)
            .map_err(|_| Error::invalid("the key of the certificate cannot be read"))?;
        check_bits(key.modulus.as_bytes())?;
        Ok(chain)
    }

    /// Puts the certificates in order; nothing if none is the leaf.
    pub(super) fn from(mut given: Vec<Certificate>, is_leaf: impl Fn(&Certificate) -> bool) -> Option<Self> {
        let leaf = given.remove(given.iter().position(is_leaf)?);
        let mut above: Vec<Certificate> = Vec::new();
        loop {
            let last = above.last().unwrap_or(&leaf);
            let Some(next) = given.iter().position(|one| one.subject == last.issuer) else { break };
            above.push(given.remove(next));
        }
        Some(Chain { leaf, above })
    }

    /// Leaf first, as DER in standard base64: what `x5c` holds.
    pub(super) fn x5c(&self) -> Vec<String> {
        std::iter::once(&self.leaf).chain(&self.above).map(|one| STANDARD.encode(&one.der)).collect()
    }

    /// Refuses a certificate out of its time.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<()> {
        let Certificate { not_before, not_after, .. } = &self.leaf;
        if now > *not_after {
            return Err(Error::invalid(format!(
                "the certificate expired at {not_after}: register a new one with the application and pass it"
            )));
        }
        if now < *not_before {
            return Err(Error::invalid(format!(
                "the certificate is valid from {not_before} only, and it is {now:.0} here: check the clock"
            )));
        }
        Ok(())
    }

    pub(super) fn sha1(&self) -> impl AsRef<[u8]> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.leaf.der)
    }

    pub(super) fn sha256(&self) -> impl AsRef<[u8]> {
        digest(&SHA256, &self.leaf.der)
    }
}

impl Certificate {
    pub(super) fn read_all(all: &[Vec<u8>]) -> Result<Vec<Self>> {
        all.iter().map(|der| Certificate::read(der)).collect()
    }

    fn read(der: &[u8]) -> Result<Self> {
        Certificate::parse(der).map_err(|_| Error::invalid("the certificate cannot be read: it is not X.509"))
    }

    fn parse(der: &[u8]) -> x509_cert::der::Result<Self> {
        // A `TRUSTED CERTIFICATE` of OpenSSL's has more behind it.
        let der = SliceReader::new(der)?.tlv_bytes()?;
        let certificate = x509_cert::Certificate::from_der(der)?;
        let signed = certificate.tbs_certificate();
        let key = signed.subject_public_key_info();
        let is_rsa = key.algorithm.oid == pkcs1::ALGORITHM_OID;
        Ok(Certificate {
            der: der.to_vec(),
            issuer: signed.issuer().clone(),
            subject: signed.subject().clone(),
            not_before: timestamp(signed.validity().not_before),
            not_after: timestamp(signed.validity().not_after),
            public_key: key.subject_public_key.as_bytes().filter(|_| is_rsa).map(<[u8]>::to_vec),
        })
    }
}

/// The last moment that can be told stands for those behind it: "no end" is written as the end of the year 9999.
fn timestamp(time: Time) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(time.to_unix_duration()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_without_an_end_can_be_told() {
        assert_eq!(timestamp(Time::INFINITY), Timestamp::MAX);
    }
}
