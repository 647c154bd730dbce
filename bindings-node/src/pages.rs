//! Pages of an operation, pulled one by one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use m365kit::Committer;
use m365kit::dispatch::{JsonItems, Page, Pages};
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi::{Env, Result};
use napi_derive::napi;
use tokio_util::sync::CancellationToken;

use crate::calls::Cancel;
use crate::columns::{NativeTexts, columns};
use crate::errors::{failure, guarded, panicked, text, thrown};

/// One page.
#[napi(object, object_from_js = false)]
pub struct NativePage {
    /// The items, a JSON array; or their columns.
    pub items: String,
    /// The bytes that the items point into, where they do.
    pub payload: Option<Buffer>,
    /// The texts of items that came as columns.
    pub texts: Option<NativeTexts>,
    /// What came with the page, a JSON object: token, errors, warnings, report.
    pub meta: String,
}

/// The pages of one run.
#[napi]
pub struct NativePages {
    /// `None` once the run is over, so that its connections and files are given back then and not when JavaScript
    /// collects this.
    pages: Arc<tokio::sync::Mutex<Option<Pages>>>,
    /// Beside the pages, since it is used while the next one is waited for. Outlives their end, so that the last
    /// ones can be committed, and holds the run's files until `close`.
    committer: Mutex<Option<Committer>>,
    stop: CancellationToken,
    /// The fields that are wanted as columns.
    fields: Option<Arc<[String]>>,
}

impl NativePages {
    /// Holds the pages of a run that has not begun.
    pub(crate) fn new(pages: Pages, fields: Option<Vec<String>>) -> Self {
        let committer = Mutex::new(pages.committer());
        let pages = Arc::new(tokio::sync::Mutex::new(Some(pages)));
        Self { pages, committer, stop: CancellationToken::new(), fields: fields.map(Arc::from) }
    }
}

impl Drop for NativePages {
    /// A worker that is terminated leaves its `next` waiting, and with it the run's files.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[napi]
impl NativePages {
    /// The next page, or nothing after the last.
    #[napi(catch_unwind)]
    pub fn next<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, Option<NativePage>>> {
        let (pages, stop, fields) = (Arc::clone(&self.pages), self.stop.clone(), self.fields.clone());
        let next = async move {
            let mut held = pages.lock().await;
            let Some(open) = held.as_mut() else { return Ok(None) };
            let next = guarded(&stop, open.next()).await;
            if !matches!(next, Ok(Some(_))) {
                *held = None;
            }
            let Some(page) = next? else { return Ok(None) };
            catch_unwind(AssertUnwindSafe(|| written(page, fields.as_deref())))
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
                .map(Some)
        };
        env.spawn_future_with_callback(next, |env, page| {
            if let Some(texts) = page.as_ref().and_then(|page| page.texts.as_ref()) {
                texts.announce(*env)?;
            }
            Ok(page)
        })
    }

    /// Says that the first so many pages are safe; also while `next` waits.
    ///
    /// Counted by who has received them: the page that is waited for may be on its way already.
    #[napi(catch_unwind)]
    pub fn commit<'env>(
        &self,
        env: &'env Env,
        pages: u32,
        cancel: Option<&Cancel>,
    ) -> Result<PromiseRaw<'env, ()>> {
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
        env.spawn_future(async move {
            let Some(committer) = committer else {
                return Err(failure("InvalidRequest", "the run has ended: there is nothing to commit"));
            };
            guarded(&stop, committer.commit_first(pages.into())).await
        })
    }

    /// Ends the run, and on the wire what it has in flight. Done once its files are free.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, ()>> {
        self.stop.cancel();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pages = Arc::clone(&self.pages);
        env.spawn_future(async move {
            // A `next` that waits holds the lock, and lets go now that it is stopped.
            *pages.lock().await = None;
            drop(committer);
            Ok(())
        })
    }
}

/// The page as it crosses, written on the thread that calls.
fn written(page: Page, fields: Option<&[String]>) -> Result<NativePage> {
    let meta = text(page.meta.to_vec());
    let Some(fields) = fields else {
        let JsonItems { items, payload } = page.json().map_err(|error| thrown(&error))?;
        let payload = (!payload.is_empty()).then(|| Buffer::from(Vec::from(payload)));
        return Ok(NativePage { items: text(items.into()), payload, texts: None, meta });
    };
    if !page.has_cells() {
        return Err(failure("Bug", "items without fields of their own were asked for as columns"));
    }
    let items = columns(&page, fields).map_err(|error| failure("Bug", &error.to_string()))?;
    Ok(NativePage { items: text(items), payload: None, texts: Some(NativeTexts::new(page)), meta })
}
