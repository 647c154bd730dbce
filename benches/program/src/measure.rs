//! How long a run takes, how much work of the processor it is, and how much memory it needs.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

/// A run that is being measured.
pub struct Run {
    began: Instant,
    cpu: f64,
}

impl Run {
    /// Begins now.
    #[expect(clippy::new_without_default, reason = "a run is not a value, it is a moment")]
    pub fn new() -> Self {
        Self { began: Instant::now(), cpu: cpu() }
    }

    /// Ends now, and prints one line of JSON: `seconds`, `cpu` (seconds of all threads), `peak` (bytes of memory at
    /// most; absent where the kernel does not say) and what was `found`.
    pub fn end(self, found: &Value) {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut line = Map::new();
        line.insert("seconds".into(), json!(seconds));
        line.insert("cpu".into(), json!(cpu() - self.cpu));
        line.insert("peak".into(), json!(peak()));
        line.extend(found.as_object().cloned().unwrap_or_default());
        println!("{}", Value::from(line));
    }
}

fn cpu() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// The most memory that this process ever held. What `getrusage` says is no use: it begins with that of the parent.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
