//! One key's token: who may fetch it, who waits, and what became of the last attempt.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::Token;
use crate::error::{Error, ErrorKind, Result};

/// How long a plain refusal is answered from memory: asking on gets a client locked out for a loop.
const REFUSED: Duration = Duration::from_secs(60);
/// How long a service in trouble is left alone if it does not say.
const TROUBLED: Duration = Duration::from_secs(5);
/// How long a renewal rests that failed for any reason, while the token in hand serves.
const STANDING: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    /// How many fetches have come back, by which those who waited tell that one has.
    landings: AtomicU64,
    last_use: AtomicU64,
    /// Held by the one call that fetches. Dropping that call lets the next one in.
    flight: Arc<AsyncMutex<Last>>,
}

/// How the last fetch failed, and whose it was; none if it did not.
type Last = Option<(u64, Error)>;

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// When a token was given up: no store brings back one from before.
    given_up: Option<Timestamp>,
    /// The claims that the next token has to have.
    demands: Option<String>,
    failure: Option<Failure>,
}

/// A failure that is not asked for again before its time.
struct Failure {
    asker: u64,
    error: Error,
    /// Whether it also stands where no token does.
    refuses: bool,
    until: Instant,
}

/// What becomes of somebody who wants the token.
pub(super) enum Claim<'a> {
    /// There is an outcome already.
    Served(Result<Token>),
    /// They are the one to fetch it.
    Flight(Flight<'a>),
}

/// The right to fetch; whoever drops it without landing leaves it to the next.
pub(super) struct Flight<'a> {
    slot: &'a Slot,
    last: OwnedMutexGuard<Last>,
    demands: Option<String>,
}

impl Slot {
    /// Serves the token in hand, waits for who fetches it, or lets the caller fetch.
    pub(super) async fn claim(&self, asker: u64) -> Claim<'_> {
        // Before the look, so that a landing in between is noticed.
        let landings = self.landings.load(Ordering::Acquire);
        let standing = match self.look(asker) {
            Ok(outcome) => return Claim::Served(outcome),
            Err(standing) => standing,
        };
        let flight = Arc::clone(&self.flight);
        let last = match standing {
            // Somebody renews it already, and until then it serves.
            Some(token) => match flight.try_lock_owned() {
                Ok(last) => last,
                Err(_) => return Claim::Served(Ok(token)),
            },
            None => flight.lock_owned().await,
        };
        // Somebody landed while this call waited: their outcome is this call's outcome.
        if self.landings.load(Ordering::Acquire) != landings {
            match (self.usable(), &*last) {
                (Some(token), _) => return Claim::Served(Ok(token)),
                // Another client may have a better secret.
                (None, Some((of, error))) if *of == asker => return Claim::Served(Err(error.clone())),
                _ => {}
            }
        }
        let demands = self.state().demands.clone();
        Claim::Flight(Flight { slot: self, last, demands })
    }

    /// What can be said without fetching; else the token that serves meanwhile, if one does.
    fn look(&self, asker: u64) -> Result<Result<Token>, Option<Token>> {
        let state = self.state();
        let usable = state.token.clone().filter(Token::is_usable);
        if let Some(token) = usable.as_ref().filter(|token| token.is_fresh()) {
            return Ok(Ok(token.clone()));
        }
        match (&state.failure, usable) {
            (Some(failure), usable) if failure.asker == asker && failure.until > Instant::now() => {
                match usable {
                    Some(token) => Ok(Ok(token)),
                    None if failure.refuses => Ok(Err(failure.error.clone())),
                    None => Err(None),
                }
            }
            (_, usable) => Err(usable),
        }
    }

    pub(super) fn fresh(&self) -> Option<Token> {
        self.state().token.clone().filter(Token::is_fresh)
    }

    pub(super) fn has_demands(&self) -> bool {
        self.state().demands.is_some()
    }

    fn usable(&self) -> Option<Token> {
        self.state().token.clone().filter(Token::is_usable)
    }

    /// The token, if it should be stored.
    pub(super) fn stored(&self) -> Option<Token> {
        self.usable()
    }

    pub(super) fn set(&self, token: Token) {
        let mut state = self.state();
        *state = State { token: Some(token), given_up: state.given_up, ..State::default() };
    }

    /// Takes a token from a store, unless there is a newer one or it had been given up.
    pub(super) fn set_if_newer(&self, token: Token) {
        let mut state = self.state();
        let newer = |than: Timestamp| token.received() > than;
        if state.token.as_ref().is_none_or(|own| newer(own.received()))
            && state.given_up.is_none_or(newer)
            && token.is_usable()
        {
            state.token = Some(token);
            state.failure = None;
        }
    }

    pub(super) fn give_up(&self, refused: &Token, claims: Option<&str>) {
        let mut state = self.state();
        if state.token.as_ref().is_some_and(|token| token.is_same(refused)) {
            *state = State {
                given_up: Some(Timestamp::now()),
                demands: claims.map(str::to_owned),
                ..State::default()
            };
        }
    }

    pub(super) fn used_at(&self, count: u64) {
        self.last_use.store(count, Ordering::Relaxed);
    }

    pub(super) fn last_use(&self) -> u64 {
        self.last_use.load(Ordering::Relaxed)
    }

    pub(super) fn is_worth_keeping(&self) -> bool {
        let state = self.state();
        let remembered = state.failure.as_ref().is_some_and(|failure| failure.until > Instant::now());
        remembered || state.demands.is_some() || state.token.as_ref().is_some_and(Token::is_usable)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    /// The claims that the token has to have.
    pub(super) fn demands(&self) -> Option<String> {
        self.demands.clone()
    }

    pub(super) fn has_demands(&self) -> bool {
        self.demands.is_some()
    }

    pub(super) fn land_with(mut self, token: Token) -> Token {
        self.slot.set(token.clone());
        *self.last = None;
        self.slot.landings.fetch_add(1, Ordering::Release);
        token
    }

    /// Remembers the failure, and serves the token in hand while it is valid.
    pub(super) fn land_without(mut self, asker: u64, error: Error) -> Result<Token> {
        let mut state = self.slot.state();
        let standing = state.token.clone().filter(Token::is_usable);
        let remembered = remembered(&error);
        if standing.is_some() || remembered.is_some() {
            let until = Instant::now() + remembered.unwrap_or(STANDING);
            let refuses = remembered.is_some();
            state.failure = Some(Failure { asker, error: error.clone(), refuses, until });
        }
        drop(state);
        *self.last = Some((asker, error.clone()));
        self.slot.landings.fetch_add(1, Ordering::Release);
        match standing {
            Some(token) => {
                tracing::warn!(
                    target: "m365kit::identity", kind = error.kind().as_str(), code = error.code(),
                    "a token could not be renewed; the one in hand serves until it ends"
                );
                Ok(token)
            }
            None => Err(error),
        }
    }
}

/// How long the same request would only get the same answer; none if it may be made at once.
fn remembered(error: &Error) -> Option<Duration> {
    // The next device code is another request.
    let of_a_code = error.sign_in().error.as_deref().is_some_and(|error| {
        matches!(
            error,
            "authorization_declined" | "access_denied" | "expired_token" | "bad_verification_code"
        )
    });
    match error.status()? {
        _ if of_a_code => None,
        429 | 500..=599 => Some(error.retry_after().unwrap_or(TROUBLED)),
        400 if error.kind() == ErrorKind::Auth => Some(REFUSED),
        _ => None,
    }
}
