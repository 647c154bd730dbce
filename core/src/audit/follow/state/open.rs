//! Opening a state, and using it: its lock, its reopening after trouble, and who follows by it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use jiff::Timestamp;
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    WriteTransaction,
};

use super::make::make_if_missing;
use super::rows::{self, Head};
use super::tables::{
    FILES, FIRST_LISTED, FORGET, FRESH, GAPS, HEAD, KNOWN, PARKED, SPANS, TYPES, is_locked, needs_reopening,
    trouble,
};
use crate::error::{Error, ErrorKind, Result};

const PROGRAM: &str = "m365kit audit follower";
const VERSION: u32 = 1;
/// The store's own cache; its default of a gigabyte is for other uses.
pub(super) const CACHE: usize = 1024 * 1024;
/// How long a state that was let go a moment ago, in this process or by one that was killed, may still be locked.
const LETTING_GO: Duration = Duration::from_secs(2);

/// An open state.
pub(in crate::audit::follow) struct State {
    path: PathBuf,
    database: RwLock<Option<Database>>,
    followed: AtomicU8,
    pub(super) next_announced: AtomicU64,
    pub(super) next_listed: AtomicU64,
}

/// Nobody follows by the state.
const FREE: u8 = 0;
/// Somebody does.
const FOLLOWED: u8 = 1;
/// Whoever did has ended, and something of it is still under way.
const LEAVING: u8 = 2;

/// The right to follow by a state. Work on the disk cannot be broken off, so whatever does some for a follower
/// has a share in it; it is given back when the last of them is done.
#[derive(Clone)]
pub(in crate::audit::follow) struct Following(Arc<Right>);

/// A share for whoever must not hold the right by itself.
pub(in crate::audit::follow) struct WeakFollowing(Weak<Right>);

struct Right(Arc<State>);

impl Drop for Right {
    fn drop(&mut self) {
        self.0.followed.store(FREE, Ordering::Release);
    }
}

impl Following {
    /// No more work is begun: whoever wants to follow waits for what is under way.
    pub(in crate::audit::follow) fn leave(&self) {
        self.0.0.followed.store(LEAVING, Ordering::Release);
    }

    /// Whether somebody may wait for what is under way.
    pub(in crate::audit::follow) fn has_left(&self) -> bool {
        self.0.0.followed.load(Ordering::Acquire) == LEAVING
    }

    pub(in crate::audit::follow) fn downgrade(&self) -> WeakFollowing {
        WeakFollowing(Arc::downgrade(&self.0))
    }
}

impl WeakFollowing {
    /// None when the follower has ended.
    pub(in crate::audit::follow) fn upgrade(&self) -> Option<Following> {
        self.0.upgrade().map(Following)
    }
}

impl State {
    /// Opens the state of a tenant, or makes it. The same file opened twice in a process is one state.
    pub(in crate::audit::follow) fn open(path: &Path, tenant: &str) -> Result<Arc<State>> {
        State::open_or(path, tenant, true)
    }

    /// Opens a state that must be there.
    pub(in crate::audit::follow) fn open_present(path: &Path, tenant: &str) -> Result<Arc<State>> {
        State::open_or(path, tenant, false)
    }

    fn open_or(path: &Path, tenant: &str, make: bool) -> Result<Arc<State>> {
        let path = file_of(path, tenant)?;
        if !make && !path.is_file() {
            return Err(Error::new(ErrorKind::NotFound, format!("there is no state {}", path.display())));
        }
        let mut open = open_states().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = open.get(&path).and_then(Weak::upgrade) {
            state.check_head(tenant)?;
            return Ok(state);
        }
        check_unopened(&path, tenant)?;
        let mut database = open_database(&path)?;
        check_pages(&path, &mut database)?;
        let state = State {
            path: path.clone(),
            database: RwLock::new(Some(database)),
            followed: AtomicU8::new(FREE),
            next_announced: AtomicU64::new(0),
            next_listed: AtomicU64::new(FIRST_LISTED),
        };
        state.begin(tenant)?;
        let state = Arc::new(state);
        open.retain(|_, state| state.strong_count() > 0);
        open.insert(path, Arc::downgrade(&state));
        Ok(state)
    }

