//! When a follower does what again: all in multiples of its poll interval.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The longest that nothing new makes it wait, in poll intervals.
const IDLE: u32 = 5;
/// The longest between two tries at what keeps failing, in poll intervals.
const SLOWEST: u32 = 60;
/// Between two tries at a content type that cannot be read, in poll intervals.
const SLOW: u32 = 15;

/// The rhythm of a follower.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    poll: Duration,
}

impl Rhythm {
    pub(super) fn new(poll: Duration) -> Self {
        Rhythm { poll }
    }

    /// Until the next look for new content, after so many looks that found none.
    pub(super) fn idle(self, in_vain: u32) -> Duration {
        // With jitter, so that the content types and tenants of a process do not all ask at once.
        self.poll.mul_f64(f64::from(in_vain.clamp(1, IDLE)) * (0.9 + fastrand::f64() / 5.0))
    }

    /// Until the next try at a content type that cannot be read.
    pub(super) fn slow(self) -> Duration {
        self.poll * SLOW
    }

    /// When to try again what has failed so often.
    pub(super) fn retry_at(self, now: Timestamp, attempts: u32) -> Timestamp {
        let intervals = 1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(SLOWEST).min(SLOWEST);
        let wait = SignedDuration::try_from(self.poll * intervals).unwrap_or(SignedDuration::MAX);
        now.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }

    /// The shortest wait for anything.
    pub(super) fn beat(self) -> Duration {
        self.poll
    }
}
