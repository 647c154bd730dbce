//! Where tokens are kept: a cache that clients share.

use m365kit::ExposeSecret;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::errors;
use crate::functions::Functions;
use crate::process::Process;

/// A cache of the core, and the functions that keep it elsewhere.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct TokenCache {
    core: m365kit::TokenCache,
    functions: Option<Functions>,
}

#[pymethods]
impl TokenCache {
    #[new]
    #[pyo3(signature = (place, functions=None))]
    fn new(py: Python<'_>, place: &[u8], functions: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let process = Process::current(py)?;
        let functions = functions.map(|given| Functions::new(given, &process.gate)).transpose()?;
        let host = functions.as_ref().map(|functions| functions.host(py)).transpose()?;
        let core = m365kit::TokenCache::from_json(place, host).map_err(|error| errors::raise(py, &error))?;
        Ok(TokenCache { core, functions })
    }

    /// All that is worth keeping: tokens in the clear.
    fn export<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.core.export().expose_secret())
    }

    /// Takes in what `export` gave.
    #[pyo3(name = "import_")]
    fn import(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        self.core.import(bytes).map_err(|error| errors::raise(py, &error))
    }
}

impl TokenCache {
    pub(crate) fn core(&self) -> m365kit::TokenCache {
        self.core.clone()
    }

    pub(crate) fn functions(&self) -> Option<Functions> {
        self.functions.clone()
    }
}
