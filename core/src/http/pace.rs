//! How fast requests leave: one by one, at a rate that the service grants.
//!
//! A service is taken to grant so many requests a second and to save up what is not used, up to some
//! store. When it refuses, the store is empty; so what it took between two refusals, through the time
//! between them, is what it grants. The more it took the surer that is, and the closer to it and the
//! longer the rate stays before it is tried whether the service grants more: a refusal in twice the
//! requests each time, down to one in some hundreds.

// Counts here are of requests, records and bytes of one run, and rates of them: a float holds them.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Repeat};

/// How late a request may leave without its successors losing their place: timers are not exact.
const SLACK: Duration = Duration::from_millis(50);
/// What timers cannot tell from now: a wait for less would be one for longer.
const TICK: Duration = Duration::from_millis(1);
/// The first pause after a refusal that does not say how long to wait, in the time of requests at the present
/// rate; doubled while refusals go on.
const FIRST_PAUSE: f64 = 2.0;
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// What a service is taken to save up until it is known better, in seconds of what it grants.
const STORE: f64 = 1.0;
/// What is left of the rate, at least, after a first refusal that tells something, and after any other.
const LEAST_LEFT: [f64; 2] = [0.25, 0.5];
/// What is left of it at most.
const MOST_LEFT: f64 = 0.99;
/// What is left of it when so little got through since the last refusal that nothing can be told by it.
const LEFT_IN_DOUBT: f64 = 0.65;
/// So few requests tell nothing.
const FEW: u32 = 5;
/// So many tell all that there is to tell.
const ENOUGH: u32 = 250;
/// Who saves up so few requests does not give later what was not used.
const LITTLE: f64 = 3.0;
/// A pause from which on the store of the service may have been full before it was over.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// Seconds for which a second of pause must be worth its while: what a refusal costs is not risked more often.
const WORTH: f64 = 6.0;
/// How wrong a measurement is at the least and at the most, as a share of it; and how wrong a guess.
const ERROR: [f64; 2] = [0.005, 0.1];
const ERROR_OF_GUESS: f64 = 0.05;
/// The fastest growth a second, as a share of the rate.
const FASTEST_GROWTH: f64 = 0.1;
/// The rate is not lowered below this, in requests a second.
const SLOWEST: f64 = 0.2;
/// Less than this, in requests a second, is no rate at all: one in eleven days.
const NEVER: f64 = 1e-6;

/// The pace of one tenant and publisher.
#[derive(Debug)]
pub(crate) struct Pace {
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
    window: Window,
    /// What got through before the first refusal, when the store was full, and in how many seconds.
    first: Option<(f64, f64)>,
    /// Requests that got through since the last refusal.
    accepted: u32,
    /// Refusals in a row: nothing got through between them.
    streak: u32,
    growth: Growth,
    refusals: u64,
}

/// What got through since a moment at which the service's store was empty; the first time, full.
#[derive(Debug)]
struct Window {
    since: Instant,
    accepted: u32,
    /// How long there was nothing to send meanwhile, which says nothing about the service.
    idle: Duration,
    /// The long pause that it began with.
    paused: Duration,
}

/// How the rate grows while nothing is refused.
#[derive(Debug)]
struct Growth {
    /// How wrong the rate may be, as a share of it.
    error: f64,
    /// Seconds in which it grows by twice that.
    horizon: f64,
    /// Seconds of sending at the full rate since the last refusal.
    quiet: f64,
}

/// The turn of a request to leave; to be told how it went.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pace: &'a Pace,
    epoch: u64,
    /// Whether the pace held it back.
    was_held: bool,
}

impl Pace {
    /// `rate` in requests a minute.
    pub(crate) fn new(rate: f64) -> Self {
        let now = Instant::now();
        let rate = (rate / 60.0).max(NEVER);
        Pace {
            state: Mutex::new(State {
                rate,
                allowed: rate,
                next: now,
                paused_until: now,
                epoch: 0,
                window: Window::new(now),
                first: None,
                accepted: 0,
                streak: 0,
                growth: Growth { error: ERROR_OF_GUESS, horizon: 1.0, quiet: 0.0 },
                refusals: 0,
            }),
        }
    }

