//! Waiting for a place: how many requests are in flight, and how fast they leave.
//!
//! Requests leave one by one at an even rate. A refusal pauses everybody, and what got through
//! between two refusals tells what the limit really is: at both moments the service's allowance
//! was used up, so the requests it took in between are what it grants in that time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::Limit;
use crate::error::{Error, Repeat};

/// How late a request may leave without its successors losing their place: timers are not exact.
const SLACK: Duration = Duration::from_millis(50);
/// The first pause after a refusal that does not say how long to wait; doubled while refusals go on.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// After a measurement the rate starts just below what was measured.
const BELOW_MEASURED: f64 = 0.97;
/// Growth a second, as a share of the user's rate, while nothing is known of the limit.
const GROWTH: f64 = 0.02;
/// Growth a second, as a share of the present rate, near the limit that was measured.
const PROBE: f64 = 0.003;
/// Below this, in requests a second, the rate is never lowered.
const SLOWEST: f64 = 1.0 / 60.0;

/// The pace of one tenant and publisher.
#[derive(Debug)]
pub(crate) struct Pace {
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests a second, now.
    rate: f64,
    /// Requests a second that the user allows.
    allowed: f64,
    /// Requests a second that the service was measured to grant.
    measured: Option<f64>,
    /// When the next request may leave.
    next: Instant,
    paused_until: Instant,
    /// Counts refusals that changed the rate; a request of an earlier epoch tells nothing new.
    epoch: u64,
    epoch_began: Instant,
    accepted_in_epoch: u32,
    /// Refusals since the last request that got through.
    streak: u32,
    grown_at: Instant,
    refusals: u64,
}

/// A place in the queue that has come up; to be told how the request went.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pace: &'a Pace,
    epoch: u64,
    permit: Option<SemaphorePermit<'a>>,
}

impl Pace {
    /// `rate` in requests a minute, `in_flight` in requests at once.
    pub(crate) fn new(rate: f64, in_flight: usize) -> Self {
        let now = Instant::now();
        let rate = rate / 60.0;
        Pace {
            places: Semaphore::new(in_flight),
            state: Mutex::new(State {
                rate,
                allowed: rate,
                measured: None,
                next: now,
                paused_until: now,
                epoch: 0,
                epoch_began: now,
                accepted_in_epoch: 0,
                streak: 0,
                grown_at: now,
                refusals: 0,
            }),
        }
    }

    /// Waits until a request may leave.
    pub(super) async fn place(&self, limit: Limit) -> Place<'_> {
        if limit == Limit::Free {
            return Place { pace: self, epoch: 0, permit: None };
        }
        // The semaphore is never closed, so that a permit is always had.
        let permit = self.places.acquire().await.ok();
        loop {
            let (at, epoch) = self.state().reserve(Instant::now());
            tokio::time::sleep_until(at).await;
            // A refusal in the meantime has moved everybody: ask for a new turn.
            if self.state().epoch == epoch {
                return Place { pace: self, epoch, permit };
            }
        }
    }

    /// How long everybody is still held back after a refusal.
    pub(super) fn pause_left(&self) -> Duration {
        self.state().paused_until.saturating_duration_since(Instant::now())
    }

    /// How many requests the service has refused because of its limits.
    pub(crate) fn refusals(&self) -> u64 {
        self.state().refusals
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    pub(super) fn accepted(self) {
        if self.permit.is_some() {
            self.pace.state().accepted(Instant::now());
        }
    }

    /// What was refused was not taken; anything else that has a status was, and counts.
    pub(super) fn failed(self, error: &Error) {
        if self.permit.is_none() {
            return;
        }
        if error.repeat() == Repeat::Throttled {
            self.pace.state().refused(self.epoch, error.retry_after(), Instant::now());
        } else if error.status().is_some() {
            self.pace.state().accepted(Instant::now());
        }
    }
}

impl State {
    fn reserve(&mut self, now: Instant) -> (Instant, u64) {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let at = self.next.max(earliest).max(self.paused_until);
        self.next = at + Duration::from_secs_f64(1.0 / self.rate);
        (at, self.epoch)
    }

    fn accepted(&mut self, now: Instant) {
        self.accepted_in_epoch += 1;
        self.streak = 0;
        if self.rate < self.allowed {
            let passed = now.saturating_duration_since(self.grown_at).as_secs_f64();
            let growth = match self.measured {
                Some(measured) if self.rate >= measured * BELOW_MEASURED => self.rate * PROBE,
                _ => self.allowed * GROWTH,
            };
            self.rate = (self.rate + growth * passed).min(self.allowed);
        }
        self.grown_at = now;
    }

    fn refused(&mut self, epoch: u64, retry_after: Option<Duration>, now: Instant) {
        self.refusals += 1;
        if epoch == self.epoch {
            self.slow_down(now);
        }
        let pause = retry_after.unwrap_or_else(|| {
            let longest = FIRST_PAUSE.saturating_mul(1 << self.streak.min(10)).min(LONGEST_PAUSE);
            longest.mul_f64(0.5 + fastrand::f64() / 2.0)
        });
        if epoch + 1 == self.epoch || retry_after.is_some() {
            self.paused_until = self.paused_until.max(now + pause);
            self.next = self.paused_until;
        }
        self.grown_at = self.paused_until;
    }

