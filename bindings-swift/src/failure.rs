//! How anything that fails crosses: as the JSON of the core's error.

use std::any::Any;

use serde_json::json;

/// Why a native call did not give a result.
#[derive(Debug, uniffi::Error)]
pub enum Failure {
    /// The call failed.
    Failed {
        /// The error as JSON, in the one form that all languages read.
        json: Vec<u8>,
    },
    /// The caller's `Task` was cancelled.
    Cancelled,
}

impl Failure {
    /// A failure of ours, that no service had a part in.
    pub(crate) fn internal(message: &str) -> Self {
        Self::of_kind("InternalError", message)
    }

    /// What the user handed over or asked for cannot be done.
    pub(crate) fn invalid(message: &str) -> Self {
        Self::of_kind("InvalidRequest", message)
    }

    /// A panic is a bug, and says so instead of taking the application down.
    pub(crate) fn panic(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Self::internal(&format!("m365kit panicked, which is a bug worth reporting: {text}"))
    }

    fn of_kind(kind: &str, message: &str) -> Self {
        let error = json!({ "kind": kind, "message": message, "retryable": false, "causes": [] });
        Self::Failed { json: error.to_string().into_bytes() }
    }
}

impl From<m365kit::Error> for Failure {
    fn from(error: m365kit::Error) -> Self {
        Self::Failed { json: error.to_json() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed { json } => f.write_str(&String::from_utf8_lossy(json)),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Failure {}
