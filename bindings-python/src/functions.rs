//! Functions of the user: sources of tokens, displays of device codes, stores of a cache, and whatever else the core
//! asks its host for.
//!
//! Python (`m365kit._functions`) decides where a function runs: a plain one on a thread of its own, an async one on the
//! caller's event loop. It answers through a [`Reply`], so no thread of ours is inside the interpreter while
//! the user's code runs, and a function that hangs holds up nobody but those who want its answer.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use m365kit::dispatch::{Host, HostError, HostFunctions};
use m365kit::{ExposeSecret, SecretString};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use tokio::sync::oneshot;

use crate::errors;
use crate::gate::Gate;

type Answer = Result<SecretString, FunctionError>;

/// The functions of one client, sign-in or cache, by the names under which the core asks them.
#[derive(Clone)]
pub(crate) struct Functions(Arc<Inner>);

struct Inner {
    given: Arc<Py<PyDict>>,
    names: Vec<String>,
    /// The loop of the latest call: where an async function runs.
    event_loop: Mutex<Option<Arc<Py<PyAny>>>>,
    gate: Arc<Gate>,
}

impl Functions {
    pub(crate) fn new(given: &Bound<'_, PyDict>, gate: &Arc<Gate>) -> PyResult<Self> {
        let names = given.keys().extract()?;
        let given = Arc::new(given.clone().unbind());
        Ok(Functions(Arc::new(Inner { given, names, event_loop: Mutex::default(), gate: Arc::clone(gate) })))
    }

    /// How the core asks them.
    pub(crate) fn host(&self, py: Python<'_>) -> PyResult<HostFunctions> {
        let host = Arc::clone(&self.0) as Arc<dyn Host>;
        HostFunctions::new(host, self.0.names.iter().cloned()).map_err(|error| errors::raise(py, &error))
    }

    /// Remembers the loop that a call came from.
    pub(crate) fn run_on(&self, event_loop: &Bound<'_, PyAny>) {
        let mut current = self.0.event_loop.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|known| !known.is(event_loop)) {
            *current = Some(Arc::new(event_loop.clone().unbind()));
        }
    }
}

impl Host for Inner {
    fn ask(
        &self,
        function: &'static str,
        question: SecretString,
    ) -> BoxFuture<'static, Result<SecretString, HostError>> {
        let given = Arc::clone(&self.given);
        let event_loop = self.event_loop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gate = Arc::clone(&self.gate);
        async move {
            let (answer, answered) = oneshot::channel();
            let started = move || start(&gate, &given, function, &question, event_loop.as_deref(), answer);
            // A thread that is not begun any more belongs to a runtime that ends.
            tokio::task::spawn_blocking(started).await.map_err(|_| FunctionError::exit())??;
            Ok(answered.await.map_err(|_| FunctionError::text("it gave no answer"))??)
        }
        .boxed()
    }
}

fn start(
    gate: &Arc<Gate>,
    given: &Py<PyDict>,
    function: &'static str,
    question: &SecretString,
    event_loop: Option<&Py<PyAny>>,
    answer: oneshot::Sender<Answer>,
) -> Result<(), FunctionError> {
    static START: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(_pass) = gate.enter() else {
        return Err(FunctionError::exit());
    };
    Python::attach(|py| {
        let reply = Reply { answer: Mutex::new(Some(answer)) };
        let started = START.import(py, "m365kit._functions", "start").and_then(|start| {
            let event_loop = event_loop.map(|at| at.clone_ref(py));
            start.call1((given.clone_ref(py), function, question.expose_secret(), event_loop, reply))
        });
        started.map(drop).map_err(|error| FunctionError::raised(py, error.into_value(py).into_any()))
    })
}

/// Where `m365kit._functions` puts the answer. Dropped unanswered, the call fails.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Reply {
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

#[pymethods]
impl Reply {
    /// Answers with JSON.
    fn answer(&self, json: String) {
        self.send(Ok(json.into()));
    }

    /// Answers with the exception that the function raised.
    fn failure(&self, py: Python<'_>, exception: Py<PyAny>) {
        self.send(Err(FunctionError::raised(py, exception)));
    }
}

impl Reply {
    fn send(&self, answer: Answer) {
        if let Some(waiting) = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more when the call was cancelled.
            let _ = waiting.send(answer);
        }
    }
}

/// Why a function gave no answer.
pub(crate) struct FunctionError {
    text: String,
    exception: Option<Py<PyAny>>,
}

impl FunctionError {
    fn text(text: &str) -> Self {
        FunctionError { text: text.to_owned(), exception: None }
    }

    fn exit() -> Self {
        FunctionError::text("the Python interpreter is shutting down")
    }

    fn raised(py: Python<'_>, exception: Py<PyAny>) -> Self {
        let bound = exception.bind(py);
        let class = bound.get_type().name().map_or_else(|_| "Exception".to_owned(), |name| name.to_string());
        let text = match bound.str() {
            Ok(message) if message.len().is_ok_and(|length| length > 0) => format!("{class}: {message}"),
            _ => class,
        };
        FunctionError { text, exception: Some(exception) }
    }

    /// What the function raised.
    pub(crate) fn exception(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.exception.as_ref().map(|exception| exception.clone_ref(py))
    }
}

impl fmt::Debug for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FunctionError").field(&self.text).finish()
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for FunctionError {}
