//! Native half of the Python package: clients, pages, columns, downloads, cancellation, errors, logs, functions of the user and the sandbox.
//!
//! It knows no operation. What users call is written by `core/codegen` into `python/m365kit/_faces`; it hands a name
//! and JSON to [`client::Client`] and gets JSON, records, Arrow columns or bytes back.

use pyo3::prelude::*;

mod bridge;
mod cache;
mod chunks;
mod client;
mod columns;
mod errors;
mod functions;
mod gate;
mod listing;
mod logs;
mod pages;
mod process;
mod puller;
mod rows;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sign_in;

/// The native half of m365kit.
#[pymodule(gil_used = false)]
#[pyo3(name = "_native")]
mod native {
    #[pymodule_export]
    use super::cache::TokenCache;
    #[pymodule_export]
    use super::chunks::Chunks;
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::columns::{Batch, Collected, Columns};
    #[pymodule_export]
    use super::functions::Reply;
    #[pymodule_export]
    use super::pages::Pages;
    #[pymodule_export]
    use super::process::shutdown;
    #[pymodule_export]
    use super::rows::{Field, Row, Rows};
    #[cfg(feature = "sandbox")]
    #[pymodule_export]
    use super::sandbox::Sandbox;
    #[pymodule_export]
    use super::sign_in::{begin_sign_in, browser_sign_in, browser_sign_in_async, finish_sign_in};
    use m365kit::ErrorKind;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let kinds: Vec<&str> = ErrorKind::ALL.iter().copied().map(ErrorKind::as_str).collect();
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("ERROR_KINDS", kinds)
    }
}
