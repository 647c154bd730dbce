//! How times are written.

use crate::clock;

/// An instant with as many digits behind the second as it needs.
pub(crate) fn stamp(instant: i64) -> String {
    let text = clock::millis(instant);
    let bare = text.trim_end_matches('Z').trim_end_matches('0');
    // The zeros of a whole second are gone now, and the point is not.
    match bare.strip_suffix('.') {
        Some(whole) => format!("{whole}Z"),
        None => format!("{bare}Z"),
    }
}

/// The same instant with as many digits as an older service might have given it: 0, 1, 2, 3 or 7.
pub(super) fn vary(text: &str, choice: u64) -> String {
    let Some(bare) = text.strip_suffix('Z') else { return text.to_owned() };
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let fraction = fraction.trim_end_matches('0');
    let fitting: Vec<usize> =
        [0, 1, 2, 3, 7].into_iter().filter(|&digits| digits >= fraction.len()).collect();
    match fitting.get((choice % 5) as usize % fitting.len().max(1)) {
        None => text.to_owned(),
        Some(0) => format!("{whole}Z"),
        Some(&digits) => format!("{whole}.{fraction:0<digits$}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_as_many_as_needed_or_more() {
        assert_eq!(stamp(1_795_168_800_000), "2026-11-20T10:00:00Z");
        assert_eq!(stamp(1_795_168_810_500), "2026-11-20T10:00:10.5Z");
        let all: Vec<String> = (0..5).map(|choice| vary("2026-11-20T10:00:00.5Z", choice)).collect();
        assert!(
            all.contains(&"2026-11-20T10:00:00.5Z".into())
                && all.contains(&"2026-11-20T10:00:00.5000000Z".into())
        );
        assert_eq!(vary("2026-11-20T10:00:00Z", 0), "2026-11-20T10:00:00Z");
        assert_eq!(vary("2026-11-20T10:00:00.12345678Z", 3), "2026-11-20T10:00:00.12345678Z");
    }
}
