//! The narrow way in for other languages: an operation by its name, its arguments as JSON.
//!
//! A binding knows no operation. It hands over a name and some JSON, and gets back one record, pages of
//! records, or bytes. The typed faces in Python, TypeScript and Swift are written from
//! [`describe`] by `core/codegen`.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::download::{self, Download};
use crate::error::{Error, Result};
use crate::identity::TokenCache;
use crate::page::{Committer, Paged};
use crate::{Client, ClientOptions, audit, discovery, request, service_health};

mod cell;
pub use cell::Cell;
mod chunks;
pub use chunks::Chunks;
mod host;
pub use host::{Host, HostError, HostFunctions, function};
mod sign_in;
pub use sign_in::{begin_sign_in, browser_sign_in, finish_sign_in};
#[cfg(feature = "schema")]
mod describe;
#[cfg(feature = "schema")]
pub use describe::{Description, OperationDescription, describe};

/// Every operation that other languages may call, in the order of the documentation.
const OPERATIONS: &[&[Entry]] = &[
    audit::OPERATIONS,
    service_health::OPERATIONS,
    discovery::OPERATIONS,
    &[call::<request::SendRequest>(), bytes::<download::FetchBytes>()],
];

/// A request with a name: its fields are the arguments, its docs are the docs in every language.
pub trait Operation: DeserializeOwned + Send + 'static {
    /// The group and the method, such as `audit.list_content`; the method alone at the client itself.
    const NAME: &'static str;
}

/// What a flag of a request is that holds unless the caller says otherwise.
pub(crate) fn yes() -> bool {
    true
}

/// An operation that is answered at once, with one result.
pub trait Call: Operation {
    /// What comes back.
    type Output: IntoReply;
    /// Whether bytes may travel beside the arguments.
    const TAKES_PAYLOAD: bool = false;

    /// Sends it.
    fn send(
        self,
        client: Client,
        payload: Option<Bytes>,
    ) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// An operation that is answered with pages.
pub trait Listing: Operation {
    /// What the pages hold.
    type Item: Item;
    /// Whether it is a feed, which goes on past single failures and reports them.
    const IS_FEED: bool = false;
    /// Whether it keeps its position when it is told that what it handed out is safe.
    const COMMITS: bool = false;
    /// Whether callers want it done and not its pages: languages read it to its end, tell of the progress by
    /// each page's report, and hand out the one item that its last page holds.
    const RUNS: bool = false;

    /// Checks the arguments and begins; nothing is sent before the first page is asked for.
    fn open(self, client: Client) -> Result<Paged<Self::Item>>;
}

/// An operation that is answered with columns: Arrow record batches of one schema.
///
/// A language that can take arrays as they are asks for [`Client::columns`]; to the others it is a listing
/// of [`ColumnBatch`](audit::ColumnBatch).
pub trait ColumnListing: Operation {
    /// Checks the arguments and begins; nothing is sent before the first batch is asked for.
    fn columns(self, client: Client) -> Result<Columns>;
}

/// An operation that is answered with bytes, which come piece by piece.
pub trait Fetch: Operation {
    /// Sends it, and waits until the answer begins.
    fn fetch(self, client: Client) -> impl Future<Output = Result<Download>> + Send;
}

/// An item of a page, as it crosses into another language.
pub trait Item: Serialize + Send + Sync + Unpin + 'static {
    /// The name of the member that holds bytes; they travel beside the item's JSON.
    const RAW: &'static str = "raw";
    /// Whether single fields can be asked for, so that a language need not read those that nobody touches.
    const HAS_CELLS: bool = false;

    /// The bytes that travel beside the item's JSON.
    fn raw(&self) -> Option<Bytes> {
        None
    }

    /// A field as JSON has it, by its name in the model; asked for only where there are cells.
    fn cell(&self, _field: &str) -> Cell<'_> {
        Cell::Absent
    }
}

/// The result of a call, as it crosses into another language.
pub trait IntoReply: Send {
    /// JSON, and bytes beside it.
    fn into_reply(self) -> Result<Reply>;
}

/// The result of a call: JSON, and bytes beside it where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The result as JSON.
    pub json: Bytes,
    /// Bytes that belong to the result; empty for most.
    pub payload: Bytes,
}

