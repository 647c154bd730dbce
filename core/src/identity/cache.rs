//! The tokens in hand: one per service, renewed ahead of time, by one call at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

use super::Token;
use crate::cloud::Service;
use crate::error::Result;

/// Tokens are renewed when less than this is left, or less than a fifth of their life.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

#[derive(Default)]
pub(super) struct Cache {
    slots: Mutex<HashMap<Service, Arc<Slot>>>,
    tenant_id: OnceCell<String>,
}

#[derive(Default)]
struct Slot {
    token: Mutex<Option<Token>>,
    /// How many calls to the source have come back, by which those who waited tell that one has.
    landings: AtomicU64,
    /// Held by the one call that fetches; the others wait and find its outcome.
    flight: AsyncMutex<Option<Result<Token>>>,
}

impl Cache {
    /// The token in hand if it will do; else what `fetch` gives, asked once however many wait.
    pub(super) async fn get(
        &self,
        service: &Service,
        fetch: impl Future<Output = Result<Token>>,
    ) -> Result<Token> {
        let slot = self.slot(service);
        if let Some(token) = slot.token().filter(Token::is_fresh) {
            return Ok(token);
        }
        let landings = slot.landings.load(Ordering::Acquire);
        let mut last = slot.flight.lock().await;
        // Somebody landed while this call waited: their outcome is this call's outcome.
        if slot.landings.load(Ordering::Acquire) != landings {
            match (&*last, slot.token()) {
                (_, Some(token)) if token.is_usable() => return Ok(token),
                (Some(Err(error)), _) => return Err(error.clone()),
                _ => {}
            }
        }
        let outcome = fetch.await;
        slot.landings.fetch_add(1, Ordering::Release);
        *last = Some(outcome.clone());
        match outcome {
            Ok(token) => {
                slot.set(Some(token.clone()));
                Ok(token)
            }
            // What is still valid serves while renewal has passing trouble.
            Err(error) if error.is_retryable() => slot.token().filter(Token::is_usable).ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Forgets a token, if it is still the one in hand.
    pub(super) fn discard(&self, service: &Service, refused: &Token) {
        let slot = self.slot(service);
        if slot.token().is_some_and(|token| token.is_same(refused)) {
            slot.set(None);
        }
    }

    pub(super) async fn tenant_id(&self, look_up: impl Future<Output = Result<String>>) -> Result<String> {
        self.tenant_id.get_or_try_init(|| look_up).await.cloned()
    }

    fn slot(&self, service: &Service) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(service.clone()).or_default().clone()
    }
}

impl Slot {
    fn token(&self) -> Option<Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, token: Option<Token>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl Token {
    /// Whether so much of its life is left that nobody need think of renewing it.
    fn is_fresh(&self) -> bool {
        let Some(expires) = self.expires else { return true };
        let life = expires.duration_since(self.issued);
        expires.duration_since(Timestamp::now()) > MARGIN.min(life / 5)
    }

    fn is_usable(&self) -> bool {
        self.expires.is_none_or(|expires| expires > Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, Repeat};
    use futures::future::join_all;
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    fn token(life_ms: i64) -> Token {
        Token::new("t".to_owned(), Some(Timestamp::now() + SignedDuration::from_millis(life_ms)))
    }

    #[tokio::test]
    async fn however_many_wait_one_asks() {
        let (cache, asked) = (Cache::default(), AtomicU32::new(0));
        let get = || {
            cache.get(&Service::Management, async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(token(3_600_000))
            })
        };
        assert!(join_all((0..1000).map(|_| get())).await.iter().all(Result::is_ok));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_waited_and_not_remembered() {
        let (cache, asked) = (Cache::default(), AtomicU32::new(0));
        let get = || {
            cache.get(&Service::Management, async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(Error::new(ErrorKind::Auth, "no"))
            })
        };
        assert!(join_all((0..50).map(|_| get())).await.iter().all(Result::is_err));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(get().await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_short_lived_token_is_used_and_a_valid_one_outlives_a_failed_renewal() {
        let cache = Cache::default();
        assert!(token(2_000).is_fresh());
        let mut old = token(1_000);
        old.issued = Timestamp::now() - SignedDuration::from_secs(60);
        assert!(!old.is_fresh());
        cache.slot(&Service::Graph).set(Some(old));
        let failing = async { Err(Error::new(ErrorKind::Network, "down").with_repeat(Repeat::Fault)) };
        assert!(cache.get(&Service::Graph, failing).await.is_ok());
    }
}
