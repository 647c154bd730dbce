//! A client of a sandbox that is no cleverer than a test needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use m365kit_sandbox::Sandbox;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// An answer that arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and code of an error, to compare at once.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.code())
    }
}

/// A sandbox, and somebody signed in.
pub(crate) struct Visitor {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Visitor {
    /// Starts a sandbox from JSON and signs in.
    pub(crate) fn new(config: Value) -> Self {
        let sandbox = Sandbox::start_json(config.to_string().as_bytes()).unwrap();
        let http = reqwest::Client::builder().no_proxy().no_gzip().no_brotli().build().unwrap();
        let mut visitor = Self { sandbox, http, token: String::new() };
        visitor.token = visitor.issue(json!({}));
        visitor
    }

    pub(crate) fn control(&self, name: &str, args: Value) -> Value {
        self.sandbox.control(name, args).unwrap()
    }

    /// A token of any kind.
    pub(crate) fn issue(&self, args: Value) -> String {
        self.control("issue_token", args)["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn describe(&self, member: &str) -> String {
        self.sandbox.describe()[member].as_str().unwrap().to_owned()
    }

    /// Address of an operation, with a publisher.
    pub(crate) fn operation(&self, path: &str) -> String {
        let tenant = self.describe("tenant");
        let mark = if path.contains('?') { '&' } else { '?' };
        format!(
            "{}/api/v1.0/{tenant}/activity/feed/{path}{mark}PublisherIdentifier={tenant}",
            self.sandbox.url()
        )
    }

    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.fetch(&self.operation(path)).await
    }

    pub(crate) async fn fetch(&self, url: &str) -> Answer {
        send(self.request(Method::GET, url)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, &self.operation(path)).header("content-length", body.len());
        send(request.body(body.to_owned())).await.unwrap()
    }

    /// Everything listed for a type over all of the last day.
    pub(crate) async fn list(&self, content_type: &str) -> Vec<Value> {
        let mut items = vec![];
        let mut next = Some(self.operation(&self.day(content_type)));
        while let Some(url) = next {
            let page = self.fetch(&url).await;
            assert_eq!(page.status, 200, "{page:?}");
            items.extend(page.json().as_array().unwrap().iter().cloned());
            next = page.header("nextpageuri").map(|link| self.publish(link));
        }
        items
    }

    /// A listing of the last 24 hours by the sandbox's clock.
    pub(crate) fn day(&self, content_type: &str) -> String {
        // One look at the clock: between two of them a second may pass, and more than a day is refused.
        let now = self.now();
        let (start, end) = (before(now, 86_400), before(now, 0));
        format!("subscriptions/content?contentType={content_type}&startTime={start}&endTime={end}")
    }

    /// The time so many seconds ago.
    pub(crate) fn ago(&self, seconds: i64) -> String {
        before(self.now(), seconds)
    }

    fn now(&self) -> jiff::Timestamp {
        self.control("clock", json!({}))["now"].as_str().unwrap().parse().unwrap()
    }

    /// A link of the service with the publisher it lacks.
    pub(crate) fn publish(&self, link: &str) -> String {
        let mark = if link.contains('?') { '&' } else { '?' };
        format!("{link}{mark}PublisherIdentifier={}", self.describe("tenant"))
    }

    /// Address of the first blob of a type.
    pub(crate) async fn first_blob(&self, content_type: &str) -> String {
        let items = self.list(content_type).await;
        self.publish(items[0]["contentUri"].as_str().unwrap())
    }

    /// The requests in the ledger.
    pub(crate) fn ledger(&self, filter: Value) -> Vec<Value> {
        self.control("ledger", filter)["requests"].as_array().unwrap().clone()
    }

    /// Waits until the ledger's last request has come to an end or `wanted` holds.
    pub(crate) async fn eventually(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..200 {
            if let Some(last) = self.ledger(json!({})).last()
                && wanted(last)
            {
                return last.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}", self.ledger(json!({})));
    }

    /// Sends a request by hand and returns every byte that comes back, with the error that ended it, if any.
    pub(crate) fn raw(&self, request: &str) -> (Vec<u8>, Option<std::io::ErrorKind>) {
        let address = self.sandbox.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = vec![];
        let ended = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
        (bytes, ended)
    }

    /// A GET by hand that asks for the connection to be closed.
    pub(crate) fn raw_get(&self, url: &str) -> (Vec<u8>, Option<std::io::ErrorKind>) {
        let path = url.trim_start_matches(self.sandbox.url());
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            self.token
        ))
    }
}

fn before(now: jiff::Timestamp, seconds: i64) -> String {
    (now - jiff::SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

pub(crate) async fn send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await?,
    })
}

/// Head and body of an answer that was read by hand.
pub(crate) fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer[end + 4..].to_vec())
}
