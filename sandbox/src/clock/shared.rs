//! A clock in a file: sandboxes of several processes that name the same file have the same time, and one that is
//! started again finds the time, and with it its feed, as it left them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::tenant::locked;

/// How old what was read may be. Short beside any schedule of a client, and long beside a look at the file.
const FRESH: Duration = Duration::from_millis(5);

/// A clock that runs with the machine's, at the distance that its file says.
pub(super) struct SharedClock {
    path: PathBuf,
    /// Milliseconds from the machine's clock to this one.
    offset: AtomicI64,
    read: Mutex<Instant>,
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Where the clock began: feeds lie relative to it.
    start: String,
    /// Milliseconds from the machine's clock.
    offset: i64,
}

impl SharedClock {
    /// Opens the clock in `path`, or makes it one that begins at `now` or at the real time. Gives where it began too.
    pub(super) fn open(path: &Path, now: Option<i64>) -> io::Result<(Self, i64)> {
        if !path.exists() {
            let start = now.unwrap_or_else(machine);
            let kept = Kept { start: super::millis(start), offset: start - machine() };
            create(path, &kept)?;
        }
        let kept = read(path)?;
        let start = super::parse(&kept.start).ok_or_else(|| io::Error::other("it has no start"))?;
        let clock = Self {
            path: path.to_owned(),
            offset: AtomicI64::new(kept.offset),
            read: Mutex::new(Instant::now()),
        };
        Ok((clock, start))
    }

    /// The present.
    pub(super) fn now(&self) -> i64 {
        {
            let mut read_at = locked(&self.read);
            if read_at.elapsed() > FRESH {
                // A file that is gone or being replaced says nothing new.
                if let Ok(kept) = read(&self.path) {
                    self.offset.store(kept.offset, Ordering::SeqCst);
                }
                *read_at = Instant::now();
            }
        }
        machine() + self.offset.load(Ordering::SeqCst)
    }

    /// Moves the clock by what `change` makes of the present offset, for everybody. Of two that move it in the same
    /// moment the later one counts.
    pub(super) fn shift(&self, change: impl FnOnce(i64) -> i64) -> io::Result<()> {
        let mut read_at = locked(&self.read);
        let mut kept = read(&self.path)?;
        kept.offset = change(kept.offset);
        let draft = draft(&self.path, &kept)?;
        std::fs::rename(&draft, &self.path)?;
        self.offset.store(kept.offset, Ordering::SeqCst);
        *read_at = Instant::now();
        Ok(())
    }
}

/// The machine's clock.
pub(super) fn machine() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn read(path: &Path) -> io::Result<Kept> {
    serde_json::from_slice(&std::fs::read(path)?)
        .map_err(|error| io::Error::other(format!("it is not a clock of a sandbox: {error}")))
}

/// Makes the file, unless another process was quicker: then that one's counts.
fn create(path: &Path, kept: &Kept) -> io::Result<()> {
    let draft = draft(path, kept)?;
    // Unlike a rename this does not replace what is there.
    let linked = std::fs::hard_link(&draft, path);
    let _ = std::fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Writes beside the file, so that nobody reads half of it.
fn draft(path: &Path, kept: &Kept) -> io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
    let draft = PathBuf::from(name);
    std::fs::write(&draft, serde_json::to_vec(kept)?)?;
    Ok(draft)
}
