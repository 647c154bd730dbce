//! The one runtime of the process, and how a method waits on it.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use nix::sys::signal::{SigSet, Signal};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The runtime that all clients share, made at first use.
pub(crate) fn runtime() -> Result<&'static Runtime, Failure> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .thread_name("m365kit")
        .on_thread_start(let_broken_pipes_be_errors)
        .enable_all()
        .build();
    // When two threads come at once the second runtime is dropped, idle, by `get_or_init`'s caller.
    made.map(|runtime| RUNTIME.get_or_init(|| runtime))
        .map_err(|error| Failure::internal(&format!("the system gave no threads to work with: {error}")))
}

/// Writing to a connection that the other end has closed raises SIGPIPE, which ends a program that does not expect it.
/// Python, Node and Rust programs ignore it; those in Swift do not, and it is not ours to change that for their own threads.
pub(crate) fn let_broken_pipes_be_errors() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGPIPE);
    // Fails only for masks that are none.
    let _ = signals.thread_block();
}

/// A way to stop one call. Swift makes one for each, and uses it when the surrounding `Task` is cancelled.
#[derive(uniffi::Object, Default)]
pub struct Cancel {
    token: CancellationToken,
}

#[uniffi::export]
impl Cancel {
    /// A call is stopped by at most one of these.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the call, or keeps it from beginning. Doing it twice is doing it once.
    pub fn cancel(&self) {
        self.token.cancel();
    }
}

/// Runs the work on the runtime's threads; Swift's own few threads only wait for it.
///
/// Returns after the work's future is dropped when it is cancelled, so that the request has been let go of by then.
pub(crate) async fn run<T, F>(cancel: &Cancel, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if cancel.token.is_cancelled() {
        return Err(Failure::Cancelled);
    }
    let mut task = runtime()?.spawn(work);
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = cancel.token.cancelled() => {
            task.abort();
            task.await
        }
    };
    match ended {
        Ok(result) => result,
        Err(error) if error.is_cancelled() => Err(Failure::Cancelled),
        Err(error) => Err(Failure::panic(error.into_panic().as_ref())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_ends_no_program() {
        let mask = async { SigSet::thread_get_mask().unwrap() };
        let runtime = runtime().unwrap();
        let mask = runtime.block_on(runtime.spawn(mask)).unwrap();
        assert!(mask.contains(Signal::SIGPIPE));
    }
}
