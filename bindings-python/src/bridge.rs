//! From futures of the runtime to what Python waits on: an awaitable, or a call that blocks.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use m365kit::Error;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::errors;
use crate::gate::{Gate, Pass};
use crate::process::Process;

/// How long a blocking call waits before it looks for signals (Ctrl-C) again.
const SLICE: Duration = Duration::from_millis(100);

/// What a future comes to: its result, or the panic that ended it.
type Outcome<T> = Result<Result<T, Error>, Box<dyn Any + Send>>;

/// Runs `future` and blocks until it is done. A signal handler that raises (Ctrl-C) ends the future.
///
/// The pass is to be kept until the caller is back in Python.
pub(crate) fn block<T, F>(py: Python<'_>, process: &Process, future: F) -> PyResult<(T, Pass)>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let handle = process.handle(py)?;
    let mut future = Box::pin(AssertUnwindSafe(future).catch_unwind());
    // What is there already, such as the next page of a fast feed, need not change threads.
    let (ready, pass) = process.glance(py, || future.as_mut().now_or_never());
    if let Some(outcome) = ready {
        return settle(py, outcome).map(|value| (value, pass));
    }
    drop(pass);
    let (done, mut outcome) = mpsc::sync_channel(1);
    let task = handle.spawn(async move {
        let _ = done.send(future.await);
    });
    loop {
        // Moved in and out: a receiver may change threads, but not be shared by them.
        let ((waited, back), pass) = process.detached(py, move || (outcome.recv_timeout(SLICE), outcome));
        match waited {
            Ok(outcome) => return settle(py, outcome).map(|value| (value, pass)),
            Err(RecvTimeoutError::Disconnected) => return Err(cut_short(py)),
            Err(RecvTimeoutError::Timeout) => outcome = back,
        }
        if let Err(raised) = py.check_signals() {
            task.abort();
            return Err(raised);
        }
    }
}

/// Runs `future` and returns a future of `event_loop` for what `convert` makes of its result.
///
/// Cancelling the Python future drops the Rust one.
pub(crate) fn awaitable<'py, T, F, R>(
    process: &Process,
    event_loop: &Bound<'py, PyAny>,
    future: F,
    convert: R,
) -> PyResult<Bound<'py, PyAny>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
    R: FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
{
    let py = event_loop.py();
    let handle = process.handle(py)?;
    let awaited = event_loop.call_method0("create_future")?;
    let target = Arc::new(Mutex::new(Some(Target {
        event_loop: event_loop.clone().unbind(),
        future: awaited.clone().unbind(),
    })));
    let task = handle.spawn({
        let target = Arc::clone(&target);
        let gate = Arc::clone(&process.gate);
        async move {
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            let finish: Finish = Box::new(move |py| convert(py, settle(py, outcome)?));
            // Taking the interpreter's lock may last, and workers must not wait for it.
            tokio::task::spawn_blocking(move || deliver(&gate, &target, finish));
        }
    });
    awaited.call_method1("add_done_callback", (Abandon { task: task.abort_handle(), target },))?;
    Ok(awaited)
}

/// The same for what may be there already, such as the next page of a fast feed: that needs no other thread.
///
/// Only for what does no work of its own when it is polled: the thread is that of the caller's event loop.
pub(crate) fn awaitable_at_once<'py, T, F, R>(
    process: &Process,
    event_loop: &Bound<'py, PyAny>,
    future: F,
    convert: R,
) -> PyResult<Bound<'py, PyAny>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
    R: FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
{
    let py = event_loop.py();
    process.handle(py)?;
    let mut future = Box::pin(future);
    let (ready, _pass) =
        process.glance(py, || AssertUnwindSafe(future.as_mut()).catch_unwind().now_or_never());
    let Some(outcome) = ready else { return awaitable(process, event_loop, future, convert) };
    let awaited = event_loop.call_method0("create_future")?;
    let finish: Finish = Box::new(move |py| convert(py, settle(py, outcome)?));
    let settle = Settle { future: awaited.clone().unbind(), finish: Mutex::new(Some(finish)) };
    // Not at once: the other tasks of the loop must have their turn.
    event_loop.call_method1("call_soon", (settle,))?;
    Ok(awaited)
}

fn settle<T>(py: Python<'_>, outcome: Outcome<T>) -> PyResult<T> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(errors::raise(py, &error)),
        Err(panic) => Err(errors::bug(py, &*panic)),
    }
}

fn cut_short(py: Python<'_>) -> PyErr {
    errors::refusal(py, "Cancelled", "the call ended before it had a result", None)
}

/// Where a result goes. Taken out by whoever comes first: its delivery, or the cancellation.
struct Target {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

fn deliver(gate: &Arc<Gate>, target: &Mutex<Option<Target>>, finish: Finish) {
    let Some(_pass) = gate.enter() else { return };
    Python::attach(|py| {
        let Some(target) = target.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let Target { event_loop, future } = target;
        let settle = Settle { future, finish: Mutex::new(Some(finish)) };
        // Fails only when the loop has been closed, and then nobody is left who waits.
        let _ = event_loop.call_method1(py, "call_soon_threadsafe", (settle,));
    });
}

/// Runs on the loop's own thread: makes Python objects of the result and settles the future.
#[pyclass(frozen)]
struct Settle {
    future: Py<PyAny>,
    finish: Mutex<Option<Finish>>,
}

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let finish = self.finish.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(finish) = finish else { return Ok(()) };
        if self.future.call_method0(py, "done")?.is_truthy(py)? {
            return Ok(());
        }
        match finish(py) {
            Ok(value) => self.future.call_method1(py, "set_result", (value,))?,
            Err(error) => self.future.call_method1(py, "set_exception", (error.into_value(py),))?,
        };
        Ok(())
    }
}

/// Done callback of the future: when it was cancelled, so is the work.
#[pyclass(frozen)]
struct Abandon {
    task: AbortHandle,
    target: Arc<Mutex<Option<Target>>>,
}

#[pymethods]
impl Abandon {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0("cancelled")?.is_truthy()? {
            self.task.abort();
            // Here and not by the worker, which would have to leave the references to be dropped by somebody else.
            drop(self.target.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        Ok(())
    }
}