    fn slow_down(&mut self, now: Instant) {
        let lasted = now.saturating_duration_since(self.epoch_began).as_secs_f64();
        if self.epoch > 0 && lasted > 0.0 && self.accepted_in_epoch > 0 {
            let measured = f64::from(self.accepted_in_epoch) / lasted;
            self.measured = Some(measured);
            self.rate = (measured * BELOW_MEASURED).clamp(self.rate * 0.3, self.rate * BELOW_MEASURED);
        } else {
            self.rate /= 2.0;
        }
        self.rate = self.rate.max(SLOWEST).min(self.allowed);
        self.epoch += 1;
        self.epoch_began = now;
        if self.accepted_in_epoch == 0 {
            self.streak += 1;
        }
        self.accepted_in_epoch = 0;
        tracing::info!(
            target: "m365kit::pace", per_minute = (self.rate * 60.0).round(), "the service refused; slowing down"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use futures::StreamExt;
    use std::cell::RefCell;

    /// A service that refills an allowance, as seen from a paused clock.
    struct Service {
        per_second: f64,
        burst: f64,
        retry_after: Option<f64>,
        count_refused: bool,
        tokens: f64,
        at: Instant,
        refused: u32,
    }

    impl Service {
        fn new(per_minute: f64, burst: f64) -> Self {
            Service {
                per_second: per_minute / 60.0,
                burst,
                retry_after: None,
                count_refused: false,
                tokens: burst,
                at: Instant::now(),
                refused: 0,
            }
        }

        fn take(&mut self) -> bool {
            let now = Instant::now();
            let passed = now.duration_since(self.at).as_secs_f64();
            self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
            self.at = now;
            if self.tokens >= 1.0 {
                self.tokens -= 1.0;
                return true;
            }
            if self.count_refused {
                self.tokens = (self.tokens - 1.0).max(-self.burst);
            }
            self.refused += 1;
            false
        }
    }

    fn throttled(retry_after: Option<f64>) -> Error {
        Error::new(ErrorKind::Throttled, "slow down")
            .with_status(429)
            .with_repeat(Repeat::Throttled)
            .with_retry_after(retry_after.map(Duration::from_secs_f64))
    }

    /// Sends `count` requests of 20 ms each, 16 at once; gives seconds needed and requests refused.
    async fn run(pace: &Pace, service: Service, count: usize) -> (f64, u32) {
        let began = Instant::now();
        let service = RefCell::new(service);
        futures::stream::iter(0..count)
            .for_each_concurrent(16, async |_| {
                loop {
                    let turn = pace.place(Limit::Tenant).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    if service.borrow_mut().take() {
                        return turn.accepted();
                    }
                    let retry_after = service.borrow().retry_after;
                    turn.failed(&throttled(retry_after));
                }
            })
            .await;
        (began.elapsed().as_secs_f64(), service.into_inner().refused)
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_and_there_is_no_opening_burst() {
        let pace = Pace::new(600.0, 16);
        let (seconds, refused) = run(&pace, Service::new(660.0, 1.0), 100).await;
        assert_eq!(refused, 0);
        assert!((9.8..10.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_limit_is_found_with_few_refusals_and_little_time_lost() {
        for burst in [5.0, 10.0, 60.0] {
            let pace = Pace::new(2000.0, 16);
            let (seconds, refused) = run(&pace, Service::new(600.0, burst), 600).await;
            let ideal = (600.0 - burst) / 10.0;
            assert!(seconds / ideal < 1.07, "burst {burst}: {seconds} s for {ideal} s");
            assert!(f64::from(refused) / 600.0 <= 0.03, "burst {burst}: {refused} refused");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_that_count_against_the_limit_do_not_feed_on_themselves() {
        let pace = Pace::new(2000.0, 16);
        let service = Service { count_refused: true, ..Service::new(600.0, 10.0) };
        let (seconds, refused) = run(&pace, service, 600).await;
        assert!(seconds < 66.0 && refused <= 18, "{seconds} s, {refused} refused");
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_holds_everybody_back() {
        let pace = Pace::new(2000.0, 16);
        let began = Instant::now();
        pace.place(Limit::Tenant).await.failed(&throttled(Some(7.0)));
        pace.place(Limit::Tenant).await.accepted();
        assert!(began.elapsed() >= Duration::from_secs(7));
        assert_eq!(pace.refusals(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_in_flight_than_allowed() {
        let pace = Pace::new(60_000.0, 2);
        let (_a, b) = (pace.place(Limit::Tenant).await, pace.place(Limit::Tenant).await);
        assert!(tokio::time::timeout(Duration::from_secs(5), pace.place(Limit::Tenant)).await.is_err());
        b.accepted();
        assert!(tokio::time::timeout(Duration::from_secs(5), pace.place(Limit::Tenant)).await.is_ok());
    }
}
