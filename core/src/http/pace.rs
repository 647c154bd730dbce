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
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// After a measurement the rate starts just below what was measured.
const BELOW_MEASURED: f64 = 0.97;
/// Requests that have to get through between two refusals for a measurement.
const ENOUGH: u32 = 30;
/// Growth a second, as a share of the present rate, until there is a measurement.
const SEARCH: f64 = 0.06;
/// The same right after a measurement...
const PROBE: f64 = 0.005;
/// ...and what each second without a refusal adds to it, up to the growth of a search.
const PROBE_GAIN: f64 = 0.001;
/// What is left of the rate after a refusal that comes too soon for a measurement: before there is one, after.
const LEFT: [f64; 2] = [0.5, 0.95];
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
    /// When the next request may leave.
    next: Instant,
    paused_until: Instant,
    /// Counts the pauses; a request that left before the last one tells nothing new.
    epoch: u64,
    /// The refusal that the measurement under way began with, and what got through since.
    measuring_since: Instant,
    accepted: u32,
    /// How long there was nothing to send meanwhile, which says nothing about the service.
    idle: Duration,
    /// Whether a measurement has come to an end.
    measured: bool,
    /// Refusals since the last request that got through.
    streak: u32,
    grown_at: Instant,
    refusals: u64,
}

/// A place among the requests in flight, kept until its request has ended, repetitions included.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pace: &'a Pace,
    permit: Option<SemaphorePermit<'a>>,
}

/// The turn of a request to leave; to be told how it went.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    /// None for requests that are not counted.
    pace: Option<&'a Pace>,
    epoch: u64,
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
                next: now,
                paused_until: now,
                epoch: 0,
                measuring_since: now,
                accepted: 0,
                idle: Duration::ZERO,
                measured: false,
                streak: 0,
                grown_at: now,
                refusals: 0,
            }),
        }
    }

    /// Waits for a place among the requests in flight.
    pub(super) async fn place(&self, limit: Limit) -> Place<'_> {
        // The semaphore is never closed, so that a permit is always had.
        let permit = if limit == Limit::Free { None } else { self.places.acquire().await.ok() };
        Place { pace: self, permit }
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
    /// Waits until the request may leave. One that met a fault goes before those that are still to leave for
    /// the first time, for something may be waiting for it in order.
    pub(super) async fn turn(&self, urgent: bool) -> Turn<'_> {
        if self.permit.is_none() {
            return Turn { pace: None, epoch: 0 };
        }
        loop {
            let (at, epoch) = self.pace.state().reserve(urgent, Instant::now());
            tokio::time::sleep_until(at).await;
            // A refusal in the meantime has moved everybody: ask for a new turn.
            if self.pace.state().epoch == epoch {
                return Turn { pace: Some(self.pace), epoch };
            }
        }
    }
}

impl Turn<'_> {
    pub(super) fn accepted(self) {
        if let Some(pace) = self.pace {
            pace.state().accepted(Instant::now());
        }
    }

    /// What was refused was not taken; anything else that has a status was, and counts.
    pub(super) fn failed(self, error: &Error) {
        let Some(pace) = self.pace else { return };
        if error.repeat() == Repeat::Throttled {
            pace.state().refused(self.epoch, error.retry_after(), Instant::now());
        } else if error.status().is_some() {
            pace.state().accepted(Instant::now());
        }
    }
}

impl State {
    fn reserve(&mut self, urgent: bool, now: Instant) -> (Instant, u64) {
        let earliest = now.checked_sub(SLACK).unwrap_or(now).max(self.paused_until);
        let idle = now.saturating_duration_since(self.next);
        if idle > SLACK {
            self.idle += idle;
        }
        let at = if urgent { earliest } else { self.next.max(earliest) };
        self.next = self.next.max(at) + Duration::from_secs_f64(1.0 / self.rate);
        (at, self.epoch)
    }

    fn accepted(&mut self, now: Instant) {
        self.accepted += 1;
        self.streak = 0;
        let passed = now.saturating_duration_since(self.grown_at).as_secs_f64();
        let quiet = now.saturating_duration_since(self.paused_until).as_secs_f64();
        let share = if self.measured { (PROBE + PROBE_GAIN * quiet).min(SEARCH) } else { SEARCH };
        self.rate = (self.rate * (1.0 + share * passed)).min(self.allowed);
        self.grown_at = self.grown_at.max(now);
    }

    fn refused(&mut self, epoch: u64, retry_after: Option<Duration>, now: Instant) {
        self.refusals += 1;
        let tells_something_new = epoch == self.epoch;
        if tells_something_new {
            self.slow_down(now);
        }
        let pause = match retry_after {
            Some(pause) => pause,
            None if tells_something_new => self.pause_of_our_own(),
            None => return,
        };
        if now + pause > self.paused_until {
            self.paused_until = now + pause;
            self.next = self.paused_until;
            self.grown_at = self.paused_until;
            // Whoever has a turn already has to ask for a new one.
            self.epoch += 1;
        }
    }

