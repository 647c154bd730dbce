//! Bytes as they arrive: the answers of operations that give a file and no JSON.
//!
//! `fetch.rs` is the operation for anything that has none of its own, `save.rs` the way into a file, `file_name.rs`
//! what that may be called, `joined.rs` the size of the pieces.

mod fetch;
mod file_name;
mod joined;
mod save;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::future;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;

pub use fetch::FetchBytes;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use file_name::file_name;
pub use save::{Save, Saved};

use crate::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Arrival, Request, Wanted};
use joined::Joined;

/// The most bytes that are taken unless the caller says otherwise.
const MOST: u64 = 256 * 1024 * 1024;

/// What is asked for.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) wanted: Wanted,
    /// The most bytes that are taken; 256 MiB if it does not say.
    pub(crate) max_bytes: Option<u64>,
    /// What it is called where the answer does not say; any text.
    pub(crate) name: Option<String>,
    /// What a file of it is called where nothing else will do, without its ending.
    pub(crate) id: String,
}

/// Bytes that a service sends, piece by piece: a stream of them, all at once, or into a file.
///
/// It holds a connection until it has been read to its end, closed or dropped. Once the first bytes are there a
/// failure is not repeated, since part of it has been handed out; [`bytes`](Download::bytes) and
/// [`save`](Download::save), which hand nothing out before the end, begin again.
#[must_use = "it holds a connection"]
pub struct Download {
    client: Client,
    asked: Asked,
    most: u64,
    head: Head,
    /// None when it has ended, was closed or failed.
    body: Option<Joined>,
    /// How many bytes of this body have come.
    came: u64,
    /// Whether the caller has seen any of it, so that it cannot begin again.
    handed_out: bool,
    failure: Option<Error>,
}

/// What the answer says of its body.
struct Head {
    content_type: Option<String>,
    length: Option<u64>,
    file_name: String,
}

impl Download {
    /// Asks, and waits until the answer begins.
    pub(crate) async fn open(client: Client, asked: Asked) -> Result<Self> {
        let most = asked.max_bytes.unwrap_or(MOST);
        if most == 0 {
            return Err(Error::invalid("max_bytes is 0: it must be at least 1"));
        }
        let (head, body) = Box::pin(begin(&client, &asked, most)).await?;
        Ok(Download {
            client,
            asked,
            most,
            head,
            body: Some(body),
            came: 0,
            handed_out: false,
            failure: None,
        })
    }

    /// What kind of bytes they are, such as `application/pdf`, if the service says so.
    pub fn content_type(&self) -> Option<&str> {
        self.head.content_type.as_deref()
    }

    /// How many bytes there are, if the service says so; it does not where it compresses them.
    pub fn length(&self) -> Option<u64> {
        self.head.length
    }

    /// A name for a file of it that is safe in any folder: as the service says, or made up.
    pub fn file_name(&self) -> &str {
        &self.head.file_name
    }

