//! The request, and the builder that Rust programs use.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::follower;
use super::into_jsonl::JsonlBuilder;
use super::into_parquet::ParquetBuilder;
use crate::Client;
use crate::audit::content_type::ContentType;
use crate::audit::record::AuditRecord;
use crate::audit::records::OnError;
use crate::audit::scan::Finds;
use crate::audit::window::Span;
use crate::dispatch::{Listing, Operation, yes};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::open_enum::text_enum;
use crate::page::Paged;

const POLL_INTERVAL: Interval = Interval(std::time::Duration::from_secs(60));
const LAG: Interval = Interval(std::time::Duration::from_secs(60));
/// Closer to the present a blob may still be growing.
const SHORTEST_LAG: Interval = Interval(std::time::Duration::from_secs(3));
const OVERLAP: Interval = Interval(std::time::Duration::from_secs(10 * 60));
const LONGEST: Interval = Interval(std::time::Duration::from_secs(24 * 60 * 60));

text_enum! {
    /// Who says that a batch of a follower is safe.
    CommitMode {
        /// Asking for the next batch says that the one before is safe.
        Auto = "auto",
        /// Nothing is safe until `commit` is called.
        Manual = "manual",
    }
}

/// Follows the audit feed without end, from where it was left.
///
/// Delivers batches of at most 1,000 records. What was delivered and is safe is remembered in the state, a
/// file that survives crashes: after one, only batches that were not yet safe come again, and nothing is
/// ever skipped. A blob that cannot be read is reported, parked and tried again until it expires; a content
/// type that cannot be read is reported and tried again; neither holds up the rest. Time that has passed
/// the seven days which the service keeps is reported as an error of the kind `Gone` with its bounds.
///
/// The same record may stand in two blobs: keep the first by its `id` where that matters.
///
/// Source: "Office 365 Management Activity API reference", List available content, Retrieve content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FollowFeed {
    /// Where the position is kept: a file, made if it is not there, or a folder that is there, in which the
    /// file is named after the tenant. One follower at a time may use it.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    pub state: PathBuf,
    /// What to follow. Default: all that the tenant is subscribed to.
    #[serde(default)]
    pub content_types: Option<Vec<ContentType>>,
    /// Where to begin when the state is new, on the time at which content became available. Default: seven
    /// days ago, the oldest that the service keeps.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// How far back to begin when the state is new, in place of `start`.
    #[serde(default)]
    pub last: Option<Interval>,
    /// How often to look for new content; five times as seldom while there is none. Default: a minute.
    #[serde(default)]
    pub poll_interval: Option<Interval>,
    /// How far behind the present to stay, since content of the last moment may still be growing: at least
    /// three seconds. Default: a minute.
    #[serde(default)]
    pub lag: Option<Interval>,
    /// How much of what was listed to list again each time, for content that is listed late. The last day
    /// is listed again every hour besides. Default: ten minutes.
    #[serde(default)]
    pub overlap: Option<Interval>,
    /// How many blobs may be fetched at once. Default: as many as the client may have requests in flight.
    #[serde(default)]
    pub concurrency: Option<u32>,
    /// What happens when a part of the feed cannot be read: `collect` reports it beside the records and goes
    /// on, `raise_at_once` ends the follower.
    #[serde(default = "collect")]
    pub on_error: OnError,
    /// Who says that a batch is safe.
    #[serde(default = "auto")]
    pub commit: CommitMode,
    /// Whether to start the subscriptions to the named content types that are missing.
    #[serde(default = "yes")]
    pub ensure_subscriptions: bool,
    /// Whether to end once everything is delivered that was there at the beginning, and not to wait for more.
    #[serde(default)]
    pub stop_when_caught_up: bool,
}

fn collect() -> OnError {
    OnError::Collect
}

fn auto() -> CommitMode {
    CommitMode::Auto
}

/// What the parts of a follower need of its options, checked and with their defaults.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) span: Span,
    /// Whether the caller has said where to begin.
    pub(super) begins_where_told: bool,
    pub(super) poll_interval: std::time::Duration,
    pub(super) lag: SignedDuration,
    pub(super) overlap: SignedDuration,
    /// What is to be known of each record.
    pub(super) finds: Finds,
}

impl FollowFeed {
    pub(super) fn new(state: PathBuf) -> Self {
        FollowFeed {
            state,
            content_types: None,
            start: None,
            last: None,
            poll_interval: None,
            lag: None,
            overlap: None,
            concurrency: None,
            on_error: collect(),
            commit: auto(),
            ensure_subscriptions: true,
            stop_when_caught_up: false,
        }
    }