    fn pause_of_our_own(&self) -> Duration {
        let doubled = self.streak.saturating_sub(1).min(10);
        let longest = FIRST_PAUSE.saturating_mul(1 << doubled).min(LONGEST_PAUSE);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    fn slow_down(&mut self, now: Instant) {
        let lasted =
            now.saturating_duration_since(self.measuring_since).saturating_sub(self.idle).as_secs_f64();
        if self.epoch > 0 && self.accepted >= ENOUGH && lasted > 0.0 {
            let measured = f64::from(self.accepted) / lasted;
            self.rate = self.rate.min(measured) * BELOW_MEASURED;
            self.measured = true;
            self.begin_measuring(now);
        } else {
            self.rate *= LEFT[usize::from(self.measured)];
            if !self.measured {
                self.begin_measuring(now);
            }
        }
        self.rate = self.rate.max(SLOWEST).min(self.allowed);
        self.streak += 1;
        tracing::info!(
            target: "m365kit::pace", per_minute = (self.rate * 60.0).round(), "the service refused; slowing down"
        );
    }

    fn begin_measuring(&mut self, now: Instant) {
        self.measuring_since = now;
        self.accepted = 0;
        self.idle = Duration::ZERO;
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

    /// Sends `count` requests of so many milliseconds, 16 at once; gives seconds needed and requests refused.
    async fn run(pace: &Pace, service: Service, count: usize, latency: u64) -> (f64, u32) {
        let began = Instant::now();
        let service = RefCell::new(service);
        futures::stream::iter(0..count)
            .for_each_concurrent(16, async |_| {
                loop {
                    let held = pace.place(Limit::Tenant).await;
                    let turn = held.turn(false).await;
                    tokio::time::sleep(Duration::from_millis(latency)).await;
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
        let (seconds, refused) = run(&pace, Service::new(660.0, 1.0), 100, 20).await;
        assert_eq!(refused, 0);
        assert!((9.8..10.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_limit_is_found_with_few_refusals_and_little_time_lost() {
        // A service that saves up nothing at all for later is the hardest to measure.
        for (burst, at_most) in [(1.0, 1.16), (5.0, 1.06), (10.0, 1.05), (20.0, 1.05), (60.0, 1.05)] {
            for (latency, seed) in
                [3, 20, 120].into_iter().flat_map(|latency| (0..10).map(move |seed| (latency, seed)))
            {
                fastrand::seed(seed);
                let pace = Pace::new(2000.0, 16);
                let (seconds, refused) = run(&pace, Service::new(600.0, burst), 600, latency).await;
                let over = seconds / ((600.0 - burst) / 10.0);
                let seen =
                    format!("burst {burst}, latency {latency}, seed {seed}: {over:.3}, {refused} refused");
                assert!(over < at_most && refused <= 18, "{seen}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_that_count_against_the_limit_do_not_feed_on_themselves() {
        let pace = Pace::new(2000.0, 16);
        let service = Service { count_refused: true, ..Service::new(600.0, 10.0) };
        let (seconds, refused) = run(&pace, service, 600, 20).await;
        assert!(seconds < 66.0 && refused <= 18, "{seconds} s, {refused} refused");
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_holds_everybody_back() {
        let pace = Pace::new(2000.0, 16);
        let began = Instant::now();
        let held = pace.place(Limit::Tenant).await;
        held.turn(false).await.failed(&throttled(Some(7.0)));
        held.turn(true).await.accepted();
        assert!(began.elapsed() >= Duration::from_secs(7));
        assert_eq!(pace.refusals(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_in_flight_than_allowed() {
        let pace = Pace::new(60_000.0, 2);
        let (_a, b) = (pace.place(Limit::Tenant).await, pace.place(Limit::Tenant).await);
        assert!(tokio::time::timeout(Duration::from_secs(5), pace.place(Limit::Tenant)).await.is_err());
        drop(b);
        assert!(tokio::time::timeout(Duration::from_secs(5), pace.place(Limit::Tenant)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_repetition_goes_before_what_is_still_to_leave() {
        let pace = Pace::new(60.0, 3);
        let places = [pace.place(Limit::Tenant).await, pace.place(Limit::Tenant).await];
        let began = Instant::now();
        places[0].turn(false).await.accepted();
        let waiting = async {
            places[0].turn(false).await.accepted();
            began.elapsed()
        };
        let repeated = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            places[1].turn(true).await.accepted();
            began.elapsed()
        };
        let (waiting, repeated) = tokio::join!(waiting, repeated);
        assert!(repeated < Duration::from_millis(200) && waiting > Duration::from_millis(900));
    }
}
