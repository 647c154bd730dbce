//! A download: chunk after chunk, all at once, or into a file.

use std::sync::Arc;

use m365kit::dispatch::Chunks;

use crate::failure::Failure;
use crate::runtime::{Cancel, run, runtime};

/// The bytes of one download. Dropping it ends it, and with it the connection that it holds.
#[derive(uniffi::Object)]
pub struct NativeChunks {
    chunks: Arc<Chunks>,
}

impl NativeChunks {
    pub(crate) fn new(chunks: Chunks) -> Arc<Self> {
        Arc::new(Self { chunks: Arc::new(chunks) })
    }
}

#[uniffi::export]
impl NativeChunks {
    /// What is known of them, as JSON.
    pub fn head(&self) -> Vec<u8> {
        self.chunks.head().into()
    }

    /// The next bytes, or nothing after the last. Who has received fewer chunks than there were gets the newest one again.
    pub async fn next(&self, received: u64, cancel: Arc<Cancel>) -> Result<Option<Vec<u8>>, Failure> {
        let chunks = Arc::clone(&self.chunks);
        run(&cancel, async move { Ok(chunks.next(received).await?.map(Into::into)) }).await
    }

    /// All of it.
    pub async fn read(&self, cancel: Arc<Cancel>) -> Result<Vec<u8>, Failure> {
        let chunks = Arc::clone(&self.chunks);
        run(&cancel, async move { Ok(chunks.read().await?.into()) }).await
    }

    /// Saves it as a file, or in a folder: what was saved, as JSON.
    pub async fn save(&self, path: String, overwrite: bool, cancel: Arc<Cancel>) -> Result<Vec<u8>, Failure> {
        let chunks = Arc::clone(&self.chunks);
        run(&cancel, async move { Ok(chunks.save(&path, overwrite).await?.into()) }).await
    }

    /// Ends it, and with it the connection that it holds.
    pub fn close(&self) {
        self.chunks.end();
        if let Ok(runtime) = runtime() {
            let chunks = Arc::clone(&self.chunks);
            runtime.spawn(async move { chunks.close().await });
        }
    }
}

impl Drop for NativeChunks {
    fn drop(&mut self) {
        self.close();
    }
}