    pub(super) fn check(&self) -> Result<Options> {
        if self.state.as_os_str().is_empty() {
            return Err(Error::invalid("state is empty: name the file in which the position is kept"));
        }
        if let Some(types) = &self.content_types {
            if types.is_empty() {
                return Err(Error::invalid(
                    "content_types is empty: leave it out to follow all that are subscribed",
                ));
            }
            types.iter().try_for_each(ContentType::check)?;
        }
        match &self.on_error {
            OnError::Collect | OnError::RaiseAtOnce => {}
            other => {
                return Err(Error::invalid(format!(
                    "on_error \"{other}\" is neither collect nor raise_at_once: a follower has no end at which to raise"
                )));
            }
        }
        if let CommitMode::Unknown(text) = &self.commit {
            return Err(Error::invalid(format!("commit {text:?} is neither auto nor manual")));
        }
        if self.concurrency == Some(0) {
            return Err(Error::invalid("concurrency is 0: it must be at least 1"));
        }
        Ok(Options {
            span: Span::new(self.start, None, self.last)?,
            begins_where_told: self.start.is_some() || self.last.is_some(),
            poll_interval: within("poll_interval", self.poll_interval, POLL_INTERVAL, Interval::MILLISECOND)?
                .0,
            lag: signed(within("lag", self.lag, LAG, SHORTEST_LAG)?),
            overlap: signed(within("overlap", self.overlap, OVERLAP, Interval::ZERO)?),
            finds: Finds::Fields,
        })
    }
}

fn within(name: &str, value: Option<Interval>, default: Interval, least: Interval) -> Result<Interval> {
    let value = value.unwrap_or(default);
    if value < least || value > LONGEST {
        return Err(Error::invalid(format!("{name} ({value}) must lie between {least} and {LONGEST}")));
    }
    Ok(value)
}

fn signed(interval: Interval) -> SignedDuration {
    SignedDuration::try_from(interval.0).unwrap_or(SignedDuration::MAX)
}

impl Operation for FollowFeed {
    const NAME: &'static str = "audit.follow";
}

impl Listing for FollowFeed {
    type Item = AuditRecord;
    const IS_FEED: bool = true;
    const COMMITS: bool = true;

    fn open(self, client: Client) -> Result<Paged<AuditRecord>> {
        let options = self.check()?;
        Ok(follower::open(client, self, options))
    }
}

/// Puts a follower together; what each part means is said at [`FollowFeed`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read until `stream` is called, or one of those that write files"]
pub struct FollowBuilder {
    pub(in crate::audit) client: Client,
    pub(in crate::audit) request: FollowFeed,
}

impl FollowBuilder {
    pub(in crate::audit) fn new(client: Client, state: PathBuf) -> Self {
        FollowBuilder { client, request: FollowFeed::new(state) }
    }

    /// What to follow.
    pub fn content_types(mut self, content_types: impl IntoIterator<Item = ContentType>) -> Self {
        self.request.content_types = Some(content_types.into_iter().collect());
        self
    }

    /// Where to begin when the state is new.
    pub fn start(mut self, start: Timestamp) -> Self {
        self.request.start = Some(start);
        self
    }

    /// How far back to begin when the state is new.
    pub fn last(mut self, last: impl Into<Interval>) -> Self {
        self.request.last = Some(last.into());
        self
    }

    /// How often to look for new content.
    pub fn poll_interval(mut self, interval: impl Into<Interval>) -> Self {
        self.request.poll_interval = Some(interval.into());
        self
    }

    /// How far behind the present to stay.
    pub fn lag(mut self, lag: impl Into<Interval>) -> Self {
        self.request.lag = Some(lag.into());
        self
    }

    /// How much of what was listed to list again each time.
    pub fn overlap(mut self, overlap: impl Into<Interval>) -> Self {
        self.request.overlap = Some(overlap.into());
        self
    }

    /// How many blobs may be fetched at once.
    pub fn concurrency(mut self, concurrency: u32) -> Self {
        self.request.concurrency = Some(concurrency);
        self
    }

    /// What happens when a part of the feed cannot be read.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.request.on_error = on_error;
        self
    }

    /// Who says that a batch is safe.
    pub fn commit(mut self, commit: CommitMode) -> Self {
        self.request.commit = commit;
        self
    }

    /// Whether to start the subscriptions to the named content types that are missing.
    pub fn ensure_subscriptions(mut self, ensure: bool) -> Self {
        self.request.ensure_subscriptions = ensure;
        self
    }

    /// Whether to end once everything is delivered that was there at the beginning.
    pub fn stop_when_caught_up(mut self, stop: bool) -> Self {
        self.request.stop_when_caught_up = stop;
        self
    }

    /// Begins: by [`Paged::next_page`] in batches, or as a stream of records. A request that cannot be right
    /// is the first thing that it says.
    pub fn stream(self) -> Paged<AuditRecord> {
        self.request.open(self.client).unwrap_or_else(Paged::failed)
    }

    /// Writes the records into files of JSON Lines in a folder, each exactly once.
    pub fn into_jsonl(self, directory: impl Into<PathBuf>) -> JsonlBuilder {
        JsonlBuilder::new(self.client, self.request, directory.into())
    }

    /// Writes the records into Parquet files in a folder, each exactly once.
    pub fn into_parquet(self, directory: impl Into<PathBuf>) -> ParquetBuilder {
        ParquetBuilder::new(self.client, self.request, directory.into())
    }
}