    /// Takes the right to follow by this state, which one follower at a time can have.
    pub(in crate::audit::follow) fn follow(self: &Arc<Self>) -> Result<Following> {
        let until = std::time::Instant::now() + LETTING_GO;
        loop {
            match self.followed.compare_exchange(FREE, FOLLOWED, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Following(Arc::new(Right(Arc::clone(self))))),
                Err(LEAVING) if std::time::Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(_) => break,
            }
        }
        let message =
            format!("the state {} is in use by another follower of this process", self.path.display());
        Err(Error::new(ErrorKind::Conflict, message)
            .with_hint("One follower at a time may use a state: end the other one, or name another file"))
    }

    /// Reads in one view of the state.
    pub(super) fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Failure>) -> Result<T> {
        self.with(|database| work(&database.begin_read()?))
    }

    /// Changes in one transaction, which is on the disk when this returns.
    pub(super) fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, Failure>) -> Result<T> {
        self.write_at(Durability::Immediate, work)
    }

    /// Changes in one transaction, which the others see at once, and the disk when it says so.
    pub(super) fn write_at<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Failure>,
    ) -> Result<T> {
        self.with(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(durability).map_err(redb::Error::from)?;
            // Makes opening after a kill quick, whatever the size of the file.
            transaction.set_quick_repair(true);
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Failure>) -> Result<T> {
        self.reopen_if_closed()?;
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let outcome = match database.as_ref() {
            Some(database) => guarded(|| work(database)),
            // Closed by somebody's trouble since it was looked at.
            None => Err(redb::Error::PreviousIo.into()),
        };
        drop(database);
        outcome.map_err(|failure| self.after(failure))
    }

    fn reopen_if_closed(&self) -> Result<()> {
        if self.database.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.is_none() {
            *database = Some(open_database(&self.path)?);
        }
        Ok(())
    }

    fn after(&self, failure: Failure) -> Error {
        let error = match failure {
            Failure::Row(error) => return error,
            Failure::Store(error) => *error,
        };
        if needs_reopening(&error) {
            self.close();
        }
        trouble(&self.path, error)
    }

    fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        // Closing works on the pages as well, and there is nobody left to tell.
        let _ = guarded(|| {
            drop(database);
            Ok::<_, Failure>(())
        });
    }

    fn begin(&self, tenant: &str) -> Result<()> {
        if self.head()?.is_none() {
            let head = Head {
                program: PROGRAM.to_owned(),
                version: VERSION,
                tenant: tenant.to_owned(),
                created_at: Timestamp::now(),
            };
            let head = rows::write(&head)?;
            self.write(|transaction| {
                // All of them, so that whoever reads need not ask whether they are there.
                transaction.open_table(HEAD)?.insert("head", head.as_slice())?;
                transaction.open_table(TYPES)?;
                transaction.open_table(FRESH)?;
                transaction.open_table(PARKED)?;
                transaction.open_table(KNOWN)?;
                transaction.open_table(FORGET)?;
                transaction.open_table(SPANS)?;
                transaction.open_table(GAPS)?;
                transaction.open_table(FILES)?;
                Ok(())
            })?;
        }
        self.check_head(tenant)?;
        self.read(|transaction| {
            let fresh = transaction.open_table(FRESH)?;
            let after = |last: Option<u64>, first: u64| last.map_or(first, |last| last + 1);
            let announced = fresh.range(..FIRST_LISTED)?.next_back().transpose()?.map(|(key, _)| key.value());
            let listed = fresh.range(FIRST_LISTED..)?.next_back().transpose()?.map(|(key, _)| key.value());
            let parked = transaction.open_table(PARKED)?;
            // A parked blob keeps its number, which no other may get.
            let mut highest_parked = [None, None];
            for row in parked.iter()? {
                let order = row?.0.value().1;
                let highest: &mut Option<u64> = &mut highest_parked[usize::from(order >= FIRST_LISTED)];
                *highest = (*highest).max(Some(order));
            }
            self.next_announced.store(after(announced.max(highest_parked[0]), 0), Ordering::Relaxed);
            self.next_listed.store(after(listed.max(highest_parked[1]), FIRST_LISTED), Ordering::Relaxed);
            Ok(())
        })
    }

    /// The first row; none in a file that holds nothing yet.
    pub(in crate::audit::follow) fn head(&self) -> Result<Option<Head>> {
        self.read(|transaction| read_head(&self.path, transaction))
    }

    fn check_head(&self, tenant: &str) -> Result<()> {
        let head = self.head()?.ok_or_else(|| foreign(&self.path, "it says nothing of its origin"))?;
        head.check(&self.path, tenant)
    }

    /// How many blobs and spans are tried again on a schedule.
    pub(in crate::audit::follow) fn parked(&self) -> Result<u64> {
        self.read(|transaction| {
            Ok(transaction.open_table(PARKED)?.len()? + transaction.open_table(SPANS)?.len()?)
        })
    }
}

