//! Two windows that calls are counted in, for each application (service-communications, 3.5).

use std::collections::{HashMap, VecDeque};

use crate::clock::{HOUR, MINUTE};
use crate::config::Windows;

/// When applications called.
#[derive(Default)]
pub(super) struct Calls(HashMap<String, VecDeque<i64>>);

impl Calls {
    /// Counts a call, or gives the milliseconds until there is room for it. What is refused does not count.
    pub(super) fn take(&mut self, app: &str, windows: Windows, now: i64) -> Result<(), i64> {
        let calls = self.0.entry(app.to_ascii_lowercase()).or_default();
        // A clock that was set back has not seen them yet.
        calls.retain(|&at| at > now - HOUR && at <= now);
        let wait = |most: usize, window: i64| {
            let inside = calls.iter().filter(|&&at| at > now - window).count();
            // The oldest that has to leave the window before there is room.
            let place = calls.len() - inside + (inside + 1).saturating_sub(most);
            (inside >= most).then(|| calls.get(place - 1).map_or(window, |&at| at + window - now))
        };
        if let Some(wait) = wait(windows.per_minute, MINUTE).max(wait(windows.per_hour, HOUR)) {
            return Err(wait);
        }
        calls.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_windows_hold() {
        let windows = Windows { per_minute: 3, per_hour: 5, retry_after: true };
        let mut calls = Calls::default();
        for at in [0, 1_000, 2_000] {
            assert_eq!(calls.take("a", windows, at), Ok(()));
        }
        assert_eq!(calls.take("a", windows, 10_000), Err(50_000), "until the first is a minute old");
        assert_eq!(calls.take("A", windows, 10_000), Err(50_000), "refusals do not count, nor does case");
        assert_eq!(calls.take("b", windows, 10_000), Ok(()), "each application has its own");
        assert_eq!(calls.take("a", windows, 60_000), Ok(()));
        assert_eq!(calls.take("a", windows, 61_000), Ok(()));
        assert_eq!(calls.take("a", windows, 200_000), Err(HOUR - 200_000), "the hour is full");
        assert_eq!(calls.take("a", windows, HOUR), Ok(()));
        assert_eq!(calls.take("a", windows, 0), Ok(()), "before all that");
    }
}
