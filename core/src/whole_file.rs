//! Files that get their name when they are whole: until then they lie beside it, and are gone if that never happens.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind, Result};

/// What may be wrong with the target.
pub(crate) enum Trouble {
    Refused(&'static str),
    Failed(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Failed(error)
    }
}

/// A file beside the target, so that it can take its place at once.
pub(crate) fn beside(target: &Path) -> Result<NamedTempFile, Trouble> {
    let folder = folder(target);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    let name = target.file_name().unwrap_or_default();
    let prefix = format!(".{}.", name.display());
    builder.prefix(&prefix).suffix(".partial");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok(builder.tempfile_in(folder)?)
}

/// Gives a file its name.
pub(crate) fn name(file: NamedTempFile, target: &Path, replace: bool) -> Result<(), Trouble> {
    file.as_file().sync_all()?;
    if replace {
        file.persist(target).map_err(|e| e.error)?;
    } else {
        // What has appeared meanwhile is not replaced.
        file.persist_noclobber(target).map_err(|e| e.error)?;
    }
    // The name too has to be on the disk. Not every system lets a folder be opened.
    if let Ok(folder) = File::open(folder(target)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Works on files, on a thread that may wait for the disk.
pub(crate) async fn on_disk<T: Send + 'static>(
    target: &Path,
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T> {
    let path = target.display();
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Trouble::Refused(why))) => Err(Error::invalid(format!("target {path} {why}"))),
        Ok(Err(Trouble::Failed(error))) => {
            Err(Error::new(ErrorKind::Storage, format!("{path} cannot be written: {error}"))
                .with_source(error))
        }
        Err(error) => {
            let message = format!("writing {path} was broken off");
            Err(Error::new(ErrorKind::Storage, message).with_source(error))
        }
    }
}