    /// The next bytes, at most 256 KiB of them; none at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.next().await.transpose()
    }

    /// All of it. Begins again where it is cut, as often as the client's `attempts` allow.
    pub async fn bytes(mut self) -> Result<Bytes> {
        self.read().await
    }

    /// Ends it, and with it the connection.
    pub fn close(&mut self) {
        self.body = None;
        if self.failure.is_none() {
            self.failure = Some(Error::new(ErrorKind::Cancelled, "the download was closed"));
        }
    }

    /// All of it, for who keeps it.
    pub(crate) async fn read(&mut self) -> Result<Bytes> {
        // As much as it says, which is no more than is allowed, and no more than one would believe.
        let said = self.head.length.unwrap_or_default().min(16 * 1024 * 1024);
        let whole = BytesMut::with_capacity(usize::try_from(said).unwrap_or_default());
        let whole = self.pour_into(whole).await?;
        Ok(whole.freeze())
    }

    /// Pours all of it into a sink; where it is cut, again from the beginning.
    async fn pour_into<S: Sink>(&mut self, mut sink: S) -> Result<S> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.handed_out {
            return Err(Error::invalid("a part of this download was read already: ask for it again"));
        }
        let began = Instant::now();
        let mut faults = 0;
        // Who was cancelled in the middle begins again as well.
        let mut is_fresh = self.body.is_some() && self.came == 0;
        loop {
            let outcome = if is_fresh { Ok(()) } else { self.begin_again().await };
            let outcome = match outcome {
                Ok(()) => self.pour(&mut sink).await,
                // Has been repeated as often as may be.
                Err(error) => return Err(error),
            };
            let Err(error) = outcome else {
                self.handed_out = true;
                return Ok(sink);
            };
            self.body = None;
            faults += 1;
            let corridor = self.client.corridor();
            let Some(wait) = corridor.retry.again(&error, faults, began) else { return Err(error) };
            tracing::debug!(
                target: "m365kit::http", kind = error.kind().as_str(), wait_ms = wait.as_millis(),
                path = self.asked.request.url.path(), "beginning a download again"
            );
            let waited = async {
                tokio::time::sleep(wait).await;
                Ok(())
            };
            corridor.unless_closed(waited).await?;
            sink = sink.emptied().await?;
            is_fresh = false;
        }
    }

    async fn begin_again(&mut self) -> Result<()> {
        let (head, body) = Box::pin(begin(&self.client, &self.asked, self.most)).await?;
        (self.head, self.body, self.came) = (head, Some(body), 0);
        Ok(())
    }

    async fn pour(&mut self, sink: &mut impl Sink) -> Result<()> {
        while let Some(chunk) = future::poll_fn(|cx| self.poll_chunk(cx)).await.transpose()? {
            sink.take(chunk).await?;
        }
        Ok(())
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let chunk = match ready!(body.poll_next_unpin(cx)) {
            Some(Ok(chunk)) => chunk,
            ended => {
                self.body = None;
                return Poll::Ready(ended);
            }
        };
        self.came += chunk.len() as u64;
        if self.came > self.most {
            self.body = None;
            return Poll::Ready(Some(Err(too_long(&format!("more than {}", self.most), self.most))));
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}

/// Where all of a download goes.
trait Sink: Sized + Send {
    /// Takes the next bytes.
    fn take(&mut self, chunk: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// The same with nothing in it.
    fn emptied(self) -> impl Future<Output = Result<Self>> + Send;
}

impl Sink for BytesMut {
    async fn take(&mut self, chunk: Bytes) -> Result<()> {
        self.extend_from_slice(&chunk);
        Ok(())
    }

    async fn emptied(mut self) -> Result<Self> {
        self.clear();
        Ok(self)
    }
}

async fn begin(client: &Client, asked: &Asked, most: u64) -> Result<(Head, Joined)> {
    let corridor = client.corridor();
    let Arrival { headers, length, body } = corridor.fetch(&asked.request, &asked.wanted).await?;
    if let Some(length) = length.filter(|&length| length > most) {
        return Err(too_long(&length.to_string(), most));
    }
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(|text| text.trim().to_owned());
    let file_name = file_name::file_name(&headers, asked.name.as_deref(), &asked.id);
    let closed = corridor.closed.clone();
    let body: BoxStream<'static, _> = body
        .take_until(closed.clone().cancelled_owned())
        // Otherwise it would seem to have ended.
        .chain(
            stream::once(async move { closed.is_cancelled().then(|| Err(crate::http::closed())) })
                .filter_map(future::ready),
        )
        .boxed();
    Ok((Head { content_type, length, file_name }, Joined::new(body)))
}

fn too_long(bytes: &str, most: u64) -> Error {
    Error::invalid(format!("the download has {bytes} bytes, and {most} are allowed by max_bytes"))
        .with_hint("Raise `max_bytes` if it may be that long")
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.poll_chunk(cx));
        self.handed_out = true;
        if let Some(Err(error)) = &chunk {
            self.failure = Some(error.clone());
        }
        Poll::Ready(chunk)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.head.content_type)
            .field("length", &self.head.length)
            .field("file_name", &self.head.file_name)
            .finish_non_exhaustive()
    }
}
