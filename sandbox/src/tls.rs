//! A certificate authority for one sandbox, and the server certificate it signs.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::identity::thumbprint;

/// What clients can know of a TLS server before they speak to it.
pub(crate) struct Certificates {
    /// Certificate of the authority, for clients to trust.
    pub(crate) authority: String,
    /// SHA-1 of the server's own certificate, for clients that pin it.
    pub(crate) thumbprint: String,
}

/// What a TLS server needs.
pub(crate) struct Identity {
    pub(crate) certificates: Certificates,
    pub(crate) acceptor: TlsAcceptor,
}

/// Makes an authority and a certificate for this machine's loopback names.
pub(crate) fn identity() -> Result<Identity, Box<dyn std::error::Error + Send + Sync>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "m365kit sandbox authority");
    // Fixed dates: the clock of the tenant may be anywhere, that of the client is not.
    (authority.not_before, authority.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
    let authority_certificate = authority.self_signed(&authority_key)?;

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "m365kit sandbox");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    (server.not_before, server.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2045, 1, 1));
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?,
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let certificates =
        Certificates { authority: authority_certificate.pem(), thumbprint: thumbprint(certificate.der()) };
    Ok(Identity { certificates, acceptor: TlsAcceptor::from(Arc::new(config)) })
}
