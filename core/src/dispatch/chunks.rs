//! A download as it crosses into another language: shared by whoever waits for its next bytes and closes it.

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::write;
use crate::download::Download;
use crate::error::{Error, ErrorKind, Result};

/// The bytes of a download. A closed one gives an error and not an end, which would seem to be that of the bytes.
pub struct Chunks {
    head: Bytes,
    ended: CancellationToken,
    open: Mutex<Option<Open>>,
}

struct Open {
    download: Download,
    /// How many chunks came from the core.
    count: u64,
    /// The newest of them, until it is known to have arrived: a wait may be cancelled when its bytes are there
    /// already, and who goes on must not miss them.
    newest: Option<Bytes>,
}

impl Chunks {
    pub(super) fn new(download: Download) -> Self {
        let head = json!({
            "contentType": download.content_type(),
            "length": download.length(),
            "fileName": download.file_name(),
        });
        Chunks {
            head: head.to_string().into(),
            ended: CancellationToken::new(),
            open: Mutex::new(Some(Open { download, count: 0, newest: None })),
        }
    }

    /// `contentType`, `length` and `fileName`, as a JSON object.
    pub fn head(&self) -> Bytes {
        self.head.clone()
    }

    /// The next bytes; none at the end. Who has received fewer chunks than there were gets the newest one again.
    pub async fn next(&self, received: u64) -> Result<Option<Bytes>> {
        self.unless_ended(async {
            let mut open = self.open.lock().await;
            open.as_mut().ok_or_else(closed)?.next(received).await
        })
        .await
    }

    /// All of it.
    pub async fn read(&self) -> Result<Bytes> {
        self.unless_ended(async {
            let mut open = self.open.lock().await;
            open.as_mut().ok_or_else(closed)?.download.read().await
        })
        .await
    }

    /// Saves it as a file, or in a folder; gives the [`Saved`](crate::Saved) as JSON.
    pub async fn save(&self, to: &str, overwrite: bool) -> Result<Bytes> {
        self.unless_ended(async {
            let mut open = self.open.lock().await;
            let download = &mut open.as_mut().ok_or_else(closed)?.download;
            write(&download.save(to).overwrite(overwrite).await?)
        })
        .await
    }

    async fn unless_ended<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.ended.run_until_cancelled(work).await.unwrap_or_else(|| Err(closed()))
    }

    /// Ends what is under way.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// Ends it, and lets go of its connection.
    pub async fn close(&self) {
        self.end();
        drop(self.open.lock().await.take());
    }
}

impl Open {
    async fn next(&mut self, received: u64) -> Result<Option<Bytes>> {
        if received < self.count {
            return Ok(self.newest.clone());
        }
        self.newest = None;
        let chunk = self.download.next_chunk().await?;
        if chunk.is_some() {
            self.count += 1;
            self.newest.clone_from(&chunk);
        }
        Ok(chunk)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Cancelled, "the download was closed")
}
