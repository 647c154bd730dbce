//! Where the files are to be, and how they get there: all at once, when all are whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::file::WholeFile;
use crate::error::{Error, ErrorKind, Result};

const WORKSHOP: &str = ".m365kit-";
const PARTIAL: &str = ".partial";
const LOCK: &str = "lock";
/// What is replaced lies here while the new files get their names.
const REPLACED: &str = "replaced";
const PARQUET: &str = "parquet";

/// Where to write, as the caller has said it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    path: PathBuf,
    is_file: bool,
    overwrite: bool,
    append: bool,
}

/// A folder within the target in which the files are written. With it goes all that has not been given its
/// name.
#[derive(Debug)]
pub(super) struct Workshop {
    target: Target,
    folder: PathBuf,
    /// Held as long as this run lives, so that no other takes the folder for a leftover.
    lock: Option<File>,
    /// Folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    files: u32,
}

impl Target {
    /// Refuses what cannot be meant.
    pub(super) fn new(path: PathBuf, partitioned: bool, overwrite: bool, append: bool) -> Result<Target> {
        if path.as_os_str().is_empty() {
            return Err(Error::invalid("target is empty: name a file that ends in .parquet, or a folder"));
        }
        if overwrite && append {
            return Err(Error::invalid("overwrite and append exclude each other"));
        }
        let is_file = is_parquet(&path);
        if is_file && partitioned {
            return Err(Error::invalid(format!(
                "{} is one file, and partition_by needs a folder",
                path.display()
            ))
            .with_hint("Name a target that does not end in .parquet"));
        }
        if is_file && append {
            return Err(Error::invalid(format!(
                "{} is one file, to which nothing can be added",
                path.display()
            ))
            .with_hint("Name a folder: append adds files to it"));
        }
        Ok(Target { path, is_file, overwrite, append })
    }

    /// Looks at what is there, and makes the place for new files.
    pub(super) fn prepare(self) -> Result<Workshop> {
        self.check_what_is_there()?;
        let folder = self.folder().to_owned();
        let mut made = Vec::new();
        for ancestor in folder.ancestors() {
            if ancestor.as_os_str().is_empty() || ancestor.exists() {
                break;
            }
            made.insert(0, ancestor.to_owned());
        }
        fs::create_dir_all(&folder).map_err(|e| trouble(&folder, e))?;
        sweep(&folder);
        let name = format!("{WORKSHOP}{:016x}{PARTIAL}", fastrand::u64(..));
        let mut workshop = Workshop { target: self, folder: folder.join(name), lock: None, made, files: 0 };
        let made = fs::create_dir(&workshop.folder).and_then(|()| {
            let lock = File::create(workshop.folder.join(LOCK))?;
            // Where files cannot be locked, leftovers stay.
            let _ = lock.try_lock();
            Ok(lock)
        });
        workshop.lock = Some(made.map_err(|e| trouble(&workshop.target.path, e))?);
        Ok(workshop)
    }

    /// The folder of the files.
    fn folder(&self) -> &Path {
        if !self.is_file {
            return &self.path;
        }
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn check_what_is_there(&self) -> Result<()> {
        let path = self.path.display();
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::invalid(format!("{path} cannot be: a part of its path is a file")));
            }
            Err(error) => return Err(trouble(&self.path, error)),
        };
        if self.is_file {
            if metadata.is_dir() {
                return Err(Error::invalid(format!("{path} is a folder, and its name is that of a file"))
                    .with_hint("Name a target that does not end in .parquet"));
            }
            if !self.overwrite {
                return Err(Error::invalid(format!("{path} is there already"))
                    .with_hint("Say overwrite to replace it"));
            }
        } else if !metadata.is_dir() {
            return Err(Error::invalid(format!("{path} is a file where a folder is needed"))
                .with_hint("Name a folder, or a file that ends in .parquet"));
        } else if !self.overwrite && !self.append {
            let entries = fs::read_dir(&self.path).map_err(|e| trouble(&self.path, e))?;
            if entries.flatten().any(|entry| !is_workshop(&entry.path())) {
                return Err(Error::invalid(format!("{path} is not empty")).with_hint(
                    "Say overwrite to replace the Parquet files that it holds, or append to add to them",
                ));
            }
        }
        Ok(())
    }
}

impl Workshop {
    /// Where the next file lies until all are whole.
    pub(super) fn next_path(&mut self) -> PathBuf {
        self.files += 1;
        self.folder.join(format!("{}{PARTIAL}", self.files))
    }

    /// What a file of this folder is called where something goes wrong with it.
    pub(super) fn name_of(&self, partition: &str) -> PathBuf {
        if self.target.is_file { self.target.path.clone() } else { at(&self.target.path, partition) }
    }

    /// Whether there is a file even of no rows: what is read as a whole must hold something to be read.
    pub(super) fn wants_empty_file(&self) -> bool {
        !self.target.append
    }

