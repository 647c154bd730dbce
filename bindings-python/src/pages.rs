//! A listing: page after page, as JSON or as rows.

use std::sync::Arc;

use m365kit::Error;
use m365kit::dispatch::{JsonItems, Page};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::functions::Functions;
use crate::listing::Listing;
use crate::process::Process;
use crate::rows::Rows;
use crate::{bridge, errors, logs};

/// The pages of one listing. Asked for one at a time; a second request waits for the first.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Pages {
    core: Option<Arc<Listing>>,
    process: Arc<Process>,
    functions: Arc<[Functions]>,
}

#[pymethods]
impl Pages {
    /// The next page, or `None` after the last: `(items, payload, meta)`, where `items` are rows or JSON. Who
    /// says how many pages were received gets the newest one again if it was not among them.
    #[pyo3(signature = (received=None))]
    fn next(&self, py: Python<'_>, received: Option<u64>) -> PyResult<Option<Py<PyAny>>> {
        logs::refresh(py, &self.process)?;
        let listing = self.listing();
        let (page, _pass) = bridge::block(py, &self.process, next(listing, received))?;
        page.map(|page| parts(py, page)).transpose()
    }

    /// A future of `event_loop` for what `next` would return.
    #[pyo3(signature = (event_loop, received=None))]
    fn next_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
        received: Option<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        self.functions.iter().for_each(|functions| functions.run_on(event_loop));
        let listing = self.listing();
        let convert = |py: Python<'_>, page: Option<Crossing>| {
            page.map_or_else(|| Ok(py.None()), |page| parts(py, page))
        };
        if received.is_some() {
            // One that keeps a position may have to write it first.
            return bridge::awaitable(&self.process, event_loop, next(listing, received), convert);
        }
        bridge::awaitable_at_once(&self.process, event_loop, next(listing, received), convert)
    }

    /// Remembers that the first so many pages are safe; also while another thread waits for the next one.
    fn commit(&self, py: Python<'_>, pages: u64) -> PyResult<()> {
        let listing = self.listing();
        let (done, _pass) = bridge::block(py, &self.process, async move { listing.commit(pages).await })?;
        if done { Ok(()) } else { Err(nothing_to_commit(py)) }
    }

    /// A future of `event_loop` for what `commit` does.
    fn commit_async<'py>(&self, event_loop: &Bound<'py, PyAny>, pages: u64) -> PyResult<Bound<'py, PyAny>> {
        let listing = self.listing();
        let commit = async move { listing.commit(pages).await };
        bridge::awaitable(&self.process, event_loop, commit, |py, done| {
            if done { Ok(py.None()) } else { Err(nothing_to_commit(py)) }
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
        functions: Arc<[Functions]>,
    ) -> Self {
        Pages { core: Some(Arc::new(Listing::new(pages))), process, functions }
    }

    fn listing(&self) -> Arc<Listing> {
        // Empty only while `drop` runs.
        self.core.clone().unwrap_or_else(|| unreachable!())
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

/// A page in the form in which it crosses.
struct Crossing {
    page: Page,
    /// None of what is read field by field.
    json: Option<JsonItems>,
}

async fn next(listing: Arc<Listing>, received: Option<u64>) -> Result<Option<Crossing>, Error> {
    let Some(page) = listing.next(received).await? else { return Ok(None) };
    if page.has_cells() {
        return Ok(Some(Crossing { page, json: None }));
    }
    // To one of our threads: this may be that of an event loop.
    tokio::task::yield_now().await;
    let json = Some(page.json()?);
    Ok(Some(Crossing { page, json }))
}

fn parts(py: Python<'_>, Crossing { page, json }: Crossing) -> PyResult<Py<PyAny>> {
    let meta = PyBytes::new(py, &page.meta);
    let parts = match json {
        Some(JsonItems { items, payload }) => {
            (PyBytes::new(py, &items), PyBytes::new(py, &payload), meta).into_pyobject(py)?
        }
        None => (Rows::new(page), PyBytes::new(py, b""), meta).into_pyobject(py)?,
    };
    Ok(parts.into_any().unbind())
}
