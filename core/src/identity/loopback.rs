//! A sign-in in the browser of this machine: opens it, and listens for its return.
//!
//! Source: RFC 8252, 7.3; "Redirect URI restrictions", localhost exceptions.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use super::application::Application;
use super::authorization_code::AuthorizationCode;
use super::sign_in::{PendingSignIn, SignIn, SignInPrompt, page_setters};
use crate::cloud::Cloud;
use crate::error::{Error, ErrorKind, Result};
use crate::interval::Interval;

/// How long a user may take.
const TIMEOUT: Duration = Duration::from_secs(300);
/// How long a connection may take to say what it wants.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// No request line and headers of a browser are longer.
const LONGEST_REQUEST: usize = 32 * 1024;

const DONE: &str = "<!doctype html><meta charset=utf-8><title>Signed in</title><p>You are signed in. You can close this \
                    window.";
const FAILED: &str = "<!doctype html><meta charset=utf-8><title>Not signed in</title><p>The sign-in did not succeed. \
                      Go back to the program; it says why.";
const NOT_HERE: &str =
    "<!doctype html><meta charset=utf-8><title>Nothing here</title><p>There is nothing here.";

/// A sign-in in the browser of this machine.
///
/// It listens on 127.0.0.1 and comes back to `http://localhost`, which the application must be registered with as a
/// public client; the port does not matter to the service.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    schemars(extend("x-m365-function" = {
        "name": "open",
        "asks": "open_browser",
        "doc": "Called with the address, to open it. Default: the system's browser does. It may be asynchronous."
    }))
)]
pub struct BrowserSignIn {
    /// The application: its client id, or a credential if it is a confidential one.
    client: Application,
    /// The permissions to ask for, of one API or several. Default: all those of Microsoft Graph that the application
    /// is registered with.
    #[serde(default)]
    scopes: Vec<String>,
    /// What the page asks of the user. Default: as little as it can.
    #[serde(default)]
    prompt: Option<SignInPrompt>,
    /// The name that the page is filled in with.
    #[serde(default)]
    login_hint: Option<String>,
    /// The domain whose own sign-in page is shown at once.
    #[serde(default)]
    domain_hint: Option<String>,
    /// The claims that an error of before has demanded, as JSON text.
    #[serde(default)]
    claims: Option<String>,
    /// The port to listen on. Default: any that is free.
    #[serde(default)]
    port: Option<u16>,
    /// How long the user may take. Default: 5 minutes.
    #[serde(default)]
    timeout: Option<Interval>,
    #[serde(skip)]
    open: Option<Opener>,
}

/// Opens an address for its user.
type Opener = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

impl BrowserSignIn {
    /// A sign-in to an application.
    pub fn new(client: impl Into<Application>) -> Self {
        BrowserSignIn {
            client: client.into(),
            scopes: Vec::new(),
            prompt: None,
            login_hint: None,
            domain_hint: None,
            claims: None,
            port: None,
            timeout: None,
            open: None,
        }
    }

    page_setters!();

    /// The port to listen on. Default: any that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How long the user may take. Default: 5 minutes.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Interval>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// Opens the address in this way. Default: in the system's browser.
    #[must_use]
    pub fn open_with<R>(mut self, open: impl Fn(String) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        self.open = Some(Arc::new(move |url| open(url).boxed()));
        self
    }

    /// Opens the browser and waits for the user; gives the code to make a client with.
    pub async fn run(self, cloud: &Cloud, tenant: &str) -> Result<AuthorizationCode> {
        let port = self.port.unwrap_or(0);
        let busy = |e: io::Error| {
            Error::new(ErrorKind::Auth, format!("port {port} of 127.0.0.1 cannot be listened on: {e}"))
                .with_source(e)
        };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(busy)?;
        let port = listener.local_addr().map_err(busy)?.port();
        let BrowserSignIn { client, scopes, prompt, login_hint, domain_hint, claims, timeout, open, .. } =
            self;
        let redirect_uri = format!("http://localhost:{port}");
        let pending = SignIn { client, redirect_uri, scopes, prompt, login_hint, domain_hint, claims }
            .begin(cloud, tenant)?;
        let opening = async {
            let opened = match open {
                Some(open) => open(pending.url().to_string()).await,
                None => open::that_detached(pending.url().as_str()),
            };
            match opened {
                Ok(()) => std::future::pending().await,
                Err(e) => Error::new(ErrorKind::Auth, "the browser cannot be opened")
                    .with_source(e)
                    .with_hint("On a machine without one, sign in with a device code"),
            }
        };
        // Whoever opens it may wait until the user has come back.
        let signed_in = async {
            match select(pin!(wait(&listener, port, &pending)), pin!(opening)).await {
                Either::Left((code, _)) => code,
                Either::Right((error, _)) => Err(error),
            }
        };
        let timeout = timeout.map_or(TIMEOUT, |Interval(length)| length);
        tokio::time::timeout(timeout, signed_in).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, format!("nobody signed in within {timeout:?}")))
        })
    }
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Answers whoever comes until one of them is the end of the sign-in.
async fn wait(listener: &TcpListener, port: u16, pending: &PendingSignIn) -> Result<AuthorizationCode> {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Out of sockets, perhaps; it passes.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let callback = match tokio::time::timeout(READ_TIMEOUT, read(&mut stream, port)).await {
            Ok(Ok(Some(callback))) => callback,
            // A favicon, another program, or somebody who says nothing.
            Ok(Ok(None)) => {
                respond(&mut stream, "404 Not Found", NOT_HERE).await;
                continue;
            }
            Ok(Err(_)) | Err(_) => continue,
        };
        match pending.finish(&callback) {
            Ok(code) => {
                respond(&mut stream, "200 OK", DONE).await;
                return Ok(code);
            }
            // Not this sign-in's answer: that may still come.
            Err(error) if error.sign_in().error.is_none() => {
                respond(&mut stream, "400 Bad Request", FAILED).await;
            }
            Err(error) => {
                respond(&mut stream, "200 OK", FAILED).await;
                return Err(error);
            }
        }
    }
}

