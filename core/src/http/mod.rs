//! The corridor: every request of this crate walks down it and comes back up.
//!
//! authorize → pace → retry → send → check, each in a file of its own.

mod authorize;
mod check;
mod clock;
mod pace;
mod request;
mod retry;
mod send;

pub(crate) use check::{Refusal, by_status};
pub(crate) use clock::Clock;
pub(crate) use pace::Pace;
use pace::Place;
pub(crate) use request::{Body, Limit, Request};
pub(crate) use retry::Retry;
pub(crate) use send::{Answer, Send, SendOptions};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::cloud::{Hosts, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::Identity;

/// What all requests of one client share.
pub(crate) struct Corridor {
    pub(crate) hosts: Hosts,
    pub(crate) identity: Identity,
    pub(crate) pace: Pace,
    pub(crate) retry: Retry,
    pub(crate) send: Send,
    pub(crate) clock: Clock,
    pub(crate) closed: CancellationToken,
}

impl Corridor {
    /// Sends a request until it succeeds or may not be repeated, and reads the answer with `decode`.
    ///
    /// `decode` runs within the loop: an answer that cannot be read is a fault like any other.
    pub(crate) async fn exchange<T>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<T> + std::marker::Send + Sync,
    ) -> Result<T> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(Error::new(ErrorKind::Cancelled, "the client was closed")),
            outcome = self.exchange_to_the_end(request, decode) => outcome,
        }
    }

    /// The same, but not ended by closing the client: for what has to be cleaned up at the service.
    pub(crate) async fn exchange_to_the_end<T>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<T> + std::marker::Send + Sync,
    ) -> Result<T> {
        let mut attempts = self.retry.attempts(request);
        let place = attempts.within_deadline(async { Ok(self.pace.place(request.limit).await) }).await?;
        loop {
            let attempt = self.attempt(request, &place, attempts.after_fault(), &decode);
            match attempts.within_deadline(attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => attempts.wait_after(error, &self.pace).await?,
            }
        }
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        place: &Place<'_>,
        urgent: bool,
        decode: impl Fn(&Answer) -> Result<T>,
    ) -> Result<T> {
        let bearer = authorize::bearer(self, request).await?;
        let turn = place.turn(urgent).await;
        let sent = self.send.send(request, bearer.as_ref()).await;
        if let Ok(answer) = &sent {
            self.clock.observe(&answer.headers);
        }
        let outcome =
            sent.and_then(|answer| check::check(request, answer)).and_then(|answer| decode(&answer));
        match outcome {
            Ok(value) => {
                turn.accepted();
                Ok(value)
            }
            Err(error) => {
                turn.failed(&error);
                Err(authorize::after_refusal(self, request, bearer.as_ref(), error))
            }
        }
    }

    /// Now, by the service's clock as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, by the service's clock, which the answer with the token has told.
    pub(crate) async fn service_now(&self) -> Result<Timestamp> {
        self.identity.token(self, &Service::Management).await?;
        Ok(self.now())
    }
}