impl<T: Serialize + Send> IntoReply for T {
    fn into_reply(self) -> Result<Reply> {
        Ok(Reply { json: write(&self)?, payload: Bytes::new() })
    }
}

impl Client {
    /// A client from its options as JSON, the functions that its credential needs, and the cache of its tokens.
    pub fn from_json(
        options: &[u8],
        functions: Option<&HostFunctions>,
        cache: Option<TokenCache>,
    ) -> Result<Client> {
        let mut options = ClientOptions::from_json(options, functions)?;
        options.token_cache = cache.unwrap_or_default();
        Client::new(options)
    }

    /// Calls an operation that gives one result.
    pub async fn call(&self, name: &str, args: &[u8], payload: Option<Bytes>) -> Result<Reply> {
        match entry(name)?.run {
            Run::Call(call) => call(self.clone(), args, payload).await,
            other => Err(other.instead(name, "one result")),
        }
    }

    /// Opens an operation that gives pages.
    pub fn pages(&self, name: &str, args: &[u8]) -> Result<Pages> {
        match entry(name)?.run {
            Run::Listing(open) | Run::Columns(open, _) => open(self.clone(), args),
            other => Err(other.instead(name, "pages")),
        }
    }

    /// Opens an operation that gives columns.
    pub fn columns(&self, name: &str, args: &[u8]) -> Result<Columns> {
        match entry(name)?.run {
            Run::Columns(_, open) => open(self.clone(), args),
            other => Err(other.instead(name, "columns")),
        }
    }

    /// Begins an operation that gives bytes, and waits for the first of them.
    pub async fn bytes(&self, name: &str, args: &[u8]) -> Result<Chunks> {
        match entry(name)?.run {
            Run::Bytes(fetch) => fetch(self.clone(), args).await,
            other => Err(other.instead(name, "bytes")),
        }
    }
}

/// Arrow record batches of one schema, as they arrive.
pub struct Columns {
    schema: SchemaRef,
    batches: Paged<RecordBatch>,
}

/// What a step of [`Columns`] brings.
#[derive(Debug, Clone)]
pub struct ColumnStep {
    /// Batches, all of the one schema; there may be none.
    pub batches: Vec<RecordBatch>,
    /// `token`, `count`, `errors`, `warnings` and `report`, as a JSON object.
    pub meta: Bytes,
}

impl Columns {
    pub(crate) fn new(schema: SchemaRef, batches: Paged<RecordBatch>) -> Self {
        Columns { schema, batches }
    }

    /// The schema of all batches: known before anything is sent.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next step; none at the end.
    pub async fn next(&mut self) -> Result<Option<ColumnStep>> {
        let Some(page) = self.batches.next_page().await? else { return Ok(None) };
        let meta = meta(&page);
        Ok(Some(ColumnStep { batches: page.items, meta }))
    }

    /// The batches, as Rust programs read them.
    pub fn into_batches(self) -> Paged<RecordBatch> {
        self.batches
    }
}

/// The pages of a listing, as they cross into another language.
pub struct Pages(Box<dyn NextPage>);

impl Pages {
    /// The next page; none at the end.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        self.0.next().await
    }

    /// Says that the pages handed out so far are safe, also while the next one is asked for; none for
    /// listings that keep no position.
    pub fn committer(&self) -> Option<Committer> {
        self.0.committer()
    }
}

/// A page as it crosses into another language; a clone shares its items.
#[derive(Clone)]
pub struct Page {
    items: Arc<dyn Items>,
    /// `token`, `count`, `errors`, `warnings` and `report`, as a JSON object.
    pub meta: Bytes,
}

/// The items of a page as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonItems {
    /// A JSON array. The bytes of an item, where it has any, leave their place in `payload` behind:
    /// `[start, length]`.
    pub items: Bytes,
    /// The bytes that the items point into; empty for most.
    pub payload: Bytes,
}

impl Page {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items written as JSON: work that belongs on one of our threads.
    pub fn json(&self) -> Result<JsonItems> {
        self.items.json()
    }

    /// Whether single fields can be asked for by [`cell`](Page::cell).
    pub fn has_cells(&self) -> bool {
        self.items.has_cells()
    }

