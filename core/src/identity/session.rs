//! What a client learns of itself while it runs: who signed in, and which source had a token.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// One client's own part of what may be shared otherwise.
pub(super) struct Session {
    /// Tells this client from all others of the process.
    pub(super) id: u64,
    account: Mutex<Option<String>>,
    /// The source that had a token, counted from one; zero before any had.
    source: AtomicUsize,
}

impl Session {
    pub(super) fn new() -> Self {
        Session {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            account: Mutex::default(),
            source: AtomicUsize::new(0),
        }
    }

    /// The account that signed in; none before it has.
    pub(super) fn account(&self) -> Option<String> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn signed_in(&self, account: String) {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(account);
    }

    /// Which of several sources is asked from now on.
    pub(super) fn source(&self) -> Option<usize> {
        self.source.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(super) fn settle(&self, source: usize) {
        self.source.store(source + 1, Ordering::Relaxed);
    }
}
