//! A listing: page after page, as JSON.

use std::sync::Arc;

use m365kit::Error;
use m365kit::dispatch::Page;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::listing::{Commit, Listing};
use crate::process::Process;
use crate::tokens::Callback;
use crate::{bridge, errors, logs};

/// The pages of one listing. Asked for one at a time; a second request waits for the first.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Pages {
    core: Option<Arc<Listing>>,
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

    /// Says that the page that came last has arrived, where `commit` is used: until then `next` gives it again.
    fn received(&self) {
        self.listing().received();
    }

    /// Remembers that the pages received so far are safe; also while another thread waits for the next one.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        let listing = self.listing();
        let (done, _pass) = bridge::block(py, &self.process, async move { listing.commit().await })?;
        committed(py, &done)
    }

    /// A future of `event_loop` for what `commit` does.
    fn commit_async<'py>(&self, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let listing = self.listing();
        let commit = async move { listing.commit().await };
        bridge::awaitable(&self.process, event_loop, commit, |py, done| {
            committed(py, &done).map(|()| py.None())
        })
    }

    /// Ends the listing and what it has in flight. `next` then finds no more pages.
    fn close(&self) {
        let listing = self.listing();
        listing.end();
        if let Some(handle) = self.process.usable() {
            handle.spawn(async move { listing.close().await });
        }
    }

    /// Ends the listing, and blocks until it has let go of everything it held.
    fn wait_closed(&self, py: Python<'_>) -> PyResult<()> {
        self.close();
        if self.process.usable().is_none() {
            return Ok(());
        }
        let listing = self.listing();
        bridge::block(py, &self.process, async move {
            listing.close().await;
            Ok(())
        })
        .map(drop)
    }

    /// A future of `event_loop` for what `wait_closed` does.
    fn wait_closed_async<'py>(&self, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.close();
        let listing = self.listing();
        let closed = async move {
            listing.close().await;
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
        Pages { core: Some(Arc::new(Listing::new(pages))), process, callback }
    }

    fn listing(&self) -> Arc<Listing> {
        // Empty only while `drop` runs.
        self.core.clone().unwrap_or_else(|| unreachable!())
    }

    fn request(&self) -> impl Future<Output = Result<Option<Page>, Error>> + Send + 'static {
        let listing = self.listing();
        async move { listing.next().await }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.process.discard(self.core.take());
    }
}

fn committed(py: Python<'_>, done: &Commit) -> PyResult<()> {
    let (kind, why, hint) = match done {
        Commit::Done => return Ok(()),
        Commit::Nothing => (
            "InvalidRequest",
            "this listing has been closed, or keeps no position: there is nothing to commit",
            None,
        ),
        Commit::Untaken => (
            "Conflict",
            "a page came while the wait for it was cancelled, and a commit would count it as handed out",
            Some("go on with the loop, which gives that page, and commit then"),
        ),
    };
    Err(errors::refusal(py, kind, why, hint))
}

fn parts(py: Python<'_>, page: &Page) -> PyResult<Py<PyAny>> {
    let parts =
        (PyBytes::new(py, &page.items), PyBytes::new(py, &page.payload), PyBytes::new(py, &page.meta));
    Ok(parts.into_pyobject(py)?.into_any().unbind())
}
