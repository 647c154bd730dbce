//! Pages of an operation, pulled one by one.

use std::sync::Arc;

use m365kit::dispatch::Pages;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi::{Env, Result};
use napi_derive::napi;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::errors::{guarded, text};

/// One page.
#[napi(object)]
pub struct NativePage {
    /// The items, a JSON array.
    pub items: String,
    /// The bytes that the items point into, where they do.
    pub payload: Option<Buffer>,
    /// What came with the page, a JSON object: token, errors, warnings, report.
    pub meta: String,
}

/// The pages of one run.
#[napi]
pub struct NativePages {
    /// `None` once the run is over, so that its connections are given back then and not when JavaScript collects this.
    pages: Arc<Mutex<Option<Pages>>>,
    stop: CancellationToken,
}

impl NativePages {
    /// Holds the pages of a run that has not begun.
    pub(crate) fn new(pages: Pages) -> Self {
        Self { pages: Arc::new(Mutex::new(Some(pages))), stop: CancellationToken::new() }
    }
}

#[napi]
impl NativePages {
    /// The next page, or nothing after the last.
    #[napi(catch_unwind)]
    pub fn next<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, Option<NativePage>>> {
        let (pages, stop) = (Arc::clone(&self.pages), self.stop.clone());
        env.spawn_future(async move {
            let mut held = pages.lock().await;
            let Some(open) = held.as_mut() else { return Ok(None) };
            let next = guarded(&stop, open.next()).await;
            if !matches!(next, Ok(Some(_))) {
                *held = None;
            }
            Ok(next?.map(|page| NativePage {
                items: text(page.items.into()),
                payload: (!page.payload.is_empty()).then(|| Buffer::from(Vec::from(page.payload))),
                meta: text(page.meta.into()),
            }))
        })
    }

    /// Ends the run, and on the wire what it has in flight.
    #[napi]
    pub fn close(&self) {
        self.stop.cancel();
        // A `next` that is waiting holds the lock and lets go by itself.
        if let Ok(mut held) = self.pages.try_lock() {
            *held = None;
        }
    }
}
