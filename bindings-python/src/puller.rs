//! The far end of an Arrow stream: asked for the next batch by whichever library reads it, on any of its threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge;
use crate::columns::Stream;
use crate::process::Process;

/// Gives the batches of a stream as Arrow's readers want them. Nothing in it may panic into their code.
pub(crate) struct Puller {
    stream: Option<Arc<Stream>>,
    schema: SchemaRef,
    process: Arc<Process>,
    told: Py<PyAny>,
    failed: Py<PyAny>,
    ready: VecDeque<RecordBatch>,
    over: bool,
}

impl Puller {
    pub(crate) fn new(
        stream: Arc<Stream>,
        schema: SchemaRef,
        process: Arc<Process>,
        told: Py<PyAny>,
        failed: Py<PyAny>,
    ) -> Self {
        Puller { stream: Some(stream), schema, process, told, failed, ready: VecDeque::new(), over: false }
    }

    /// Waits for a step; false at the end.
    ///
    /// Whoever asks may hold the interpreter's lock, or be a thread that Python has never seen. The wait is without
    /// the lock in either case, since a token callback, or whatever else runs in Python, may be what it waits for.
    fn pull(&mut self) -> Result<bool, String> {
        let Some(stream) = self.stream.clone() else { return Ok(false) };
        let Some(pass) = self.process.gate.enter() else {
            return Err("the Python interpreter is shutting down".to_owned());
        };
        Python::attach(|py| {
            // The exit of Python need not wait for a wait.
            drop(pass);
            let result = bridge::block(py, &self.process, async move { stream.next().await });
            let told = result.and_then(|(step, pass)| {
                let Some(step) = step else {
                    self.told.call1(py, (py.None(),))?;
                    return Ok((None, pass));
                };
                self.told.call1(py, (PyBytes::new(py, &step.meta),))?;
                Ok((Some(step.batches), pass))
            });
            match told {
                Ok((batches, _pass)) => Ok(batches.map(|batches| self.ready.extend(batches)).is_some()),
                Err(error) => Err(self.tell_failure(py, error)),
            }
        })
    }

    /// Keeps the exception for whoever began the stream, and gives it as text, all that goes through Arrow.
    fn tell_failure(&self, py: Python<'_>, error: PyErr) -> String {
        let interrupted = error.is_instance_of::<PyKeyboardInterrupt>(py);
        let text = error.to_string();
        if let Err(error) = self.failed.call1(py, (error.into_value(py),)) {
            error.write_unraisable(py, None);
        }
        if interrupted {
            // The library will raise an error of its own; this one comes right after it.
            let again = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
            if let Err(error) = again {
                error.write_unraisable(py, None);
            }
        }
        text
    }
}

impl Iterator for Puller {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            if self.over {
                return None;
            }
            let pulled = catch_unwind(AssertUnwindSafe(|| self.pull()))
                .unwrap_or_else(|_| Err("m365kit has made a mistake; please report it".to_owned()));
            match pulled {
                Ok(true) => {}
                Ok(false) => self.over = true,
                Err(why) => {
                    self.over = true;
                    return Some(Err(ArrowError::ExternalError(why.into())));
                }
            }
        }
    }
}

impl RecordBatchReader for Puller {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Drop for Puller {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        stream.end();
        if let Some(handle) = self.process.usable() {
            handle.spawn(async move { stream.close().await });
        } else {
            self.process.discard(stream);
        }
    }
}
