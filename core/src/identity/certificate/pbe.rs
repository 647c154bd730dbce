//! Keys and certificates that are closed with a password: PBES2 of today, and the schemes of PKCS#12 that older
//! tools write. For reading only.
//!
//! `pkcs5` reads the parameters and no more: opening, it leaves keys in memory, panics at a short IV of triple DES,
//! and brings a second AES along. PBKDF2 and AES are of aws-lc-rs, which is here anyway.
//!
//! Source: RFC 8018 (PBES2), RFC 7292 appendix B (PKCS#12).

use std::cell::Cell;
use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use der::asn1::{ObjectIdentifier, OctetString};
use der::referenced::OwnedToRef;
use des::TdesEde3;
use pkcs5::pbes2::{AES_128_CBC_OID, AES_192_CBC_OID, AES_256_CBC_OID, Kdf, PBES2_OID, Pbkdf2Prf};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::pbe_params::{Pbes2Params, Pkcs12PbeParams};
use pkcs12::{
    PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC, PKCS_12_PBE_WITH_SHAAND128_BIT_RC2_CBC,
    PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC,
};
use rc2::Rc2;
use sha1::Sha1;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// Beyond this the work is the attack. OpenSSL writes 2,048, careful people a million, for the check, the key and
/// the certificates each.
const MOST_ROUNDS: u32 = 6_000_000;

const DES_EDE3_CBC_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");

/// Why something closed could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// The password does not fit; or the content is damaged, which looks the same.
    Password,
    /// It is closed in a way that is not known.
    Scheme,
    /// It cannot be read.
    Shape,
}

impl From<der::Error> for Closed {
    fn from(error: der::Error) -> Self {
        match error.kind() {
            der::ErrorKind::OidUnknown { .. } => Closed::Scheme,
            _ => Closed::Shape,
        }
    }
}

type Opened = Result<Zeroizing<Vec<u8>>, Closed>;

/// What opens all that was given, and how much work that may still be.
pub(super) struct Password<'a> {
    text: Option<&'a str>,
    rounds_left: Cell<u32>,
}

impl<'a> Password<'a> {
    pub(super) fn of(text: Option<&'a str>) -> Self {
        Password { text, rounds_left: Cell::new(MOST_ROUNDS) }
    }

    pub(super) fn is_given(&self) -> bool {
        self.text.is_some()
    }

    /// As text; none at all is the empty one.
    fn text(&self) -> &'a str {
        self.text.unwrap_or_default()
    }

    /// As PKCS#12 wants it: UTF-16, and a zero behind it. None at all is written in two ways.
    ///
    /// `pkcs12` knows one of these, and no characters beyond the first 65,536.
    pub(super) fn bmp_strings(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let units = self.text().encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
        let mut forms = vec![Zeroizing::new(units.collect::<Vec<u8>>())];
        if self.text().is_empty() {
            forms.push(Zeroizing::default());
        }
        forms
    }

    /// Takes rounds off those that are left.
    pub(super) fn rounds<N: TryInto<u32>>(&self, number: N) -> Result<NonZeroU32, Closed> {
        let number = number.try_into().ok().and_then(NonZeroU32::new).ok_or(Closed::Shape)?;
        let left = self.rounds_left.get().checked_sub(number.get()).ok_or(Closed::Scheme)?;
        self.rounds_left.set(left);
        Ok(number)
    }
}

/// Opens content by its algorithm, which holds the salt and all else but the password.
pub(super) fn open(algorithm: &AlgorithmIdentifierOwned, password: &Password<'_>, content: &[u8]) -> Opened {
    let parameters = algorithm.parameters.as_ref().ok_or(Closed::Shape)?;
    match algorithm.oid {
        PBES2_OID => pbes2(&parameters.decode_as()?, password, content),
        PKCS_12_PBE_WITH_SHAAND3_KEY_TRIPLE_DES_CBC => {
            pkcs12(&parameters.decode_as()?, password, 24, |key, iv| {
                cbc(TdesEde3::new_from_slice(key).map_err(|_| Closed::Shape)?, iv, content)
            })
        }
        PKCS_12_PBE_WITH_SHAAND128_BIT_RC2_CBC => {
            pkcs12(&parameters.decode_as()?, password, 16, |key, iv| {
                cbc(Rc2::new_with_eff_key_len(key, 128), iv, content)
            })
        }
        PKCS_12_PBEWITH_SHAAND40_BIT_RC2_CBC => pkcs12(&parameters.decode_as()?, password, 5, |key, iv| {
            cbc(Rc2::new_with_eff_key_len(key, 40), iv, content)
        }),
        _ => Err(Closed::Scheme),
    }
}

