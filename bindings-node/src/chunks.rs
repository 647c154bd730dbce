//! A download: chunk after chunk, all at once, or into a file.

use std::sync::Arc;

use m365kit::dispatch::Chunks;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi::{Env, Result};
use napi_derive::napi;
use tokio_util::sync::CancellationToken;

use crate::calls::Cancel;
use crate::errors::{guarded, text};

/// The bytes of one download.
#[napi]
pub struct NativeChunks {
    chunks: Arc<Chunks>,
}

impl NativeChunks {
    /// Holds a download that has begun.
    pub(crate) fn new(chunks: Chunks) -> Self {
        Self { chunks: Arc::new(chunks) }
    }
}

impl Drop for NativeChunks {
    /// A worker that is terminated leaves its `next` waiting, and with it the connection.
    fn drop(&mut self) {
        self.chunks.end();
    }
}

#[napi]
impl NativeChunks {
    /// What is known of them, a JSON object: contentType, length, fileName.
    #[napi]
    pub fn head(&self) -> String {
        text(self.chunks.head().into())
    }

    /// The next bytes, or nothing after the last. Who has received fewer chunks than there were gets the newest one
    /// again.
    #[napi(catch_unwind)]
    pub fn next<'env>(&self, env: &'env Env, received: u32) -> Result<PromiseRaw<'env, Option<Buffer>>> {
        let chunks = Arc::clone(&self.chunks);
        env.spawn_future(async move {
            // Closing it ends the wait.
            let chunk = guarded(&CancellationToken::new(), chunks.next(received.into())).await?;
            Ok(chunk.map(|chunk| Buffer::from(Vec::from(chunk))))
        })
    }

    /// All of it.
    #[napi(catch_unwind)]
    pub fn read<'env>(&self, env: &'env Env, cancel: Option<&Cancel>) -> Result<PromiseRaw<'env, Buffer>> {
        let chunks = Arc::clone(&self.chunks);
        let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
        env.spawn_future(async move { Ok(Vec::from(guarded(&stop, chunks.read()).await?).into()) })
    }

    /// Saves it as a file, or in a folder: what was saved, as JSON.
    #[napi(catch_unwind)]
    pub fn save<'env>(
        &self,
        env: &'env Env,
        path: String,
        overwrite: bool,
        cancel: Option<&Cancel>,
    ) -> Result<PromiseRaw<'env, String>> {
        let chunks = Arc::clone(&self.chunks);
        let stop = cancel.map_or_else(CancellationToken::new, Cancel::token);
        env.spawn_future(async move { Ok(text(guarded(&stop, chunks.save(&path, overwrite)).await?.into())) })
    }

    /// Ends it, and with it the connection that it holds.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, ()>> {
        self.chunks.end();
        let chunks = Arc::clone(&self.chunks);
        env.spawn_future(async move {
            chunks.close().await;
            Ok(())
        })
    }
}
