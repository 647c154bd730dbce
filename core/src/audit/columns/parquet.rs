//! `records(...).write_parquet(...)`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Client;
use crate::audit::records::ListRecords;
use crate::dispatch::{Item, Listing, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;
use crate::page::Paged;

text_enum! {
    /// How Parquet files are compressed.
    Compression {
        /// Zstandard: small files, and fast enough.
        Zstd = "zstd",
        /// Snappy: larger files, faster.
        Snappy = "snappy",
        /// Not at all.
        None = "none",
    }
}

text_enum! {
    /// What rows are put into folders by.
    PartitionColumn {
        /// The day on which the event happened, in UTC: `date=2026-11-22`.
        Date = "date",
        /// The hour in which the event happened, in UTC: `hour=07`.
        Hour = "hour",
        /// The division of the feed that the record came by.
        ContentType = "content_type",
        /// The service in which it happened.
        Workload = "workload",
        /// What was done.
        Operation = "operation",
        /// What kind of event it is, by name.
        RecordType = "record_type",
        /// The tenant.
        OrganizationId = "organization_id",
    }
}

/// Writes the records into Parquet: one file, or a folder of them.
///
/// The columns are those of `batches`. A file gets its name when it is whole: a write that fails leaves
/// nothing behind, and what stood there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WriteParquet {
    /// Which records.
    pub records: ListRecords,
    /// A file if its name ends in `.parquet`, else a folder; made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub target: PathBuf,
    /// Puts the rows into folders by these columns, as Hive names them: `date=2026-11-22/workload=Exchange`.
    #[serde(default)]
    pub partition_by: Option<Vec<PartitionColumn>>,
    /// How the files are compressed.
    #[serde(default = "zstd")]
    pub compression: Compression,
    /// Whether there is a column `raw` with the whole record as JSON text.
    #[serde(default = "yes")]
    pub raw: bool,
    /// Whether what is there is replaced, once all is written.
    #[serde(default)]
    pub overwrite: bool,
    /// Whether files are added to a folder that has some.
    #[serde(default)]
    pub append: bool,
}

fn zstd() -> Compression {
    Compression::Zstd
}

fn yes() -> bool {
    true
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Written {
    /// Records written.
    pub records: u64,
    /// Bytes written, compressed.
    pub bytes: u64,
    /// The files, by their paths.
    pub files: Vec<String>,
    /// How many values of each column did not fit its type and became null; columns without any are left out.
    pub conflicts: BTreeMap<String, u64>,
}

impl Item for Written {}

impl Operation for WriteParquet {
    const NAME: &'static str = "audit.records.write_parquet";
}

impl Listing for WriteParquet {
    type Item = Written;
    const IS_FEED: bool = true;
    const RUNS: bool = true;

    fn open(self, _client: Client) -> Result<Paged<Written>> {
        Err(Error::new(ErrorKind::Service, "is being built"))
    }
}
