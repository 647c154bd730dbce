//! What exists once in each process: the tokio runtime and the gate into the interpreter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::gate::{Gate, Pass};
use crate::{errors, logs};

/// How long the exit of Python waits for callbacks and log handlers of the user that are still running.
const DRAIN: Duration = Duration::from_secs(3);
/// How long it then waits for connections to be closed.
const CLOSE_CONNECTIONS: Duration = Duration::from_millis(250);

/// Only ever locked by threads that are attached to the interpreter, so that no other thread can hold it in the moment
/// of a `fork`.
static CURRENT: Mutex<Option<Arc<Process>>> = Mutex::new(None);

/// The runtime and the gate of one process id.
pub(crate) struct Process {
    id: u32,
    handle: Handle,
    /// Taken out, and shut down, at exit.
    runtime: Mutex<Option<Runtime>>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) logs_wanted: logs::Wanted,
}

impl Process {
    /// That of the present process; made at first use, and again in a child after a `fork`.
    pub(crate) fn current(py: Python<'_>) -> PyResult<Arc<Process>> {
        let process = {
            let mut current = CURRENT.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
            if let Some(process) = current.as_ref().filter(|process| process.is_here()) {
                return Ok(Arc::clone(process));
            }
            let process = Arc::new(Process::start()?);
            if let Some(of_parent) = current.replace(Arc::clone(&process)) {
                // Its threads are not in this process, and waiting for them would never end.
                std::mem::forget(of_parent);
            }
            process
        };
        py.import("atexit")?.call_method1("register", (wrap_shutdown(py)?,))?;
        logs::forward(py, &process)?;
        Ok(process)
    }

    fn start() -> PyResult<Process> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("m365kit")
            .enable_all()
            .build()
            .map_err(|error| PyRuntimeError::new_err(format!("m365kit cannot start its threads: {error}")))?;
        Ok(Process {
            id: std::process::id(),
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            gate: Arc::default(),
            logs_wanted: logs::Wanted::default(),
        })
    }

    /// Whether this is the process that it was made in, and not a child of it.
    pub(crate) fn is_here(&self) -> bool {
        self.id == std::process::id()
    }

    /// The runtime's handle, if it may be used: an error in a child of the process, and when Python goes down.
    pub(crate) fn handle(&self, py: Python<'_>) -> PyResult<&Handle> {
        if !self.is_here() {
            return Err(errors::refusal(
                py,
                "InvalidRequest",
                &format!(
                    "this client was made in process {}, and this is process {}, forked from it; \
                     the connections and threads of a client do not survive a fork",
                    self.id,
                    std::process::id()
                ),
                Some("make a new client in the child process, or start children with the method \"spawn\""),
            ));
        }
        match self.gate.closed_by() {
            None => Ok(&self.handle),
            Some(thread) if thread == std::thread::current().id() => {
                Err(errors::refusal(py, "Cancelled", "the Python interpreter is shutting down", None))
            }
            Some(_) => {
                // A daemon thread that goes on while Python goes down: an error would only end up on stderr.
                let ((), _pass) = self.detached(py, || ());
                Ok(&self.handle)
            }
        }
    }

    /// The runtime's handle where it is of any use; for what is only cleaning up.
    pub(crate) fn usable(&self) -> Option<&Handle> {
        (self.is_here() && self.gate.closed_by().is_none()).then_some(&self.handle)
    }

    /// Runs `work` detached from the interpreter; the caller keeps the pass until it goes back to Python.
    pub(crate) fn detached<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> T + Send) -> (T, Pass) {
        py.detach(|| {
            let result = work();
            (result, self.gate.enter_or_stay_out())
        })
    }

    /// Looks at what needs no waiting, inside the runtime. That ends only when the look is over, since there are no timers
    /// without it.
    pub(crate) fn glance<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> T + Send) -> (T, Pass) {
        py.detach(|| {
            let pass = self.gate.enter_or_stay_out();
            let _inside = self.handle.enter();
            (work(), pass)
        })
    }

    /// Drops what belongs to the runtime: inside it, and not at all in a child, where its threads are missing.
    pub(crate) fn discard<T>(&self, value: T) {
        if self.is_here() {
            let _inside = self.handle.enter();
            drop(value);
        } else {
            std::mem::forget(value);
        }
    }
}

fn wrap_shutdown(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("m365kit._native")?.getattr("_shutdown")
}

/// Closes the gate and ends the runtime; `atexit` calls it.
#[pyfunction]
#[pyo3(name = "_shutdown")]
pub(crate) fn shutdown(py: Python<'_>) {
    let current = CURRENT.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner).clone();
    let Some(process) = current else { return };
    if !process.is_here() {
        // A child that made no client of its own: there is nothing of ours in it.
        std::mem::forget(process);
        return;
    }
    py.detach(|| {
        process.gate.close(DRAIN);
        let runtime = process.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(CLOSE_CONNECTIONS);
        }
    });
}
