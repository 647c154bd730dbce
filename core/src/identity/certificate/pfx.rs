//! PKCS#12: a key and its certificates in one file, as Windows and key vaults give them.
//!
//! The shapes are of `pkcs12`, all but the outermost two: those it reads as DER alone, and browsers and macOS write
//! BER. `p12-keystore`, which would do it all, reads neither BER nor RC2 with 128 bits.
//!
//! Source: RFC 7292.

use aws_lc_rs::hmac;
use der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier, OctetString};
use der::{
    Decode, DecodeValue, Encode, EncodingRules, ErrorKind, FixedTag, Header, Reader, SliceReader, Tag,
    TagMode, TagNumber,
};
use pkcs12::cms::encrypted_data::EncryptedData;
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::pbe_params::EncryptedPrivateKeyInfo;
use pkcs12::safe_bag::{SafeBag, SafeContents};
use pkcs12::{
    CertBag, MacData, PKCS_12_CERT_BAG_OID, PKCS_12_KEY_BAG_OID, PKCS_12_PKCS8_KEY_BAG_OID,
    PKCS_12_X509_CERT_OID,
};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::pbe::{self, Closed, Password};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// What a file held: keys as PKCS#8, certificates as DER.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Opens a file with its password; an empty one if it has none.
pub(super) fn open(file: &[u8], password: &Password<'_>) -> Result<Contents, Closed> {
    let (safe, mac) = outermost(file)?;
    let Part::Data(safe) = safe else { return Err(Closed::Scheme) };
    if let Some(mac) = mac {
        check_mac(&mac, safe.as_bytes(), password)?;
    }
    let mut contents = Contents::default();
    for part in Vec::<Part>::from_ber(safe.as_bytes())? {
        let bags = match part {
            Part::Data(bags) => Zeroizing::new(bags.into()),
            Part::Encrypted(data) => {
                let info = data.enc_content_info;
                let closed = info.encrypted_content.ok_or(Closed::Shape)?;
                pbe::open(&info.content_enc_alg, password, closed.as_bytes())?
            }
        };
        for bag in SafeContents::from_ber(&bags)? {
            read_bag(bag, password, &mut contents)?;
        }
    }
    Ok(contents)
}

/// Opens a key that is closed on its own.
pub(super) fn open_key(key: &[u8], password: &Password<'_>) -> Result<Zeroizing<Vec<u8>>, Closed> {
    if !password.is_given() {
        return Err(Closed::Password);
    }
    open_shrouded(&EncryptedPrivateKeyInfo::from_ber(key)?, password)
}

fn open_shrouded(
    key: &EncryptedPrivateKeyInfo,
    password: &Password<'_>,
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    pbe::open(&key.encryption_algorithm, password, key.encrypted_data.as_bytes())
}

/// What CMS calls content info, of the two kinds that are closed with a password or not at all.
enum Part {
    Data(OctetString),
    Encrypted(EncryptedData),
}

impl FixedTag for Part {
    const TAG: Tag = Tag::Sequence;
}

impl<'a> DecodeValue<'a> for Part {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        let content = (TagNumber(0), TagMode::Explicit);
        let part = match reader.decode()? {
            DATA => reader.context_specific(content.0, content.1)?.map(Part::Data),
            ENCRYPTED_DATA => reader.context_specific(content.0, content.1)?.map(Part::Encrypted),
            oid => return Err(reader.error(ErrorKind::OidUnknown { oid })),
        };
        part.ok_or_else(|| reader.error(ErrorKind::Failed))
    }
}

fn outermost(file: &[u8]) -> der::Result<(Part, Option<MacData>)> {
    SliceReader::new_with_encoding_rules(file, EncodingRules::Ber)?.sequence(|pfx| {
        let version: u8 = pfx.decode()?;
        if version != 3 {
            return Err(pfx.error(ErrorKind::Failed));
        }
        Ok((pfx.decode()?, pfx.decode()?))
    })
}

fn read_bag(bag: SafeBag, password: &Password<'_>, contents: &mut Contents) -> Result<(), Closed> {
    let value = Zeroizing::new(bag.bag_value);
    match bag.bag_id {
        PKCS_12_KEY_BAG_OID => {
            let key = ContextSpecific::<AnyRef<'_>>::from_ber(&value)?.value;
            contents.keys.push(Zeroizing::new(key.to_der()?));
        }
        PKCS_12_PKCS8_KEY_BAG_OID => {
            let key = ContextSpecific::<EncryptedPrivateKeyInfo>::from_ber(&value)?.value;
            contents.keys.push(open_shrouded(&key, password)?);
        }
        PKCS_12_CERT_BAG_OID => {
            let certificate = ContextSpecific::<CertBag>::from_ber(&value)?.value;
            if certificate.cert_id == PKCS_12_X509_CERT_OID {
                contents.certificates.push(certificate.cert_value.into());
            }
        }
        // Revocation lists, secrets and whatever else is stored beside.
        _ => {}
    }
    Ok(())
}

/// The check that tells a wrong password from damage. Where its hash is not known, the key shows later whether
/// it fits the certificate.
fn check_mac(mac: &MacData, safe: &[u8], password: &Password<'_>) -> Result<(), Closed> {
    type Derive = fn(&[u8], &[u8], Pkcs12KeyType, i32, usize) -> Vec<u8>;
    let (derive, length, algorithm): (Derive, _, _) = match mac.mac.algorithm.oid {
        SHA1 => (derive_key::<Sha1>, 20, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        SHA256 => (derive_key::<Sha256>, 32, hmac::HMAC_SHA256),
        SHA384 => (derive_key::<Sha384>, 48, hmac::HMAC_SHA384),
        SHA512 => (derive_key::<Sha512>, 64, hmac::HMAC_SHA512),
        _ => return Ok(()),
    };
    password.rounds(mac.iterations)?;
    let fits = |password: &Zeroizing<Vec<u8>>| {
        let salt = mac.mac_salt.as_bytes();
        let key = Zeroizing::new(derive(password, salt, Pkcs12KeyType::Mac, mac.iterations, length));
        hmac::verify(&hmac::Key::new(algorithm, &key), safe, mac.mac.digest.as_bytes()).is_ok()
    };
    if password.bmp_strings().iter().any(fits) { Ok(()) } else { Err(Closed::Password) }
}