    /// Gives the files their names, each in its folder within the target; all of them or none.
    pub(super) fn finish(mut self, files: &[(String, WholeFile)]) -> Result<Vec<PathBuf>> {
        let mut moves = Moves::default();
        let outcome = self.give_names(files, &mut moves);
        if let Err(error) = outcome {
            moves.undo();
            return Err(error);
        }
        // From here on the folders hold what was written.
        self.made.clear();
        if self.target.overwrite && !self.target.is_file {
            moves.remove_empty_folders(&self.target.path);
        }
        Ok(moves.named)
    }

    fn give_names(&self, files: &[(String, WholeFile)], moves: &mut Moves) -> Result<()> {
        let target = &self.target.path;
        if self.target.is_file {
            for (_, file) in files {
                fs::rename(&file.path, target).map_err(|e| trouble(target, e))?;
                moves.named.push(target.clone());
            }
            return sync(self.target.folder());
        }
        if self.target.overwrite {
            let replaced = self.folder.join(REPLACED);
            fs::create_dir(&replaced).map_err(|e| trouble(&replaced, e))?;
            for (number, old) in parquet_files(target)?.into_iter().enumerate() {
                let aside = replaced.join(number.to_string());
                fs::rename(&old, &aside).map_err(|e| trouble(&old, e))?;
                moves.aside.push((old, aside));
            }
        }
        let mut last: Option<(PathBuf, u32)> = None;
        for (partition, file) in files {
            let folder = at(target, partition);
            let mut number = last.take().filter(|(of, _)| *of == folder).map_or(0, |(_, number)| number);
            fs::create_dir_all(&folder).map_err(|e| trouble(&folder, e))?;
            let path = loop {
                let path = folder.join(format!("part-{number}.{PARQUET}"));
                number += 1;
                if name(&file.path, &path).map_err(|e| trouble(&path, e))? {
                    break path;
                }
            };
            moves.named.push(path);
            last = Some((folder, number));
        }
        let mut folders: Vec<_> = moves.named.iter().filter_map(|path| path.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders.into_iter().try_for_each(sync)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // Some systems remove no file that is open.
        self.lock = None;
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::debug!(target: "m365kit::audit", "{} could not be removed: {error}", self.folder.display());
        }
        for folder in self.made.iter().rev() {
            // One that somebody has put something into stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// What was moved, so that it can be moved back.
#[derive(Default)]
struct Moves {
    named: Vec<PathBuf>,
    /// Files that were there, and where they lie now.
    aside: Vec<(PathBuf, PathBuf)>,
}

impl Moves {
    fn undo(&self) {
        for path in &self.named {
            let _ = fs::remove_file(path);
        }
        for (path, aside) in &self.aside {
            if let Err(error) = fs::rename(aside, path) {
                tracing::error!(
                    target: "m365kit::audit",
                    "{} could not be put back: {error}; it lies at {}", path.display(), aside.display()
                );
            }
        }
    }

    /// Removes the folders of replaced files that hold nothing now.
    fn remove_empty_folders(&self, target: &Path) {
        for (path, _) in &self.aside {
            let folders = path.ancestors().skip(1).take_while(|folder| *folder != target);
            for folder in folders {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}

/// The folder of a partition.
fn at(target: &Path, partition: &str) -> PathBuf {
    let parts = partition.split('/').filter(|part| !part.is_empty());
    parts.fold(target.to_owned(), |folder, part| folder.join(part))
}

/// Gives a file this name, if no other has it.
fn name(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // Not every file system has links.
        Err(_) if to.try_exists()? => Ok(false),
        Err(_) => fs::rename(from, to).map(|()| true),
    }
}

/// The Parquet files of a folder and of those below it that are partitions.
fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| trouble(folder, e))? {
        let path = entry.map_err(|e| trouble(folder, e))?.path();
        let is_partition = path.file_name().is_some_and(|name| name.to_string_lossy().contains('='));
        if is_partition && path.is_dir() {
            found.extend(parquet_files(&path)?);
        } else if is_parquet(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(PARQUET))
}

fn is_workshop(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(WORKSHOP) && name.ends_with(PARTIAL)
}

/// Removes what runs that were killed have left behind.
fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for leftover in entries.filter(|path| is_workshop(path)) {
        // One that was killed while the new files got their names still has those that were there.
        let has_been_left = !leftover.join(REPLACED).exists()
            && File::open(leftover.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if has_been_left && let Err(error) = fs::remove_dir_all(&leftover) {
            tracing::debug!(target: "m365kit::audit", "{} could not be removed: {error}", leftover.display());
        }
    }
}

/// A new name is safe only when the folder is on the disk; systems whose folders cannot be opened see to it
/// themselves.
fn sync(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| trouble(folder, e))?;
    }
    Ok(())
}

pub(super) fn trouble(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("{} cannot be written: {error}", path.display()))
        .with_source(error)
}
