//! `follow(...).into_parquet(...)`: a copy of the feed in Parquet files, exactly once.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::form::{Form, ParquetForm};
use super::options::FollowFeed;
use super::sink::{self, SinkStep, Target};
use crate::Client;
use crate::audit::columns::Compression;
use crate::dispatch::{Listing, Operation, yes};
use crate::error::Result;
use crate::interval::Interval;
use crate::page::Paged;

/// Follows the audit feed into Parquet files, each record exactly once, whatever ends the program.
///
/// A file holds the records of one content type that became available on one day (UTC), with the columns of
/// `batches`: `2026-11-22.Audit.Exchange.000001.parquet`. Until it is long or old enough, or the follower has
/// caught up and stops, its records lie beside it in a file whose name ends in `.partial`. Files and state
/// are one transaction, as with `into_jsonl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowIntoParquet {
    /// What to follow. Its `commit` must be `auto`: the files say what is safe.
    pub follow: FollowFeed,
    /// The folder of the files; made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub directory: PathBuf,
    /// How many bytes of records a file may hold, uncompressed, give or take a batch. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// How long records may wait for their file. Default: an hour.
    #[serde(default)]
    pub max_age: Option<Interval>,
    /// How the files are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// Fields beyond the common ones to have columns, by their paths, such as `Item.Subject`.
    #[serde(default)]
    pub extended: Option<Vec<String>>,
    /// Whether there is a column `raw` with the whole record as JSON text.
    #[serde(default = "yes")]
    pub raw: bool,
}

impl Operation for FollowIntoParquet {
    const NAME: &'static str = "audit.follow.into_parquet";
}

impl Listing for FollowIntoParquet {
    type Item = SinkStep;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<SinkStep>> {
        let FollowIntoParquet { follow, directory, max_bytes, max_age, compression, extended, raw } = self;
        let form = ParquetForm { compression, extended: extended.unwrap_or_default(), raw };
        form.plan()?;
        sink::open(client, follow, Target { directory, max_bytes, max_age, form: Form::Parquet(form) })
    }
}

/// Puts a copy in Parquet files together; what each part means is said at [`FollowIntoParquet`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until `stream` is called"]
pub struct ParquetBuilder {
    client: Client,
    request: FollowIntoParquet,
}

impl ParquetBuilder {
    pub(super) fn new(client: Client, follow: FollowFeed, directory: PathBuf) -> Self {
        let request = FollowIntoParquet {
            follow,
            directory,
            max_bytes: None,
            max_age: None,
            compression: Compression::default(),
            extended: None,
            raw: true,
        };
        ParquetBuilder { client, request }
    }

    /// How many bytes of records a file may hold, uncompressed.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.request.max_bytes = Some(bytes);
        self
    }

    /// How long records may wait for their file.
    pub fn max_age(mut self, age: impl Into<Interval>) -> Self {
        self.request.max_age = Some(age.into());
        self
    }

    /// How the files are compressed.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.request.compression = compression;
        self
    }

    /// Fields beyond the common ones to have columns, by their paths.
    pub fn extended<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.request.extended = Some(paths.into_iter().map(Into::into).collect());
        self
    }

    /// Whether there is a column with the whole record as JSON text.
    pub fn raw(mut self, raw: bool) -> Self {
        self.request.raw = raw;
        self
    }

    /// Begins. Nothing is opened or sent before the first step is asked for; a request that cannot be right is
    /// the first thing that the stream says.
    pub fn stream(self) -> Paged<SinkStep> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}
