//! The corridor: every request of this crate walks down it and comes back up.
//!
//! authorize → pace → retry → send → check, each in a file of its own.

mod authorize;
pub(crate) mod challenge;
mod check;
mod clock;
mod concurrency;
mod fetch;
mod pace;
mod pinned;
mod quota;
mod request;
mod retry;
mod send;

pub(crate) use check::{Judge, Refusal, by_status, service_time};
pub(crate) use clock::Clock;
pub(crate) use concurrency::Concurrency;
use concurrency::Place;
pub(crate) use fetch::{Arrival, Wanted};
pub(crate) use pace::Pace;
pub(crate) use quota::Quota;
pub(crate) use request::{Body, Limit, Patience, Request, Route};
pub(crate) use retry::{Retry, as_asked};
pub(crate) use send::{Answer, Send, SendOptions};

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::cloud::{Hosts, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{Identity, Token};

/// What all requests of one client share.
pub(crate) struct Corridor {
    pub(crate) hosts: Hosts,
    pub(crate) identity: Identity,
    pub(crate) concurrency: Concurrency,
    pub(crate) pace: Pace,
    /// What is left of the limit of service announcements.
    pub(crate) announcements: Quota,
    pub(crate) retry: Retry,
    pub(crate) send: Send,
    pub(crate) clock: Clock,
    pub(crate) closed: CancellationToken,
}

/// Why nothing could be sent: there is no token for it.
struct NoToken(Error);

/// One of the ways to send a request and take its answer: as a whole, or with the body still to come.
trait Way: Sync {
    /// What is there when the service has answered well.
    type Answer: std::marker::Send;
    /// What the caller gets.
    type Output;

    /// Sends once.
    fn send(
        &self,
        corridor: &Corridor,
        request: &Request,
        bearer: Option<&Token>,
    ) -> impl Future<Output = Result<Self::Answer>> + std::marker::Send;

    /// Reads what was answered; what cannot be read is a fault like any other.
    fn read(&self, answer: Self::Answer) -> Result<Self::Output>;
}

/// Takes the answer as a whole.
///
/// What it is read into is the caller's affair, so that all of the corridor exists once and not once for each type.
struct Whole<'a>(&'a (dyn Fn(&Answer) -> Result<()> + std::marker::Send + Sync));

impl Way for Whole<'_> {
    type Answer = Answer;
    type Output = ();

    async fn send(&self, corridor: &Corridor, request: &Request, bearer: Option<&Token>) -> Result<Answer> {
        let answer = corridor.send.send(request, bearer).await?;
        corridor.clock.observe(&answer.headers);
        check::check(request, answer)
    }

    fn read(&self, answer: Answer) -> Result<()> {
        self.0(&answer)
    }
}

impl Corridor {
    /// Sends a request until it succeeds or may not be repeated, and reads the answer with `decode`.
    ///
    /// `decode` runs within the loop: an answer that cannot be read is a fault like any other.
    pub(crate) async fn exchange<T: std::marker::Send>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<T> + std::marker::Send + Sync,
    ) -> Result<T> {
        self.unless_closed(self.exchange_to_the_end(request, decode)).await
    }

    /// The same, but not ended by closing the client: for what has to be cleaned up at the service.
    pub(crate) async fn exchange_to_the_end<T: std::marker::Send>(
        &self,
        request: &Request,
        decode: impl Fn(&Answer) -> Result<T> + std::marker::Send + Sync,
    ) -> Result<T> {
        let found = Mutex::new(None);
        let read = |answer: &Answer| decode(answer).map(|value| keep(&found, value));
        self.repeat(request, &Whole(&read)).await?;
        taken(found)
    }

    /// Sends a request until its answer has begun well, and gives the head of that and the body still to come.
    ///
    /// What goes wrong with the body is the caller's, who alone knows what has been handed out of it.
    pub(crate) async fn fetch(&self, request: &Request, wanted: &Wanted) -> Result<Arrival> {
        self.unless_closed(self.repeat(request, wanted)).await
    }

    /// Ended by closing the client.
    pub(crate) async fn unless_closed<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(closed()),
            outcome = work => outcome,
        }
    }

    async fn repeat<W: Way>(&self, request: &Request, way: &W) -> Result<W::Output> {
        let mut attempts = self.retry.attempts(request);
        let mut place = attempts.within_deadline(async { Ok(self.place(request, false).await) }).await?;
        loop {
            let attempt = self.attempt(request, place.as_ref(), attempts.after_fault(), way);
            let wait = match attempts.within_deadline(attempt).await {
                Ok(Ok(value)) => return Ok(value),
                // The token's own request has been repeated as often as may be.
                Ok(Err(NoToken(error))) => return Err(error),
                Err(error) => attempts.wait_after(error, &self.pace)?,
            };
            if attempts.after_fault() && !wait.is_zero() {
                // Who waits for a service to get well again keeps no other from asking meanwhile.
                drop(place);
                tokio::time::sleep(wait).await;
                place = attempts.within_deadline(async { Ok(self.place(request, true).await) }).await?;
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// A place among the requests in flight; requests that count against no limit need none.
    async fn place(&self, request: &Request, urgent: bool) -> Option<Place> {
        match request.limit {
            Limit::Free | Limit::ServiceAnnouncements => None,
            Limit::Tenant => Some(self.concurrency.place(urgent).await),
        }
    }

    async fn attempt<W: Way>(
        &self,
        request: &Request,
        place: Option<&Place>,
        urgent: bool,
        way: &W,
    ) -> Result<Result<W::Output, NoToken>> {
        let bearer = match authorize::bearer(self, request).await {
            Ok(bearer) => bearer,
            Err(error) => return Ok(Err(NoToken(error))),
        };
        let turn = match place {
            Some(_) => Some(self.pace.turn(urgent).await),
            None => None,
        };
        if request.limit == Limit::ServiceAnnouncements {
            self.announcements.turn().await;
        }
        let flight = place.map(Place::leaves);
        let answer = way.send(self, request, bearer.as_ref()).await;
        if let Some(flight) = flight {
            flight.ended(answer.as_ref().err());
        }
        match answer.and_then(|answer| way.read(answer)) {
            Ok(value) => {
                if let Some(turn) = turn {
                    turn.accepted();
                }
                Ok(Ok(value))
            }
            Err(error) => {
                if let Some(turn) = turn {
                    turn.failed(&error);
                }
                if request.limit == Limit::ServiceAnnouncements {
                    self.announcements.failed(&error);
                }
                Err(authorize::after_refusal(self, request, bearer.as_ref(), error))
            }
        }
    }

    /// Now, by the service's clock as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, by the service's clock, which the answer with the token has told.
    pub(crate) async fn service_now(&self, service: &Service) -> Result<Timestamp> {
        self.identity.token(self, service).await?;
        Ok(self.now())
    }
}

fn keep<T>(found: &Mutex<Option<T>>, value: T) {
    *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

/// What was read of the answer that ended the loop; there is always one.
fn taken<T>(found: Mutex<Option<T>>) -> Result<T> {
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.ok_or_else(|| Error::decode("the answer was not read"))
}

/// Why nothing more comes of what was under way.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Cancelled, "the client was closed")
}
