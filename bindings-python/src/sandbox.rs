//! The simulated tenant, started and controlled from Python.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use serde_json::Value;

use crate::errors;
use crate::process::Process;

/// A running sandbox. It lives on threads of its own until it is closed.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Sandbox {
    running: Mutex<Option<Arc<m365kit_sandbox::Sandbox>>>,
    process: Arc<Process>,
}

#[pymethods]
impl Sandbox {
    #[new]
    fn new(py: Python<'_>, config: &[u8]) -> PyResult<Self> {
        let process = Process::current(py)?;
        process.handle(py)?;
        let (started, _pass) = process.detached(py, || m365kit_sandbox::Sandbox::start_json(config));
        let running = started.map_err(|error| {
            errors::refusal(py, "InvalidRequest", &format!("the sandbox cannot start: {error}"), None)
        })?;
        Ok(Sandbox { running: Mutex::new(Some(Arc::new(running))), process })
    }

    /// Where it is and how to sign in to it, as JSON.
    fn describe(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.running(py)?.describe().to_string())
    }

    /// One of its control operations; arguments and result are JSON.
    fn control(&self, py: Python<'_>, name: &str, args: &str) -> PyResult<String> {
        let sandbox = self.running(py)?;
        let refuse = |why: String| errors::refusal(py, "InvalidRequest", &why, None);
        let args: Value = serde_json::from_str(args).map_err(|error| refuse(error.to_string()))?;
        let (result, _pass) = self.process.detached(py, || sandbox.control(name, args));
        result.map(|value| value.to_string()).map_err(|error| refuse(format!("{name}: {error}")))
    }

    /// Stops it.
    fn close(&self, py: Python<'_>) {
        let running = self.take();
        if self.process.usable().is_some() {
            let ((), _pass) = self.process.detached(py, || drop(running));
        } else {
            std::mem::forget(running);
        }
    }
}

impl Sandbox {
    fn running(&self, py: Python<'_>) -> PyResult<Arc<m365kit_sandbox::Sandbox>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let why = match running {
            Some(running) if self.process.is_here() => return Ok(running),
            Some(running) => {
                std::mem::forget(running);
                "this sandbox was started before a fork, and its threads are in the parent process"
            }
            None => "the sandbox has been closed",
        };
        Err(errors::refusal(py, "InvalidRequest", why, Some("start another one")))
    }

    fn take(&self) -> Option<Arc<m365kit_sandbox::Sandbox>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Stopping waits for threads: those of a parent process never end here.
        if !self.process.is_here() {
            std::mem::forget(self.take());
        }
    }
}
