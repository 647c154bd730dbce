//! `follow(...).into_jsonl(...)`: a copy of the feed in files of JSON Lines, exactly once.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::options::FollowFeed;
use super::sink::{self, SinkStep, Target};
use crate::Client;
use crate::dispatch::{Listing, Operation};
use crate::error::Result;
use crate::interval::Interval;
use crate::page::Paged;

/// Follows the audit feed into files of JSON Lines, each record exactly once, whatever ends the program.
///
/// A file holds the records of one content type that became available on one day (UTC), as they came, one a
/// line: `2026-11-22.Audit.Exchange.000001.jsonl`. While it is written its name ends in `.partial`. It gets
/// its final name when it is long or old enough, or when the follower has caught up and stops, and does not
/// change any more. Files and state are one transaction: after a crash the files are cut to what the state
/// counts as safe, and what was cut off is fetched again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowIntoJsonl {
    /// What to follow. Its `commit` must be `auto`: the files say what is safe.
    pub follow: FollowFeed,
    /// The folder of the files; made if it is not there.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub directory: PathBuf,
    /// How long a file may become, in bytes, give or take a batch. Default: 256 MiB.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// How long a file may be written into. Default: an hour.
    #[serde(default)]
    pub max_age: Option<Interval>,
}

impl Operation for FollowIntoJsonl {
    const NAME: &'static str = "audit.follow.into_jsonl";
}

impl Listing for FollowIntoJsonl {
    type Item = SinkStep;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<SinkStep>> {
        let FollowIntoJsonl { follow, directory, max_bytes, max_age } = self;
        sink::open(client, follow, Target { directory, max_bytes, max_age, form: Form::Lines })
    }
}

/// Puts a copy in files of JSON Lines together; what each part means is said at [`FollowIntoJsonl`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until `stream` is called"]
pub struct JsonlBuilder {
    client: Client,
    request: FollowIntoJsonl,
}

impl JsonlBuilder {
    pub(super) fn new(client: Client, follow: FollowFeed, directory: PathBuf) -> Self {
        let request = FollowIntoJsonl { follow, directory, max_bytes: None, max_age: None };
        JsonlBuilder { client, request }
    }

    /// How long a file may become, in bytes.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.request.max_bytes = Some(bytes);
        self
    }

    /// How long a file may be written into.
    pub fn max_age(mut self, age: impl Into<Interval>) -> Self {
        self.request.max_age = Some(age.into());
        self
    }

    /// Begins. Nothing is opened or sent before the first step is asked for; a request that cannot be right is
    /// the first thing that the stream says.
    pub fn stream(self) -> Paged<SinkStep> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }
}
