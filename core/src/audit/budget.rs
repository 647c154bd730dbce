//! A limit on the bytes that fetched and waiting blobs may hold, whatever their size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};

/// What all blobs of one feed may hold, in KiB.
const TOTAL: u32 = 48 * 1024;
/// What a blob is taken to hold before any was seen, in KiB: two are fetched to find out.
const FIRST_GUESS: u32 = TOTAL / 2;

/// Hands out room for blobs in the order in which they were asked for.
///
/// How long a blob is turns out when it is there, so that the room asked for is a guess from those
/// before it. In order, because a feed waits for its first blob while the later ones hold their room.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    room: Arc<Semaphore>,
    /// Passed one by one: who waits for room asks anew when the guess is bettered, and who waits here has not
    /// asked yet.
    gate: Arc<Mutex<()>>,
    guess: Arc<AtomicU32>,
    bettered: Arc<Notify>,
    nothing_seen: Arc<AtomicBool>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Budget {
            room: Arc::new(Semaphore::new(TOTAL as usize)),
            gate: Arc::default(),
            guess: Arc::new(AtomicU32::new(FIRST_GUESS)),
            bettered: Arc::default(),
            nothing_seen: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Waits for room; it is given back when the permit is dropped.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        let _first_in_line = self.gate.lock().await;
        loop {
            let bettered = self.bettered.notified();
            let guess = self.guess.load(Ordering::Relaxed).clamp(1, TOTAL);
            tokio::select! {
                room = Arc::clone(&self.room).acquire_many_owned(guess) => return room.ok(),
                () = bettered => {}
            }
        }
    }

    /// Gives back what a blob that has been fetched does not need.
    pub(super) fn settle(room: &mut OwnedSemaphorePermit, bytes: usize) {
        drop(room.num_permits().checked_sub(bytes / 1024 + 1).and_then(|surplus| room.split(surplus)));
    }

    /// Learns how long a blob was: at once if it was longer than thought, slowly if shorter.
    pub(super) fn learn(&self, bytes: usize) {
        let seen = u32::try_from(bytes / 1024 + 1).unwrap_or(TOTAL).min(TOTAL);
        let guess = self.guess.load(Ordering::Relaxed);
        let first = self.nothing_seen.swap(false, Ordering::Relaxed);
        let guess = if first || seen > guess { seen } else { guess - (guess - seen) / 8 };
        self.guess.store(guess, Ordering::Relaxed);
        self.bettered.notify_waiters();
    }
}
