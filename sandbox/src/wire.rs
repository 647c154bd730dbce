//! The way of an answer onto the connection, and what can go wrong there.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::{Response, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use crate::answer::{Answer, Content, Pieces};
use crate::faults::WireFault;
use crate::ledger::Entry;
use crate::tenant::locked;

/// Bytes handed to the connection at a time. Small enough that a client which hangs up is noticed before the end.
pub(crate) const PIECE: usize = 128 * 1024;

/// A connection that can be told to misbehave.
pub(crate) struct Line {
    stream: Stream,
    switch: Arc<Switch>,
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Where a request reaches the connection it came on.
#[derive(Default)]
pub(crate) struct Switch {
    reset: AtomicBool,
    ended: Notify,
    surplus: Mutex<Bytes>,
}

impl Switch {
    /// Ends the connection with a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::SeqCst);
        self.ended.notify_one();
    }

    /// Returns when the connection is to end.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Line {
    pub(crate) fn new(stream: Stream, switch: Arc<Switch>) -> Self {
        Self { stream, switch }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.switch.reset.load(Ordering::SeqCst) {
            let socket = match &self.stream {
                Stream::Plain(socket) => socket,
                Stream::Tls(session) => session.get_ref().0,
            };
            // Without it the kernel would say good-bye politely. If it fails the client sees an early end instead.
            let _ = socket.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, data),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, data),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Bytes beyond the announced length go out here, where hyper no longer counts.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let rest = locked(&self.switch.surplus).clone();
            if rest.is_empty() {
                break;
            }
            let written = ready!(self.as_mut().poll_write(cx, &rest))?;
            *locked(&self.switch.surplus) = rest.slice(written..);
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

/// A body on its way. Dropped before its end, it leaves its request marked as aborted.
pub(crate) struct WireBody {
    source: Source,
    end: End,
    /// Bytes at a time and the pause between them.
    drip: Option<(usize, Duration)>,
    pause: Option<Pin<Box<Sleep>>>,
    entry: Entry,
}

enum Source {
    Whole(Bytes),
    Pieces(Pieces),
    Drained,
}

/// What comes after the last byte.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The regular end.
    Done,
    /// The connection breaks off.
    Broken,
    /// Nothing, for ever.
    Silence,
}

/// Puts an answer on the wire, with what is to go wrong.
pub(crate) fn deliver(
    answer: Answer,
    fault: Option<WireFault>,
    version: Version,
    switch: &Switch,
    mut entry: Entry,
) -> Response<WireBody> {
    let mut answer = answer;
    entry.answered(answer.status);
    let (mut end, mut drip) = (End::Done, None);
    if fault.is_some() {
        answer.collect();
    }
    let mut source = match answer.content {
        Content::Whole(body) => Source::Whole(body),
        Content::Pieces(pieces) => Source::Pieces(pieces),
    };
    let mut headers = *answer.headers;
    if let Source::Whole(body) = &mut source {
        let full = body.len();
        let mut announced = full;
        match fault {
            None | Some(WireFault::Truncate(_)) => {}
            Some(WireFault::Cut(after)) => {
                // A body that is shorter than the cut still has to end early.
                *body = body.slice(..after.min(full.saturating_sub(1)));
                end = End::Broken;
            }
            Some(WireFault::WrongLength(delta)) => {
                announced = full.saturating_add_signed(isize::try_from(delta).unwrap_or(0));
                if announced > full {
                    end = End::Broken;
                } else if version != Version::HTTP_2 {
                    *locked(&switch.surplus) = body.split_off(announced);
                    headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
            }
            Some(WireFault::Drip(bytes, every)) => drip = Some((bytes, Duration::from_secs_f64(every))),
            Some(WireFault::Stall) => {
                body.truncate(full / 2);
                end = End::Silence;
            }
        }
        if announced > 0 || answer.status != hyper::StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(announced as u64));
        }
        if body.is_empty() && end == End::Done {
            entry.finish();
            source = Source::Drained;
        }
    }
    let mut response = Response::new(WireBody { source, end, drip, pause: None, entry });
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

impl WireBody {
    fn next(&mut self) -> Option<Bytes> {
        match &mut self.source {
            Source::Drained => None,
            Source::Pieces(pieces) => pieces.next(),
            Source::Whole(body) if body.is_empty() => None,
            Source::Whole(body) => {
                let size = self.drip.map_or(PIECE, |(bytes, _)| bytes);
                Some(body.split_to(size.min(body.len())))
            }
        }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // Long enough for what went before to be on the wire when the connection ends.
        const LAST_BYTES: Duration = Duration::from_millis(25);
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
            if self.end == End::Broken && matches!(&self.source, Source::Drained) {
                self.entry.finish();
                return Poll::Ready(Some(Err(io::Error::other("a fault ends this answer early"))));
            }
        }
        if let Some(data) = self.next() {
            self.entry.count_bytes(data.len());
            let last = matches!(&self.source, Source::Whole(rest) if rest.is_empty());
            if last && self.end == End::Done {
                // hyper does not ask again when the announced length has been reached.
                self.entry.finish();
                self.source = Source::Drained;
            } else if let Some((_, every)) = self.drip {
                self.pause = Some(Box::pin(tokio::time::sleep(every)));
            }
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        self.source = Source::Drained;
        match self.end {
            End::Done => {
                self.entry.finish();
                Poll::Ready(None)
            }
            End::Silence => Poll::Pending,
            End::Broken => {
                self.pause = Some(Box::pin(tokio::time::sleep(LAST_BYTES)));
                self.poll_frame(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Drained) && self.end == End::Done
    }
}
