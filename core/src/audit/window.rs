//! Spans of time: what a caller may ask for, and the windows that the service takes.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::page::{Warning, WarningCode};

/// The service keeps content for this long.
const RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far inside the retention a listing stays, so that it does not slip out on the way.
const SAFETY: SignedDuration = SignedDuration::from_mins(5);
/// The same for what is known to be there, of which no second is to be given up.
const ON_THE_WAY: SignedDuration = SignedDuration::from_secs(30);
/// The longest listing; of longer ones the service may answer a part without saying so.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// A span of time, from `start` up to but not including `end`, on the availability of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// A span as a caller gives it, checked as far as it can be without knowing the service's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    last: SignedDuration,
}

impl Span {
    pub(super) fn new(
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        last: Option<Interval>,
    ) -> Result<Span> {
        if let (Some(start), Some(last)) = (start, last) {
            return Err(Error::invalid(format!(
                "start ({start}) and last ({last}) say the same: pass one of them"
            )));
        }
        if let (Some(start), Some(end)) = (start, end) {
            if end <= start {
                return Err(Error::invalid(format!("the end {end} is not after the start {start}")));
            }
            check_length(end.duration_since(start))?;
        }
        let last = match last {
            None => LONGEST,
            Some(last) => SignedDuration::try_from(last.0).map_err(|_| {
                Error::invalid(format!("last ({last}) is longer than the seven days that are kept"))
            })?,
        };
        if last.is_zero() {
            return Err(Error::invalid("last is 0: it must be longer"));
        }
        check_length(last)?;
        Ok(Span { start, end, last })
    }

    /// The span in the service's time, and whether its start had to be moved because it is no longer kept.
    pub(super) fn resolve(&self, now: Timestamp) -> Result<(Window, bool)> {
        // Whole seconds first, so that "the last 24 hours" are not a second longer than a window.
        let end = to_second(self.end.unwrap_or(now).min(now), RoundMode::Ceil);
        let start = self.start.unwrap_or_else(|| end.saturating_sub(self.last).unwrap_or(Timestamp::MIN));
        if start >= now {
            return Err(Error::invalid(format!("the start {start} lies in the future")));
        }
        check_length(end.duration_since(start))?;
        let oldest = Window::oldest(now);
        if end <= oldest {
            return Err(Error::invalid(format!(
                "the span ends at {end}, and nothing that became available before {oldest:.0} is kept any more"
            )));
        }
        Ok((Window { start: start.max(oldest), end }.to_seconds(), start < oldest))
    }
}

impl Window {
    /// Cuts into windows that the service takes: no gap, no overlap.
    pub(super) fn split(self) -> impl Iterator<Item = Window> + Send {
        self.pieces(LONGEST)
    }

    /// The last whole second that lies so far back.
    pub(super) fn second_before(now: Timestamp, back: SignedDuration) -> Timestamp {
        to_second(now.saturating_sub(back).unwrap_or(now), RoundMode::Floor)
    }

    /// Cuts it in the middle, at a whole second; none if the pieces would be shorter than this.
    pub(super) fn halves(self, shortest: SignedDuration) -> Option<[Window; 2]> {
        let half = self.end.duration_since(self.start) / 2;
        let middle = to_second(self.start.saturating_add(half).ok()?, RoundMode::Floor);
        let halves = [Window { start: self.start, end: middle }, Window { start: middle, end: self.end }];
        (half >= shortest).then_some(halves)
    }

    /// Says in an error which span it was.
    pub(super) fn mark(self, place: &mut crate::Place) {
        (place.start, place.end) = (Some(self.start), Some(self.end));
    }

    /// Before this nothing is kept any more, give or take the time that asking for it takes.
    pub(super) fn kept_since(now: Timestamp) -> Timestamp {
        let kept_since = now.saturating_sub(RETENTION - ON_THE_WAY).unwrap_or(Timestamp::MIN);
        to_second(kept_since, RoundMode::Ceil)
    }

    /// The oldest beginning of a listing that is sure to be taken.
    pub(super) fn oldest(now: Timestamp) -> Timestamp {
        now.saturating_sub(RETENTION - SAFETY).unwrap_or(Timestamp::MIN)
    }

    /// Cuts into pieces of at most this length.
    pub(super) fn pieces(self, length: SignedDuration) -> impl Iterator<Item = Window> + Send {
        let length = length.min(LONGEST);
        let after = move |start: Timestamp| start.saturating_add(length).unwrap_or(Timestamp::MAX);
        std::iter::successors(Some(self.start), move |start| Some(after(*start)))
            .take_while(move |start| *start < self.end)
            .map(move |start| Window { start, end: after(start).min(self.end) })
    }

    /// Moves a start that is no longer kept; none if nothing of the window is.
    pub(super) fn clamp(self, now: Timestamp) -> Option<Window> {
        let oldest = Window::oldest(now);
        let window = Window { start: self.start.max(oldest), end: self.end }.to_seconds();
        (window.start < window.end).then_some(window)
    }

