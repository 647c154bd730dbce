//! Records that are read where they lie: one of Python holds a page and its place there, and a field becomes a
//! Python object when it is first touched.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use m365kit::dispatch::{Cell, Page};
use pyo3::exceptions::PyAttributeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

/// The items of a page, for records to be made of.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Rows {
    page: Arc<Page>,
}

impl Rows {
    pub(crate) fn new(page: Page) -> Self {
        Rows { page: Arc::new(page) }
    }
}

#[pymethods]
impl Rows {
    fn __len__(&self) -> usize {
        self.page.len()
    }

    /// All items, as records of a class that stands on `Row`.
    fn records<'py>(slf: &Bound<'py, Self>, class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyList>> {
        let py = slf.py();
        let new = class.getattr("__new__")?;
        let records = PyList::empty(py);
        for index in 0..slf.get().page.len() {
            records.append(new.call1((class, slf, index))?)?;
        }
        Ok(records)
    }
}

/// What a record stands on whose fields are filled when they are touched.
#[pyclass(frozen, subclass, module = "m365kit._native")]
pub(crate) struct Row {
    /// None of a record that was put together by hand. It keeps the page's memory while the record lives.
    place: Option<(Arc<Page>, usize)>,
    /// The fields that are filled, by their position. Nothing of Python runs while it is locked.
    values: Mutex<Vec<Option<Py<PyAny>>>>,
}

#[pymethods]
impl Row {
    /// A record at a place of `rows`; one of anything else is empty, for `__init__` to fill.
    #[new]
    #[pyo3(signature = (*place, **_fields))]
    fn new(place: &Bound<'_, PyTuple>, _fields: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let place = match place.len() {
            2 => {
                let rows = place.get_borrowed_item(0)?;
                let index = place.get_borrowed_item(1)?.extract()?;
                Some((Arc::clone(&rows.cast::<Rows>()?.get().page), index))
            }
            _ => None,
        };
        Ok(Row { place, values: Mutex::default() })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Values that somebody is at work with are in use.
        let Ok(values) = self.values.try_lock() else { return Ok(()) };
        values.iter().flatten().try_for_each(|value| visit.call(value))
    }

    fn __clear__(&self) {
        let values = std::mem::take(&mut *self.values());
        drop(values);
    }
}

impl Row {
    fn values(&self) -> MutexGuard<'_, Vec<Option<Py<PyAny>>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn value<'py>(&self, py: Python<'py>, at: usize) -> Option<Bound<'py, PyAny>> {
        Some(self.values().get(at)?.as_ref()?.bind(py).clone())
    }

    fn set(&self, at: usize, value: Py<PyAny>) {
        let mut values = self.values();
        if values.len() <= at {
            values.resize_with(at + 1, || None);
        }
        let before = values[at].replace(value);
        drop(values);
        drop(before);
    }

    /// Keeps what was read, unless another thread was faster: all see the same object.
    fn keep<'py>(&self, at: usize, value: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        let mut values = self.values();
        if values.len() <= at {
            values.resize_with(at + 1, || None);
        }
        let kept = values[at].get_or_insert_with(|| value.clone().unbind());
        let kept = kept.bind(value.py()).clone();
        drop(values);
        kept
    }
}

/// A field of such a record, as an attribute of its class.
#[pyclass(frozen, module = "m365kit._native")]
pub(crate) struct Field {
    at: usize,
    name: String,
    key: String,
    read: Option<Py<PyAny>>,
}

#[pymethods]
impl Field {
    /// The field at a position: its name, its name in the model, and how it is read from what JSON has.
    #[new]
    #[pyo3(signature = (at, name, key, read=None))]
    fn new(at: usize, name: String, key: String, read: Option<Py<PyAny>>) -> Self {
        Field { at, name, key, read }
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.name
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        record: Option<&Bound<'py, PyAny>>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Some(record) = record.filter(|record| !record.is_none()) else {
            return Ok(slf.clone().into_any());
        };
        let field = slf.get();
        let row = record.cast::<Row>()?.get();
        if let Some(value) = row.value(py, field.at) {
            return Ok(value);
        }
        let Some((page, index)) = &row.place else {
            return Err(PyAttributeError::new_err(field.name.clone()));
        };
        let value = field.read(py, page.cell(*index, &field.key))?;
        Ok(row.keep(field.at, &value))
    }

    fn __set__(&self, record: &Bound<'_, Row>, value: Py<PyAny>) {
        record.get().set(self.at, value);
    }

    fn __repr__(&self) -> String {
        format!("<field {}>", self.name)
    }
}

impl Field {
    fn read<'py>(&self, py: Python<'py>, cell: Cell<'_>) -> PyResult<Bound<'py, PyAny>> {
        let value = match cell {
            Cell::Absent => return Ok(py.None().into_bound(py)),
            Cell::Text(text) => PyString::new(py, &text).into_any(),
            Cell::Int(number) => PyInt::new(py, number).into_any(),
            Cell::Json(text) => native(py, &text)?,
            Cell::Raw(bytes) => original(py, bytes)?,
        };
        match &self.read {
            Some(read) => read.bind(py).call1((value,)),
            None => Ok(value),
        }
    }
}

fn native<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOADS.import(py, "json", "loads")?.call1((json,))
}

/// The text that a record came as; bytes that are no text are kept in Python's way.
fn original<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogateescape")),
    }
}
