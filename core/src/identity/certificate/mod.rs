//! An application's certificate: the client credentials grant with a signed assertion.

mod assertion;
mod chain;
mod given;
mod material;
mod pbe;
mod pfx;

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;

use super::application::{self, Proof};
use super::ask::Ask;
use super::authority::{Form, token_endpoint};
use super::environment::Environment;
use super::token::Grant;
use super::{ASSERTION_TYPE, TokenEndpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;
use chain::Chain;
use given::read_file;
use material::Material;

text_enum! {
    /// How an assertion is signed, and by which thumbprint its certificate is found.
    SigningAlgorithm {
        /// RSA-PSS with SHA-256; the thumbprint is SHA-256 (`x5t#S256`).
        Ps256 = "ps256",
        /// RSA PKCS#1 1.5 with SHA-256; the thumbprint is SHA-1 (`x5t`): for AD FS and old gateways.
        Rs256 = "rs256",
    }
}

/// Whatever signs in place of a key in memory: a key vault, a smart card, a hardware module.
pub trait AssertionSigner: Send + Sync + 'static {
    /// Signs these bytes with the algorithm that the credential names, and gives the raw signature.
    fn sign(&self, message: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, Box<dyn StdError + Send + Sync>>>;
}

/// An application's certificate and its private key.
///
/// Both as PEM, in one file, in two or as text; or as a PFX (PKCS#12), which may have a password. The key is RSA
/// with 2,048 bits or more and fits the certificate, and the certificate has not expired: otherwise the client is
/// not made. A file with a key that everybody can read is warned of in the log.
///
/// Source: "Microsoft identity platform application authentication certificate credentials".
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    schemars(extend("x-m365-function" = {
        "name": "sign",
        "asks": "sign",
        "doc": "Called with the bytes to sign, where the private key is elsewhere, as in a key vault; gives the raw signature of the algorithm. It may be asynchronous."
    }))
)]
pub struct ClientCertificate {
    /// The application (client) id.
    client_id: String,
    /// The file with the certificate, and with the key if `key_path` does not name another: PEM or PFX.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    certificate_path: Option<PathBuf>,
    /// The file with the private key, as PEM.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    key_path: Option<PathBuf>,
    /// Certificate and private key in place of files: PEM text, or a PFX in base64.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("x-m365-secret" = true)))]
    certificate: Option<SecretString>,
    /// What opens the PFX, or the key if that is encrypted.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("x-m365-secret" = true)))]
    password: Option<SecretString>,
    /// How assertions are signed: `ps256`, or `rs256` where the newer one is not understood.
    #[serde(default = "ps256")]
    algorithm: SigningAlgorithm,
    /// Whether the certificates themselves are sent along (`x5c`): for applications that trust a subject name and
    /// issuer in place of one certificate.
    #[serde(default)]
    send_chain: bool,
    /// The token endpoint that is asked: `v2`, or `v1` for directories that still need it.
    #[serde(default = "super::v2")]
    endpoint: TokenEndpoint,
    #[serde(skip)]
    bytes: Option<Arc<SecretSlice<u8>>>,
    #[serde(skip)]
    signer: Option<Arc<dyn AssertionSigner>>,
    /// Read once: a client goes on with the certificate that it was made with.
    #[serde(skip)]
    loaded: Arc<OnceLock<Loaded>>,
}

/// What signs, and the certificate that tells whose signature it is.
#[derive(Clone)]
enum Loaded {
    Key(Material),
    Signer(Arc<dyn AssertionSigner>, Chain),
}

fn ps256() -> SigningAlgorithm {
    SigningAlgorithm::Ps256
}

