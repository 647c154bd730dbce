//! What the parts of one follower have in common.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};

use super::batch::Event;
use super::clock::Rhythm;
use super::options::{FollowFeed, Options};
use super::state::{State, WeakFollowing, WorkKey};
use crate::Client;
use crate::audit::content_type::ContentType;
use crate::audit::ensure::start_if_missing;
use crate::audit::route::Route;
use crate::audit::subscriptions::{ListSubscriptions, Subscription};
use crate::dispatch::Call;
use crate::error::{Error, ErrorKind, Result};

/// Fetched blobs that may wait for being handed out; what they hold is limited by the budget.
const WAITING: usize = 256;

/// What the parts of one follower have in common.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) route: Route,
    pub(super) options: Options,
    pub(super) rhythm: Rhythm,
    pub(super) concurrency: usize,
    /// Whether missing subscriptions are started.
    pub(super) ensures: bool,
    /// Whether nothing is begun any more once all that was there is sent.
    pub(super) stops: bool,
    /// Wakes the fetcher.
    pub(super) work: Notify,
    pub(super) counts: Counts,
    state: Arc<State>,
    following: WeakFollowing,
    events: mpsc::Sender<Event>,
    types: Mutex<HashMap<ContentType, Progress>>,
    /// Parked blobs that are being fetched, or handed out.
    taken: Mutex<HashSet<WorkKey>>,
    has_told_skew: AtomicBool,
    /// The subscriptions as they were found; one lister at a time looks.
    subscriptions: tokio::sync::Mutex<Option<(Timestamp, Vec<Subscription>)>>,
}

/// What the parts count.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) windows: AtomicU64,
    pub(super) pages: AtomicU64,
    pub(super) blobs: AtomicU64,
    pub(super) bytes: AtomicU64,
}

/// How far a content type has come in this run.
#[derive(Default)]
struct Progress {
    was_listed: bool,
    listed_to: Option<Timestamp>,
}

impl Shared {
    /// Of a follower of these content types; the events arrive at the receiver beside it.
    pub(super) fn new(
        client: Client,
        route: Route,
        (state, following): (Arc<State>, WeakFollowing),
        options: Options,
        request: &FollowFeed,
        types: &[ContentType],
    ) -> (Arc<Shared>, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(WAITING);
        let shared = Shared {
            concurrency: request.concurrency.map_or(client.concurrency(), |n| n as usize),
            client,
            route,
            rhythm: Rhythm::new(options.poll_interval),
            options,
            ensures: request.ensure_subscriptions && request.content_types.is_some(),
            stops: request.stop_when_caught_up,
            work: Notify::new(),
            counts: Counts::default(),
            state,
            following,
            events,
            types: Mutex::new(types.iter().map(|of| (of.clone(), Progress::default())).collect()),
            taken: Mutex::default(),
            has_told_skew: AtomicBool::new(false),
            subscriptions: tokio::sync::Mutex::default(),
        };
        (Arc::new(shared), receiver)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.client.corridor().now()
    }

    /// Works on the state, on a thread that may wait for the disk.
    pub(super) async fn on_state<T: Send + 'static>(
        &self,
        work: impl FnOnce(&State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (state, following) = (Arc::clone(&self.state), self.following.upgrade());
        let work = move || {
            let done = work(&state);
            drop(following);
            done
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
            Err(Error::new(ErrorKind::Storage, "the work on the state was broken off").with_source(e))
        })
    }

    pub(super) async fn send(&self, event: Event) {
        // Nobody listens any more when the follower has ended, and then nobody waits for it either.
        let _ = self.events.send(event).await;
    }

    /// Tells a problem, if there is one.
    pub(super) async fn tell(&self, problem: Option<Error>) {
        if let Some(problem) = problem {
            self.send(Event::Problem(problem)).await;
        }
    }

    pub(super) fn take(&self, key: WorkKey) {
        lock(&self.taken).insert(key);
    }

    pub(super) fn give_back(&self, key: WorkKey) {
        lock(&self.taken).remove(&key);
    }

    pub(super) fn taken(&self) -> HashSet<WorkKey> {
        lock(&self.taken).clone()
    }

    pub(super) fn was_listed(&self, of: &ContentType) {
        lock(&self.types).entry(of.clone()).or_default().was_listed = true;
        self.work.notify_one();
    }

    /// Takes up a content type; false if it is followed already.
    pub(super) fn adds_type(&self, of: &ContentType) -> bool {
        let mut types = lock(&self.types);
        let is_new = !types.contains_key(of);
        // It was not there at the beginning, so nobody waits for it to be caught up with.
        types.entry(of.clone()).or_insert(Progress { was_listed: true, listed_to: None });
        is_new
    }

    /// Whether a content type is followed.
    pub(super) fn follows(&self, of: &ContentType) -> bool {
        lock(&self.types).contains_key(of)
    }

    pub(super) fn listed_to(&self, of: &ContentType, time: Timestamp) {
        lock(&self.types).entry(of.clone()).or_default().listed_to = Some(time);
    }

    /// Whether each content type was listed once since the beginning, as far as it can be.
    pub(super) fn all_listed(&self) -> bool {
        lock(&self.types).values().all(|progress| progress.was_listed)
    }

    pub(super) async fn ensure_subscription(&self, of: &ContentType) -> Result<()> {
        let mut found = self.subscriptions.lock().await;
        let now = self.now();
        let is_fresh = |at: Timestamp| now.duration_since(at).unsigned_abs() < self.rhythm.beat();
        let present = match found.take() {
            Some((at, present)) if is_fresh(at) => present,
            _ => ListSubscriptions {}.send(self.client.clone(), None).await?,
        };
        let row = self.on_state({
            let of = of.clone();
            move |state| state.type_row(&of)
        });
        let row = row.await?;
        let started = start_if_missing(&self.client, &present, of, row.and_then(|row| row.started_at)).await;
        *found = Some((now, present));
        let was_started = !started?.already_enabled;
        if let (true, Some(mut row)) = (was_started, row) {
            row.started_at = Some(now);
            let of = of.clone();
            self.on_state(move |state| state.set_type_row(&of, row)).await?;
        }
        Ok(())
    }

    /// Tells once that the clocks differ.
    pub(super) async fn tell_skew(&self) {
        let Some(warning) = self.client.corridor().clock.warning() else { return };
        if !self.has_told_skew.swap(true, Ordering::Relaxed) {
            self.send(Event::Warnings(vec![warning])).await;
        }
    }

    /// How old the oldest content is that was not delivered, in seconds, and how much is tried again.
    pub(super) async fn lag(&self) -> Result<(Option<f64>, u64)> {
        let listed_to = lock(&self.types).values().filter_map(|progress| progress.listed_to).min();
        let (oldest, parked) = self.on_state(|state| Ok((state.oldest_fresh()?, state.parked()?))).await?;
        let from = [listed_to, oldest].into_iter().flatten().min();
        Ok((from.map(|from| self.now().duration_since(from).as_secs_f64().max(0.0)), parked))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
