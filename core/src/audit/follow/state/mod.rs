//! The state of a follower: one file a tenant, in transactions.

mod export;
mod make;
mod open;
mod rows;
mod tables;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod work;

pub(super) use open::{Following, State, WeakFollowing};
pub(super) use rows::{FileRow, GapRow, SpanRow, TypeRow, WorkKey, WorkRow};
#[cfg(any(test, feature = "fuzzing"))]
pub(super) use rows::{read as read_row, write as write_row};
pub(super) use tables::FIRST_LISTED;
pub(super) use work::{Delivered, Safe};
