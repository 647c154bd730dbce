//! How many requests are in flight: a fixed number, or as many as make the whole faster.
//!
//! Each change of the limit is an experiment: with half as many again, does noticeably more come in a second, or
//! does each request only take longer? With fewer, does as much come? What the experiment says is kept.

// Counts here are of requests, records and bytes of one run, and rates of them: a float holds them.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Repeat};

/// The limit in the beginning, and its bounds.
const FIRST: usize = 16;
const LEAST: usize = 4;
const MOST: usize = 128;
/// What the limit grows by in an experiment: until one has failed, and later.
const LEAP: f64 = 2.0;
const STEP: f64 = 1.5;
/// What it shrinks to in an experiment, and when too much fails.
const BACK: f64 = 0.7;
/// How much of what is put in must come out for a higher limit to be kept...
const GAIN: f64 = 0.4;
/// ...and how much of what is taken out may be lost for a lower one.
const LOSS: f64 = 0.2;
/// A round that differs from those before by more does not tell of the limit.
const UNSTEADY: f64 = 0.25;
/// How full the limit must have been for a round to tell anything about it.
const FULL: f64 = 0.75;
/// Answers of a round, at least.
const ROUND: usize = 16;
/// So many times the shortest time that a request has taken are a reason to try fewer, even than at first.
const SLOWED: f64 = 2.0;
/// One failure among so many answers is too much.
const TOO_MANY_FAIL: usize = 5;
/// Rounds from one experiment that failed to the next: doubled each time, up to the second.
const PATIENCE: [u32; 2] = [4, 64];

/// Hands out the places of requests in flight.
#[derive(Debug, Clone)]
pub(crate) struct Concurrency {
    state: Arc<Mutex<State>>,
    most: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Places that are given out.
    taken: usize,
    /// Requests on their way.
    flying: usize,
    urgent: VecDeque<oneshot::Sender<Place>>,
    others: VecDeque<oneshot::Sender<Place>>,
    /// None if the limit is fixed.
    search: Option<Search>,
}

/// The search for the best limit.
#[derive(Debug)]
struct Search {
    round: Round,
    /// Answers that still belong to the time before the last change.
    settling: usize,
    phase: Phase,
    /// Requests a second at the limit that is held.
    reference: Option<f64>,
    /// What a request has taken at best, in seconds, as the mean of a round.
    shortest: f64,
    leaps: bool,
    /// Whether the next experiment is with fewer.
    downwards: bool,
    patience: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Holds the limit for so many rounds.
    Holding(u32),
    /// Tries another limit than this one.
    Trying { from: usize },
}

#[derive(Debug)]
struct Round {
    began: Instant,
    answers: usize,
    failures: usize,
    /// What the requests that were answered have taken, in seconds.
    taken: f64,
    /// What was in flight, through the time: up to this moment.
    flown: f64,
    at: Instant,
}

/// A place among the requests in flight; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// None once it was passed on.
    state: Option<Arc<Mutex<State>>>,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Flight<'a> {
    place: &'a Place,
    began: Instant,
}

impl Concurrency {
    /// So many at once; left out, as many as prove worth it, from 4 to 128.
    pub(crate) fn new(fixed: Option<usize>) -> Self {
        let state = State {
            limit: fixed.unwrap_or(FIRST),
            taken: 0,
            flying: 0,
            urgent: VecDeque::new(),
            others: VecDeque::new(),
            search: fixed.is_none().then(Search::new),
        };
        Concurrency { state: Arc::new(Mutex::new(state)), most: fixed.unwrap_or(MOST) }
    }

    /// The most that may ever be in flight.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Waits for a place. Who is urgent goes before those who are not.
    pub(super) async fn place(&self, urgent: bool) -> Place {
        loop {
            let waiting = {
                let mut state = lock(&self.state);
                if state.taken < state.limit {
                    state.taken += 1;
                    return Place { state: Some(Arc::clone(&self.state)) };
                }
                let (place, waiting) = oneshot::channel();
                let line = if urgent { &mut state.urgent } else { &mut state.others };
                while line.back().is_some_and(oneshot::Sender::is_closed) {
                    line.pop_back();
                }
                line.push_back(place);
                waiting
            };
            if let Ok(place) = waiting.await {
                return place;
            }
        }
    }
}

impl Place {
    /// A request leaves.
    pub(super) fn leaves(&self) -> Flight<'_> {
        let now = Instant::now();
        if let Some(state) = &self.state {
            lock(state).change_flying(1, now);
        }
        Flight { place: self, began: now }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        lock(&state).taken -= 1;
        hand_out(&state);
    }
}

impl Flight<'_> {
    /// Says how the request ended, so that the limit can follow.
    pub(super) fn ended(self, error: Option<&Error>) {
        let Some(shared) = &self.place.state else { return };
        let mut state = lock(shared);
        let State { limit, flying, search: Some(search), .. } = &mut *state else { return };
        let failed = error.is_some_and(speaks_of_load);
        let before = *limit;
        let now = Instant::now();
        search.round.passes(*flying, now);
        *limit = search.answer(*limit, now.duration_since(self.began), failed, now);
        if *limit > before {
            drop(state);
            hand_out(shared);
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(state) = &self.place.state {
            lock(state).change_flying(-1, Instant::now());
        }
    }
}

impl State {
    fn change_flying(&mut self, by: isize, now: Instant) {
        if let Some(search) = &mut self.search {
            search.round.passes(self.flying, now);
        }
        self.flying = self.flying.saturating_add_signed(by);
    }
}

