//! Sign-ins in a browser, before there is a client.

use bytes::Bytes;
use m365kit::dispatch;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::functions::Functions;
use crate::process::Process;
use crate::{bridge, errors};

/// Begins a sign-in; gives JSON, which holds secrets.
#[pyfunction]
pub(crate) fn begin_sign_in<'py>(py: Python<'py>, args: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    given(py, dispatch::begin_sign_in(args))
}

/// Finishes one; gives JSON, which holds secrets.
#[pyfunction]
pub(crate) fn finish_sign_in<'py>(py: Python<'py>, args: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    given(py, dispatch::finish_sign_in(args))
}

/// Signs in with the browser of this machine, and blocks until the user has.
#[pyfunction]
pub(crate) fn browser_sign_in<'py>(
    py: Python<'py>,
    args: Vec<u8>,
    functions: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyBytes>> {
    let process = Process::current(py)?;
    let host = Functions::new(functions, &process.gate)?.host(py)?;
    let sign_in = async move { dispatch::browser_sign_in(&args, Some(host)).await };
    let (fields, _pass) = bridge::block(py, &process, sign_in)?;
    Ok(PyBytes::new(py, &fields))
}

/// The same; a future of `event_loop`.
#[pyfunction]
pub(crate) fn browser_sign_in_async<'py>(
    event_loop: &Bound<'py, PyAny>,
    args: Vec<u8>,
    functions: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = event_loop.py();
    let process = Process::current(py)?;
    let functions = Functions::new(functions, &process.gate)?;
    functions.run_on(event_loop);
    let host = functions.host(py)?;
    let sign_in = async move { dispatch::browser_sign_in(&args, Some(host)).await };
    bridge::awaitable(&process, event_loop, sign_in, |py, fields| {
        Ok(PyBytes::new(py, &fields).unbind().into_any())
    })
}

fn given(py: Python<'_>, answer: m365kit::Result<Bytes>) -> PyResult<Bound<'_, PyBytes>> {
    answer.map(|json| PyBytes::new(py, &json)).map_err(|error| errors::raise(py, &error))
}