    /// A field of an item, by its name in the model; absent where there is no such item.
    pub fn cell(&self, item: usize, field: &str) -> Cell<'_> {
        self.items.cell(item, field)
    }
}

trait Items: Send + Sync {
    fn len(&self) -> usize;
    fn json(&self) -> Result<JsonItems>;
    fn has_cells(&self) -> bool;
    fn cell(&self, item: usize, field: &str) -> Cell<'_>;
}

impl<T: Item> Items for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn json(&self) -> Result<JsonItems> {
        write_items(self)
    }

    fn has_cells(&self) -> bool {
        T::HAS_CELLS
    }

    fn cell(&self, item: usize, field: &str) -> Cell<'_> {
        self.get(item).map_or(Cell::Absent, |item| item.cell(field))
    }
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    entries().map(|entry| entry.name)
}

/// An operation as the table has it.
pub(crate) struct Entry {
    name: &'static str,
    run: Run,
    #[cfg(feature = "schema")]
    describe: fn(&mut schemars::SchemaGenerator) -> describe::OperationDescription,
}

type RunCall = fn(Client, &[u8], Option<Bytes>) -> BoxFuture<'static, Result<Reply>>;

type RunFetch = fn(Client, &[u8]) -> BoxFuture<'static, Result<Chunks>>;

type OpenListing = fn(Client, &[u8]) -> Result<Pages>;
type OpenColumns = fn(Client, &[u8]) -> Result<Columns>;

#[derive(Clone, Copy)]
enum Run {
    Call(RunCall),
    Listing(OpenListing),
    Columns(OpenListing, OpenColumns),
    Bytes(RunFetch),
}

impl Run {
    /// Why an operation is not run in another way than its own.
    fn instead(self, name: &str, wanted: &str) -> Error {
        let gives = match self {
            Run::Call(_) => "one result",
            Run::Listing(_) | Run::Columns(..) => "pages",
            Run::Bytes(_) => "bytes",
        };
        Error::invalid(format!("{name} gives {gives}, not {wanted}"))
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    OPERATIONS.iter().copied().flatten()
}

fn entry(name: &str) -> Result<&'static Entry> {
    entries()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::invalid(format!("there is no operation {name:?}")))
}

#[cfg(not(feature = "schema"))]
pub(crate) const fn call<O: Call>() -> Entry {
    Entry { name: O::NAME, run: Run::Call(run_call::<O>) }
}

#[cfg(not(feature = "schema"))]
pub(crate) const fn listing<O: Listing>() -> Entry {
    Entry { name: O::NAME, run: Run::Listing(open_listing::<O>) }
}

#[cfg(not(feature = "schema"))]
pub(crate) const fn columns<O: ColumnListing>() -> Entry {
    Entry { name: O::NAME, run: Run::Columns(open_listed_columns::<O>, open_columns::<O>) }
}

#[cfg(feature = "schema")]
pub(crate) const fn columns<O: ColumnListing + schemars::JsonSchema>() -> Entry {
    Entry {
        name: O::NAME,
        run: Run::Columns(open_listed_columns::<O>, open_columns::<O>),
        describe: describe::columns::<O>,
    }
}

#[cfg(not(feature = "schema"))]
pub(crate) const fn bytes<O: Fetch>() -> Entry {
    Entry { name: O::NAME, run: Run::Bytes(run_fetch::<O>) }
}

#[cfg(feature = "schema")]
pub(crate) const fn bytes<O: Fetch + schemars::JsonSchema>() -> Entry {
    Entry { name: O::NAME, run: Run::Bytes(run_fetch::<O>), describe: describe::bytes::<O> }
}

#[cfg(feature = "schema")]
pub(crate) const fn call<O>() -> Entry
where
    O: Call + schemars::JsonSchema,
    O::Output: schemars::JsonSchema,
{
    Entry { name: O::NAME, run: Run::Call(run_call::<O>), describe: describe::call::<O> }
}

#[cfg(feature = "schema")]
pub(crate) const fn listing<O>() -> Entry
where
    O: Listing + schemars::JsonSchema,
    O::Item: schemars::JsonSchema,
{
    Entry { name: O::NAME, run: Run::Listing(open_listing::<O>), describe: describe::listing::<O> }
}

