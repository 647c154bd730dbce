//! The leanest reader of the feed that there can be: it trusts the server, and does nothing that need not be done.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};

use crate::Error;
use crate::tenant::Tenant;

const CONTENT_TYPES: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

/// What is done with the bodies of blobs; each connection has one of its own.
pub trait Work: Send + 'static {
    /// The next piece of a body.
    fn piece(&mut self, piece: &Bytes);

    /// A body has ended.
    fn end(&mut self) -> Result<(), Error>;
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Reader {
    address: String,
    tenant: String,
    token: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    content_uri: String,
}

/// A connection that is used for one request after another.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    reader: Reader,
}

impl Reader {
    /// Signs in.
    pub async fn sign_in(at: &Tenant) -> Result<Self, Error> {
        let address = at.url.trim_start_matches("http://").to_owned();
        let mut reader = Self { address, tenant: at.tenant.clone(), token: String::new() };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &at.client_id)
            .append_pair("client_secret", &at.client_secret)
            .append_pair("scope", &format!("{}/.default", at.url));
        let request = Request::post(format!("/{}/oauth2/v2.0/token", at.tenant))
            .header("host", &reader.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(form.finish()))?;
        let mut line = reader.connect().await?;
        let answer = line.sender.send_request(request).await?;
        let token: Token = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
        reader.token = token.access_token;
        Ok(reader)
    }

    /// A reader of a server that asks for no token, and has nothing but bodies.
    pub fn of_bodies(url: &str) -> Self {
        let address = url.trim_start_matches("http://").to_owned();
        Self { address, tenant: String::new(), token: String::new() }
    }

    /// Reads what became available in the last day, by so many connections, while it is being listed.
    pub async fn read<W: Work>(&self, connections: usize, work: impl Fn() -> W) -> Result<Vec<W>, Error> {
        let (sender, receiver) = mpsc::channel(100_000);
        let listing = tokio::spawn(self.clone().list_all(sender));
        let done = self.fetch(receiver, connections, work).await?;
        listing.await??;
        Ok(done)
    }

    /// Reads the blobs at these paths.
    pub async fn read_paths<W: Work>(
        &self,
        paths: Vec<String>,
        connections: usize,
        work: impl Fn() -> W,
    ) -> Result<Vec<W>, Error> {
        let (sender, receiver) = mpsc::channel(paths.len().max(1));
        for path in paths {
            sender.send(path).await?;
        }
        drop(sender);
        self.fetch(receiver, connections, work).await
    }

    /// The paths of all blobs of the last day.
    pub async fn paths(&self) -> Result<Vec<String>, Error> {
        let (sender, mut receiver) = mpsc::channel(1_000);
        let listing = tokio::spawn(self.clone().list_all(sender));
        let mut paths = Vec::new();
        while let Some(path) = receiver.recv().await {
            paths.push(path);
        }
        listing.await??;
        Ok(paths)
    }

    async fn fetch<W: Work>(
        &self,
        paths: mpsc::Receiver<String>,
        connections: usize,
        work: impl Fn() -> W,
    ) -> Result<Vec<W>, Error> {
        let paths = Arc::new(Mutex::new(paths));
        let workers = (0..connections).map(|_| {
            let (paths, mut work, reader) = (Arc::clone(&paths), work(), self.clone());
            tokio::spawn(async move {
                let mut line = reader.connect().await?;
                while let Some(path) = async { paths.lock().await.recv().await }.await {
                    let mut body = line.get(&path).await?.into_body();
                    while let Some(frame) = body.frame().await {
                        if let Ok(piece) = frame?.into_data() {
                            work.piece(&piece);
                        }
                    }
                    work.end()?;
                }
                Ok::<_, Error>(work)
            })
        });
        try_join_all(workers).await?.into_iter().collect()
    }

    async fn list_all(self, found: mpsc::Sender<String>) -> Result<(), Error> {
        let now = Timestamp::now();
        let day = now - SignedDuration::from_hours(24);
        let listings = CONTENT_TYPES.map(|content_type| {
            let (reader, found) = (self.clone(), found.clone());
            async move {
                let mut line = reader.connect().await?;
                let mut next = Some(format!(
                    "/api/v1.0/{}/activity/feed/subscriptions/content?contentType={content_type}&startTime={}&endTime={}",
                    reader.tenant,
                    day.strftime("%Y-%m-%dT%H:%M:%S"),
                    now.strftime("%Y-%m-%dT%H:%M:%S"),
                ));
                while let Some(path) = next {
                    let page = line.get(&path).await?;
                    next = page
                        .headers()
                        .get("nextpageuri")
                        .map(|link| Ok::<_, Error>(reader.path(link.to_str()?)))
                        .transpose()?;
                    let body = page.into_body().collect().await?.to_bytes();
                    for item in serde_json::from_slice::<Vec<Listed>>(&body)? {
                        found.send(reader.path(&item.content_uri)).await?;
                    }
                }
                Ok::<_, Error>(())
            }
        });
        try_join_all(listings).await.map(|_| ())
    }

    /// The path of a link, which is on this server.
    fn path(&self, link: &str) -> String {
        link.split_once(&self.address).map_or(link, |(_, path)| path).to_owned()
    }

    async fn connect(&self) -> Result<Line, Error> {
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Line { sender, reader: self.clone() })
    }
}

impl Line {
    async fn get(&mut self, path: &str) -> Result<Response<Incoming>, Error> {
        let Reader { address, tenant, token } = &self.reader;
        let mark = if path.contains('?') { '&' } else { '?' };
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{path}{mark}PublisherIdentifier={tenant}"))
            .header("host", address)
            .header("authorization", format!("Bearer {token}"))
            .body(Full::default())?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{} for {path}", answer.status()).into());
        }
        Ok(answer)
    }
}
