//! Columns: Arrow record batches as Python and its libraries take them, by their capsule interface.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::ffi::{FFI_ArrowSchema, to_ffi};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use m365kit::Error;
use m365kit::dispatch::ColumnStep;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};
use tokio_util::sync::CancellationToken;

use crate::functions::Functions;
use crate::process::Process;
use crate::puller::Puller;
use crate::{bridge, logs};

/// A stream of columns that is open, shared by whoever waits for its next step and closes it.
pub(crate) struct Stream {
    ended: CancellationToken,
    open: tokio::sync::Mutex<Option<m365kit::dispatch::Columns>>,
}

impl Stream {
    pub(crate) async fn next(&self) -> Result<Option<ColumnStep>, Error> {
        let next = async {
            match self.open.lock().await.as_mut() {
                Some(columns) => columns.next().await,
                None => Ok(None),
            }
        };
        self.ended.run_until_cancelled(next).await.unwrap_or(Ok(None))
    }

    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    pub(crate) async fn close(&self) {
        drop(self.open.lock().await.take());
    }
}

/// The columns of one operation. Asked for one step at a time; a second request waits for the first.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Columns {
    core: Option<Arc<Stream>>,
    schema: SchemaRef,
    process: Arc<Process>,
    functions: Arc<[Functions]>,
}

#[pymethods]
impl Columns {
    /// The schema of all batches, as a capsule `arrow_schema`.
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// The next step, or `None` after the last: `(batches, meta)`.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        logs::refresh(py, &self.process)?;
        let stream = self.stream();
        let (step, _pass) = bridge::block(py, &self.process, async move { stream.next().await })?;
        step.map(|step| parts(py, step)).transpose()
    }

    /// A future of `event_loop` for what `next` would return.
    fn next_async<'py>(
        &self,
        py: Python<'py>,
        event_loop: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        logs::refresh(py, &self.process)?;
        self.functions.iter().for_each(|functions| functions.run_on(event_loop));
        let stream = self.stream();
        let next = async move { stream.next().await };
        bridge::awaitable_at_once(&self.process, event_loop, next, |py, step: Option<ColumnStep>| {
            step.map_or_else(|| Ok(py.None()), |step| parts(py, step))
        })
    }

    /// All that is left, as a capsule `arrow_array_stream`. `told` is called with the meta of each step,
    /// and with `None` after the last; `failed` with the exception that ends it.
    fn capsule<'py>(
        &self,
        py: Python<'py>,
        told: Py<PyAny>,
        failed: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        logs::refresh(py, &self.process)?;
        let puller =
            Puller::new(self.stream(), Arc::clone(&self.schema), Arc::clone(&self.process), told, failed);
        stream_capsule(py, Box::new(puller))
    }

    /// Ends it and what it has in flight. `next` then finds nothing more.
    fn close(&self) {
        let stream = self.stream();
        stream.end();
        if let Some(handle) = self.process.usable() {
            handle.spawn(async move { stream.close().await });
        }
    }

    /// Ends it, and blocks until it has let go of everything it held.
    fn wait_closed(&self, py: Python<'_>) -> PyResult<()> {
        self.close();
        if self.process.usable().is_none() {
            return Ok(());
        }
        let stream = self.stream();
        bridge::block(py, &self.process, async move {
            stream.close().await;
            Ok(())
        })
        .map(drop)
    }

    /// A future of `event_loop` for what `wait_closed` does.
    fn wait_closed_async<'py>(&self, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.close();
        let stream = self.stream();
        let closed = async move {
            stream.close().await;
            Ok(())
        };
        bridge::awaitable(&self.process, event_loop, closed, |py, ()| Ok(py.None()))
    }
}

impl Columns {
    pub(crate) fn new(
        columns: m365kit::dispatch::Columns,
        process: Arc<Process>,
        functions: Arc<[Functions]>,
    ) -> Self {
        let schema = columns.schema();
        let stream = Stream { ended: CancellationToken::new(), open: tokio::sync::Mutex::new(Some(columns)) };
        Columns { core: Some(Arc::new(stream)), schema, process, functions }
    }

    fn stream(&self) -> Arc<Stream> {
        // Empty only while `drop` runs.
        self.core.clone().unwrap_or_else(|| unreachable!())
    }
}

impl Drop for Columns {
    fn drop(&mut self) {
        self.process.discard(self.core.take());
    }
}

/// Rows of one schema, which any library that speaks Arrow can take without copying.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Batch {
    rows: RecordBatch,
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.rows.num_rows()
    }

    /// Its schema and its rows, as capsules `arrow_schema` and `arrow_array`.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // What is asked for is a wish, and there is one form only.
        drop(requested_schema);
        let data = StructArray::from(self.rows.clone()).into_data();
        let (array, _) = to_ffi(&data).map_err(unwritable)?;
        let schema = schema_capsule(py, self.rows.schema_ref())?;
        Ok((schema, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    /// Its schema, as a capsule `arrow_schema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, self.rows.schema_ref())
    }

    fn __repr__(&self) -> String {
        format!("<Batch of {} rows and {} columns>", self.rows.num_rows(), self.rows.num_columns())
    }
}

/// Batches that have all arrived, to be handed over once: nothing is held twice.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Collected {
    schema: SchemaRef,
    batches: Mutex<Option<Vec<RecordBatch>>>,
}

#[pymethods]
impl Collected {
    #[new]
    #[allow(clippy::needless_pass_by_value)] // as it comes from Python
    fn new(columns: &Columns, batches: Vec<Bound<'_, Batch>>) -> Self {
        let batches = batches.iter().map(|batch| batch.get().rows.clone()).collect();
        Collected { schema: Arc::clone(&columns.schema), batches: Mutex::new(Some(batches)) }
    }

    /// All batches, as a capsule `arrow_array_stream`.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).take();
        let batches =
            batches.ok_or_else(|| PyRuntimeError::new_err("the batches were handed over before"))?;
        let batches = RecordBatchIterator::new(batches.into_iter().map(Ok), Arc::clone(&self.schema));
        stream_capsule(py, Box::new(batches))
    }
}

fn parts(py: Python<'_>, step: ColumnStep) -> PyResult<Py<PyAny>> {
    let batches: Vec<Batch> = step.batches.into_iter().map(|rows| Batch { rows }).collect();
    let parts = (batches, PyBytes::new(py, &step.meta));
    Ok(parts.into_pyobject(py)?.into_any().unbind())
}

fn schema_capsule<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(unwritable)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn stream_capsule(
    py: Python<'_>,
    batches: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(batches), c"arrow_array_stream")
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` wants it
fn unwritable(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(format!("the columns cannot be handed over: {error}"))
}
