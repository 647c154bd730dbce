//! The one door out: reqwest, with timeouts that notice a stall rather than a size.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Certificate, ClientBuilder, Proxy, Response, StatusCode, Url, redirect};
use secrecy::ExposeSecret;

use super::{Body, Request, Route, pinned};
use crate::cloud::{require_https, require_local};
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::identity::Token;

/// The longest body that room is made for because the answer says so.
const BELIEVED_LENGTH: usize = 64 * 1024 * 1024;

/// How connections are made.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SendOptions {
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) proxy: Option<String>,
    pub(crate) root_certificates: Option<String>,
    pub(crate) user_agent: String,
}

/// An answer with its whole body, decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends requests, over connections that are kept, and shared by all clients that make them alike.
pub(crate) struct Send {
    options: SendOptions,
    own: Arc<reqwest::Client>,
    shared: OnceLock<Arc<reqwest::Client>>,
}

/// Whose connections they are: they live in a runtime, and do not outlive a fork.
#[derive(PartialEq, Eq, Hash)]
struct Owner {
    process: u32,
    runtime: Option<tokio::runtime::Id>,
    options: SendOptions,
}

static CONNECTIONS: LazyLock<Mutex<HashMap<Owner, Weak<reqwest::Client>>>> = LazyLock::new(Mutex::default);

impl Send {
    pub(crate) fn new(options: SendOptions) -> Result<Self> {
        let mut builder = client(&options);
        if let Some(proxy) = &options.proxy {
            let proxy =
                Proxy::all(proxy).map_err(|e| Error::invalid("the proxy is not a URL").with_source(e))?;
            builder = builder.proxy(proxy);
        }
        if let Some(pem) = &options.root_certificates {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| Error::invalid("root_certificates is not PEM text").with_source(e))?;
            if certificates.is_empty() {
                return Err(Error::invalid("root_certificates holds no certificate"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(not_set_up)?;
        Ok(Send { options, own: Arc::new(http), shared: OnceLock::new() })
    }

    /// Connections of their own, made for a handful of requests in the life of a token.
    fn apart(&self, route: &Route) -> Result<reqwest::Client> {
        let builder = client(&self.options).no_proxy().pool_max_idle_per_host(0);
        let builder = match route {
            Route::Pinned(thumbprint) => builder.tls_backend_preconfigured(pinned::tls(*thumbprint)?),
            Route::Local | Route::Usual => builder,
        };
        builder.build().map_err(not_set_up)
    }

    /// Where the first request is sent decides whose connections are used: before, nobody knows the runtime.
    fn http(&self) -> &reqwest::Client {
        self.shared.get_or_init(|| {
            let owner = Owner {
                process: std::process::id(),
                runtime: tokio::runtime::Handle::try_current().ok().map(|handle| handle.id()),
                options: self.options.clone(),
            };
            let mut connections = CONNECTIONS.lock().unwrap_or_else(PoisonError::into_inner);
            connections.retain(|_, client| client.strong_count() > 0);
            let present = connections.get(&owner).and_then(Weak::upgrade);
            present.unwrap_or_else(|| {
                connections.insert(owner, Arc::downgrade(&self.own));
                Arc::clone(&self.own)
            })
        })
    }

    /// Sends once, and reads the whole answer.
    pub(super) async fn send(&self, request: &Request, bearer: Option<&Token>) -> Result<Answer> {
        let response = self.begin(request, &request.url, bearer).await?;
        let answer = read(response).await?;
        tracing::trace!(
            target: "m365kit::http", method = %request.method, path = request.url.path(),
            status = answer.status.as_u16(), bytes = answer.body.len(), "answered"
        );
        Ok(answer)
    }

    /// Sends once, to where the request or a redirect says, and reads the head of the answer.
    pub(super) async fn begin(
        &self,
        request: &Request,
        url: &Url,
        bearer: Option<&Token>,
    ) -> Result<Response> {
        let apart;
        let http = match &request.route {
            Route::Usual => {
                require_https("the address", url)?;
                self.http()
            }
            route => {
                require_local("the address", url)?;
                apart = self.apart(route)?;
                &apart
            }
        };
        let mut out = http.request(request.method.clone(), url.clone()).headers(request.headers.clone());
        if let Some(patience) = request.patience {
            out = out.timeout(patience.timeout);
        }
        if let Some(token) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.secret().expose_secret()))
                .map_err(|_| {
                    Error::new(ErrorKind::Auth, "the token holds characters that no header may hold")
                })?;
            value.set_sensitive(true);
            out = out.header(AUTHORIZATION, value);
        }
        if let Body::Bytes(bytes) = &request.body {
            out = out.header(CONTENT_LENGTH, bytes.len()).body(bytes.clone());
        }
        out.send().await.map_err(transport)
    }
}

/// Reads the whole answer.
pub(super) async fn read(mut response: Response) -> Result<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_body(&mut response).await.map_err(transport)?;
    Ok(Answer { status, headers, body })
}

fn client(options: &SendOptions) -> ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        // A redirect would carry the token wherever the answer says.
        .redirect(redirect::Policy::none())
        .user_agent(&options.user_agent)
}

fn not_set_up(error: reqwest::Error) -> Error {
    Error::invalid("the HTTP client cannot be set up").with_source(error)
}

/// Into one buffer, made as long as the answer says it is, so that no second copy is needed to join it.
async fn read_body(response: &mut Response) -> reqwest::Result<Bytes> {
    let said = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = BytesMut::with_capacity(said.min(BELIEVED_LENGTH));
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(super) fn transport(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let cause = deepest_cause(&error);
    let (kind, message) = if error.is_timeout() && error.is_connect() {
        (ErrorKind::Timeout, "no connection within the time allowed".to_owned())
    } else if error.is_timeout() {
        (ErrorKind::Timeout, "nothing arrived within the time allowed between two reads".to_owned())
    } else if error.is_connect() {
        (ErrorKind::Network, format!("no connection: {cause}"))
    } else if error.is_body() || error.is_decode() {
        (ErrorKind::Network, format!("the answer was cut short: {cause}"))
    } else {
        (ErrorKind::Network, format!("the connection failed: {cause}"))
    };
    let distrusted = cause.contains("certificate");
    let repeat = if error.is_connect() { Repeat::Unsent } else { Repeat::Fault };
    let failure = Error::new(kind, message).with_repeat(repeat).with_source(error);
    if distrusted {
        // The same certificate will be shown again.
        return failure.with_repeat(Repeat::Never).with_hint(
            "If the host is yours or a proxy's, pass its certificate authority in `root_certificates`",
        );
    }
    failure
}

/// The deepest cause, which is the one that names the trouble.
fn deepest_cause(error: &dyn StdError) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
