//! `records(...).batches()`: the request.

use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt, stream};
use serde::{Deserialize, Serialize};

use super::gather::Batches;
use super::plan::Plan;
use crate::Client;
use crate::audit::records::{ListRecords, RecordsBuilder};
use crate::dispatch::{ColumnListing, Columns, Item, Operation, yes};
use crate::error::Result;
use crate::page::Paged;

/// Streams the records as columns: Arrow record batches of one schema.
///
/// The common fields have columns of their own; `extended` of the records adds one for each of its paths, of
/// the type that the service's tables give it. A path that no table knows is refused, unless `~` stands before
/// it: `~NewField`. A value that does not fit its column becomes null there and is counted in a warning; `raw`
/// still has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordBatches {
    /// Which records.
    pub records: ListRecords,
    /// Whether there is a column `raw` with the whole record as JSON text.
    #[serde(default = "yes")]
    pub raw: bool,
    /// How many rows a batch has at most. Default: 10,000.
    #[serde(default)]
    pub batch_rows: Option<u32>,
}

/// A batch of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ColumnBatch {
    /// How many rows it has.
    pub rows: u64,
    /// The batch as an Arrow IPC stream of its own: schema, dictionaries, rows.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-bytes" = true)))]
    pub ipc: Bytes,
}

impl Item for ColumnBatch {
    const RAW: &'static str = "ipc";

    fn raw(&self) -> Option<Bytes> {
        Some(self.ipc.clone())
    }
}

impl Operation for RecordBatches {
    const NAME: &'static str = "audit.records.batches";
}

impl ColumnListing for RecordBatches {
    fn columns(self, client: Client) -> Result<Columns> {
        let plan = Plan::new(self.records.extended.as_deref(), self.raw, self.batch_rows)?;
        let schema = Arc::clone(&plan.schema);
        let batches = Batches::new(client, self.records, plan)?;
        let pages = stream::unfold(batches, |mut batches| {
            async move { batches.next().await.map(|page| (page, batches)) }.boxed()
        });
        Ok(Columns::new(schema, Paged::new(pages)))
    }
}

/// Puts a request for columns together; what each part means is said at [`RecordBatches`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until `stream` is called"]
pub struct BatchesBuilder {
    client: Client,
    request: RecordBatches,
}

impl RecordsBuilder {
    /// The records as columns: Arrow record batches of one schema.
    pub fn batches(self) -> BatchesBuilder {
        let RecordsBuilder { client, request: records } = self;
        BatchesBuilder { client, request: RecordBatches { records, raw: true, batch_rows: None } }
    }
}

impl BatchesBuilder {
    /// Whether there is a column `raw` with the whole record as JSON text.
    pub fn raw(mut self, raw: bool) -> Self {
        self.request.raw = raw;
        self
    }

    /// How many rows a batch has at most.
    pub fn batch_rows(mut self, rows: u32) -> Self {
        self.request.batch_rows = Some(rows);
        self
    }

    /// Begins: the schema is known, and nothing is sent before the first batch is asked for.
    ///
    /// [`Columns::into_batches`] gives them as a stream.
    pub fn stream(self) -> Result<Columns> {
        self.request.columns(self.client)
    }
}
