//! A listing: page after page, as JSON.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{AbortHandle, Abortable};
use m365kit::dispatch::Page;
use m365kit::{Committer, Error};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::process::Process;
use crate::tokens::Callback;
use crate::{bridge, errors, logs};

/// A listing, of which everything goes when it is closed: what it holds open, such as a file, too.
struct Open {
    /// Whether it has been ended: who comes for a page after that gets none, even before it is dropped.
    ended: AtomicBool,
    pages: tokio::sync::Mutex<Option<m365kit::dispatch::Pages>>,
    /// Beside the pages, so that a commit need not wait until the next page has come.
    committer: tokio::sync::RwLock<Option<Committer>>,
}

impl Open {
    async fn next(&self) -> Result<Option<Page>, Error> {
        match self.pages.lock().await.as_mut() {
            Some(pages) if !self.ended.load(Ordering::Acquire) => pages.next().await,
            _ => Ok(None),
        }
    }

    /// Whether there was anything to commit to.
    async fn commit(&self) -> Result<bool, Error> {
        match self.committer.read().await.as_ref() {
            Some(committer) => committer.commit().await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Drops the pages once nobody reads them, and the committer once nobody commits.
    async fn close(&self) {
        drop(self.pages.lock().await.take());
        drop(self.committer.write().await.take());
    }
}

/// The pages of one listing. Asked for one at a time; a second request waits for the first.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Pages {
    core: Option<Arc<Open>>,
    /// Ends the request for a page that is under way.
    running: Mutex<Option<AbortHandle>>,
    process: Arc<Process>,
    callback: Option<Arc<Callback>>,
}

#[pymethods]
impl Pages {
    /// The next page, or `None` after the last: `(items, payload, meta)`.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        logs::refresh(py, &self.process)?;
        let (page, _pass) = bridge::block(py, &self.process, self.request())?;
        page.map(|page| parts(py, &page)).transpose()
    }

    /// A future of `event_loop` for what `next` would return.
    fn next_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        if let Some(callback) = &self.callback {
            callback.run_on(event_loop);
        }
        bridge::awaitable(&self.process, event_loop, self.request(), |py, page: Option<Page>| {
            page.map_or_else(|| Ok(py.None()), |page| parts(py, &page))
        })
    }

    /// Remembers that the pages handed out so far are safe; also while another thread waits for the next one.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        let open = self.open();
        let (committed, _pass) = bridge::block(py, &self.process, async move { open.commit().await })?;
        if committed { Ok(()) } else { Err(nothing_to_commit(py)) }
    }

    /// A future of `event_loop` for what `commit` does.
    fn commit_async<'py>(&self, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let open = self.open();
        let commit = async move { open.commit().await };
        bridge::awaitable(&self.process, event_loop, commit, |py, committed| {
            if committed { Ok(py.None()) } else { Err(nothing_to_commit(py)) }
        })
    }

    /// Ends the listing and what it has in flight. `next` then finds no more pages.
    fn close(&self) {
        let open = self.open();
        open.ended.store(true, Ordering::Release);
        self.abort();
        if let Some(handle) = self.process.usable() {
            handle.spawn(async move { open.close().await });
        }
    }

    /// Ends the listing, and blocks until it has let go of everything it held.
    fn wait_closed(&self, py: Python<'_>) -> PyResult<()> {
        self.close();
        if self.process.usable().is_none() {
            return Ok(());
        }
        let open = self.open();
        bridge::block(py, &self.process, async move {
            open.close().await;
            Ok(())
        })
        .map(drop)
    }

    /// A future of `event_loop` for what `wait_closed` does.
    fn wait_closed_async<'py>(&self, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.close();
        let open = self.open();
        let closed = async move {
            open.close().await;
            Ok(())
        };
        bridge::awaitable(&self.process, event_loop, closed, |py, ()| Ok(py.None()))
    }
}

impl Pages {
    pub(crate) fn new(
        pages: m365kit::dispatch::Pages,
        process: Arc<Process>,
        callback: Option<Arc<Callback>>,
    ) -> Self {
        let committer = tokio::sync::RwLock::new(pages.committer());
        let pages = tokio::sync::Mutex::new(Some(pages));
        let core = Some(Arc::new(Open { ended: AtomicBool::new(false), pages, committer }));
        Pages { core, running: Mutex::default(), process, callback }
    }

    fn open(&self) -> Arc<Open> {
        // Empty only while `drop` runs.
        self.core.clone().unwrap_or_else(|| unreachable!())
    }

    fn request(&self) -> impl Future<Output = Result<Option<Page>, Error>> + Send + 'static {
        let open = self.open();
        let (abort, registration) = AbortHandle::new_pair();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(abort);
        let next = async move { open.next().await };
        async move { Abortable::new(next, registration).await.unwrap_or(Ok(None)) }
    }

    fn abort(&self) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            running.abort();
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.process.discard(self.core.take());
    }
}

fn nothing_to_commit(py: Python<'_>) -> PyErr {
    let why = "this listing has been closed, or keeps no position: there is nothing to commit";
    errors::refusal(py, "InvalidRequest", why, None)
}

fn parts(py: Python<'_>, page: &Page) -> PyResult<Py<PyAny>> {
    let parts =
        (PyBytes::new(py, &page.items), PyBytes::new(py, &page.payload), PyBytes::new(py, &page.meta));
    Ok(parts.into_pyobject(py)?.into_any().unbind())
}
