//! Keys and certificates that are closed with a password: PBES2 of today, and the schemes of PKCS#12 that older
//! tools write. For reading only.
//!
//! Source: RFC 8018 (PBES2), RFC 7292 appendix B (PKCS#12).

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use des::TdesEde3;
use des::cipher::{Block, BlockCipherDecrypt, BlockSizeUser, KeyInit};
use rc2::Rc2;
use zeroize::Zeroizing;

use super::der::{INTEGER, OCTET_STRING, SEQUENCE, Values};

/// Beyond this the work is the attack. OpenSSL writes 2,048, careful people a million.
const MOST_ROUNDS: u32 = 2_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const PKCS12_3DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
const PKCS12_RC2_128: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x05];
const PKCS12_RC2_40: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x06];
/// 1.2.840.113549.2, before the number of the hash.
const HMAC_WITH: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// 2.16.840.1.101.3.4.1, before the number of the mode.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
const DES_EDE3: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];

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

type Opened = Result<Zeroizing<Vec<u8>>, Closed>;

/// Opens content by its algorithm, which holds the salt and all else but the password.
pub(super) fn open(algorithm: Values<'_>, password: &str, content: &[u8]) -> Opened {
    let mut algorithm = algorithm;
    let scheme = algorithm.oid().ok_or(Closed::Shape)?;
    let parameters = algorithm.enter(SEQUENCE).ok_or(Closed::Shape)?;
    match scheme {
        PBES2 => pbes2(parameters, password, content),
        PKCS12_3DES | PKCS12_RC2_40 | PKCS12_RC2_128 => pkcs12(scheme, parameters, password, content),
        _ => Err(Closed::Scheme),
    }
}

fn pbes2(mut parameters: Values<'_>, password: &str, content: &[u8]) -> Opened {
    let mut derivation = parameters.enter(SEQUENCE).ok_or(Closed::Shape)?;
    let mut encryption = parameters.enter(SEQUENCE).ok_or(Closed::Shape)?;
    if derivation.oid() != Some(PBKDF2) {
        return Err(Closed::Scheme);
    }
    let mut derivation = derivation.enter(SEQUENCE).ok_or(Closed::Shape)?;
    let salt = derivation.octets(OCTET_STRING).ok_or(Closed::Shape)?;
    let rounds = rounds(derivation.number())?;
    // The length of the key is that of the cipher, whether it is said or not.
    _ = derivation.take(INTEGER);
    let hash = match derivation.enter(SEQUENCE) {
        None => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(mut hash) => match hash.oid().and_then(|oid| oid.strip_prefix(HMAC_WITH)) {
            Some([7]) => pbkdf2::PBKDF2_HMAC_SHA1,
            Some([9]) => pbkdf2::PBKDF2_HMAC_SHA256,
            Some([10]) => pbkdf2::PBKDF2_HMAC_SHA384,
            Some([11]) => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(Closed::Scheme),
        },
    };
    let cipher = encryption.oid().ok_or(Closed::Shape)?;
    let iv = encryption.octets(OCTET_STRING).ok_or(Closed::Shape)?;
    let key = |length| {
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(hash, rounds, &salt, password.as_bytes(), &mut key);
        key
    };
    match cipher.strip_prefix(AES) {
        Some([2]) => aes(&AES_128, &key(16), &iv, content),
        Some([22]) => aes(&AES_192, &key(24), &iv, content),
        Some([42]) => aes(&AES_256, &key(32), &iv, content),
        None if cipher == DES_EDE3 => triple_des(&key(24), &iv, content),
        _ => Err(Closed::Scheme),
    }
}