fn pbes2(parameters: &Pbes2Params, password: &Password<'_>, content: &[u8]) -> Opened {
    let Kdf::Pbkdf2(derivation) = Kdf::try_from(parameters.kdf.owned_to_ref())? else {
        return Err(Closed::Scheme);
    };
    let rounds = password.rounds(derivation.iteration_count)?;
    let hash = match derivation.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(Closed::Scheme),
    };
    // The length of the key is that of the cipher, whether it is said or not.
    let key = |length| {
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(hash, rounds, derivation.salt.as_bytes(), password.text().as_bytes(), &mut key);
        key
    };
    let iv: OctetString = parameters.encryption.parameters.as_ref().ok_or(Closed::Shape)?.decode_as()?;
    match parameters.encryption.oid {
        AES_128_CBC_OID => aes(&AES_128, &key(16), iv.as_bytes(), content),
        AES_192_CBC_OID => aes(&AES_192, &key(24), iv.as_bytes(), content),
        AES_256_CBC_OID => aes(&AES_256, &key(32), iv.as_bytes(), content),
        DES_EDE3_CBC_OID => {
            cbc(TdesEde3::new_from_slice(&key(24)).map_err(|_| Closed::Shape)?, iv.as_bytes(), content)
        }
        _ => Err(Closed::Scheme),
    }
}

fn pkcs12(
    parameters: &Pkcs12PbeParams,
    password: &Password<'_>,
    length: usize,
    open: impl Fn(&[u8], &[u8]) -> Opened,
) -> Opened {
    password.rounds(parameters.iterations)?;
    let mut outcome = Err(Closed::Password);
    for password in password.bmp_strings() {
        let derive = |purpose, length| {
            let salt = parameters.salt.as_bytes();
            Zeroizing::new(derive_key::<Sha1>(&password, salt, purpose, parameters.iterations, length))
        };
        outcome = open(&derive(Pkcs12KeyType::EncryptionKey, length), &derive(Pkcs12KeyType::Iv, 8));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn aes(algorithm: &'static Algorithm, key: &[u8], iv: &[u8], content: &[u8]) -> Opened {
    let iv = <[u8; 16]>::try_from(iv).map_err(|_| Closed::Shape)?;
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| Closed::Shape)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| Closed::Shape)?;
    let mut opened = Zeroizing::new(content.to_vec());
    let iv = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut opened, iv).map_err(|_| Closed::Password)?.len();
    opened.truncate(length);
    Ok(opened)
}

fn cbc<C: BlockCipherDecrypt>(cipher: C, iv: &[u8], content: &[u8]) -> Opened {
    let decryptor = Decryptor::inner_iv_slice_init(cipher, iv).map_err(|_| Closed::Shape)?;
    let mut opened = Zeroizing::new(content.to_vec());
    let length = decryptor.decrypt_padded::<Pkcs7>(&mut opened).map_err(|_| Closed::Password)?.len();
    opened.truncate(length);
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_without_end_is_refused() {
        let rounds = |number: i64| Password::of(None).rounds(number).map(NonZeroU32::get);
        assert_eq!(rounds(u32::MAX.into()), Err(Closed::Scheme));
        assert_eq!(rounds(0), Err(Closed::Shape));
        assert_eq!(rounds(-1), Err(Closed::Shape));
        assert_eq!(rounds(600_000), Ok(600_000));
        let password = Password::of(None);
        let opened = (0..100).take_while(|_| password.rounds(1_000_000).is_ok()).count();
        assert_eq!(opened, 6, "many small works are a large one");
    }
}
