//! The narrow way in for other languages: an operation by its name, its arguments as JSON.
//!
//! A binding knows no operation. It hands over a name and some JSON, and gets back one record, or
//! pages of records. The typed faces in Python, TypeScript and Swift are written from
//! [`describe`] by `core/codegen`.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::error::{Error, Result};
use crate::identity::TokenSource;
use crate::page::{Committer, Paged};
use crate::{Client, ClientOptions, audit, request};

#[cfg(feature = "schema")]
mod describe;
#[cfg(feature = "schema")]
pub use describe::{Description, OperationDescription, describe};

/// Every operation that other languages may call, in the order of the documentation.
const OPERATIONS: &[Entry] = &[
    listing::<audit::ListRecords>(),
    listing::<audit::FollowFeed>(),
    listing::<audit::FollowIntoJsonl>(),
    call::<audit::InspectState>(),
    call::<audit::ExportState>(),
    listing::<audit::SearchRecords>(),
    call::<audit::Diagnose>(),
    call::<audit::HandleWebhook>(),
    call::<audit::EnsureSubscriptions>(),
    call::<audit::StartSubscription>(),
    call::<audit::StopSubscription>(),
    call::<audit::ListSubscriptions>(),
    listing::<audit::ListContent>(),
    listing::<audit::GetContent>(),
    listing::<audit::ListNotifications>(),
    call::<audit::ListSensitiveTypes>(),
    call::<audit::GetRecordSchema>(),
    call::<request::SendRequest>(),
];

/// A request with a name: its fields are the arguments, its docs are the docs in every language.
pub trait Operation: DeserializeOwned + Send + 'static {
    /// The group and the method, such as `audit.list_content`; the method alone at the client itself.
    const NAME: &'static str;
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

    /// Checks the arguments and begins; nothing is sent before the first page is asked for.
    fn open(self, client: Client) -> Result<Paged<Self::Item>>;
}

/// An item of a page, as it crosses into another language.
pub trait Item: Serialize + Send + Unpin + 'static {
    /// The bytes that travel beside the item's JSON as its member `raw`.
    fn raw(&self) -> Option<&[u8]> {
        None
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
    /// A client from its options as JSON, and the source of tokens where the credential is a callback.
    pub fn from_json(options: &[u8], tokens: Option<Arc<dyn TokenSource>>) -> Result<Client> {
        Client::new(ClientOptions::from_json(options, tokens)?)
    }

    /// Calls an operation that gives one result.
    pub async fn call(&self, name: &str, args: &[u8], payload: Option<Bytes>) -> Result<Reply> {
        match entry(name)?.run {
            Run::Call(call) => call(self.clone(), args, payload).await,
            Run::Listing(_) => Err(Error::invalid(format!("{name} gives pages, not one result"))),
        }
    }

    /// Opens an operation that gives pages.
    pub fn pages(&self, name: &str, args: &[u8]) -> Result<Pages> {
        match entry(name)?.run {
            Run::Listing(open) => open(self.clone(), args),
            Run::Call(_) => Err(Error::invalid(format!("{name} gives one result, not pages"))),
        }
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

/// A page as it crosses into another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The items, as a JSON array. An item's `raw` is its place in `payload`: `[start, length]`.
    pub items: Bytes,
    /// The bytes that the items point into; empty for most.
    pub payload: Bytes,
    /// `token`, `errors`, `warnings` and `report`, as a JSON object.
    pub meta: Bytes,
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|entry| entry.name)
}

struct Entry {
    name: &'static str,
    run: Run,
    #[cfg(feature = "schema")]
    describe: fn(&mut schemars::SchemaGenerator) -> describe::OperationDescription,
}

type RunCall = fn(Client, &[u8], Option<Bytes>) -> BoxFuture<'static, Result<Reply>>;

#[derive(Clone, Copy)]
enum Run {
    Call(RunCall),
    Listing(fn(Client, &[u8]) -> Result<Pages>),
}

fn entry(name: &str) -> Result<&'static Entry> {
    OPERATIONS
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::invalid(format!("there is no operation {name:?}")))
}

#[cfg(not(feature = "schema"))]
const fn call<O: Call>() -> Entry {
    Entry { name: O::NAME, run: Run::Call(run_call::<O>) }
}

#[cfg(not(feature = "schema"))]
const fn listing<O: Listing>() -> Entry {
    Entry { name: O::NAME, run: Run::Listing(open_listing::<O>) }
}

#[cfg(feature = "schema")]
const fn call<O>() -> Entry
where
    O: Call + schemars::JsonSchema,
    O::Output: schemars::JsonSchema,
{
    Entry { name: O::NAME, run: Run::Call(run_call::<O>), describe: describe::call::<O> }
}

#[cfg(feature = "schema")]
const fn listing<O>() -> Entry
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

fn open_listing<O: Listing>(client: Client, args: &[u8]) -> Result<Pages> {
    Ok(Pages(Box::new(read::<O>("argument", args)?.open(client)?)))
}

trait NextPage: Send {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>>>;
    fn committer(&self) -> Option<Committer>;
}

impl<T: Item> NextPage for Paged<T> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>>> {
        Box::pin(async {
            let Some(page) = self.next_page().await? else { return Ok(None) };
            let (items, payload) = write_items(&page.items)?;
            let meta = json!({
                "token": page.token,
                "errors": page.errors.iter().map(Error::to_value).collect::<Vec<_>>(),
                "warnings": page.warnings,
                "report": page.report,
            });
            Ok(Some(Page { items, payload, meta: meta.to_string().into() }))
        })
    }

    fn committer(&self) -> Option<Committer> {
        Paged::committer(self)
    }
}

/// Bytes never travel inside JSON: an item's `raw` goes beside it and leaves its place behind.
fn write_items<T: Item>(items: &[T]) -> Result<(Bytes, Bytes)> {
    let mut json = vec![b'['];
    let mut payload = Vec::with_capacity(items.iter().filter_map(T::raw).map(<[u8]>::len).sum());
    for item in items {
        if json.len() > 1 {
            json.push(b',');
        }
        serde_json::to_writer(&mut json, item).map_err(unwritable)?;
        if let Some(raw) = item.raw() {
            json.pop();
            let comma = if json.ends_with(b"{") { "" } else { "," };
            json.extend_from_slice(format!("{comma}\"raw\":[{},{}]}}", payload.len(), raw.len()).as_bytes());
            payload.extend_from_slice(raw);
        }
    }
    json.push(b']');
    Ok((json.into(), payload.into()))
}

fn write(value: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(value).map(Bytes::from).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::decode("the result cannot be written as JSON").with_source(error)
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
        let name = if matches!(path.as_str(), "." | "?") { String::new() } else { format!(" {path}") };
        Error::invalid(format!("{what}{name}: {why}"))
    })
}