    /// Waits until a request may leave. One that met a fault goes before those that are still to leave for
    /// the first time, for something may be waiting for it in order.
    pub(super) async fn turn(&self, urgent: bool) -> Turn<'_> {
        let mut was_held = false;
        loop {
            let (at, epoch) = self.state().reserve(urgent, Instant::now());
            if at > Instant::now() + TICK {
                was_held = true;
                tokio::time::sleep_until(at).await;
            }
            // A refusal in the meantime has moved everybody: ask for a new turn.
            if self.state().epoch == epoch {
                return Turn { pace: self, epoch, was_held };
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

impl Turn<'_> {
    pub(super) fn accepted(self) {
        self.pace.state().accepted(self.was_held);
    }

    /// What was refused was not taken; anything else that has a status was, and counts.
    pub(super) fn failed(self, error: &Error) {
        if error.repeat() == Repeat::Throttled {
            self.pace.state().refused(self.epoch, error.retry_after(), Instant::now());
        } else if error.status().is_some() {
            self.pace.state().accepted(self.was_held);
        }
    }
}

impl State {
    fn reserve(&mut self, urgent: bool, now: Instant) -> (Instant, u64) {
        let earliest = now.checked_sub(SLACK).unwrap_or(now).max(self.paused_until);
        let idle = now.saturating_duration_since(self.next);
        if idle > SLACK {
            self.window.idle += idle;
        }
        let at = if urgent { earliest } else { self.next.max(earliest) };
        self.next = self.next.max(at) + Duration::from_secs_f64(1.0 / self.rate);
        (at, self.epoch)
    }

    fn accepted(&mut self, was_held: bool) {
        self.window.accepted += 1;
        self.accepted += 1;
        self.streak = 0;
        // A rate that is not used up is not tried, so that nothing speaks for a higher one.
        if was_held && self.rate < self.allowed {
            self.rate = (self.rate + self.growth.step(self.rate)).min(self.allowed);
        }
    }

    fn refused(&mut self, epoch: u64, retry_after: Option<Duration>, now: Instant) {
        self.refusals += 1;
        let tells_something_new = epoch == self.epoch;
        if tells_something_new {
            // Where nothing got through, more slowly would not have helped; longer might.
            if self.streak == 0 {
                self.slow_down(now);
            }
            self.streak += 1;
            self.accepted = 0;
        }
        let own = if tells_something_new { self.pause_of_our_own() } else { Duration::ZERO };
        let pause = retry_after.unwrap_or_default().max(own);
        if !pause.is_zero() && now + pause > self.paused_until {
            self.paused_until = now + pause;
            self.next = self.paused_until;
            // Whoever has a turn already has to ask for a new one.
            self.epoch += 1;
            if pause >= LONG_PAUSE {
                self.window = Window { paused: pause, ..Window::new(now) };
            }
            if let Some(asked) = retry_after.filter(|asked| *asked >= LONG_PAUSE) {
                self.growth.horizon = self.growth.horizon.max(WORTH * asked.as_secs_f64());
            }
        }
    }

    fn pause_of_our_own(&self) -> Duration {
        let doubled = f64::from(1 << self.streak.saturating_sub(1).min(10));
        let longest = Duration::from_secs_f64(FIRST_PAUSE / self.rate).max(SHORTEST_PAUSE).mul_f64(doubled);
        longest.min(LONGEST_PAUSE).mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    fn slow_down(&mut self, now: Instant) {
        let is_first = self.first.is_none();
        let (accepted, lasted) = (f64::from(self.window.accepted), self.window.lasted(now));
        let (measured, error) = match self.first {
            None => {
                self.first = Some((accepted, lasted));
                (accepted / (lasted + STORE), 0.0)
            }
            Some(_) if self.accepted < FEW => (self.rate * LEFT_IN_DOUBT, ERROR[1]),
            Some(first) => {
                (self.window.measure(first, self.rate, now), (1.0 / accepted).clamp(ERROR[0], ERROR[1]))
            }
        };
        let least = LEAST_LEFT[usize::from(!is_first || self.accepted < FEW)] * self.rate;
        self.rate =
            (measured * (1.0 - error)).clamp(least, MOST_LEFT * self.rate).max(SLOWEST).min(self.allowed);
        let horizon = if is_first { 1.0 } else { accepted.min(f64::from(ENOUGH)) / self.rate };
        self.growth =
            Growth { error: error.max(if is_first { ERROR_OF_GUESS } else { 0.0 }), horizon, quiet: 0.0 };
        if is_first || self.window.accepted >= ENOUGH || self.accepted < FEW {
            self.window = Window::new(now);
        }
        tracing::info!(
            target: "m365kit::pace", per_minute = (self.rate * 60.0).round(), "the service refused; slowing down"
        );
    }
}

impl Window {
    fn new(now: Instant) -> Self {
        Window { since: now, accepted: 0, idle: Duration::ZERO, paused: Duration::ZERO }
    }

    fn lasted(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.since).saturating_sub(self.idle).as_secs_f64()
    }

    /// Requests a second that the service grants, as it is at a refusal.
    ///
    /// After a long pause its store was full, and how much that is, is known from the first time; or it was not
    /// full yet, and nothing has been lost. Whichever is more is right: in truth the store held the lesser.
    fn measure(&self, (full, in_seconds): (f64, f64), rate: f64, now: Instant) -> f64 {
        let (accepted, lasted) = (f64::from(self.accepted), self.lasted(now));
        let plain = accepted / lasted.max(f64::MIN_POSITIVE);
        let longer_by = lasted - self.paused.as_secs_f64() - in_seconds;
        if full - plain * in_seconds < LITTLE {
            return f64::midpoint(plain, rate.max(plain));
        }
        if self.paused.is_zero() || longer_by < in_seconds {
            return plain;
        }
        plain.max((accepted - full) / longer_by)
    }
}

impl Growth {
    /// By how much the rate grows for a request: slowly at first, ever faster the longer nothing is refused.
    fn step(&mut self, rate: f64) -> f64 {
        self.quiet += 1.0 / rate;
        let share = 2.0 * self.error / self.horizon * (1.0 + (self.quiet / self.horizon).powi(3));
        // Of the rate a second, through the rate.
        share.min(FASTEST_GROWTH)
    }
}

#[cfg(test)]
mod tests;
