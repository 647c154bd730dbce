//! Limits that are known and fixed: so many requests an hour, of which some may leave at once.
//!
//! Unlike the pace, which learns what a service grants, a quota keeps to what the service documents.

use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, RateLimiter};
use tokio::time::Instant;

use crate::error::{Error, Repeat};

type Cell = RateLimiter<NotKeyed, InMemoryState, Timer, NoOpMiddleware<Tick>>;

/// What is left of a limit.
pub(crate) struct Quota {
    cell: Cell,
    paused_until: Mutex<Instant>,
}

impl Quota {
    /// Service announcements of Microsoft Graph: 240 requests in a minute and 800 in an hour, for an application in
    /// a tenant.
    ///
    /// A store of 200 that is filled at 600 an hour keeps to both, whenever the service begins to count: 200 and 600
    /// in any hour, 200 and 10 in any minute.
    ///
    /// Source: "Microsoft Graph service-specific throttling limits", Service Communications.
    pub(crate) fn service_announcements() -> Self {
        const AT_ONCE: NonZeroU32 = NonZeroU32::new(200).unwrap();
        const AN_HOUR: NonZeroU32 = NonZeroU32::new(600).unwrap();
        let quota = governor::Quota::per_hour(AN_HOUR).allow_burst(AT_ONCE);
        let timer = Timer(Instant::now());
        Quota { cell: RateLimiter::direct_with_clock(quota, timer), paused_until: Mutex::new(timer.0) }
    }

    /// Waits until a request may leave.
    pub(super) async fn turn(&self) {
        loop {
            let pause = *self.paused();
            if pause > Instant::now() {
                tokio::time::sleep_until(pause).await;
                continue;
            }
            let Err(not_until) = self.cell.check() else { return };
            tokio::time::sleep(self.wait(&not_until)).await;
        }
    }

    /// A refusal in spite of the quota holds all requests back that are yet to leave.
    pub(super) fn failed(&self, error: &Error) {
        if let (Repeat::Throttled, Some(asked)) = (error.repeat(), error.retry_after()) {
            let mut paused = self.paused();
            *paused = (*paused).max(Instant::now() + asked);
        }
    }

    fn wait(&self, not_until: &NotUntil<Tick>) -> Duration {
        not_until.wait_time_from(self.cell.clock().now())
    }

    fn paused(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of the runtime, by which everything else here waits.
#[derive(Debug, Clone, Copy)]
struct Timer(Instant);

/// A moment: the time since the clock was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Duration);

impl Clock for Timer {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(self.0.elapsed())
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Tick(self.0.saturating_sub(duration.into()))
    }
}

impl Add<Nanos> for Tick {
    type Output = Tick;

    fn add(self, other: Nanos) -> Tick {
        Tick(self.0.saturating_add(other.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_without_a_break_stays_within_both_limits() {
        let quota = Quota::service_announcements();
        let begun = Instant::now();
        let mut left = Vec::new();
        while begun.elapsed() < Duration::from_secs(3 * 3_600) {
            quota.turn().await;
            left.push(begun.elapsed());
        }
        let most = |seconds: u64| {
            let span = Duration::from_secs(seconds);
            (0..left.len()).map(|i| left[i..].iter().take_while(|at| **at < left[i] + span).count()).max()
        };
        let (minute, hour) = (most(60).unwrap(), most(3_600).unwrap());
        assert!((205..=240).contains(&minute) && (795..=800).contains(&hour), "{minute} {hour}");
        assert!(left.len() >= 195 + 3 * 600, "{}", left.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_holds_everybody_back_as_long_as_the_service_asks() {
        let quota = Quota::service_announcements();
        let begun = Instant::now();
        quota.turn().await;
        let refused = Error::new(ErrorKind::Throttled, "slowly").with_repeat(Repeat::Throttled);
        quota.failed(&refused.with_retry_after(Some(Duration::from_secs(90))));
        quota.turn().await;
        assert_eq!(begun.elapsed().as_secs(), 90);
    }
}
