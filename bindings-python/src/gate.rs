//! The only way for threads of ours into the interpreter.
//!
//! Python goes down while our threads are still at work. A thread that enters the interpreter after that is killed in
//! the middle of what it does, and takes the process with it. So whoever wants in takes a [`Pass`] first; at exit the
//! gate is closed, and the interpreter waits until those inside have left.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Counts who is inside the interpreter and, once closed, lets nobody in.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    /// The thread that has closed it: the one on which Python goes down.
    closed_by: Option<ThreadId>,
    inside: usize,
}

/// The right to be inside the interpreter; given back when dropped.
pub(crate) struct Pass(Arc<Gate>);

impl Gate {
    /// A pass, or `None` when the interpreter is going down.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.lock();
        if state.closed_by.is_some() {
            return None;
        }
        state.inside += 1;
        Some(Pass(Arc::clone(self)))
    }

    /// A pass for a thread of Python's own that comes back from a wait.
    ///
    /// When the interpreter is going down there is nothing to come back to: the thread (a daemon, all others have been
    /// joined) stays here until the process ends, which is what Python itself does with it from 3.14 on.
    pub(crate) fn enter_or_stay_out(self: &Arc<Self>) -> Pass {
        loop {
            if let Some(pass) = self.enter() {
                return pass;
            }
            thread::park();
        }
    }

    /// The thread that has closed the gate, if that has happened.
    pub(crate) fn closed_by(&self) -> Option<ThreadId> {
        self.lock().closed_by
    }

    /// Closes the gate and waits until all who are inside have left, but no longer than `limit`.
    pub(crate) fn close(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        state.closed_by = Some(thread::current().id());
        while state.inside > 0 {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return };
            state = self.left.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.lock().inside -= 1;
        self.0.left.notify_all();
    }
}