fn pkcs12(scheme: &[u8], mut parameters: Values<'_>, password: &str, content: &[u8]) -> Opened {
    let salt = parameters.octets(OCTET_STRING).ok_or(Closed::Shape)?;
    let rounds = rounds(parameters.number())?.get();
    let mut outcome = Err(Closed::Password);
    for password in bmp_strings(password) {
        let derive =
            |purpose, length| derive(&SHA1_FOR_LEGACY_USE_ONLY, purpose, &password, &salt, rounds, length);
        let iv = derive(Purpose::Iv, 8);
        outcome = match scheme {
            PKCS12_3DES => triple_des(&derive(Purpose::Key, 24), &iv, content),
            PKCS12_RC2_128 => rc2(&derive(Purpose::Key, 16), 128, &iv, content),
            _ => rc2(&derive(Purpose::Key, 5), 40, &iv, content),
        };
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

pub(super) fn rounds(number: Option<u32>) -> Result<NonZeroU32, Closed> {
    let number = number.and_then(NonZeroU32::new).ok_or(Closed::Shape)?;
    if number.get() > MOST_ROUNDS { Err(Closed::Scheme) } else { Ok(number) }
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

fn triple_des(key: &[u8], iv: &[u8], content: &[u8]) -> Opened {
    let cipher = TdesEde3::new_from_slice(key).map_err(|_| Closed::Shape)?;
    cbc(&cipher, iv, content)
}

fn rc2(key: &[u8], bits: usize, iv: &[u8], content: &[u8]) -> Opened {
    cbc(&Rc2::new_with_eff_key_len(key, bits), iv, content)
}

/// Cipher block chaining with the padding of PKCS#7.
fn cbc<C: BlockCipherDecrypt + BlockSizeUser>(cipher: &C, iv: &[u8], content: &[u8]) -> Opened {
    let size = C::block_size();
    if iv.len() != size || content.is_empty() || !content.len().is_multiple_of(size) {
        return Err(Closed::Shape);
    }
    let mut opened = Zeroizing::new(Vec::with_capacity(content.len()));
    let mut before = iv;
    for closed in content.chunks_exact(size) {
        let mut block = Block::<C>::default();
        block.copy_from_slice(closed);
        cipher.decrypt_block(&mut block);
        opened.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = closed;
    }
    let padding = usize::from(opened.last().copied().unwrap_or_default());
    let end = opened.len().checked_sub(padding).ok_or(Closed::Password)?;
    if !(1..=size).contains(&padding) || opened[end..].iter().any(|&byte| usize::from(byte) != padding) {
        return Err(Closed::Password);
    }
    opened.truncate(end);
    Ok(opened)
}

/// What a derived key is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A password as PKCS#12 wants it: UTF-16, and a zero behind it. None at all is written in two ways.
pub(super) fn bmp_strings(password: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let units = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
    let mut forms = vec![Zeroizing::new(units.collect::<Vec<u8>>())];
    if password.is_empty() {
        forms.push(Zeroizing::default());
    }
    forms
}

/// The key derivation of PKCS#12.
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let fill = |bytes: &[u8]| -> Zeroizing<Vec<u8>> {
        let length = bytes.len().div_ceil(block) * block;
        Zeroizing::new(bytes.iter().copied().cycle().take(length).collect())
    };
    let mut input = Zeroizing::new([fill(salt).as_slice(), fill(password).as_slice()].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while derived.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose as u8; block]);
        context.update(&input);
        let mut sum = context.finish();
        for _ in 1..rounds {
            sum = digest::digest(hash, sum.as_ref());
        }
        derived.extend_from_slice(sum.as_ref());
        // Each block of the input is a number, to which the sum and one are added.
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1_u16;
            for (at, byte) in part.iter_mut().enumerate().rev() {
                let sum = carry + u16::from(*byte) + u16::from(sum.as_ref()[at % hash.output_len()]);
                *byte = sum.to_le_bytes()[0];
                carry = sum >> 8;
            }
        }
    }
    derived.truncate(length);
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// The vectors that implementations of PKCS#12 have been passing round since its first version.
    #[test]
    fn keys_are_derived_as_others_do() {
        let smeg = &bmp_strings("smeg")[0];
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let key = derive(&SHA1_FOR_LEGACY_USE_ONLY, Purpose::Key, smeg, &salt, 1, 24);
        assert_eq!(hex(&key), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        let iv = derive(&SHA1_FOR_LEGACY_USE_ONLY, Purpose::Iv, smeg, &salt, 1, 8);
        assert_eq!(hex(&iv), "79993dfe048d3b76");
    }

    #[test]
    fn work_without_end_is_refused() {
        assert_eq!(rounds(Some(u32::MAX)), Err(Closed::Scheme));
        assert_eq!(rounds(Some(0)), Err(Closed::Shape));
        assert!(rounds(Some(600_000)).is_ok());
    }
}
