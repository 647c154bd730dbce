//! What is listed when nobody says which time is meant (2.5).

use serde_json::Value;

use super::filter::Clause;
use crate::clock::{self, DAY};

/// Whether a message is in the default windows, as far as the filter leaves them.
pub(super) fn usual(clauses: &[Clause], strict: bool, now: i64) -> impl Fn(&Value) -> bool {
    let named = |name: &str| clauses.iter().any(|clause| clause.name() == name);
    let (start, end, id) = (named("StartTime"), named("EndTime"), named("Id"));
    let week = now - 7 * DAY;
    move |row| {
        let at = |name: &str| row[name].as_str().and_then(clock::parse);
        if strict {
            // As documented: StartTime ge now-7d and EndTime le now.
            return (start || at("StartTime").is_some_and(|at| at >= week))
                && (end || at("EndTime").is_some_and(|at| at <= now));
        }
        let open = at("EndTime").is_none_or(|end| end > now);
        start || end || id || open || at("LastUpdatedTime").is_some_and(|at| at >= week)
    }
}
