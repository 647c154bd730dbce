//! What was handed out, until it is known to be safe.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::shared::{Shared, lock};
use super::state::{Delivered, Safe};
use crate::error::Result;
use crate::page::Commit;

/// What was handed out and is not yet known to be safe.
#[derive(Default)]
pub(super) struct Ledger {
    shared: Mutex<Option<Arc<Shared>>>,
    outstanding: Mutex<Vec<Delivered>>,
    has_ended: AtomicBool,
}

impl Ledger {
    pub(super) fn begin(&self, shared: &Arc<Shared>) {
        *lock(&self.shared) = Some(Arc::clone(shared));
    }

    /// Remembers for good all that was handed out, and with it how files stand.
    pub(super) async fn remember(&self, mut safe: Safe) -> Result<()> {
        let Some(shared) = lock(&self.shared).clone() else { return Ok(()) };
        safe.delivered = std::mem::take(&mut *lock(&self.outstanding));
        let (now, safe) = (shared.now(), Arc::new(safe));
        let written = Arc::clone(&safe);
        let outcome = shared.on_state(move |state| state.commit(&written, now)).await;
        if outcome.is_ok() {
            for delivered in &safe.delivered {
                if let Delivered::Whole { key, .. } = delivered {
                    shared.give_back(*key);
                }
            }
        } else {
            lock(&self.outstanding).splice(0..0, safe.delivered.iter().cloned());
        }
        self.let_go_if_done();
        outcome
    }

    /// Nothing more is handed out.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.let_go_if_done();
    }

    /// Another process may have the state as soon as there is nothing left to remember.
    fn let_go_if_done(&self) {
        if self.has_ended.load(Ordering::Acquire) && lock(&self.outstanding).is_empty() {
            *lock(&self.shared) = None;
        }
    }

    pub(super) fn hand_out(&self, delivered: Vec<Delivered>) {
        lock(&self.outstanding).extend(delivered);
    }
}

impl Commit for Ledger {
    fn commit(self: Arc<Self>) -> BoxFuture<'static, Result<()>> {
        async move { self.remember(Safe::default()).await }.boxed()
    }
}
