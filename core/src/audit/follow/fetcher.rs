//! Fetching what stands on the work list: many at once, and past those that fail.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::batch::{Event, Fetched};
use super::lister::Trouble;
use super::shared::Shared;
use super::state::{WorkKey, WorkRow};
use crate::audit::budget::Budget;
use crate::audit::codes;
use crate::audit::content::fetch_finding;
use crate::audit::pipeline::expired;
use crate::audit::record::Origin;
use crate::error::{Error, ErrorKind, Result};

/// Blobs under way at once, for each that may be asked for at once: so many that the others go on while one
/// is asked for again and again.
const AHEAD: usize = 8;
/// What a longer poll interval must not delay.
const LONGEST_BEAT: Duration = Duration::from_secs(5);

/// Fetches whatever there is to fetch: for ever, or until it has caught up if the follower stops then.
pub(super) async fn run(shared: Arc<Shared>) {
    let fetcher = Arc::new(Fetcher {
        budget: Budget::new(),
        slots: Semaphore::new(shared.concurrency),
        shared: Arc::clone(&shared),
    });
    let most = shared.concurrency * AHEAD;
    let beat = shared.rhythm.beat().min(LONGEST_BEAT);
    let mut tasks = JoinSet::new();
    let mut trouble = Trouble::default();
    let mut cursor = [0, super::state::FIRST_LISTED];
    let mut has_caught_up = false;
    loop {
        let listed = shared.all_listed();
        let (mut more_is_there, mut nothing_is_there) = (false, false);
        if tasks.len() <= most / 2 {
            let want = most - tasks.len();
            match fetcher.pick(want, cursor).await {
                Ok(picked) => {
                    trouble.is_over();
                    (more_is_there, nothing_is_there) = (picked.len() == want, picked.is_empty());
                    for (key, row) in picked {
                        match key {
                            WorkKey::Fresh(order) => {
                                cursor[usize::from(order >= super::state::FIRST_LISTED)] = order + 1;
                            }
                            WorkKey::Parked(..) => shared.take(key),
                        }
                        tasks.spawn(Arc::clone(&fetcher).fetch(key, row));
                    }
                }
                Err(error) => shared.tell(trouble.news(error)).await,
            }
        }
        // Asked for before the pick, so that nothing can have come onto the list in between.
        if listed && nothing_is_there && tasks.is_empty() && !std::mem::replace(&mut has_caught_up, true) {
            shared.send(Event::CaughtUp).await;
            if shared.stops {
                return;
            }
        }
        tokio::select! {
            _ = tasks.join_next(), if !tasks.is_empty() => {
                while tasks.try_join_next().is_some() {}
            }
            () = shared.work.notified(), if !more_is_there => {}
            () = tokio::time::sleep(beat) => {}
        }
    }
}

struct Fetcher {
    shared: Arc<Shared>,
    budget: Budget,
    slots: Semaphore,
}

impl Fetcher {
    async fn pick(&self, count: usize, cursor: [u64; 2]) -> Result<Vec<(WorkKey, WorkRow)>> {
        let (now, taken) = (self.shared.now(), self.shared.taken());
        self.shared.on_state(move |state| state.pick(count, now, &taken, cursor)).await
    }

    async fn fetch(self: Arc<Self>, key: WorkKey, row: WorkRow) {
        let shared = &self.shared;
        let origin = Origin::new(Some(row.content.content_type.clone()), row.content.content_id.as_str());
        if self.has_expired(&row) {
            return self.lose(key, row, &origin).await;
        }
        let mut room = self.budget.room().await;
        let outcome = {
            let _slot = self.slots.acquire().await;
            let uri = row.content.content_uri.as_deref();
            fetch_finding(shared.options.finds, &shared.client, &shared.route, &origin, uri).await
        };
        match outcome {
            Ok(mut blob) => {
                self.budget.learn(blob.bytes);
                if let Some(room) = &mut room {
                    Budget::settle(room, blob.bytes);
                }
                shared.counts.blobs.fetch_add(1, Ordering::Relaxed);
                shared.counts.bytes.fetch_add(blob.bytes as u64, Ordering::Relaxed);
                blob.skip(usize::try_from(row.position).unwrap_or(usize::MAX));
                shared
                    .send(Event::Fetched(Box::new(Fetched { key, content: row.content, blob, _room: room })))
                    .await;
            }
            Err(error) if error.kind() == ErrorKind::Cancelled => shared.send(Event::Ended(error)).await,
            Err(error) if is_lost(&error) => {
                shared.send(Event::Lost { key, row: Box::new(row), error }).await;
            }
            Err(error) => {
                drop(room);
                let row =
                    WorkRow { attempts: row.attempts + 1, error: Some(error.message().to_owned()), ..row };
                // Looked at again: the answer may be the first that tells what time it is there.
                if self.has_expired(&row) {
                    return self.lose(key, row, &origin).await;
                }
                self.put_aside(key, row, error).await;
            }
        }
    }

    /// Tells of the first failure at once, and of the later ones when all tries have been in vain.
    async fn put_aside(&self, key: WorkKey, row: WorkRow, error: Error) {
        let shared = &self.shared;
        let is_news = row.attempts == 1;
        let mut trouble = Trouble::default();
        loop {
            let (row, until) = (row.clone(), shared.rhythm.retry_at(shared.now(), row.attempts));
            match shared.on_state(move |state| state.park(key, &row, until)).await {
                Ok(_) => break,
                // Nothing is lost: it still stands where it stood.
                Err(error) => shared.tell(trouble.news(error)).await,
            }
            tokio::time::sleep(shared.rhythm.beat()).await;
        }
        shared.give_back(key);
        if is_news {
            shared
                .send(Event::Problem(error.with_hint_if_none(
                    "It is tried again until it expires; audit.inspect_state lists what is",
                )))
                .await;
        }
    }

    fn has_expired(&self, row: &WorkRow) -> bool {
        row.content.content_expiration.is_some_and(|end| end <= self.shared.now())
    }

    /// Tells of what has been tried until it expired.
    async fn lose(&self, key: WorkKey, row: WorkRow, origin: &Origin) {
        let mut error = expired(origin);
        if let Some(why) = &row.error {
            error = error.with_hint(format!("It was tried {} times; the last time: {why}", row.attempts));
        }
        self.shared.send(Event::Lost { key, row: Box::new(row), error }).await;
    }
}

/// The service says that it does not have it, and will not.
fn is_lost(error: &Error) -> bool {
    error.kind() == ErrorKind::Gone || error.code().is_some_and(codes::says_that_content_is_lost)
}
