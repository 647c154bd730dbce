//! The core's log events, handed to a JavaScript function.

use std::sync::{Mutex, PoisonError};

use m365kit::logs;
use napi::bindgen_prelude::spawn;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;
use tokio::task::AbortHandle;

use crate::errors::failure;

/// Takes a JSON array of events. Weak, and never waited for: nobody waits for a log.
type LogFunction = ThreadsafeFunction<String, (), String, Status, false, true>;

/// The task that forwards; the core has one queue, so a process has one forwarder.
static FORWARDER: Mutex<Option<AbortHandle>> = Mutex::new(None);

/// Forwards events of a level and above to a function, in place of the one before; without a function, to nobody.
#[napi(catch_unwind)]
pub fn forward_logs(level: String, sink: Option<LogFunction>) -> Result<()> {
    let level = level.parse().map_err(|_| {
        failure("InvalidRequest", &format!("level: `{level}` is none of error, warn, info, debug, trace"))
    })?;
    let mut forwarder = FORWARDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = forwarder.take() {
        before.abort();
    }
    let Some(sink) = sink else { return Ok(()) };
    logs::install(level);
    *forwarder = Some(spawn(forward(sink)).abort_handle());
    Ok(())
}

async fn forward(sink: LogFunction) {
    while let Some(first) = logs::next().await {
        let mut events = vec![first];
        events.extend(logs::try_drain());
        let Ok(json) = serde_json::to_string(&events) else { continue };
        if sink.call(json, ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok {
            return;
        }
    }
}
