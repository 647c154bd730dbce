//! The one loop: how often a request is repeated, how long it waits, and when it gives up.

use std::time::Duration;

use tokio::time::Instant;

use super::{Limit, Pace, Request};
use crate::error::{Error, ErrorKind, Repeat, Result};

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The bounds of repetition.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    /// How often a request may be sent that meets faults, the first time included.
    pub(crate) attempts: u32,
    /// How long a call may take in all, waits included.
    pub(crate) deadline: Duration,
    /// How long to wait after so many failures; none to give up before the attempts are used.
    pub(crate) wait: Wait,
}

/// The wait after a failure, by what failed and how often it has.
pub(crate) type Wait = fn(&Error, u32) -> Option<Duration>;

impl Retry {
    /// Begins to count the attempts at a request.
    pub(super) fn attempts<'a>(&self, request: &'a Request) -> Attempts<'a> {
        let bounds = match request.patience {
            None => self.clone(),
            Some(patience) => patience.retry.within(self),
        };
        let deadline = Instant::now() + bounds.deadline;
        Attempts { bounds, request, deadline, faults: 0, renewed: false, after_fault: false }
    }
}

impl Retry {
    /// How often a request is sent if the caller does not say.
    pub(crate) const USUAL_ATTEMPTS: u32 = 6;

    /// These bounds, and no more than a caller allows who allows less than usual.
    fn within(&self, caller: &Retry) -> Retry {
        let is_strict = caller.attempts < Retry::USUAL_ATTEMPTS;
        Retry {
            attempts: if is_strict { self.attempts.min(caller.attempts) } else { self.attempts },
            deadline: self.deadline.min(caller.deadline),
            wait: self.wait,
        }
    }
}

impl Retry {
    /// How long to wait until what failed outside of the loop, such as the body of an answer, is asked for again:
    /// it has failed so often since it began. None if it may not be.
    pub(crate) fn again(&self, error: &Error, faults: u32, began: Instant) -> Option<Duration> {
        let may = matches!(error.repeat(), Repeat::Fault | Repeat::Unsent) && faults < self.attempts;
        let wait = if may { (self.wait)(error, faults)? } else { return None };
        (Instant::now() + wait < began + self.deadline).then_some(wait)
    }
}

/// The attempts at one request.
pub(super) struct Attempts<'a> {
    bounds: Retry,
    request: &'a Request,
    deadline: Instant,
    faults: u32,
    renewed: bool,
    after_fault: bool,
}

impl Attempts<'_> {
    /// An attempt, ended at the deadline.
    pub(super) async fn within_deadline<T>(&self, attempt: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout_at(self.deadline, attempt).await.unwrap_or_else(|_| {
            let deadline = self.bounds.deadline;
            Err(Error::new(ErrorKind::Timeout, format!("no success within the deadline of {deadline:?}"))
                .with_hint("Raise `deadline` if the call may take longer"))
        })
    }

    /// Whether the last attempt met a fault, and not a refusal for its rate.
    pub(super) fn after_fault(&self) -> bool {
        self.after_fault
    }

    /// How long to wait until another attempt may be made; gives the error back if none may.
    pub(super) fn wait_after(&mut self, error: Error, pace: &Pace) -> Result<Duration> {
        self.after_fault = error.repeat() != Repeat::Throttled;
        let wait = match error.repeat() {
            Repeat::Never => return Err(error),
            Repeat::WithNewToken if self.renewed => return Err(error),
            Repeat::WithNewToken => {
                self.renewed = true;
                Duration::ZERO
            }
            // Refused requests were not taken, so any may go again; the pace holds them back.
            Repeat::Throttled if self.request.limit == Limit::Tenant => pace.pause_left(),
            Repeat::Throttled | Repeat::Unsent | Repeat::Fault => {
                self.faults += 1;
                let allowed = self.request.repeatable || error.repeat() != Repeat::Fault;
                if !allowed || self.faults >= self.bounds.attempts {
                    return Err(error);
                }
                match (self.bounds.wait)(&error, self.faults) {
                    Some(wait) => wait,
                    None => return Err(error),
                }
            }
        };
        if Instant::now() + wait >= self.deadline {
            return Err(error);
        }
        tracing::debug!(
            target: "m365kit::http", kind = error.kind().as_str(), status = error.status(), code = error.code(),
            wait_ms = wait.as_millis(), path = self.request.url.path(), "repeating a request"
        );
        Ok(wait)
    }
}

/// What the service asks for; else exponential with full jitter, so that workers who failed together do not come
/// back together.
#[expect(clippy::unnecessary_wraps, reason = "others give up")]
pub(crate) fn as_asked(error: &Error, faults: u32) -> Option<Duration> {
    if let Some(asked) = error.retry_after() {
        return Some(asked);
    }
    let ceiling = FIRST_BACKOFF.saturating_mul(1 << (faults - 1).min(10)).min(LONGEST_BACKOFF);
    Some(ceiling.mul_f64(fastrand::f64()))
}
