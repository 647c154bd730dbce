//! `records(...).write_parquet(...)`.

mod file;
mod partition;
mod run;
mod spooled;
mod target;
#[cfg(test)]
mod tests;
mod writers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use self::partition::Partitioning;
use self::run::Job;
use self::target::Target;
use super::gather::Batches;
use super::plan::Plan;
use crate::Client;
use crate::audit::records::{ListRecords, RecordsBuilder};
use crate::dispatch::{Item, Listing, Operation, yes};
use crate::error::{Error, Result};
use crate::open_enum::text_enum;
use crate::page::Paged;

pub(in crate::audit) use self::spooled::{Spooled, write_file};

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

#[expect(clippy::derivable_impls, reason = "the enum is made by a macro, which derives no default")]
impl Default for Compression {
    fn default() -> Self {
        Compression::Zstd
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
    #[serde(default)]
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

    fn open(self, client: Client) -> Result<Paged<Written>> {
        if let Compression::Unknown(name) = &self.compression {
            return Err(Error::invalid(format!("compression {name:?} is none of zstd, snappy and none")));
        }
        let partitioning = Partitioning::new(self.partition_by.as_deref(), self.records.extended.as_deref())?;
        let target = Target::new(self.target, !partitioning.is_none(), self.overwrite, self.append)?;
        let plan = Plan::new(self.records.extended.as_deref(), self.raw, None)?;
        let job =
            Job { target, partitioning, compression: self.compression, schema: Arc::clone(&plan.schema) };
        Ok(run::pages(Batches::new(client, self.records, plan)?, job))
    }
}

/// Puts a request to write Parquet together, and carries it out when it is awaited; what each part means is
/// said at [`WriteParquet`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until it is awaited"]
pub struct WriteParquetBuilder {
    client: Client,
    request: WriteParquet,
}

impl RecordsBuilder {
    /// Writes the records into Parquet: a file if the name ends in `.parquet`, else a folder of them.
    pub fn write_parquet(self, target: impl Into<PathBuf>) -> WriteParquetBuilder {
        let RecordsBuilder { client, request: records } = self;
        let request = WriteParquet {
            records,
            target: target.into(),
            partition_by: None,
            compression: Compression::default(),
            raw: true,
            overwrite: false,
            append: false,
        };
        WriteParquetBuilder { client, request }
    }
}

impl WriteParquetBuilder {
    /// Puts the rows into folders by these columns.
    pub fn partition_by(mut self, columns: impl IntoIterator<Item = PartitionColumn>) -> Self {
        self.request.partition_by = Some(columns.into_iter().collect());
        self
    }

    /// How the files are compressed.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.request.compression = compression;
        self
    }

    /// Whether there is a column `raw` with the whole record as JSON text.
    pub fn raw(mut self, raw: bool) -> Self {
        self.request.raw = raw;
        self
    }

    /// Whether what is there is replaced, once all is written.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.request.overwrite = overwrite;
        self
    }

    /// Whether files are added to a folder that has some.
    pub fn append(mut self, append: bool) -> Self {
        self.request.append = append;
        self
    }

    /// Begins, for whoever wants to see the progress: each page has a report, the last one what was written.
    pub fn run(self) -> Paged<Written> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}

impl IntoFuture for WriteParquetBuilder {
    type Output = Result<Written>;
    type IntoFuture = BoxFuture<'static, Result<Written>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.run().last_item().await?.unwrap_or_default()) })
    }
}
