//! `follow(...)`: the feed without an end, from where it was left.
//!
//! ```text
//! lister, one a content type ──► work list, on disk ──► fetcher ──► batches ──► commit
//! webhooks ──────────────────────►       ▲                                        │
//!                                        └─────────── what is safe leaves it ─────┘
//! ```
//! The position is the work list, not a time: what was listed stays on it until the caller has said that
//! it is safe, or has been told that it is lost.

mod batch;
mod clock;
mod fetcher;
mod files;
mod follower;
mod form;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzing;
mod inspect;
mod into_jsonl;
mod into_parquet;
mod ledger;
mod lister;
mod options;
mod shared;
mod sink;
mod spool;
mod state;

pub use inspect::{
    ExportState, FollowState, Gap, InspectState, OpenFile, ParkedContent, ParkedSpan, TypeState,
};
pub use into_jsonl::{FollowIntoJsonl, JsonlBuilder};
pub use into_parquet::{FollowIntoParquet, ParquetBuilder};
pub use options::{CommitMode, FollowBuilder, FollowFeed};
pub use sink::SinkStep;
