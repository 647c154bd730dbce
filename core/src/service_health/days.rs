//! The days of a historical status.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::terms::Terms;
use crate::odata::Operator;

/// The span of a historical status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Days {
    /// The span that the bounds leave open, up to now, and seven days long if nothing says where it begins.
    pub(super) fn of(terms: &Terms, now: Timestamp) -> Self {
        let bounds = |ops: [Operator; 3]| {
            terms.status_time.iter().filter(move |bound| ops.contains(&bound.op)).map(|bound| bound.time)
        };
        let end = bounds([Operator::Le, Operator::Lt, Operator::Eq]).min().unwrap_or(now).min(now);
        let week = SignedDuration::from_hours(7 * 24);
        let usual = end.saturating_sub(week).unwrap_or(Timestamp::MIN);
        Days { start: bounds([Operator::Ge, Operator::Gt, Operator::Eq]).max().unwrap_or(usual), end }
    }

    /// Midnight after the last day.
    pub(super) fn after(&self) -> Timestamp {
        let next = self.end.to_zoned(TimeZone::UTC).start_of_day().and_then(|day| day.checked_add(1.day()));
        next.map_or(Timestamp::MAX, |day| day.timestamp())
    }

    /// The days from one moment to another, as the original labels them: midnight UTC.
    pub(super) fn newest_first(&self) -> Vec<Timestamp> {
        let midnight = |of: Timestamp| of.to_zoned(TimeZone::UTC).start_of_day().ok();
        let (Some(first), Some(mut day)) = (midnight(self.start), midnight(self.end)) else {
            return Vec::new();
        };
        let mut days = Vec::new();
        while day >= first {
            days.push(day.timestamp());
            let Ok(before) = day.checked_sub(1.day()) else { break };
            day = before;
        }
        days
    }
}
