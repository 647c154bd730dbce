//! A key and its certificates, read and found fit for use.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use zeroize::Zeroizing;

use super::der::{BIT_STRING, CONTEXT_0, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, Values};
use super::pbe::Closed;
use super::{pem, pfx};
use crate::error::{Error, Result};

/// What Entra ID takes at least.
const FEWEST_BITS: usize = 2048;
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A certificate, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// The RSA key as PKCS#1; none for keys of another kind.
    public_key: Option<Vec<u8>>,
}

/// The leaf, and the certificates above it as far as they were given.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) leaf: Certificate,
    above: Vec<Certificate>,
}

/// A private key and the certificate that it fits.
#[derive(Clone)]
pub(super) struct Material {
    pub(super) key: Arc<KeyPair>,
    pub(super) chain: Chain,
}

impl Material {
    /// Reads PEM text, or a PFX as bytes or as base64, and a key of its own if there is one.
    pub(super) fn read(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Result<Self> {
        let mut keys = Vec::new();
        let mut certificates = Vec::new();
        for part in std::iter::once(certificate).chain(key) {
            if pem::is_pem(part) {
                read_pem(part, password, &mut keys, &mut certificates)?;
            } else {
                let decoded = unwrapped(part);
                let file = decoded.as_ref().map_or(part, |decoded| decoded);
                let contents = pfx::open(file, password.unwrap_or_default())
                    .map_err(|why| explain("the PFX", why, password))?;
                keys.extend(contents.keys.into_iter().map(Key::Pkcs8));
                certificates.extend(contents.certificates);
            }
        }
        let chain: Vec<Certificate> =
            certificates.iter().map(|der| Certificate::read(der)).collect::<Result<_>>()?;
        if chain.is_empty() {
            return Err(Error::invalid("there is no certificate: pass the certificate and its private key"));
        }
        let key = match keys.len() {
            0 => {
                return Err(Error::invalid(
                    "there is no private key: pass the file that holds it beside the certificate",
                ));
            }
            1 => keys.remove(0),
            more => return Err(Error::invalid(format!("there are {more} private keys: pass one"))),
        };
        let key = key.load()?;
        let public = key.public_key();
        let fits = |certificate: &Certificate| certificate.public_key.as_deref() == Some(public.as_ref());
        if key.public_modulus_len() * 8 < FEWEST_BITS {
            return Err(weak(key.public_modulus_len() * 8));
        }
        let chain = Chain::from(chain, fits).ok_or_else(|| {
            Error::invalid("the private key does not fit the certificate: pass those that were made together")
        })?;
        Ok(Material { key: Arc::new(key), chain })
    }
}

impl Chain {
    /// The certificates of PEM text or of one DER, for a key that is elsewhere; the first is the leaf.
    pub(super) fn read(certificates: &[u8]) -> Result<Self> {
        let mut read = Vec::new();
        if pem::is_pem(certificates) {
            read_pem(certificates, None, &mut Vec::new(), &mut read)?;
        } else {
            read.push(certificates.to_vec());
        }
        let read: Vec<Certificate> = read.iter().map(|der| Certificate::read(der)).collect::<Result<_>>()?;
        let first = read.first().map(|leaf| leaf.der.clone());
        let chain = Chain::from(read, |one| Some(&one.der) == first.as_ref());
        let chain = chain.ok_or_else(|| Error::invalid("there is no certificate"))?;
        match &chain.leaf.public_key {
            Some(key) => {
                let bits = modulus_bits(key).unwrap_or_default();
                if bits < FEWEST_BITS { Err(weak(bits)) } else { Ok(chain) }
            }
            None => Err(not_rsa()),
        }
    }

