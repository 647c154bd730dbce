//! A download in a file, which gets its name when it is whole.

use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::{Download, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::whole_file::{self, Trouble, on_disk};

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// The file.
    pub path: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// What kind of bytes they are, if the service says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A download that is to be saved; what each part means is said at [`Download::save`].
#[derive(Debug)]
#[must_use = "nothing is saved until it is awaited"]
pub struct Save<'a> {
    download: &'a mut Download,
    to: PathBuf,
    overwrite: bool,
}

impl Download {
    /// Saves all of it as a file, or in a folder that is there, under [`file_name`](Download::file_name). To be
    /// awaited.
    ///
    /// The file gets its name when it is whole. Where the download is cut it begins again, as often as the client's
    /// `attempts` allow.
    pub fn save(&mut self, to: impl Into<PathBuf>) -> Save<'_> {
        Save { download: self, to: to.into(), overwrite: false }
    }
}

impl Save<'_> {
    /// Whether a file that is there is replaced; otherwise nothing is saved.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    async fn run(self) -> Result<Saved> {
        let Save { download, to, overwrite } = self;
        let name = download.file_name().to_owned();
        let target = on_disk(&to, {
            let to = to.clone();
            move || Ok(target(to, &name))
        })
        .await?;
        let file = on_disk(&target, {
            let target = target.clone();
            move || begin(&target, overwrite)
        })
        .await?;
        let sink = download.pour_into(Part { target: target.clone(), file: Some(file), bytes: 0 }).await?;
        let Some(file) = sink.file else { return Err(broken_off(&target)) };
        on_disk(&target, {
            let target = target.clone();
            move || whole_file::name(file, &target, overwrite)
        })
        .await?;
        Ok(Saved {
            path: target.display().to_string(),
            bytes: sink.bytes,
            content_type: download.content_type().map(str::to_owned),
        })
    }
}

impl<'a> IntoFuture for Save<'a> {
    type Output = Result<Saved>;
    type IntoFuture = BoxFuture<'a, Result<Saved>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The file itself, or one in the folder that was named.
fn target(to: PathBuf, name: &str) -> PathBuf {
    let text = to.as_os_str().as_encoded_bytes();
    if to.is_dir() || text.last().is_some_and(|&last| std::path::is_separator(char::from(last))) {
        return to.join(name);
    }
    to
}

fn begin(target: &Path, overwrite: bool) -> Result<NamedTempFile, Trouble> {
    if target.file_name().is_none() {
        return Err(Trouble::Refused("is not the name of a file"));
    }
    match std::fs::metadata(target) {
        Ok(there) if there.is_dir() => Err(Trouble::Refused("is a folder; name a file")),
        Ok(_) if !overwrite => Err(Trouble::Refused("is there already; pass overwrite")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => whole_file::beside(target),
    }
}

/// What has been written so far; it is gone when it is dropped.
struct Part {
    target: PathBuf,
    /// None while a thread writes, which may have been broken off.
    file: Option<NamedTempFile>,
    bytes: u64,
}

impl Part {
    async fn write(
        &mut self,
        work: impl FnOnce(&mut NamedTempFile) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Err(broken_off(&self.target)) };
        let file = on_disk(&self.target, move || {
            work(&mut file)?;
            Ok(file)
        });
        self.file = Some(file.await?);
        Ok(())
    }
}

impl Sink for Part {
    async fn take(&mut self, chunk: Bytes) -> Result<()> {
        self.bytes += chunk.len() as u64;
        self.write(move |file| file.write_all(&chunk)).await
    }

    async fn emptied(mut self) -> Result<Self> {
        self.bytes = 0;
        self.write(|file| {
            file.as_file().set_len(0)?;
            file.rewind()
        })
        .await?;
        Ok(self)
    }
}

fn broken_off(target: &Path) -> Error {
    Error::new(ErrorKind::Storage, format!("writing {} was broken off", target.display()))
}
