//! Telling others that content is available: the handshake, deliveries, and what happens when they fail
//! (management-activity, 5).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, SignatureScheme};

use super::ContentType;
use super::content::listable;
use super::notifications::Attempt;
use super::subscriptions::{Status, Webhook};
use crate::clock::{self, SECOND};
use crate::random::{hash, hash_text};
use crate::tenant::Tenant;

/// Seconds from one attempt to the next; the last repeats.
const GAPS: [i64; 5] = [1, 2, 4, 8, 16];
/// Failures in a row after which a webhook is disabled.
const PATIENCE: u32 = 10;
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is to be delivered, and what was.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Vec<Parcel>,
    attempts: Vec<Attempt>,
    deliveries: Vec<Value>,
}

#[derive(Clone)]
struct Parcel {
    content_type: ContentType,
    content: Value,
    failures: usize,
    due: i64,
}

impl Outbox {
    /// Every attempt so far, one for each content in it.
    pub(super) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Every message sent so far.
    pub(crate) fn deliveries(&self) -> Value {
        json!({ "deliveries": self.deliveries, "waiting": self.waiting.len() })
    }
}

/// The handshake: the receiver has to answer 200 before a subscription takes it.
pub(super) async fn validate(tenant: &Tenant, webhook: &Webhook) -> Result<(), String> {
    let secure = webhook.address.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !secure && !tenant.config.allow_http_webhooks {
        return Err("The address must use HTTPS.".into());
    }
    let number = hash(&[hash_text(tenant.config.seed, &webhook.address), tenant.next_request()]);
    let code = format!("{:010x}", number & 0xff_ffff_ffff);
    let body = json!({"validationCode": code});
    let status = post(webhook, Some(&code), &body).await.map_err(|error| error.to_string())?;
    note(tenant, "validation", webhook, &body, Some(status));
    if status == StatusCode::OK { Ok(()) } else { Err(format!("It answered {}.", status.as_u16())) }
}

/// Delivers what is due; gives the number of messages sent.
pub(crate) async fn pump(tenant: &Tenant) -> usize {
    let mut sent = 0;
    for content_type in ContentType::ALL {
        let Some((webhook, parcels)) = collect(tenant, content_type) else { continue };
        let body: Value = parcels
            .iter()
            .map(|parcel| {
                let mut item = parcel.content.clone();
                item["tenantId"] = tenant.id.clone().into();
                item["clientId"] = tenant.config.client_id.clone().into();
                item
            })
            .collect();
        let result = post(&webhook, None, &body).await;
        let success = matches!(result, Ok(StatusCode::OK));
        note(tenant, "delivery", &webhook, &body, result.ok());
        settle(tenant, content_type, parcels, success);
        sent += 1;
    }
    sent
}

/// Whether anybody is to be told anything.
pub(crate) fn any(tenant: &Tenant) -> bool {
    let state = tenant.state();
    ContentType::ALL.into_iter().any(|content_type| state.subscriptions.get(content_type).webhook.is_some())
}

/// Queues what became available and takes out what is due for one content type.
fn collect(tenant: &Tenant, content_type: ContentType) -> Option<(Webhook, Vec<Parcel>)> {
    let now = tenant.clock.now();
    let mut guard = tenant.state();
    let state = &mut *guard;
    let subscription = state.subscriptions.get(content_type);
    let webhook = subscription.webhook.clone()?;
    if subscription.status != Status::Enabled || !webhook.enabled || webhook.expired(now) {
        return None;
    }
    let listing = listable(tenant, state, content_type, webhook.queued, now);
    let fresh: Vec<Parcel> = listing
        .items(&tenant.feed, 0)
        .map(|item| Parcel {
            content_type,
            content: item.show(tenant, state, content_type),
            failures: 0,
            due: now,
        })
        .collect();
    state.outbox.waiting.extend(fresh);
    if let Some(webhook) = &mut state.subscriptions.get_mut(content_type).webhook {
        webhook.queued = webhook.queued.max(now);
    }
    let ours = |parcel: &mut Parcel| parcel.content_type == content_type && parcel.due <= now;
    let due: Vec<Parcel> = state.outbox.waiting.extract_if(.., ours).collect();
    (!due.is_empty()).then_some((webhook, due))
}

fn settle(tenant: &Tenant, content_type: ContentType, parcels: Vec<Parcel>, success: bool) {
    let now = tenant.clock.now();
    let mut guard = tenant.state();
    let state = &mut *guard;
    for mut parcel in parcels {
        let content = parcel.content.clone();
        state.outbox.attempts.push(Attempt { content_type, content, sent: now, success });
        if !success {
            parcel.due = now + GAPS[parcel.failures.min(GAPS.len() - 1)] * SECOND;
            parcel.failures += 1;
            state.outbox.waiting.push(parcel);
        }
    }
    let Some(webhook) = &mut state.subscriptions.get_mut(content_type).webhook else { return };
    webhook.failures = if success { 0 } else { webhook.failures + 1 };
    if webhook.failures >= PATIENCE {
        webhook.enabled = false;
        state.outbox.waiting.retain(|parcel| parcel.content_type != content_type);
    }
}

fn note(tenant: &Tenant, kind: &str, webhook: &Webhook, body: &Value, status: Option<StatusCode>) {
    let delivery = json!({
        "at": clock::millis(tenant.clock.now()),
        "kind": kind,
        "address": webhook.address,
        "body": body,
        "status": status.map(|status| status.as_u16()),
    });
    tenant.state().outbox.deliveries.push(delivery);
}

enum Failure {
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

/// Posts a message. Nothing leaves this machine.
async fn post(webhook: &Webhook, validation: Option<&str>, body: &Value) -> Result<StatusCode, Failure> {
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
        let session = TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
            .map_err(|error| transport(&error))?;
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

fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyReceiver(provider)))
        .with_no_client_auth())
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
