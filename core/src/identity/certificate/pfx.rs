//! PKCS#12: a key and its certificates in one file, as Windows and key vaults give them.
//!
//! Source: RFC 7292.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use super::der::{CONTEXT_0, CONTEXT_0_BYTES, OCTET_STRING, SEQUENCE, Values};
use super::pbe::{self, Closed, Purpose};

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// 1.2.840.113549.1.12.10.1, before the number of the kind.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// 2.16.840.1.101.3.4.2, before the number of the hash.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// What a file held: keys as PKCS#8, certificates as DER.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Opens a file with its password; an empty one if it has none.
pub(super) fn open(file: &[u8], password: &str) -> Result<Contents, Closed> {
    let mut pfx = Values::of(file).enter(SEQUENCE).ok_or(Closed::Shape)?;
    if pfx.number() != Some(3) {
        return Err(Closed::Shape);
    }
    let (kind, content) = content_info(&mut pfx).ok_or(Closed::Shape)?;
    if kind != DATA {
        return Err(Closed::Scheme);
    }
    let safe = { content }.octets(OCTET_STRING).ok_or(Closed::Shape)?;
    if let Some(mac) = pfx.enter(SEQUENCE) {
        check_mac(mac, &safe, password)?;
    }
    let mut parts = Values::of(&safe).enter(SEQUENCE).ok_or(Closed::Shape)?;
    let mut contents = Contents::default();
    while let Some((kind, mut content)) = content_info(&mut parts) {
        let bags = match kind {
            DATA => Zeroizing::new(content.octets(OCTET_STRING).ok_or(Closed::Shape)?.into_owned()),
            ENCRYPTED_DATA => open_part(content, password)?,
            _ => return Err(Closed::Scheme),
        };
        let mut bags = Values::of(&bags).enter(SEQUENCE).ok_or(Closed::Shape)?;
        while let Some(bag) = bags.enter(SEQUENCE) {
            read_bag(bag, password, &mut contents)?;
        }
    }
    Ok(contents)
}

/// Opens a key that is closed on its own: `EncryptedPrivateKeyInfo`.
pub(super) fn open_key(key: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let mut key = Values::of(key).enter(SEQUENCE).ok_or(Closed::Shape)?;
    open_shrouded(&mut key, password)
}

fn open_shrouded(key: &mut Values<'_>, password: &str) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let algorithm = key.enter(SEQUENCE).ok_or(Closed::Shape)?;
    let content = key.octets(OCTET_STRING).ok_or(Closed::Shape)?;
    pbe::open(algorithm, password, &content)
}

/// The kind of a part, and what is in it.
fn content_info<'a>(values: &mut Values<'a>) -> Option<(&'a [u8], Values<'a>)> {
    let mut info = values.enter(SEQUENCE)?;
    Some((info.oid()?, info.enter(CONTEXT_0)?))
}

fn open_part(mut content: Values<'_>, password: &str) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let mut read = || {
        let mut data = content.enter(SEQUENCE)?;
        data.number()?;
        let mut info = data.enter(SEQUENCE)?;
        (info.oid()? == DATA).then_some(())?;
        let algorithm = info.enter(SEQUENCE)?;
        Some((algorithm, info.octets(CONTEXT_0_BYTES)?))
    };
    let (algorithm, closed): (Values<'_>, Cow<'_, [u8]>) = read().ok_or(Closed::Shape)?;
    pbe::open(algorithm, password, &closed)
}

fn read_bag(mut bag: Values<'_>, password: &str, contents: &mut Contents) -> Result<(), Closed> {
    let kind = bag.oid().ok_or(Closed::Shape)?;
    let mut value = bag.enter(CONTEXT_0).ok_or(Closed::Shape)?;
    match kind.strip_prefix(BAG) {
        Some([1]) => {
            let key = value.take(SEQUENCE).ok_or(Closed::Shape)?;
            contents.keys.push(Zeroizing::new(key.whole.to_vec()));
        }
        Some([2]) => {
            let mut key = value.enter(SEQUENCE).ok_or(Closed::Shape)?;
            contents.keys.push(open_shrouded(&mut key, password)?);
        }
        Some([3]) => {
            let mut certificate = value.enter(SEQUENCE).ok_or(Closed::Shape)?;
            if certificate.oid() == Some(X509) {
                let mut inner = certificate.enter(CONTEXT_0).ok_or(Closed::Shape)?;
                contents.certificates.push(inner.octets(OCTET_STRING).ok_or(Closed::Shape)?.into_owned());
            }
        }
        // Revocation lists, secrets and whatever else is stored beside.
        _ => {}
    }
    Ok(())
}

/// The check that tells a wrong password from damage. Where its hash is not known, the key shows later whether
/// it fits the certificate.
fn check_mac(mut mac: Values<'_>, safe: &[u8], password: &str) -> Result<(), Closed> {
    let mut read = || {
        let mut info = mac.enter(SEQUENCE)?;
        let hash = info.enter(SEQUENCE)?.oid()?;
        let digest = info.octets(OCTET_STRING)?;
        Some((hash, digest, mac.octets(OCTET_STRING)?, mac.number().unwrap_or(1)))
    };
    let (hash, expected, salt, rounds) = read().ok_or(Closed::Shape)?;
    let (hash, algorithm) = match (hash, hash.strip_prefix(SHA2)) {
        (SHA1, _) => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        (_, Some([1])) => (&digest::SHA256, hmac::HMAC_SHA256),
        (_, Some([2])) => (&digest::SHA384, hmac::HMAC_SHA384),
        (_, Some([3])) => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return Ok(()),
    };
    let rounds = pbe::rounds(Some(rounds))?.get();
    let fits = |password: &[u8]| {
        let key = pbe::derive(hash, Purpose::Mac, password, &salt, rounds, hash.output_len());
        let own = hmac::sign(&hmac::Key::new(algorithm, &key), safe);
        verify_slices_are_equal(own.as_ref(), &expected).is_ok()
    };
    if pbe::bmp_strings(password).iter().any(|password| fits(password)) {
        Ok(())
    } else {
        Err(Closed::Password)
    }
}
