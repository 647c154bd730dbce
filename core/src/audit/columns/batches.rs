//! `records(...).batches()`: the request.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Client;
use crate::audit::records::ListRecords;
use crate::dispatch::{ColumnListing, Columns, Item, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::page::Paged;

/// Streams the records as columns: Arrow record batches of one schema.
///
/// The common fields have columns of their own; `extended` of the records adds one for each of its paths. A
/// value that does not fit its column becomes null there and is counted in a warning; `raw` still has it.
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

fn yes() -> bool {
    true
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

    fn raw(&self) -> Option<&Bytes> {
        Some(&self.ipc)
    }
}

impl Operation for RecordBatches {
    const NAME: &'static str = "audit.records.batches";
}

impl ColumnListing for RecordBatches {
    fn columns(self, _client: Client) -> Result<Columns> {
        Err(Error::new(ErrorKind::Service, "is being built"))
    }
}

/// The same batches for languages that take them as bytes.
pub(crate) fn as_bytes(_columns: Columns) -> Paged<ColumnBatch> {
    Paged::failed(Error::new(ErrorKind::Service, "is being built"))
}