/// Gives the free places to those who wait.
fn hand_out(shared: &Arc<Mutex<State>>) {
    loop {
        let mut state = lock(shared);
        if state.taken >= state.limit {
            return;
        }
        let Some(waiter) = state.urgent.pop_front().or_else(|| state.others.pop_front()) else { return };
        state.taken += 1;
        drop(state);
        // Who has gone away gives it back.
        if let Err(mut place) = waiter.send(Place { state: Some(Arc::clone(shared)) }) {
            place.state = None;
            lock(shared).taken -= 1;
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an error may come from too many requests at once.
fn speaks_of_load(error: &Error) -> bool {
    error.repeat() == Repeat::Throttled || matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Network)
}

impl Search {
    fn new() -> Self {
        Search {
            round: Round::new(Instant::now()),
            settling: 0,
            phase: Phase::Holding(1),
            reference: None,
            shortest: f64::INFINITY,
            leaps: true,
            downwards: false,
            patience: PATIENCE[0],
        }
    }

    /// Takes an answer into account; gives the limit from now on.
    fn answer(&mut self, limit: usize, took: Duration, failed: bool, now: Instant) -> usize {
        if self.settling > 0 {
            self.settling -= 1;
            self.round = Round::new(now);
            return limit;
        }
        self.round.answers += 1;
        self.round.failures += usize::from(failed);
        self.round.taken += took.as_secs_f64();
        let whole = limit.max(ROUND);
        let too_many_fail = self.round.failures * TOO_MANY_FAIL > whole;
        if self.round.answers < whole && !too_many_fail {
            return limit;
        }
        let round = std::mem::replace(&mut self.round, Round::new(now));
        let new = if too_many_fail { self.flinch(limit) } else { self.judge(limit, &round) };
        if new != limit {
            self.settling = new;
            tracing::debug!(target: "m365kit::concurrency", limit = new, "requests in flight");
        }
        new
    }

    fn flinch(&mut self, limit: usize) -> usize {
        (self.leaps, self.downwards, self.reference) = (false, false, None);
        self.phase = Phase::Holding(self.patience);
        shrunk(limit, LEAST)
    }

    fn judge(&mut self, limit: usize, round: &Round) -> usize {
        let (answers, lasted) = (round.answers as f64, round.at.duration_since(round.began).as_secs_f64());
        // Something else held them back, so that the limit was not put to the test.
        if lasted <= 0.0 || round.flown / lasted < FULL * limit as f64 {
            return limit;
        }
        let (took, throughput) = (round.taken / answers, answers / lasted);
        match (self.phase, self.reference) {
            (Phase::Trying { from }, Some(reference)) => {
                self.conclude(limit, from, throughput / reference, took)
            }
            (Phase::Holding(rounds), reference) => {
                self.shortest = self.shortest.min(took);
                // While the service itself changes, no experiment says anything.
                if reference.is_some_and(|known| (throughput / known - 1.0).abs() > UNSTEADY) {
                    self.reference = Some(throughput);
                    return limit;
                }
                self.reference = Some(reference.map_or(throughput, |known| f64::midpoint(known, throughput)));
                let has_slowed = took > SLOWED * self.shortest;
                if rounds > 1 && !(has_slowed && reference.is_some()) {
                    self.phase = Phase::Holding(rounds - 1);
                    return limit;
                }
                self.begin(limit, has_slowed)
            }
            (Phase::Trying { .. }, None) => {
                self.phase = Phase::Holding(self.patience);
                limit
            }
        }
    }

    /// Begins an experiment, with fewer if requests have become slow or it is their turn.
    fn begin(&mut self, limit: usize, has_slowed: bool) -> usize {
        let fewest = if has_slowed { LEAST } else { FIRST.min(limit) };
        let fewer = shrunk(limit, fewest);
        let more = grown(limit, if self.leaps { LEAP } else { STEP });
        let downwards = (has_slowed || self.downwards || more == limit) && fewer < limit;
        let new = if downwards { fewer } else { more };
        self.phase = if new == limit { Phase::Holding(PATIENCE[1]) } else { Phase::Trying { from: limit } };
        new
    }

    /// Keeps the limit that was tried, and goes on in that direction, or returns to the one before.
    fn conclude(&mut self, limit: usize, from: usize, gained: f64, took: f64) -> usize {
        let changed = limit as f64 / from as f64 - 1.0;
        let upwards = changed > 0.0;
        let is_better = gained >= 1.0 + changed * if upwards { GAIN } else { LOSS };
        if is_better {
            self.reference = self.reference.map(|reference| reference * if upwards { gained } else { 1.0 });
            self.patience = PATIENCE[0];
            self.downwards = !upwards;
            return self.begin(limit, took > SLOWED * self.shortest);
        }
        if !upwards {
            // It is not the load that makes it slow.
            self.shortest = self.shortest.max(took);
        }
        // A leap may only have been too long.
        (self.leaps, self.downwards) = (false, upwards && !self.leaps);
        self.phase = Phase::Holding(self.patience);
        self.patience = (self.patience * 2).min(PATIENCE[1]);
        from
    }
}

impl Round {
    fn new(now: Instant) -> Self {
        Round { began: now, answers: 0, failures: 0, taken: 0.0, flown: 0.0, at: now }
    }

    /// Notes that so many were in flight until now.
    fn passes(&mut self, flying: usize, now: Instant) {
        self.flown += flying as f64 * now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
    }
}

fn shrunk(limit: usize, least: usize) -> usize {
    ((limit as f64 * BACK) as usize).max(least).min(limit)
}

fn grown(limit: usize, by: f64) -> usize {
    ((limit as f64 * by).ceil() as usize).min(MOST)
}

#[cfg(test)]
mod tests;
