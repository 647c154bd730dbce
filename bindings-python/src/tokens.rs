//! Tokens from a callable of the user.
//!
//! Python (`m365kit._tokens`) decides where the callable runs: a plain one on a thread of its own, an async one on the
//! caller's event loop. It answers through a [`TokenReply`], so no thread of ours is inside the interpreter while
//! the user's code runs, and a callable that hangs holds up nobody but those who want its token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use m365kit::identity::{AccessToken, TokenRequest, TokenSource};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::sync::oneshot;

use crate::gate::Gate;

type Answer = Result<AccessToken, CallbackError>;

/// A callable of the user that gives tokens.
pub(crate) struct Callback {
    function: Arc<Py<PyAny>>,
    /// The loop of the latest call: where an async callable runs.
    event_loop: Mutex<Option<Arc<Py<PyAny>>>>,
    gate: Arc<Gate>,
}

impl Callback {
    pub(crate) fn new(function: Py<PyAny>, gate: Arc<Gate>) -> Self {
        Callback { function: Arc::new(function), event_loop: Mutex::default(), gate }
    }

    /// Remembers the loop that a call came from.
    pub(crate) fn run_on(&self, event_loop: &Bound<'_, PyAny>) {
        let mut current = self.event_loop.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|known| !known.is(event_loop)) {
            *current = Some(Arc::new(event_loop.clone().unbind()));
        }
    }
}

impl TokenSource for Callback {
    fn token(
        &self,
        request: TokenRequest,
    ) -> BoxFuture<'static, Result<AccessToken, Box<dyn StdError + Send + Sync>>> {
        let function = Arc::clone(&self.function);
        let event_loop = self.event_loop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gate = Arc::clone(&self.gate);
        async move {
            let (answer, answered) = oneshot::channel();
            let started = move || start(&gate, &function, event_loop.as_deref(), request, answer);
            // A thread that is not begun any more belongs to a runtime that ends.
            tokio::task::spawn_blocking(started).await.map_err(|_| CallbackError::exit())??;
            let answer =
                answered.await.map_err(|_| CallbackError::text("the token callback gave no answer"))?;
            Ok(answer?)
        }
        .boxed()
    }
}

fn start(
    gate: &Arc<Gate>,
    function: &Py<PyAny>,
    event_loop: Option<&Py<PyAny>>,
    request: TokenRequest,
    answer: oneshot::Sender<Answer>,
) -> Result<(), CallbackError> {
    static START: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(_pass) = gate.enter() else {
        return Err(CallbackError::exit());
    };
    Python::attach(|py| {
        let reply = TokenReply { answer: Mutex::new(Some(answer)) };
        let started = START.import(py, "m365kit._tokens", "start").and_then(|start| {
            let asked = (request.scope, request.resource, request.tenant);
            start.call1((function.clone_ref(py), asked, event_loop.map(|at| at.clone_ref(py)), reply))
        });
        started.map(drop).map_err(|error| CallbackError::raised(py, error.into_value(py).into_any()))
    })
}

/// Where `m365kit._tokens` puts the token. Dropped unanswered, the call fails.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct TokenReply {
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

#[pymethods]
impl TokenReply {
    /// Answers with a token, and with the moment when it ends, in seconds since 1970, if that is known.
    #[pyo3(signature = (token, expires_on=None))]
    fn token(&self, token: String, expires_on: Option<f64>) -> PyResult<()> {
        let expires_on = expires_on.map(moment).transpose()?;
        self.send(Ok(AccessToken::new(token, expires_on)));
        Ok(())
    }

    /// Answers with the exception that the callable raised.
    fn failure(&self, py: Python<'_>, exception: Py<PyAny>) {
        self.send(Err(CallbackError::raised(py, exception)));
    }
}

impl TokenReply {
    fn send(&self, answer: Answer) {
        if let Some(waiting) = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more when the call was cancelled.
            let _ = waiting.send(answer);
        }
    }
}

fn moment(seconds: f64) -> PyResult<Timestamp> {
    jiff::SignedDuration::try_from_secs_f64(seconds)
        .and_then(Timestamp::from_duration)
        .map_err(|error| PyRuntimeError::new_err(format!("the token ends at no moment in time: {error}")))
}

/// Why a callable gave no token.
pub(crate) struct CallbackError {
    text: String,
    exception: Option<Py<PyAny>>,
}

impl CallbackError {
    fn text(text: &str) -> Self {
        CallbackError { text: text.to_owned(), exception: None }
    }

    fn exit() -> Self {
        CallbackError::text("the Python interpreter is shutting down")
    }

    fn raised(py: Python<'_>, exception: Py<PyAny>) -> Self {
        let bound = exception.bind(py);
        let class = bound.get_type().name().map_or_else(|_| "Exception".to_owned(), |name| name.to_string());
        let text = match bound.str() {
            Ok(message) if message.len().is_ok_and(|length| length > 0) => format!("{class}: {message}"),
            _ => class,
        };
        CallbackError { text, exception: Some(exception) }
    }

    /// What the callable raised.
    pub(crate) fn exception(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.exception.as_ref().map(|exception| exception.clone_ref(py))
    }
}

impl fmt::Debug for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallbackError").field(&self.text).finish()
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for CallbackError {}
