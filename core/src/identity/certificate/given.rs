//! What was given: PEM text or a PFX, and the keys and certificates found in it.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::material::not_rsa;
use super::pbe::{Closed, Password};
use super::pfx;
use crate::error::{Error, Result};

const BEGIN: &[u8] = b"-----BEGIN ";

#[derive(Default)]
pub(super) struct Given {
    /// RSA keys as PKCS#1.
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    /// As DER.
    pub(super) certificates: Vec<Vec<u8>>,
}

impl Given {
    /// Reads PEM text, or a PFX as bytes or as base64.
    pub(super) fn read(&mut self, part: &[u8], password: &Password<'_>) -> Result<()> {
        if is_pem(part) {
            return self.read_pem(part, password);
        }
        let decoded = unwrapped(part);
        let file = decoded.as_ref().map_or(part, |decoded| decoded);
        let contents = pfx::open(file, password).map_err(|why| explain("the PFX", why, password))?;
        self.certificates.extend(contents.certificates);
        contents.keys.iter().try_for_each(|key| self.add_key(key))
    }

    /// The certificates alone, of PEM text or of one DER.
    pub(super) fn certificates(part: &[u8]) -> Result<Vec<Vec<u8>>> {
        if !is_pem(part) {
            return Ok(vec![part.to_vec()]);
        }
        let mut given = Given::default();
        given.read_pem(part, &Password::of(None))?;
        Ok(given.certificates)
    }

    fn read_pem(&mut self, text: &[u8], password: &Password<'_>) -> Result<()> {
        let damaged = || Error::invalid("the PEM text is damaged, or a block of it has no end");
        let blocks = pem::parse_many(text).or_else(|_| pem::parse_many(&*without_empty_lines(text)));
        let blocks = blocks.map_err(|_| damaged())?;
        // A last block without an end is passed over in silence.
        if blocks.len() < text.windows(BEGIN.len()).filter(|part| *part == BEGIN).count() {
            return Err(damaged());
        }
        for block in blocks {
            let label = block.tag().to_owned();
            let encrypted = block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED"));
            let content = Zeroizing::new(block.into_contents());
            match label.as_str() {
                "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                    self.certificates.push(content.to_vec());
                }
                "PRIVATE KEY" => self.add_key(&content)?,
                "ENCRYPTED PRIVATE KEY" => {
                    let key = pfx::open_key(&content, password)
                        .map_err(|why| explain("the private key", why, password))?;
                    self.add_key(&key)?;
                }
                "RSA PRIVATE KEY" if encrypted => {
                    return Err(Error::invalid(
                        "the private key is encrypted in OpenSSL's old way, which protects it badly: convert it \
                         with `openssl pkcs8 -topk8`",
                    ));
                }
                "RSA PRIVATE KEY" => self.keys.push(content),
                "EC PRIVATE KEY" | "DSA PRIVATE KEY" => return Err(not_rsa()),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_key(&mut self, pkcs8: &[u8]) -> Result<()> {
        let key = PrivateKeyInfoRef::try_from(pkcs8)
            .map_err(|_| Error::invalid("the private key cannot be read: it is neither PKCS#8 nor PKCS#1"))?;
        if key.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(not_rsa());
        }
        self.keys.push(Zeroizing::new(key.private_key.as_bytes().to_vec()));
        Ok(())
    }
}

fn is_pem(text: &[u8]) -> bool {
    text.windows(BEGIN.len()).any(|part| part == BEGIN)
}

/// Text whose lines have come apart on the way, as in variables of an environment: to `pem`, what stands above an
/// empty line is a header.
fn without_empty_lines(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    Zeroizing::new(lines.collect::<Vec<_>>().join(&b'\n'))
}

/// A PFX that came as base64, as key vaults give it.
fn unwrapped(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
    STANDARD.decode(&*text).ok().map(Zeroizing::new)
}

fn explain(what: &str, why: Closed, password: &Password<'_>) -> Error {
    Error::invalid(match why {
        Closed::Password if password.is_given() => {
            format!("the password does not open {what}, or it is damaged")
        }
        Closed::Password => format!("{what} is encrypted: pass its password"),
        Closed::Scheme => {
            format!(
                "{what} is encrypted in a way that is not known here: write it again with AES-256 and PBKDF2"
            )
        }
        Closed::Shape => {
            format!("{what} cannot be read: pass PEM text with certificate and key, or a PFX (PKCS#12)")
        }
    })
}

/// Reads a file, and warns if all the world may do so too.
pub(super) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let unreadable =
        |e: std::io::Error| Error::invalid(format!("{} cannot be read: {e}", path.display())).with_source(e);
    let content = fs::read(path).map(Zeroizing::new).map_err(unreadable)?;
    if let Some(mode) = mode_for_all(path) {
        tracing::warn!(
            target: "m365kit::identity", path = %path.display(), mode = format!("{mode:o}"),
            "a file with a private key can be read by everybody on this machine: take the right away (chmod 600)"
        );
    }
    Ok(content)
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