impl ClientCertificate {
    /// From a file that holds certificate and key: PEM or PFX, by what is in it.
    pub fn from_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        ClientCertificate { certificate_path: Some(path.into()), ..ClientCertificate::bare(client_id.into()) }
    }

    /// From PEM text that holds certificate and key.
    pub fn from_pem(client_id: impl Into<String>, pem: impl Into<String>) -> Self {
        let certificate = Some(SecretString::from(pem.into()));
        ClientCertificate { certificate, ..ClientCertificate::bare(client_id.into()) }
    }

    /// From the bytes of a PFX (PKCS#12).
    pub fn from_pfx(client_id: impl Into<String>, pfx: impl Into<Vec<u8>>) -> Self {
        let bytes = Some(Arc::new(SecretSlice::from(pfx.into())));
        ClientCertificate { bytes, ..ClientCertificate::bare(client_id.into()) }
    }

    /// From a certificate, as PEM or DER, whose key is elsewhere and signs by a function of the caller's.
    pub fn with_signer(
        client_id: impl Into<String>,
        certificate: impl Into<Vec<u8>>,
        signer: impl AssertionSigner,
    ) -> Self {
        ClientCertificate {
            signer: Some(Arc::new(signer)),
            ..ClientCertificate::from_pfx(client_id, certificate)
        }
    }

    fn bare(client_id: String) -> Self {
        ClientCertificate {
            client_id,
            certificate_path: None,
            key_path: None,
            certificate: None,
            password: None,
            algorithm: ps256(),
            send_chain: false,
            endpoint: super::v2(),
            bytes: None,
            signer: None,
            loaded: Arc::default(),
        }
    }

    /// Takes the private key from a file of its own.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_path = Some(path.into());
        self
    }

    /// Opens the PFX, or the encrypted key, with a password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(SecretString::from(password.into()));
        self
    }

    /// Signs with this algorithm. Default: `ps256`.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sends the certificates along. Default: no.
    #[must_use]
    pub fn send_chain(mut self, send: bool) -> Self {
        self.send_chain = send;
        self
    }

    /// Asks the given token endpoint. Default: `v2`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: TokenEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    pub(crate) fn set_signer(&mut self, signer: Arc<dyn AssertionSigner>) {
        self.signer = Some(signer);
    }

    pub(super) fn check(&self) -> Result<()> {
        application::check_client_id(&self.client_id)?;
        self.endpoint.check()?;
        if let SigningAlgorithm::Unknown(algorithm) = &self.algorithm {
            return Err(Error::invalid(format!(
                "unknown signing algorithm {algorithm:?}: use ps256 or rs256"
            )));
        }
        self.loaded()?.chain().check_time(jiff::Timestamp::now())
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        application::app_token(ask, self).await
    }

    fn loaded(&self) -> Result<&Loaded> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let loaded = self.load()?;
        Ok(self.loaded.get_or_init(|| loaded))
    }

    fn load(&self) -> Result<Loaded> {
        let file = self.certificate_path.as_deref().map(read_file).transpose()?;
        let text = self.certificate.as_ref().map(|text| text.expose_secret().as_bytes());
        let bytes = self.bytes.as_ref().map(|bytes| bytes.expose_secret());
        let mut given = [file.as_ref().map(|file| file.as_slice()), text, bytes].into_iter().flatten();
        let (Some(certificate), None) = (given.next(), given.next()) else {
            return Err(Error::invalid("pass the certificate once: as certificate_path or as certificate"));
        };
        if certificate.trim_ascii().is_empty() {
            return Err(Error::invalid("the certificate is empty"));
        }
        if let Some(signer) = &self.signer {
            return Ok(Loaded::Signer(Arc::clone(signer), Chain::read(certificate)?));
        }
        let key = self.key_path.as_deref().map(read_file).transpose()?;
        let password = self.password.as_ref().map(ExposeSecret::expose_secret);
        let key = key.as_ref().map(|key| key.as_slice());
        Ok(Loaded::Key(Material::read(certificate, key, password)?))
    }
}

impl Loaded {
    fn chain(&self) -> &Chain {
        match self {
            Loaded::Key(material) => &material.chain,
            Loaded::Signer(_, chain) => chain,
        }
    }

    async fn sign(&self, algorithm: &SigningAlgorithm, message: &str) -> Result<Vec<u8>> {
        match self {
            Loaded::Key(material) => assertion::sign(&material.key, algorithm, message),
            Loaded::Signer(signer, _) => signer.sign(message.as_bytes().to_vec()).await.map_err(|e| {
                Error::new(ErrorKind::Auth, format!("the signing callback failed: {e}")).with_source(e)
            }),
        }
    }
}

impl Proof for ClientCertificate {
    fn client_id(&self, _: &Environment) -> Result<String> {
        Ok(self.client_id.clone())
    }

    fn endpoint(&self) -> &TokenEndpoint {
        &self.endpoint
    }

    async fn prove(&self, ask: &Ask<'_>, endpoint: &TokenEndpoint, form: Form) -> Result<Form> {
        let loaded = self.loaded()?;
        let now = ask.corridor.now();
        loaded.chain().check_time(now)?;
        let audience = token_endpoint(ask, endpoint)?;
        let message = assertion::unsigned(
            &self.client_id,
            audience.as_str(),
            now,
            &self.algorithm,
            loaded.chain(),
            self.send_chain,
        )?;
        let signature = loaded.sign(&self.algorithm, &message).await?;
        Ok(form
            .with("client_id", &self.client_id)
            .with("client_assertion_type", ASSERTION_TYPE)
            .secret("client_assertion", &assertion::signed(message, &signature)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("client_id", &self.client_id)
            .field("certificate_path", &self.certificate_path)
            .field("key_path", &self.key_path)
            .finish_non_exhaustive()
    }
}

/// Reads what might be a PEM or a PFX, for the fuzz targets; whether it was one.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn can_be_read(bytes: &[u8], password: Option<&str>) -> Result<()> {
    Material::read(bytes, None, password).map(|_| ())
}

#[cfg(test)]
mod tests;
