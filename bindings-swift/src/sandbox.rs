//! The simulated tenant, inside the application's process.

use std::sync::{Arc, Mutex, PoisonError};

use m365kit_sandbox::Sandbox;

use crate::failure::Failure;
use crate::runtime::{Cancel, let_broken_pipes_be_errors, run};

/// A running sandbox. Dropping it stops it.
#[derive(uniffi::Object)]
pub struct NativeSandbox {
    running: Arc<Mutex<Option<Sandbox>>>,
    description: Vec<u8>,
}

#[uniffi::export]
impl NativeSandbox {
    /// Starts one from its configuration as JSON; an empty object takes every default.
    #[uniffi::constructor]
    pub fn new(config: Vec<u8>) -> Result<Arc<Self>, Failure> {
        // Its threads inherit the signals that the one which starts them has blocked.
        let thread = std::thread::spawn(move || {
            let_broken_pipes_be_errors();
            Sandbox::start_json(&config)
        });
        let started = thread.join().map_err(|panic| Failure::panic(panic.as_ref()))?;
        let sandbox = started.map_err(|error| Failure::invalid(&error.to_string()))?;
        let description = sandbox.describe().to_string().into_bytes();
        Ok(Arc::new(Self { running: Arc::new(Mutex::new(Some(sandbox))), description }))
    }

    /// Where it listens, its tenant and the credential it takes, as JSON.
    pub fn describe(&self) -> Vec<u8> {
        self.description.clone()
    }

    /// Does what tests ask of it: a control operation by name, with JSON in and out.
    pub async fn control(
        &self,
        name: String,
        args: Vec<u8>,
        cancel: Arc<Cancel>,
    ) -> Result<Vec<u8>, Failure> {
        let running = Arc::clone(&self.running);
        run(&cancel, async move {
            let work = tokio::task::spawn_blocking(move || {
                let args =
                    serde_json::from_slice(&args).map_err(|error| Failure::invalid(&error.to_string()))?;
                let running = running.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(sandbox) = running.as_ref() else {
                    return Err(Failure::invalid("the sandbox has been stopped"));
                };
                match sandbox.control(&name, args) {
                    Ok(answer) => Ok(answer.to_string().into_bytes()),
                    Err(error) => Err(Failure::invalid(&error.to_string())),
                }
            });
            work.await.map_err(|error| Failure::internal(&error.to_string()))?
        })
        .await
    }

    /// Stops it; connections are closed.
    pub fn stop(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