    /// Says that the start of a span was moved to the start of this window.
    pub(super) fn clamp_warning(self) -> Warning {
        let message =
            format!("the service no longer keeps what is older than {}; reading from there", self.start);
        let (start, end) = (Some(self.start), Some(self.end));
        Warning { start, end, ..Warning::new(WarningCode::StartClamped, message) }
    }

    /// The service's format has whole seconds: the window grows to them.
    pub(super) fn to_seconds(self) -> Window {
        Window { start: to_second(self.start, RoundMode::Floor), end: to_second(self.end, RoundMode::Ceil) }
    }

    pub(super) fn query(self) -> [(&'static str, String); 2] {
        [("startTime", in_utc(self.start)), ("endTime", in_utc(self.end))]
    }

    /// Whether the times of a next link lie within this window; one that says nothing does.
    pub(super) fn allows(self, link: &url::Url) -> bool {
        // By differences, because a link may name a time at the very end of time.
        let slack = SignedDuration::from_secs(1);
        link.query_pairs().all(|(name, value)| {
            let is_time = name.eq_ignore_ascii_case("starttime") || name.eq_ignore_ascii_case("endtime");
            match (is_time, crate::lenient::time(&value)) {
                (true, Some(time)) => {
                    self.start.duration_since(time) <= slack && time.duration_since(self.end) <= slack
                }
                _ => true,
            }
        })
    }
}

fn to_second(time: Timestamp, mode: RoundMode) -> Timestamp {
    time.round(TimestampRound::new().smallest(Unit::Second).mode(mode)).unwrap_or(time)
}

/// Without zone and fraction: a `+00:00` is a trap, for the plus sign becomes a blank.
fn in_utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn check_length(length: SignedDuration) -> Result<()> {
    if length > RETENTION + SignedDuration::from_secs(1) {
        let days = length.as_secs_f64() / 86_400.0;
        return Err(Error::invalid(format!(
            "the span is {days:.2} days long: the service keeps 7 days at most"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).unwrap()
    }

    proptest! {
        #[test]
        fn windows_cover_the_span_without_gap_or_overlap(length in 1i64..7 * 86_400, ago in 0i64..86_400) {
            let span = Span::new(Some(at(-length - ago)), Some(at(-ago)), None).unwrap();
            if let Ok((window, _)) = span.resolve(at(0)) {
                let windows: Vec<_> = window.split().collect();
                prop_assert_eq!(windows[0].start, window.start);
                prop_assert_eq!(windows.last().unwrap().end, window.end);
                for pair in windows.windows(2) {
                    prop_assert_eq!(pair[0].end, pair[1].start);
                }
                prop_assert!(windows.iter().all(|w| w.end.duration_since(w.start) <= LONGEST && w.start < w.end));
            }
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        let last = |s: u64| Some(Interval(std::time::Duration::from_secs(s)));
        assert!(Span::new(Some(at(0)), Some(at(-1)), None).is_err());
        assert!(Span::new(Some(at(-8 * 86_400)), Some(at(0)), None).is_err());
        assert!(Span::new(None, None, last(8 * 86_400)).is_err());
        assert!(Span::new(None, None, last(0)).is_err());
        assert!(Span::new(Some(at(-60)), None, last(60)).is_err());
        let span = |start, end| Span::new(Some(at(start)), Some(at(end)), None).unwrap();
        assert!(span(60, 120).resolve(at(0)).is_err());
        assert!(span(-9 * 86_400, -8 * 86_400).resolve(at(0)).is_err());
    }

    #[test]
    fn a_start_that_has_slipped_out_is_moved_and_said_to_be() {
        let (window, moved) =
            Span::new(Some(at(-7 * 86_400)), Some(at(-86_400)), None).unwrap().resolve(at(0)).unwrap();
        assert!(moved);
        assert_eq!(window.start, at(-7 * 86_400 + 300));
    }

    #[test]
    fn links_of_another_time_are_told_apart() {
        let window = Window { start: at(-3600), end: at(0) };
        let link = |start: Timestamp| {
            url::Url::parse(&format!("https://x.example/c?starttime={}&nextpage=1", in_utc(start))).unwrap()
        };
        assert!(window.allows(&link(at(-3600))));
        assert!(!window.allows(&link(at(-366 * 86_400))));
        for end_of_time in ["9999-12-30T22:00:00.9Z", "-009999-01-02T01:59:59Z"] {
            let link = format!("https://x.example/c?starttime={end_of_time}");
            assert!(!window.allows(&url::Url::parse(&link).unwrap()));
        }
        assert!(window.allows(&url::Url::parse("https://x.example/c?nextpage=1&starttime=soon").unwrap()));
    }
}
