//! `follow(...).into_parquet(...)`: a copy of the feed in Parquet files, exactly once.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::options::FollowFeed;
use super::sink::SinkStep;
use crate::Client;
use crate::audit::columns::Compression;
use crate::dispatch::{Listing, Operation};
use crate::error::{Error, ErrorKind, Result};
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
    #[serde(default = "zstd")]
    pub compression: Compression,
    /// Fields beyond the common ones to have columns, by their paths, such as `Item.Subject`.
    #[serde(default)]
    pub extended: Option<Vec<String>>,
    /// Whether there is a column `raw` with the whole record as JSON text.
    #[serde(default = "yes")]
    pub raw: bool,
}

fn zstd() -> Compression {
    Compression::Zstd
}

fn yes() -> bool {
    true
}

impl Operation for FollowIntoParquet {
    const NAME: &'static str = "audit.follow.into_parquet";
}

impl Listing for FollowIntoParquet {
    type Item = SinkStep;
    const IS_FEED: bool = true;

    fn open(self, _client: Client) -> Result<Paged<SinkStep>> {
        Err(Error::new(ErrorKind::Service, "is being built"))
    }
}
