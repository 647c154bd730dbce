//! Log events of the core, handed to a closure of the application.

use std::sync::{Arc, Mutex, Once, PoisonError};

use crate::failure::Failure;
use crate::runtime::runtime;

/// Where log events go.
#[uniffi::export(with_foreign)]
pub trait NativeLogReceiver: Send + Sync {
    /// Takes one event, as JSON.
    fn receive(&self, event: Vec<u8>);
}

type Receiver = Option<Arc<dyn NativeLogReceiver>>;

static RECEIVER: Mutex<Receiver> = Mutex::new(None);

/// Sends log events from `level` up to the receiver, in place of the one before.
///
/// Gives false when the process already has a `tracing` subscriber, which then gets the events instead.
#[uniffi::export]
pub fn forward_logs(level: String, receiver: Option<Arc<dyn NativeLogReceiver>>) -> Result<bool, Failure> {
    static START: Once = Once::new();
    let level =
        level.parse().map_err(|_| Failure::internal(&format!("'{level}' is not a level of the log")))?;
    let runtime = runtime()?;
    *RECEIVER.lock().unwrap_or_else(PoisonError::into_inner) = receiver;
    let installed = m365kit::logs::install(level);
    if installed {
        // A receiver may take its time, so it gets a thread that is not one of the workers.
        START.call_once(|| drop(runtime.spawn_blocking(move || runtime.block_on(forward()))));
    }
    Ok(installed)
}

async fn forward() {
    while let Some(event) = m365kit::logs::next().await {
        let receiver = RECEIVER.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(receiver), Ok(json)) = (receiver, serde_json::to_vec(&event)) {
            receiver.receive(json);
        }
    }
}
