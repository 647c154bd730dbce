//! The client: the ways in, for every operation alike.

use std::sync::Arc;

use bytes::Bytes;
use m365kit::dispatch::Reply;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::cache::TokenCache;
use crate::chunks::Chunks;
use crate::columns::Columns;
use crate::functions::Functions;
use crate::pages::Pages;
use crate::process::Process;
use crate::{bridge, errors, logs};

/// A client of the core, and the process that it belongs to.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Client {
    core: Option<Arc<m365kit::Client>>,
    process: Arc<Process>,
    /// Those of its credential, and of its cache.
    functions: Arc<[Functions]>,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (options, functions, cache=None))]
    fn new(
        py: Python<'_>,
        options: &[u8],
        functions: &Bound<'_, PyDict>,
        cache: Option<&TokenCache>,
    ) -> PyResult<Self> {
        let process = Process::current(py)?;
        logs::refresh(py, &process)?;
        let own = Functions::new(functions, &process.gate)?;
        let host = own.host(py)?;
        let core = {
            let _inside = process.handle(py)?.enter();
            m365kit::Client::from_json(options, Some(&host), cache.map(TokenCache::core))
                .map_err(|error| errors::raise(py, &error))?
        };
        let functions = [Some(own), cache.and_then(TokenCache::functions)].into_iter().flatten().collect();
        Ok(Client { core: Some(Arc::new(core)), process, functions })
    }

    /// Makes a call and blocks until its answer is there: `(json, payload)`.
    #[pyo3(signature = (name, args, payload=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        name: String,
        args: &[u8],
        payload: Option<&[u8]>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        logs::refresh(py, &self.process)?;
        let (reply, _pass) = bridge::block(py, &self.process, self.request(name, args, payload))?;
        Ok((PyBytes::new(py, &reply.json), PyBytes::new(py, &reply.payload)))
    }

    /// Makes a call; a future of `event_loop` for its answer.
    #[pyo3(signature = (event_loop, name, args, payload=None))]
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
        name: String,
        args: &[u8],
        payload: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        self.functions.iter().for_each(|functions| functions.run_on(event_loop));
        bridge::awaitable(&self.process, event_loop, self.request(name, args, payload), |py, reply| {
            let parts = (PyBytes::new(py, &reply.json), PyBytes::new(py, &reply.payload));
            Ok(parts.into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Begins a listing. Nothing is sent before its first page is asked for.
    fn pages(&self, py: Python<'_>, name: &str, args: &[u8]) -> PyResult<Pages> {
        let _inside = self.process.handle(py)?.enter();
        let pages = self.core().pages(name, args).map_err(|error| errors::raise(py, &error))?;
        Ok(Pages::new(pages, Arc::clone(&self.process), Arc::clone(&self.functions)))
    }

    /// Begins a stream of columns. Nothing is sent before its first step is asked for.
    fn columns(&self, py: Python<'_>, name: &str, args: &[u8]) -> PyResult<Columns> {
        let _inside = self.process.handle(py)?.enter();
        let columns = self.core().columns(name, args).map_err(|error| errors::raise(py, &error))?;
        Ok(Columns::new(columns, Arc::clone(&self.process), Arc::clone(&self.functions)))
    }

    /// Begins a download, and blocks until its first bytes are there.
    fn fetch(&self, py: Python<'_>, name: String, args: &[u8]) -> PyResult<Chunks> {
        logs::refresh(py, &self.process)?;
        let (chunks, _pass) = bridge::block(py, &self.process, self.download(name, args))?;
        Ok(Chunks::new(chunks, Arc::clone(&self.process)))
    }

    /// Begins a download; a future of `event_loop` for it.
    fn fetch_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
        name: String,
        args: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        self.functions.iter().for_each(|functions| functions.run_on(event_loop));
        let process = Arc::clone(&self.process);
        bridge::awaitable(&self.process, event_loop, self.download(name, args), move |py, chunks| {
            Ok(Chunks::new(chunks, process).into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Ends everything that is in flight. In a child of the process there is nothing to end.
    fn close(&self) {
        if self.process.is_here() {
            self.core().close();
        }
    }
}

impl Client {
    fn core(&self) -> &Arc<m365kit::Client> {
        // Empty only while `drop` runs.
        self.core.as_ref().unwrap_or_else(|| unreachable!())
    }

    fn request(
        &self,
        name: String,
        args: &[u8],
        payload: Option<&[u8]>,
    ) -> impl Future<Output = Result<Reply, m365kit::Error>> + Send + 'static {
        let core = Arc::clone(self.core());
        let args = args.to_vec();
        let payload = payload.map(Bytes::copy_from_slice);
        async move { core.call(&name, &args, payload).await }
    }

    fn download(
        &self,
        name: String,
        args: &[u8],
    ) -> impl Future<Output = Result<m365kit::dispatch::Chunks, m365kit::Error>> + Send + 'static {
        let core = Arc::clone(self.core());
        let args = args.to_vec();
        async move { core.bytes(&name, &args).await }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.process.discard(self.core.take());
    }
}