impl Head {
    fn check(&self, path: &Path, tenant: &str) -> Result<()> {
        if self.program != PROGRAM {
            return Err(foreign(path, &format!("it belongs to {:?}", self.program)));
        }
        if self.version != VERSION {
            let version = self.version;
            return Err(foreign(
                path,
                &format!(
                    "it has version {version} and this library reads version {VERSION}: use the version of the library that wrote it"
                ),
            ));
        }
        if !self.tenant.eq_ignore_ascii_case(tenant) {
            return Err(foreign(
                path,
                &format!("it is of the tenant {}, the client of {tenant}", self.tenant),
            ));
        }
        Ok(())
    }
}

fn read_head(path: &Path, transaction: &ReadTransaction) -> Result<Option<Head>, Failure> {
    if transaction.list_tables()?.next().is_none() {
        return Ok(None);
    }
    let Ok(table) = transaction.open_table(HEAD) else {
        return Err(Failure::Row(foreign(path, "it holds tables of another program")));
    };
    let head = table.get("head")?;
    head.map(|row| rows::read("head", row.value())).transpose().map_err(Failure::Row)
}

fn foreign(path: &Path, why: &str) -> Error {
    let message = format!("the state {} cannot be used: {why}", path.display());
    Error::invalid(message).with_hint("Nothing was changed. Name another file")
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// Works on the store, which trusts what stands in its pages and panics where the file is damaged.
fn guarded<T, E: From<redb::StorageError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // Whatever it leaves half done is in the store, which is closed after this.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(redb::StorageError::Corrupted("its pages contradict each other".to_owned()).into())
    })
}

/// Why a piece of work on the state ended.
pub(super) enum Failure {
    Store(Box<redb::Error>),
    Row(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Row(error)
    }
}

macro_rules! store_failures {
    ($($error:ty),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Store(Box::new(error.into()))
            }
        })+
    };
}

store_failures!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError);

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        Failure::Store(Box::new(error))
    }
}

/// The states that are open in this process.
fn open_states() -> &'static Mutex<HashMap<PathBuf, Weak<State>>> {
    static OPEN: OnceLock<Mutex<HashMap<PathBuf, Weak<State>>>> = OnceLock::new();
    OPEN.get_or_init(Mutex::default)
}

/// The file itself, by the one name that it has whatever way leads there.
fn file_of(path: &Path, tenant: &str) -> Result<PathBuf> {
    let path = if path.is_dir() { path.join(format!("{tenant}.m365state")) } else { path.to_owned() };
    let (folder, name) = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder.as_os_str().is_empty() => (Path::new("."), name),
        (Some(folder), Some(name)) => (folder, name),
        _ => return Err(Error::invalid(format!("the state {} is not a file", path.display()))),
    };
    let folder = folder.canonicalize().map_err(|e| {
        Error::invalid(format!("the state {} cannot be written: {}: {e}", path.display(), folder.display()))
            .with_hint("Make the folder first, or name another one")
    })?;
    Ok(folder.join(name))
}

/// Refuses a file that is not ours before it is opened for writing, which would touch it.
///
/// What cannot be read without being mended first, or is in use, is left to the opening itself.
fn check_unopened(path: &Path, tenant: &str) -> Result<()> {
    let head = guarded(|| {
        let database = redb::Builder::new().set_cache_size(CACHE).open_read_only(path);
        read_head(path, &database.map_err(redb::Error::from)?.begin_read()?)
    });
    match head {
        Ok(Some(head)) => head.check(path, tenant),
        Ok(None) | Err(Failure::Store(_)) => Ok(()),
        Err(Failure::Row(error)) => Err(error),
    }
}

/// Reads the whole file once. Without this the store notices damage where it comes by it, at times so late
/// that it ends the process.
fn check_pages(path: &Path, database: &mut Database) -> Result<()> {
    let is_sound = guarded(|| database.check_integrity()).map_err(|error| trouble(path, error))?;
    if !is_sound {
        // As after a crash: what came behind is fetched again.
        let path = path.display();
        tracing::warn!(target: "m365kit::audit", "the state {path} was damaged and is what it was a commit ago");
    }
    Ok(())
}

fn open_database(path: &Path) -> Result<Database> {
    let until = std::time::Instant::now() + LETTING_GO;
    loop {
        let opened = guarded(|| {
            make_if_missing(path)?;
            redb::Builder::new().set_cache_size(CACHE).create(path)
        });
        match opened {
            Err(error) if is_locked(&error) && std::time::Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome.map_err(|error| trouble(path, error)),
        }
    }
}