    fn from(mut given: Vec<Certificate>, is_leaf: impl Fn(&Certificate) -> bool) -> Option<Self> {
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
    fn read(der: &[u8]) -> Result<Self> {
        Certificate::parse(der)
            .ok_or_else(|| Error::invalid("the certificate cannot be read: it is not X.509"))
    }

    fn parse(der: &[u8]) -> Option<Self> {
        let mut tbs = Values::of(der).enter(SEQUENCE)?.enter(SEQUENCE)?;
        _ = tbs.take(CONTEXT_0);
        tbs.take(INTEGER)?;
        tbs.take(SEQUENCE)?;
        let issuer = tbs.take(SEQUENCE)?.whole.to_vec();
        let mut validity = tbs.enter(SEQUENCE)?;
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = tbs.take(SEQUENCE)?.whole.to_vec();
        let mut key = tbs.enter(SEQUENCE)?;
        let algorithm = key.enter(SEQUENCE)?.oid()?;
        let bits = key.take(BIT_STRING)?.content;
        let public_key = match bits.split_first() {
            Some((0, key)) if algorithm == RSA => Some(key.to_vec()),
            _ => None,
        };
        Some(Certificate { der: der.to_vec(), issuer, subject, not_before, not_after, public_key })
    }
}

fn time(values: &mut Values<'_>) -> Option<Timestamp> {
    let value = values.any()?;
    let text = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    let digits = match value.tag {
        // Years of two digits are of 1950 to 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

/// A private key that has been read and not yet understood.
enum Key {
    Pkcs8(Zeroizing<Vec<u8>>),
    Pkcs1(Zeroizing<Vec<u8>>),
}

impl Key {
    fn load(&self) -> Result<KeyPair> {
        let (loaded, der) = match self {
            Key::Pkcs8(der) => (KeyPair::from_pkcs8(der), der),
            Key::Pkcs1(der) => (KeyPair::from_der(der), der),
        };
        loaded.map_err(|_| match self.kind(der) {
            Kind::NotRsa => not_rsa(),
            Kind::Rsa(bits) if (1..FEWEST_BITS).contains(&bits) => weak(bits),
            Kind::Rsa(_) => Error::invalid("the private key is damaged: it is not a sound RSA key"),
            Kind::Unreadable => {
                Error::invalid("the private key cannot be read: it is neither PKCS#8 nor PKCS#1")
            }
        })
    }

    /// What is wrong with a key that cannot be used.
    fn kind(&self, der: &[u8]) -> Kind {
        let pkcs1 = match self {
            Key::Pkcs1(_) => Some(der.to_vec()),
            Key::Pkcs8(_) => {
                let mut key = Values::of(der).enter(SEQUENCE);
                let parts = key.as_mut().and_then(|key| {
                    key.number()?;
                    let algorithm = key.enter(SEQUENCE)?.oid()?;
                    Some((algorithm, key.octets(super::der::OCTET_STRING)?.into_owned()))
                });
                match parts {
                    Some((RSA, key)) => Some(key),
                    Some(_) => return Kind::NotRsa,
                    None => None,
                }
            }
        };
        let bits = pkcs1.map(Zeroizing::new).and_then(|key| {
            let mut key = Values::of(&key).enter(SEQUENCE)?;
            key.number()?;
            Some(integer_bits(key.take(INTEGER)?.content))
        });
        bits.map_or(Kind::Unreadable, Kind::Rsa)
    }
}

enum Kind {
    Rsa(usize),
    NotRsa,
    Unreadable,
}

fn modulus_bits(public_key: &[u8]) -> Option<usize> {
    Some(integer_bits(Values::of(public_key).enter(SEQUENCE)?.take(INTEGER)?.content))
}

fn integer_bits(content: &[u8]) -> usize {
    let start = content.iter().position(|&byte| byte != 0).unwrap_or(content.len());
    let digits = &content[start..];
    digits.first().map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize)
}

fn read_pem(
    text: &[u8],
    password: Option<&str>,
    keys: &mut Vec<Key>,
    certificates: &mut Vec<Vec<u8>>,
) -> Result<()> {
    let text = String::from_utf8_lossy(text);
    let damaged = |label| Error::invalid(format!("the PEM block {label:?} is damaged or has no end"));
    for block in pem::blocks(&text).map_err(damaged)? {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                certificates.push(block.content.to_vec());
            }
            "PRIVATE KEY" => keys.push(Key::Pkcs8(block.content)),
            "ENCRYPTED PRIVATE KEY" => {
                let Some(password) = password else {
                    return Err(Error::invalid("the private key is encrypted: pass its password"));
                };
                let key = pfx::open_key(&block.content, password)
                    .map_err(|why| explain("the private key", why, Some(password)))?;
                keys.push(Key::Pkcs8(key));
            }
            "RSA PRIVATE KEY" if block.encrypted => {
                return Err(Error::invalid(
                    "the private key is encrypted in OpenSSL's old way, which protects it badly: convert it with \
                     `openssl pkcs8 -topk8`",
                ));
            }
            "RSA PRIVATE KEY" => keys.push(Key::Pkcs1(block.content)),
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => return Err(not_rsa()),
            _ => {}
        }
    }
    Ok(())
}

/// A PFX that came as base64, as key vaults give it.
fn unwrapped(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
    STANDARD.decode(&*text).ok().map(Zeroizing::new)
}

fn explain(what: &str, why: Closed, password: Option<&str>) -> Error {
    Error::invalid(match (why, password) {
        (Closed::Password, None) => format!("{what} is encrypted: pass its password"),
        (Closed::Password, Some(_)) => format!("the password does not open {what}, or it is damaged"),
        (Closed::Scheme, _) => {
            format!(
                "{what} is encrypted in a way that is not known here: write it again with AES-256 and PBKDF2"
            )
        }
        (Closed::Shape, _) => {
            format!("{what} cannot be read: pass PEM text with certificate and key, or a PFX (PKCS#12)")
        }
    })
}

fn not_rsa() -> Error {
    Error::invalid("the key is not RSA: Entra ID takes RSA keys only")
}

fn weak(bits: usize) -> Error {
    Error::invalid(format!("the RSA key has {bits} bits: use {FEWEST_BITS} or more"))
}

/// Reads a file, and warns if all the world may do so too.
pub(super) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let unreadable =
        |e: std::io::Error| Error::invalid(format!("{} cannot be read: {e}", path.display())).with_source(e);
    let content = fs::read(path).map(Zeroizing::new).map_err(unreadable)?;
    warn_if_open(path);
    Ok(content)
}

fn warn_if_open(path: &Path) {
    if let Some(mode) = mode_for_all(path) {
        tracing::warn!(
            target: "m365kit::identity", path = %path.display(), mode = format!("{mode:o}"),
            "a file with a private key can be read by everybody on this machine: take the right away (chmod 600)"
        );
    }
}

/// The mode of a file that everybody on this machine can read; none of others.
#[cfg(unix)]
pub(super) fn mode_for_all(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o004 != 0).then_some(mode)
}

/// Elsewhere rights are not told by a mode.
#[cfg(not(unix))]
pub(super) fn mode_for_all(_: &Path) -> Option<u32> {
    None
}
