//! A listing: page after page, as JSON.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{AbortHandle, Abortable};
use m365kit::Error;
use m365kit::dispatch::Page;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::process::Process;
use crate::tokens::Callback;
use crate::{bridge, logs};

type Shared = Arc<tokio::sync::Mutex<Option<m365kit::dispatch::Pages>>>;

/// The pages of one listing. Asked for one at a time; a second request waits for the first.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Pages {
    core: Option<Shared>,
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

    /// Ends the listing and what it has in flight. `next` then finds no more pages.
    fn close(&self) {
        self.abort();
        if let (Some(handle), Some(pages)) = (self.process.usable(), &self.core) {
            let pages = Arc::clone(pages);
            handle.spawn(async move { drop(pages.lock().await.take()) });
        }
    }
}

impl Pages {
    pub(crate) fn new(
        pages: m365kit::dispatch::Pages,
        process: Arc<Process>,
        callback: Option<Arc<Callback>>,
    ) -> Self {
        let core = Some(Arc::new(tokio::sync::Mutex::new(Some(pages))));
        Pages { core, running: Mutex::default(), process, callback }
    }

    fn request(&self) -> impl Future<Output = Result<Option<Page>, Error>> + Send + 'static {
        let pages = self.core.clone();
        let (abort, registration) = AbortHandle::new_pair();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(abort);
        let next = async move {
            let Some(pages) = pages else { return Ok(None) };
            match pages.lock().await.as_mut() {
                Some(pages) => pages.next().await,
                None => Ok(None),
            }
        };
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

fn parts(py: Python<'_>, page: &Page) -> PyResult<Py<PyAny>> {
    let parts =
        (PyBytes::new(py, &page.items), PyBytes::new(py, &page.payload), PyBytes::new(py, &page.meta));
    Ok(parts.into_pyobject(py)?.into_any().unbind())
}
