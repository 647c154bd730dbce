//! The ways into the core: a call, a listing, and the listing's next page.

use std::sync::Arc;

use bytes::Bytes;
use m365kit::dispatch::Pages;
use m365kit::{Client, Committer};
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::runtime::{Cancel, run, runtime};
use crate::tokens::{ForeignTokens, NativeTokens};

/// A client of the core.
#[derive(uniffi::Object)]
pub struct NativeClient {
    client: Client,
}

/// What a call gave.
#[derive(uniffi::Record)]
pub struct NativeReply {
    /// The result as JSON; `null` where the result is bytes.
    pub json: Vec<u8>,
    /// The bytes of a result that is not JSON.
    pub payload: Vec<u8>,
}

/// One page of a listing.
#[derive(uniffi::Record)]
pub struct NativePage {
    /// A JSON array of records.
    pub items: Vec<u8>,
    /// What the records refer to by place and length.
    pub payload: Vec<u8>,
    /// A JSON object: token, errors, warnings, report.
    pub meta: Vec<u8>,
}

#[uniffi::export]
impl NativeClient {
    /// Makes a client from options as JSON. `tokens` is asked for tokens when the credential is of kind `callback`.
    #[uniffi::constructor]
    pub fn new(options: Vec<u8>, tokens: Option<Arc<dyn NativeTokens>>) -> Result<Arc<Self>, Failure> {
        let _context = runtime()?.enter();
        let client = Client::from_json(&options, tokens.map(ForeignTokens::source))?;
        Ok(Arc::new(Self { client }))
    }

    /// Calls an operation by name.
    pub async fn call(
        &self,
        name: String,
        args: Vec<u8>,
        payload: Option<Vec<u8>>,
        cancel: Arc<Cancel>,
    ) -> Result<NativeReply, Failure> {
        let client = self.client.clone();
        run(&cancel, async move {
            let reply = client.call(&name, &args, payload.map(Bytes::from)).await?;
            Ok(NativeReply { json: reply.json.into(), payload: reply.payload.into() })
        })
        .await
    }

    /// Begins a listing by name. Nothing is sent before its first page is asked for.
    pub fn pages(&self, name: String, args: Vec<u8>) -> Result<Arc<NativePages>, Failure> {
        let _context = runtime()?.enter();
        let pages = self.client.pages(&name, &args)?;
        let committer = pages.committer();
        Ok(Arc::new(NativePages { pages: Arc::new(Mutex::new(Some(pages))), committer }))
    }

    /// Ends everything in flight, and refuses what comes after.
    pub fn close(&self) {
        self.client.close();
    }
}

/// A listing under way. Dropping it ends its requests, and releases what it holds, such as a file.
#[derive(uniffi::Object)]
pub struct NativePages {
    pages: Arc<Mutex<Option<Pages>>>,
    /// Beside the pages, since it is used while the next one is waited for, and after the last.
    committer: Option<Committer>,
}

#[uniffi::export]
impl NativePages {
    /// The next page, or nothing after the last. A failure or a cancellation ends the listing.
    pub async fn next(&self, cancel: Arc<Cancel>) -> Result<Option<NativePage>, Failure> {
        let pages = Arc::clone(&self.pages);
        run(&cancel, async move {
            // Taken out while it works: a cancelled page takes its listing along, with whatever that fetches ahead.
            let Some(mut listing) = pages.lock().await.take() else { return Ok(None) };
            let Some(page) = listing.next().await? else { return Ok(None) };
            *pages.lock().await = Some(listing);
            let m365kit::dispatch::JsonItems { items, payload } = page.json()?;
            Ok(Some(NativePage { items: items.into(), payload: payload.into(), meta: page.meta.into() }))
        })
        .await
    }

    /// Remembers that the first so many pages are safe; also while `next` waits. Those that have arrived are counted by who
    /// asks, since another may be on its way.
    pub async fn commit(&self, pages: u64, cancel: Arc<Cancel>) -> Result<(), Failure> {
        let Some(committer) = self.committer.clone() else {
            return Err(Failure::invalid("this listing keeps no position: there is nothing to commit"));
        };
        run(&cancel, async move { Ok(committer.commit_first(pages).await?) }).await
    }
}

impl Drop for NativePages {
    fn drop(&mut self) {
        // Swift lets go of it on a thread of its own, where the core finds no runtime to end its tasks on.
        if let Ok(runtime) = runtime() {
            let _context = runtime.enter();
            self.pages = Arc::default();
            self.committer = None;
        }
    }
}
