//! The tenant's clock: it runs with real time, and tests move it.
//!
//! Instants are milliseconds since 1970 in UTC throughout the sandbox.

mod shared;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use shared::SharedClock;

/// Milliseconds in a second.
pub(crate) const SECOND: i64 = 1_000;
/// Milliseconds in a minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Milliseconds in an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Milliseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A clock that was set once and has been running since.
pub(crate) struct Clock {
    hands: Hands,
    start: i64,
    skew: AtomicI64,
}

enum Hands {
    /// Of this sandbox alone.
    Own { origin: Instant, base: AtomicI64 },
    /// Of all that name the same file.
    Shared(SharedClock),
}

impl Clock {
    /// Starts at `now`, or at the real time.
    pub(crate) fn new(now: Option<i64>) -> Self {
        let start = now.unwrap_or_else(shared::machine);
        Self {
            hands: Hands::Own { origin: Instant::now(), base: AtomicI64::new(start) },
            start,
            skew: AtomicI64::new(0),
        }
    }

    /// The clock in a file; if there is none yet, it starts at `now` or at the real time.
    pub(crate) fn shared(path: &Path, now: Option<i64>) -> io::Result<Self> {
        let (clock, start) = SharedClock::open(path, now)?;
        Ok(Self { hands: Hands::Shared(clock), start, skew: AtomicI64::new(0) })
    }

    /// Where the clock started, however it was moved since: feeds lie relative to it.
    pub(crate) const fn start(&self) -> i64 {
        self.start
    }

    /// The present.
    pub(crate) fn now(&self) -> i64 {
        match &self.hands {
            Hands::Own { origin, base } => base.load(Ordering::SeqCst) + elapsed(*origin),
            Hands::Shared(clock) => clock.now(),
        }
    }

    /// Moves the clock by `milliseconds`, either way.
    pub(crate) fn advance(&self, milliseconds: i64) -> io::Result<()> {
        match &self.hands {
            Hands::Own { base, .. } => {
                base.fetch_add(milliseconds, Ordering::SeqCst);
                Ok(())
            }
            Hands::Shared(clock) => clock.shift(|offset| offset + milliseconds),
        }
    }

    /// Sets the clock.
    pub(crate) fn set(&self, now: i64) -> io::Result<()> {
        match &self.hands {
            Hands::Own { origin, base } => {
                base.store(now - elapsed(*origin), Ordering::SeqCst);
                Ok(())
            }
            Hands::Shared(clock) => clock.shift(|_| now - shared::machine()),
        }
    }

    /// How far the `Date` header is from the clock.
    pub(crate) fn set_skew(&self, milliseconds: i64) {
        self.skew.store(milliseconds, Ordering::SeqCst);
    }

    /// What the `Date` header says.
    pub(crate) fn date(&self) -> String {
        http_date(self.now() + self.skew.load(Ordering::SeqCst))
    }
}

fn elapsed(origin: Instant) -> i64 {
    i64::try_from(origin.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// The parts of an instant as a calendar shows them.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    /// Days since Sunday.
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) millisecond: i64,
}

/// Splits an instant. Written out because the feed does it several times a record.
pub(crate) const fn civil(instant: i64) -> Civil {
    let days = instant.div_euclid(DAY);
    let rest = instant.rem_euclid(DAY);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: year_of_era + era * 400 + if month <= 2 { 1 } else { 0 },
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        weekday: (days + 4).rem_euclid(7),
        hour: rest / HOUR,
        minute: rest / MINUTE % 60,
        second: rest / SECOND % 60,
        millisecond: rest % SECOND,
    }
}

/// `2026-11-20T10:03:12`, as records spell their times.
pub(crate) fn push_seconds(out: &mut Vec<u8>, instant: i64) {
    let at = civil(instant);
    let mut text = *b"0000-00-00T00:00:00";
    digits(&mut text[..4], at.year);
    digits(&mut text[5..7], at.month);
    digits(&mut text[8..10], at.day);
    digits(&mut text[11..13], at.hour);
    digits(&mut text[14..16], at.minute);
    digits(&mut text[17..], at.second);
    out.extend_from_slice(&text);
}

/// `2026-11-20T10:03:12`.
pub(crate) fn seconds(instant: i64) -> String {
    let mut text = Vec::with_capacity(19);
    push_seconds(&mut text, instant);
    String::from_utf8_lossy(&text).into_owned()
}

/// `2026-11-20T10:09:48.772Z`, as listings spell their times.
pub(crate) fn millis(instant: i64) -> String {
    format!("{}.{:03}Z", seconds(instant), instant.rem_euclid(SECOND))
}

/// `20261120100948772`: the digits of an instant down to milliseconds.
pub(crate) fn compact(instant: i64) -> String {
    let at = civil(instant);
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{:03}",
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.millisecond
    )
}

/// `Fri, 20 Nov 2026 10:09:48 GMT`.
pub(crate) fn http_date(instant: i64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = civil(instant);
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        DAYS[at.weekday as usize],
        at.day,
        MONTHS[(at.month - 1) as usize],
        at.year,
        at.hour,
        at.minute,
        at.second
    )
}

/// Reads the forms the service takes: a date, a time to the minute or second, a fraction, `Z`. No zone is UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let instant = if text.len() == 10 {
        text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)
    } else {
        text.parse::<jiff::civil::DateTime>().ok()?
    };
    Some(jiff::tz::TimeZone::UTC.to_timestamp(instant).ok()?.as_millisecond())
}

fn digits(out: &mut [u8], mut value: i64) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        let instant = parse("2026-11-20T10:09:48.772Z").unwrap();
        assert_eq!(seconds(instant), "2026-11-20T10:09:48");
        assert_eq!(millis(instant), "2026-11-20T10:09:48.772Z");
        assert_eq!(compact(instant), "20261120100948772");
        assert_eq!(http_date(instant), "Fri, 20 Nov 2026 10:09:48 GMT");
        assert_eq!(parse("2026-11-20").map(seconds).as_deref(), Some("2026-11-20T00:00:00"));
        assert_eq!(parse("2026-11-20T10:09").map(seconds).as_deref(), Some("2026-11-20T10:09:00"));
        assert_eq!(parse("2024-02-29T23:59:59").map(seconds).as_deref(), Some("2024-02-29T23:59:59"));
        assert_eq!(parse("2026-11-20T10:09:48 00:00"), None, "a plus sign that became a space");
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn the_clock_moves() {
        let clock = Clock::new(Some(1_000_000));
        clock.advance(5_000).unwrap();
        assert!((1_005_000..1_006_000).contains(&clock.now()));
        clock.set(2_000_000).unwrap();
        assert!((2_000_000..2_001_000).contains(&clock.now()));
        assert_eq!(clock.start(), 1_000_000, "it began where it began");
    }
}
