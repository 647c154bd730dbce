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
    outstanding: Mutex<Outstanding>,
    has_ended: AtomicBool,
}

#[derive(Default)]
struct Outstanding {
    /// Pages handed out so far.
    pages: u64,
    /// What stood in them, each with the number of its page, in order.
    delivered: Vec<(u64, Delivered)>,
}

impl Ledger {
    pub(super) fn begin(&self, shared: &Arc<Shared>) {
        *lock(&self.shared) = Some(Arc::clone(shared));
    }

    /// Remembers for good all that was handed out, and with it how files stand.
    pub(super) async fn remember(&self, safe: Safe) -> Result<()> {
        self.remember_first(u64::MAX, safe).await
    }

    /// The same for the first so many pages.
    async fn remember_first(&self, pages: u64, mut safe: Safe) -> Result<()> {
        let Some(shared) = lock(&self.shared).clone() else { return Ok(()) };
        let taken: Vec<_> = {
            let delivered = &mut lock(&self.outstanding).delivered;
            let end = delivered.partition_point(|(page, _)| *page <= pages);
            delivered.drain(..end).collect()
        };
        safe.delivered = taken.iter().map(|(_, delivered)| delivered.clone()).collect();
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
            lock(&self.outstanding).delivered.splice(0..0, taken);
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
        if self.has_ended.load(Ordering::Acquire) && lock(&self.outstanding).delivered.is_empty() {
            *lock(&self.shared) = None;
        }
    }

    /// Blobs that were parked, are handed out whole, and are not yet known to be safe.
    pub(super) fn no_longer_parked(&self) -> u64 {
        let outstanding = lock(&self.outstanding);
        outstanding.delivered.iter().filter(|(_, delivered)| delivered.ends_parking()).count() as u64
    }

    pub(super) fn hand_out(&self, delivered: Vec<Delivered>) {
        let mut outstanding = lock(&self.outstanding);
        outstanding.pages += 1;
        let page = outstanding.pages;
        outstanding.delivered.extend(delivered.into_iter().map(|delivered| (page, delivered)));
    }
}

impl Commit for Ledger {
    fn commit(self: Arc<Self>, pages: Option<u64>) -> BoxFuture<'static, Result<()>> {
        async move { self.remember_first(pages.unwrap_or(u64::MAX), Safe::default()).await }.boxed()
    }
}