fn run_call<O: Call>(
    client: Client,
    args: &[u8],
    payload: Option<Bytes>,
) -> BoxFuture<'static, Result<Reply>> {
    let request = read::<O>("argument", args);
    Box::pin(async move { request?.send(client, payload).await?.into_reply() })
}

fn run_fetch<O: Fetch>(client: Client, args: &[u8]) -> BoxFuture<'static, Result<Chunks>> {
    let request = read::<O>("argument", args);
    Box::pin(async move { Ok(Chunks::new(request?.fetch(client).await?)) })
}

fn open_listing<O: Listing>(client: Client, args: &[u8]) -> Result<Pages> {
    Ok(Pages(Box::new(read::<O>("argument", args)?.open(client)?)))
}

fn open_columns<O: ColumnListing>(client: Client, args: &[u8]) -> Result<Columns> {
    read::<O>("argument", args)?.columns(client)
}

fn open_listed_columns<O: ColumnListing>(client: Client, args: &[u8]) -> Result<Pages> {
    let columns = read::<O>("argument", args)?.columns(client)?;
    Ok(Pages(Box::new(audit::as_bytes(columns))))
}

trait NextPage: Send {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>>>;
    fn committer(&self) -> Option<Committer>;
}

impl<T: Item> NextPage for Paged<T> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>>> {
        Box::pin(async {
            let Some(page) = self.next_page().await? else { return Ok(None) };
            let meta = meta(&page);
            Ok(Some(Page { items: Arc::new(page.items), meta }))
        })
    }

    fn committer(&self) -> Option<Committer> {
        Paged::committer(self)
    }
}

fn meta<T>(page: &crate::page::Page<T>) -> Bytes {
    let meta = json!({
        "token": page.token,
        "count": page.count,
        "errors": page.errors.iter().map(Error::to_value).collect::<Vec<_>>(),
        "warnings": page.warnings,
        "report": page.report,
    });
    meta.to_string().into()
}

/// Bytes never travel inside JSON: an item's go beside it and leave their place behind.
fn write_items<T: Item>(items: &[T]) -> Result<JsonItems> {
    let mut json = vec![b'['];
    let mut payload = BytesMut::new();
    // A single item's bytes are handed on as they are.
    let only = if let [item] = items { item.raw() } else { None };
    if only.is_none() {
        payload.reserve(items.iter().filter_map(T::raw).map(|raw| raw.len()).sum());
    }
    for item in items {
        if json.len() > 1 {
            json.push(b',');
        }
        serde_json::to_writer(&mut json, item).map_err(unwritable)?;
        if let Some(raw) = item.raw() {
            json.pop();
            let comma = if json.ends_with(b"{") { "" } else { "," };
            let (name, start, length) = (T::RAW, payload.len(), raw.len());
            json.extend_from_slice(format!("{comma}\"{name}\":[{start},{length}]}}").as_bytes());
            if only.is_none() {
                payload.extend_from_slice(&raw);
            }
        }
    }
    json.push(b']');
    Ok(JsonItems { items: json.into(), payload: only.unwrap_or_else(|| payload.freeze()) })
}

fn write(value: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(value).map(Bytes::from).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::decode("the result cannot be written as JSON").with_source(error)
}

/// What serde says of a value, without the value: that may be a secret.
fn without_value(why: &str) -> String {
    let quoted = why.find(['`', '"']).zip(why.rfind(", expected"));
    match quoted {
        Some((from, to)) if from < to && why.starts_with("invalid") => {
            format!("{}{}", why[..from].trim_end(), &why[to..])
        }
        _ => why.to_owned(),
    }
}

/// Reads JSON that a caller gave, and names what is wrong with it.
pub(crate) fn read<T: DeserializeOwned>(what: &str, json: &[u8]) -> Result<T> {
    let json = if json.is_empty() { b"{}" } else { json };
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // The position in the JSON means nothing to a caller who wrote none.
        let why = error.inner().to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let why = if path.starts_with("credential") { without_value(why) } else { why.to_owned() };
        let name = if matches!(path.as_str(), "." | "?") { String::new() } else { format!(" {path}") };
        Error::invalid(format!("{what}{name}: {why}"))
    })
}
