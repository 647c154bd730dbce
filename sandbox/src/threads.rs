//! The threads that the sandboxes of a process run on, and how one of them ends without the others.

use std::future::Future;
use std::io;
use std::mem;
use std::num::NonZero;
use std::process;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::tenant::locked;

/// A few threads for all sandboxes of the process, so that fifty of them are no more than one.
pub(crate) struct Threads {
    runtime: Option<Runtime>,
    handle: Handle,
    process: u32,
}

impl Threads {
    /// The threads of this process; they are started with its first sandbox and end with its last.
    pub(crate) fn shared() -> io::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Threads>> = Mutex::new(Weak::new());
        let mut shared = locked(&SHARED);
        // A process that was forked from one with sandboxes has their memory and none of their threads.
        if let Some(running) = shared.upgrade().filter(|running| running.here()) {
            return Ok(running);
        }
        let workers = thread::available_parallelism().map_or(2, NonZero::get).clamp(2, 4);
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("m365kit-sandbox")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let started = Arc::new(Self { runtime: Some(runtime), handle, process: process::id() });
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// Whether they belong to this process and not to the one it was forked from.
    pub(crate) fn here(&self) -> bool {
        self.process == process::id()
    }

    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.here() {
            // Without waiting: the last sandbox may be dropped where nothing may block.
            runtime.shutdown_background();
        } else {
            mem::forget(runtime);
        }
    }
}

/// Ends the tasks of one sandbox.
pub(crate) struct Stop(watch::Sender<bool>);

/// What the tasks of one sandbox live by.
#[derive(Clone)]
pub(crate) struct Life(watch::Receiver<bool>);

impl Life {
    /// A life, and what ends it.
    pub(crate) fn new() -> (Stop, Self) {
        let (stop, life) = watch::channel(false);
        (Stop(stop), Self(life))
    }

    /// Starts a task that lasts as long as the sandbox at most.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut life = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = life.wait_for(|&over| over) => {}
                () = task => {}
            }
        });
    }
}

impl<F> hyper::rt::Executor<F> for Life
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        self.spawn(async move {
            task.await;
        });
    }
}

impl Stop {
    /// Ends all tasks and waits, within reason, until they have let go of their sockets.
    pub(crate) fn stop(&self) {
        const REASON: Duration = Duration::from_millis(500);
        let _ = self.0.send(true);
        let begun = Instant::now();
        while self.0.receiver_count() > 0 && begun.elapsed() < REASON {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
