//! A download: chunk after chunk, all at once, or into a file.

use std::sync::Arc;

use m365kit::Error;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::process::Process;
use crate::{bridge, logs};

/// The bytes of one download.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Chunks {
    core: Option<Arc<m365kit::dispatch::Chunks>>,
    process: Arc<Process>,
}

#[pymethods]
impl Chunks {
    /// What is known of them, as JSON.
    fn head<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.core().head())
    }

    /// The next bytes, or `None` after the last. Who has received fewer chunks than there were gets the newest one
    /// again.
    fn next<'py>(&self, py: Python<'py>, received: u64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        let (chunk, _pass) = bridge::block(py, &self.process, async move { chunks.next(received).await })?;
        Ok(chunk.map(|chunk| PyBytes::new(py, &chunk)))
    }

    /// A future of `event_loop` for what `next` would return.
    fn next_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
        received: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        let next = async move { chunks.next(received).await };
        bridge::awaitable(&self.process, event_loop, next, |py, chunk| {
            Ok(chunk.map_or_else(|| py.None(), |chunk| PyBytes::new(py, &chunk).into_any().unbind()))
        })
    }

    /// All of it; blocks until it is there.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        self.block(py, async move { chunks.read().await })
    }

    /// A future of `event_loop` for all of it.
    fn read_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        self.awaitable(event_loop, async move { chunks.read().await })
    }

    /// Saves it as a file, or in a folder, and blocks until it has: what was saved, as JSON.
    fn save<'py>(&self, py: Python<'py>, path: String, overwrite: bool) -> PyResult<Bound<'py, PyBytes>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        self.block(py, async move { chunks.save(&path, overwrite).await })
    }

    /// A future of `event_loop` for what `save` would return.
    fn save_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
        path: String,
        overwrite: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        let chunks = self.core();
        self.awaitable(event_loop, async move { chunks.save(&path, overwrite).await })
    }

    /// Ends it, and with it the connection that it holds.
    fn close(&self) {
        let chunks = self.core();
        chunks.end();
        if let Some(handle) = self.process.usable() {
            handle.spawn(async move { chunks.close().await });
        }
    }
}

type Whole = Result<bytes::Bytes, Error>;

impl Chunks {
    pub(crate) fn new(core: m365kit::dispatch::Chunks, process: Arc<Process>) -> Self {
        Chunks { core: Some(Arc::new(core)), process }
    }

    fn core(&self) -> Arc<m365kit::dispatch::Chunks> {
        // Empty only while `drop` runs.
        self.core.clone().unwrap_or_else(|| unreachable!())
    }

    fn block<'py>(
        &self,
        py: Python<'py>,
        work: impl Future<Output = Whole> + Send + 'static,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (whole, _pass) = bridge::block(py, &self.process, work)?;
        Ok(PyBytes::new(py, &whole))
    }

    fn awaitable<'py>(
        &self,
        event_loop: &Bound<'py, PyAny>,
        work: impl Future<Output = Whole> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>> {
        bridge::awaitable(&self.process, event_loop, work, |py, whole| {
            Ok(PyBytes::new(py, &whole).into_any().unbind())
        })
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        // Who let go of it without closing it waits for nothing of it.
        let Some(core) = self.core.take() else { return };
        core.end();
        self.process.discard(Some(core));
    }
}
