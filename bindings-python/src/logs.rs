//! Log events of the core, handed to Python's `logging`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use m365kit::logs::LogEvent;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde_json::Value;
use tracing::Level;

use crate::gate::Gate;
use crate::process::Process;

/// What `logging` wanted to see when it was last asked, as it counts levels; 0 before that.
#[derive(Default)]
pub(crate) struct Wanted(AtomicU64);

/// Begins to forward events, in a process that has just been set up.
pub(crate) fn forward(py: Python<'_>, process: &Process) -> PyResult<()> {
    refresh(py, process)?;
    let gate = Arc::clone(&process.gate);
    process.handle(py)?.spawn(async move {
        while let Some(event) = m365kit::logs::next().await {
            let mut events = vec![event];
            events.extend(m365kit::logs::try_drain());
            let gate = Arc::clone(&gate);
            if tokio::task::spawn_blocking(move || hand_over(&gate, events)).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Asks `logging` how much it wants to see at present, and lets the core say no more than that.
pub(crate) fn refresh(py: Python<'_>, process: &Process) -> PyResult<()> {
    static WANTED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let wanted: u64 = WANTED.import(py, "m365kit._logs", "wanted")?.call0()?.extract()?;
    if process.logs_wanted.0.swap(wanted, Ordering::Relaxed) != wanted {
        // False when the program has a subscriber of its own; then that gets the events.
        m365kit::logs::install(match wanted {
            0..10 => Level::TRACE,
            10..20 => Level::DEBUG,
            20..30 => Level::INFO,
            30..40 => Level::WARN,
            _ => Level::ERROR,
        });
    }
    Ok(())
}

fn hand_over(gate: &Arc<Gate>, events: Vec<LogEvent>) {
    static DELIVER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(_pass) = gate.enter() else { return };
    Python::attach(|py| {
        let events: Vec<_> = events
            .into_iter()
            .map(|event| {
                let level = number(&event);
                let fields: Vec<(String, String)> =
                    event.fields.into_iter().map(|(name, value)| (name, text(value))).collect();
                (level, event.target, event.message, fields)
            })
            .collect();
        let delivered =
            DELIVER.import(py, "m365kit._logs", "deliver").and_then(|deliver| deliver.call1((events,)));
        if let Err(error) = delivered {
            // A handler of the user failed; Python's own place for what nobody can catch.
            error.write_unraisable(py, None);
        }
    });
}

/// The level as `logging` counts.
fn number(event: &LogEvent) -> u8 {
    match event.level.as_str() {
        "ERROR" => 40,
        "WARN" => 30,
        "INFO" => 20,
        "DEBUG" => 10,
        _ => 5,
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
