//! Errors of the core as exceptions: the classes live in Python, one factory there builds them.

use std::error::Error as _;

use m365kit::Error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::functions::FunctionError;

/// The exception for an error of the core.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    build(py, &error.to_json(), own_exception(py, error))
}

/// The exception for something that the binding itself refuses.
pub(crate) fn refusal(py: Python<'_>, kind: &str, message: &str, hint: Option<&str>) -> PyErr {
    let error = json!({ "kind": kind, "message": message, "hint": hint, "retryable": false, "causes": [] });
    build(py, error.to_string().as_bytes(), None)
}

/// The exception for a panic: a mistake of ours, which must reach the user as an error that says so.
pub(crate) fn bug(py: Python<'_>, panic: &(dyn std::any::Any + Send)) -> PyErr {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    refusal(
        py,
        "Bug",
        &format!("m365kit has made a mistake: {what}"),
        Some("please report this; it is no fault of yours"),
    )
}

fn build(py: Python<'_>, json: &[u8], cause: Option<Py<PyAny>>) -> PyErr {
    static FACTORY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FACTORY
        .import(py, "m365kit._errors", "from_json")
        .and_then(|factory| factory.call1((PyBytes::new(py, json), cause)))
        .map_or_else(|error| error, PyErr::from_value)
}

/// What the user's own function raised, if that is where the error comes from.
fn own_exception(py: Python<'_>, error: &Error) -> Option<Py<PyAny>> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(function) = error.downcast_ref::<FunctionError>() {
            return function.exception(py);
        }
        source = error.source();
    }
    None
}