/// The query of a request for the redirect address; none if it is for something else.
async fn read(stream: &mut TcpStream, port: u16) -> io::Result<Option<Zeroizing<String>>> {
    let mut request = Zeroizing::new(Vec::with_capacity(LONGEST_REQUEST));
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() >= LONGEST_REQUEST || stream.read_buf(&mut *request).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(callback(&request, port))
}

/// Only `GET /?…`, and only from a browser that was sent to this machine by name.
fn callback(request: &[u8], port: u16) -> Option<Zeroizing<String>> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    if !parsed.parse(request).ok()?.is_complete() || parsed.method != Some("GET") {
        return None;
    }
    let query = parsed.path?.strip_prefix("/?")?.to_owned();
    let mut hosts = parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = std::str::from_utf8(hosts.next()?.value).ok()?;
    let own = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    (hosts.next().is_none() && own.iter().any(|own| own.eq_ignore_ascii_case(host)))
        .then(|| Zeroizing::new(query))
}

/// Pages are always the same: nothing of a request is ever shown.
async fn respond(stream: &mut TcpStream, status: &str, page: &str) {
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // Whether the browser shows it makes no difference to the sign-in.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Mutex;

    use url::Url;

    use super::*;

    const TENANT: &str = "contoso.onmicrosoft.com";

    async fn get(port: u16, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn begun(timeout: Duration) -> (Arc<Mutex<Option<Url>>>, BrowserSignIn) {
        let opened: Arc<Mutex<Option<Url>>> = Arc::default();
        let seen = Arc::clone(&opened);
        let sign_in = BrowserSignIn::new("app").timeout(timeout).open_with(move |url| {
            *seen.lock().unwrap() = Some(Url::parse(&url).unwrap());
            ready(Ok(()))
        });
        (opened, sign_in)
    }

    async fn parameter(opened: &Mutex<Option<Url>>, name: &str) -> String {
        loop {
            if let Some(url) = &*opened.lock().unwrap() {
                return url.query_pairs().find(|(own, _)| own == name).unwrap().1.into_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn the_browser_comes_back_with_the_code() {
        let (opened, sign_in) = begun(TIMEOUT);
        let running = tokio::spawn(async move { sign_in.run(&Cloud::Public, TENANT).await });
        let state = parameter(&opened, "state").await;
        let redirect = Url::parse(&parameter(&opened, "redirect_uri").await).unwrap();
        assert_eq!(redirect.host_str(), Some("localhost"));
        let port = redirect.port().unwrap();
        let host = format!("localhost:{port}");
        let right = format!("/?code=s3cret&state={state}");
        for (path, host, status) in [
            ("/favicon.ico", host.as_str(), "404"),
            (&right, "evil.example", "404"),
            ("/?code=x&state=wrong", &host, "400"),
        ] {
            assert!(get(port, path, host).await.starts_with(&format!("HTTP/1.1 {status}")), "{path}");
        }
        let page = get(port, &right, &host).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("no-store") && !page.contains("s3cret"));
        running.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_refusal_ends_it_and_so_does_time() {
        let (opened, sign_in) = begun(TIMEOUT);
        let running = tokio::spawn(async move { sign_in.run(&Cloud::Public, TENANT).await });
        let state = parameter(&opened, "state").await;
        let port = Url::parse(&parameter(&opened, "redirect_uri").await).unwrap().port().unwrap();
        let host = format!("127.0.0.1:{port}");
        get(port, &format!("/?error=access_denied&state={state}"), &host).await;
        assert_eq!(running.await.unwrap().unwrap_err().code(), Some("access_denied"));

        let (_, sign_in) = begun(Duration::from_millis(50));
        let error = sign_in.run(&Cloud::Public, TENANT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }

    #[test]
    fn only_the_expected_request_is_a_callback() {
        let ask = |request: &str| callback(request.as_bytes(), 80).is_some();
        assert!(ask("GET /?a=b HTTP/1.1\r\nHost: LOCALHOST:80\r\n\r\n"));
        for other in [
            "POST /?a=b HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
            "GET /x?a=b HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
            "GET /?a=b HTTP/1.1\r\nHost: localhost:81\r\n\r\n",
            "GET /?a=b HTTP/1.1\r\nHost: localhost:80\r\nHost: localhost:80\r\n\r\n",
            "GET /?a=b HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert!(!ask(other), "{other}");
        }
    }
}
