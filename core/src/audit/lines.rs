//! The feed as JSON Lines: `records(...).lines()` and `.write_jsonl(...)`.

use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::columns::Written;
use super::records::ListRecords;
use crate::Client;
use crate::dispatch::{Item, Listing, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::page::Paged;

/// Streams the records as JSON Lines: each as it came, on a line of its own.
///
/// The fastest way to have them all: nothing is read that need not be. Line breaks between the members of a
/// record become spaces, which changes no value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordLines {
    /// Which records.
    pub records: ListRecords,
}

/// Whole lines, each with one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lines {
    /// How many lines there are.
    pub records: u64,
    /// The lines, in UTF-8, each with its line break.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-bytes" = true)))]
    pub bytes: Bytes,
}

impl Item for Lines {
    const RAW: &'static str = "bytes";

    fn raw(&self) -> Option<&Bytes> {
        Some(&self.bytes)
    }
}

impl Operation for RecordLines {
    const NAME: &'static str = "audit.records.lines";
}

impl Listing for RecordLines {
    type Item = Lines;
    const IS_FEED: bool = true;

    fn open(self, _client: Client) -> Result<Paged<Lines>> {
        Err(Error::new(ErrorKind::Service, "is being built"))
    }
}

/// Writes the records into a file of JSON Lines: each as it came, on a line of its own.
///
/// The file gets its name when it is whole: a write that fails leaves nothing behind, and what stood there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WriteJsonl {
    /// Which records.
    pub records: ListRecords,
    /// The file; its folder is made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub target: PathBuf,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    pub overwrite: bool,
    /// Whether a file that is there is added to.
    #[serde(default)]
    pub append: bool,
}

impl Operation for WriteJsonl {
    const NAME: &'static str = "audit.records.write_jsonl";
}

impl Listing for WriteJsonl {
    type Item = Written;
    const IS_FEED: bool = true;
    const RUNS: bool = true;

    fn open(self, _client: Client) -> Result<Paged<Written>> {
        Err(Error::new(ErrorKind::Service, "is being built"))
    }
}
