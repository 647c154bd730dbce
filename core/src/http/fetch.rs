//! The other way to take an answer: its head is judged, and its body comes piece by piece.

use std::future;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::check::{self, Refusal};
use super::send::{read, transport};
use super::{Corridor, Request, Way};
use crate::cloud::is_loopback;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::identity::Token;

/// How often an answer may name another address.
const REDIRECTS: u32 = 3;
/// The longest error that is looked for where bytes were asked for.
const PEEKED: usize = 64 * 1024;

/// What is known of a body before it has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// Whether JSON with an `error` in it is an error, whatever its status: the body is never such JSON.
    pub(crate) is_binary: bool,
    /// What it begins with; anything may where that is empty.
    pub(crate) begins_with: &'static [u8],
}

/// The head of a good answer, and its body still to come.
pub(crate) struct Arrival {
    pub(crate) headers: HeaderMap,
    /// How long the body is, if the answer says so: as it is handed out, decompressed.
    pub(crate) length: Option<u64>,
    pub(crate) body: BoxStream<'static, Result<Bytes>>,
}

impl Way for Wanted {
    type Answer = Arrival;
    type Output = Arrival;

    async fn send(&self, corridor: &Corridor, request: &Request, bearer: Option<&Token>) -> Result<Arrival> {
        let (response, is_away) = follow(corridor, request, bearer).await?;
        let judged = self.judge(request, response).await;
        // The token was not shown there, and what limits that host has are not the service's.
        judged.map_err(|error| match error.repeat() {
            Repeat::WithNewToken if is_away => error.with_repeat(Repeat::Never),
            Repeat::Throttled if is_away => error.with_repeat(Repeat::Fault),
            _ => error,
        })
    }

    fn read(&self, arrival: Arrival) -> Result<Arrival> {
        Ok(arrival)
    }
}

impl Wanted {
    async fn judge(&self, request: &Request, response: Response) -> Result<Arrival> {
        if !response.status().is_success() {
            let refused = check::check(request, read(response).await?);
            // No request that is fetched expects another status.
            return refused.and_then(|answer| Err(nowhere(answer.status)));
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let length = response.content_length();
        let mut coming = response.bytes_stream().map(|piece| piece.map_err(transport)).boxed();
        let may_be_error =
            self.is_binary && says_json(&headers) && length.is_none_or(|length| length <= PEEKED as u64);
        let peeked = if may_be_error { PEEKED + 1 } else { self.begins_with.len() };
        let beginning = peek(&mut coming, peeked).await?;
        if may_be_error && beginning.len() <= PEEKED {
            not_an_error(status, &headers, &beginning)?;
        }
        if !beginning.starts_with(self.begins_with) {
            return Err(Error::decode(format!(
                "the body does not begin with {:?}",
                String::from_utf8_lossy(self.begins_with)
            ))
            .with_status(status.as_u16()));
        }
        let body = if beginning.is_empty() {
            coming
        } else {
            stream::once(future::ready(Ok(beginning))).chain(coming).boxed()
        };
        Ok(Arrival { headers, length, body })
    }
}

/// Sends, and follows where the answers lead: the token goes no further than its own host. Says whether
/// another one has answered.
async fn follow(corridor: &Corridor, request: &Request, bearer: Option<&Token>) -> Result<(Response, bool)> {
    let mut response = corridor.send.begin(request, &request.url, bearer).await?;
    corridor.clock.observe(response.headers());
    if next(&request.url, &response)?.is_none() {
        return Ok((response, false));
    }
    let (mut request, mut bearer) = (request.clone(), bearer);
    let mut is_away = false;
    for _ in 0..REDIRECTS {
        let Some(url) = next(&request.url, &response)? else { return Ok((response, is_away)) };
        if is_loopback(&url) && !is_loopback(&request.url) {
            return Err(misled("a redirect leads from another host to this machine"));
        }
        if url.origin() != request.url.origin() {
            // Also for what may lead back: who was led away may have been led anywhere.
            (bearer, is_away) = (None, true);
            request.headers.remove(COOKIE);
        }
        request.url = url;
        response = corridor.send.begin(&request, &request.url, bearer).await?;
    }
    match next(&request.url, &response)? {
        None => Ok((response, is_away)),
        Some(_) => Err(misled("more than 3 redirects, one after the other")),
    }
}

/// Where an answer leads; none if it is no redirect.
fn next(from: &Url, response: &Response) -> Result<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let said = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(said) = said else { return Err(nowhere(response.status())) };
    from.join(said).map(Some).map_err(|error| misled("a redirect leads to no address").with_source(error))
}

fn nowhere(status: StatusCode) -> Error {
    misled("the service answered with neither a body nor where it is").with_status(status.as_u16())
}

fn misled(why: &str) -> Error {
    Error::new(ErrorKind::Service, why)
}

/// Waits for so many bytes, or the end.
async fn peek(coming: &mut BoxStream<'static, Result<Bytes>>, enough: usize) -> Result<Bytes> {
    let mut beginning = BytesMut::new();
    while beginning.len() < enough {
        match coming.next().await.transpose()? {
            Some(piece) => beginning.extend_from_slice(&piece),
            None => break,
        }
    }
    Ok(beginning.freeze())
}

fn says_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.ends_with("/json") || kind.ends_with("+json")
}

/// Source: service communications, 3.9.
fn not_an_error(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Result<()> {
    let refusal = Refusal::new(status, headers, body);
    let says_error =
        refusal.json.as_ref().and_then(|json| json.get("error")).is_some_and(|e| *e != Value::Null);
    if says_error { Err(refusal.error(ErrorKind::Service, Repeat::Never)) } else { Ok(()) }
}
