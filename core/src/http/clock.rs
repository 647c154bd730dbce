//! The service's clock, as its answers tell it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use super::check::service_time;
use crate::page::{Warning, WarningCode};

/// Differences up to this are those of the way and of whole seconds, in seconds.
const TOLERATED: i64 = 60;

/// How far the service's clock is ahead of ours; zero until an answer says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: AtomicI64,
}

impl Clock {
    pub(super) fn observe(&self, headers: &HeaderMap) {
        if let Some(theirs) = service_time(headers) {
            let ahead = theirs.duration_since(Timestamp::now()).as_secs();
            self.ahead.store(if ahead.abs() > TOLERATED { ahead } else { 0 }, Ordering::Relaxed);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Says that the clocks differ by more than is tolerated.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let skew = self.skew()?;
        let message =
            format!("the local clock differs from the service's by {skew} s; the service's is used");
        Some(Warning::new(WarningCode::ClockSkew, message))
    }

    /// The difference in seconds, if it is more than tolerated.
    pub(crate) fn skew(&self) -> Option<i64> {
        Some(self.ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != 0)
    }
}
