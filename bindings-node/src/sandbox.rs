//! The simulated tenant, inside the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use m365kit_sandbox::Sandbox;
use napi::bindgen_prelude::{PromiseRaw, spawn_blocking};
use napi::{Env, Result};
use napi_derive::napi;

use crate::errors::{failure, panicked};

/// A running sandbox; it stops when it is closed or collected.
#[napi]
pub struct NativeSandbox {
    running: Mutex<Option<Arc<Sandbox>>>,
}

#[napi]
impl NativeSandbox {
    /// Starts a sandbox from its configuration as JSON, and waits until it listens.
    #[napi(constructor, catch_unwind)]
    pub fn new(config: String) -> Result<Self> {
        start(&config)
    }

    /// What there is to know to use it, as JSON.
    #[napi(catch_unwind)]
    pub fn describe(&self) -> Result<String> {
        Ok(self.running()?.describe().to_string())
    }

    /// Steers it: the name of a control operation and its arguments as JSON; the answer is JSON.
    #[napi(catch_unwind)]
    pub fn control<'env>(
        &self,
        env: &'env Env,
        name: String,
        args: String,
    ) -> Result<PromiseRaw<'env, String>> {
        let sandbox = self.running()?;
        env.spawn_future(blocking(move || {
            let args =
                serde_json::from_str(&args).map_err(|error| failure("InvalidRequest", &error.to_string()))?;
            let answer = sandbox.control(&name, args);
            answer
                .map(|answer| answer.to_string())
                .map_err(|error| failure("InvalidRequest", &error.to_string()))
        }))
    }

    /// Stops it. Again: does nothing.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl NativeSandbox {
    fn running(&self) -> Result<Arc<Sandbox>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.clone().ok_or_else(|| failure("InvalidRequest", "the sandbox is closed"))
    }
}

/// Starts a sandbox beside the event loop.
#[napi(catch_unwind)]
pub fn start_sandbox(env: &Env, config: String) -> Result<PromiseRaw<'_, NativeSandbox>> {
    env.spawn_future(blocking(move || start(&config)))
}

fn start(config: &str) -> Result<NativeSandbox> {
    let sandbox = Sandbox::start_json(config.as_bytes());
    let sandbox = sandbox.map_err(|error| failure("InvalidRequest", &error.to_string()))?;
    Ok(NativeSandbox { running: Mutex::new(Some(Arc::new(sandbox))) })
}

/// Work that may wait, off both the event loop and the runtime's workers.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let work =
        move || catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    spawn_blocking(work).await.map_err(|error| failure("Bug", &error.to_string()))?
}
