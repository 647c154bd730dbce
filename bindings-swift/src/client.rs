//! The ways into the core: a call, a listing, the listing's next page, and a download.

use std::sync::Arc;

use bytes::Bytes;
use m365kit::dispatch::{Page, Pages};
use m365kit::{Client, Committer};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::cache::NativeTokenCache;
use crate::chunks::NativeChunks;
use crate::failure::Failure;
use crate::functions::{NativeFunctions, host};
use crate::memory::NativeMemory;
use crate::runtime::{Cancel, run, runtime};

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

/// One page of a listing. What is empty is not there.
#[derive(uniffi::Record)]
pub struct NativePage {
    /// A JSON array of records, where there are no cells.
    pub items: Vec<u8>,
    /// The bytes that those records refer to by place and length.
    pub payload: Option<Arc<NativeMemory>>,
    /// The fields of the records, which are read when somebody asks for them.
    pub cells: Option<Arc<NativeMemory>>,
    /// Continues the listing after this page.
    pub token: Option<String>,
    /// How many items there are in all.
    pub count: Option<u64>,
    /// A JSON array of errors.
    pub errors: Vec<u8>,
    /// A JSON array of warnings.
    pub warnings: Vec<u8>,
    /// The report, as JSON.
    pub report: Vec<u8>,
}

#[uniffi::export]
impl NativeClient {
    /// Makes a client from options as JSON, the functions that its credential asks, and the cache of its tokens.
    #[uniffi::constructor]
    pub fn new(
        options: Vec<u8>,
        functions: Option<Arc<dyn NativeFunctions>>,
        cache: Option<Arc<NativeTokenCache>>,
    ) -> Result<Arc<Self>, Failure> {
        let _context = runtime()?.enter();
        let options = Zeroizing::new(options);
        let functions = host(functions)?;
        let cache = cache.map(|cache| cache.shared());
        let client = Client::from_json(&options, functions.as_ref(), cache)?;
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
    ///
    /// With `fields` the records cross as cells with those fields, where they have cells; else as JSON.
    pub fn pages(
        &self,
        name: String,
        args: Vec<u8>,
        fields: Vec<String>,
    ) -> Result<Arc<NativePages>, Failure> {
        let _context = runtime()?.enter();
        let pages = self.client.pages(&name, &args)?;
        let committer = pages.committer();
        let pages = Arc::new(Mutex::new(Some(pages)));
        Ok(Arc::new(NativePages { pages, committer, fields: fields.into() }))
    }

    /// Begins a download by name, and waits for its first bytes.
    pub async fn fetch(
        &self,
        name: String,
        args: Vec<u8>,
        cancel: Arc<Cancel>,
    ) -> Result<Arc<NativeChunks>, Failure> {
        let client = self.client.clone();
        run(&cancel, async move { Ok(NativeChunks::new(client.bytes(&name, &args).await?)) }).await
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
    /// The fields that cross as cells.
    fields: Arc<[String]>,
}

#[uniffi::export]
impl NativePages {
    /// The next page, or nothing after the last. A failure or a cancellation ends the listing.
    pub async fn next(&self, cancel: Arc<Cancel>) -> Result<Option<NativePage>, Failure> {
        let (pages, fields) = (Arc::clone(&self.pages), Arc::clone(&self.fields));
        run(&cancel, async move {
            // Taken out while it works: a cancelled page takes its listing along, with whatever that fetches ahead.
            let Some(mut listing) = pages.lock().await.take() else { return Ok(None) };
            let Some(page) = listing.next().await? else { return Ok(None) };
            *pages.lock().await = Some(listing);
            NativePage::of(&page, &fields).map(Some)
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

impl NativePage {
    fn of(page: &Page, fields: &[String]) -> Result<Self, Failure> {
        let meta = serde_json::from_slice(&page.meta);
        let meta: Meta<'_> = meta.map_err(|error| Failure::internal(&error.to_string()))?;
        let mut crossing = NativePage {
            items: Vec::new(),
            payload: None,
            cells: None,
            token: meta.token,
            count: meta.count,
            errors: unless(meta.errors, "[]"),
            warnings: unless(meta.warnings, "[]"),
            report: unless(meta.report, "null"),
        };
        if page.has_cells() && !fields.is_empty() {
            crossing.cells = Some(NativeMemory::of_cells(page, fields)?);
        } else {
            let json = page.json()?;
            crossing.items = json.items.into();
            crossing.payload = Some(json.payload).filter(|it| !it.is_empty()).map(NativeMemory::of_bytes);
        }
        Ok(crossing)
    }
}

/// What a page says beside its items: read no further than needed here, since Swift reads most of it seldom.
#[derive(Deserialize)]
struct Meta<'a> {
    token: Option<String>,
    count: Option<u64>,
    #[serde(borrow)]
    errors: &'a RawValue,
    warnings: &'a RawValue,
    report: &'a RawValue,
}

fn unless(json: &RawValue, nothing: &str) -> Vec<u8> {
    if json.get() == nothing { Vec::new() } else { json.get().into() }
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
