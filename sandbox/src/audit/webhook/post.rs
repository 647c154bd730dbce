//! A message on its way to a receiver. Nothing leaves this machine.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::audit::subscriptions::Webhook;

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why there was no answer.
pub(super) enum Failure {
    Address,
    Far,
    Time,
    Transport(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("It is not an address."),
            Self::Far => f.write_str("The sandbox reaches this machine only."),
            Self::Time => f.write_str("It did not answer in time."),
            Self::Transport(what) => write!(f, "It could not be reached: {what}."),
        }
    }
}

/// Posts a message.
pub(super) async fn post(
    webhook: &Webhook,
    validation: Option<&str>,
    body: &Value,
) -> Result<StatusCode, Failure> {
    let uri: Uri = webhook.address.parse().map_err(|_| Failure::Address)?;
    let host = uri.host().ok_or(Failure::Address)?.trim_matches(['[', ']']).to_owned();
    let loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !loopback {
        return Err(Failure::Far);
    }
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let transport = |error: &dyn fmt::Display| Failure::Transport(error.to_string());
    let request = request(webhook, &uri, validation, body).map_err(|error| transport(&error))?;
    let exchange = async {
        let socket = TcpStream::connect((host.as_str(), port)).await.map_err(|error| transport(&error))?;
        if !secure {
            return send(socket, request).await;
        }
        let name = ServerName::try_from(host.clone()).map_err(|error| transport(&error))?;
        let config = tls().map_err(|error| transport(&error))?;
        let session =
            TlsConnector::from(config).connect(name, socket).await.map_err(|error| transport(&error))?;
        send(session, request).await
    };
    tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| Failure::Time)?
}

fn request(
    webhook: &Webhook,
    uri: &Uri,
    validation: Option<&str>,
    body: &Value,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json; charset=utf-8");
    if let Some(auth_id) = &webhook.auth_id {
        request = request.header("Webhook-AuthID", auth_id);
    }
    if let Some(code) = validation {
        request = request.header("Webhook-ValidationCode", code);
    }
    request.body(Full::new(Bytes::from(body.to_string())))
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<StatusCode, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Failure::Transport(error.to_string());
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(failed);
    connection.abort();
    Ok(answer?.status())
}

fn tls() -> Result<Arc<ClientConfig>, rustls::Error> {
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(shared) = SHARED.get() {
        return Ok(Arc::clone(shared));
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let made = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyReceiver(provider)))
        .with_no_client_auth();
    Ok(Arc::clone(SHARED.get_or_init(|| Arc::new(made))))
}

/// Takes any certificate: the receivers are test programs on this machine, with certificates of their own making.
#[derive(Debug)]
struct AnyReceiver(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyReceiver {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
