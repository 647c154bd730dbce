//! How far a feed has come, how fast it is, and how long it will take.

// Counts here are of requests, records and bytes of one run, and rates of them: a float holds them.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::page::Report;

/// How often whoever waits for one result is told how far it has come, also while nothing comes.
pub(super) const TELL: Duration = Duration::from_secs(1);
/// What "of late" means.
const OF_LATE: Duration = Duration::from_secs(10);
/// What happened closer together is one sample.
const SAMPLE: Duration = Duration::from_millis(250);
/// The time left follows the present rate within so many seconds, so that it does not jump about.
const SMOOTHED_OVER: f64 = 5.0;

/// How fast something grows of late.
#[derive(Debug, Default)]
pub(super) struct Speed {
    began: Option<Instant>,
    /// The newest last; the first is as old as "of late" reaches back.
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    records: u64,
    blobs: u64,
}

/// What there is to do, as far as those who list have found out.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// None before there is a plan.
    windows: AtomicU64,
    windows_listed: AtomicU64,
    blobs: AtomicU64,
}

/// The progress of a feed that has an end.
#[derive(Debug, Default)]
pub(super) struct Progress {
    speed: Speed,
    known: Arc<Known>,
    /// Blobs that are done with, those included that could not be read.
    blobs_done: u64,
    /// Seconds that were left, and when.
    left: Option<(Instant, f64)>,
}

impl Speed {
    /// Begins to count the time, the first time.
    pub(super) fn begin(&mut self) {
        if self.began.is_some() {
            return;
        }
        let now = Instant::now();
        self.began = Some(now);
        self.samples.push_back(Sample { at: now, records: 0, blobs: 0 });
    }

    /// Puts into a report how long it has taken and how many records came a second, of late.
    pub(super) fn tell(&mut self, report: &mut Report) {
        let Some(began) = self.began else { return };
        let now = Instant::now();
        report.elapsed = Some(now.duration_since(began).as_secs_f64());
        report.rate =
            self.sample(Sample { at: now, records: report.records, blobs: 0 }).map(|(rate, _)| rate);
    }

    /// Records and blobs a second, of late; none as long as no time has passed.
    fn sample(&mut self, new: Sample) -> Option<(f64, f64)> {
        while self.samples.get(1).is_some_and(|second| new.at.duration_since(second.at) >= OF_LATE) {
            self.samples.pop_front();
        }
        let first = *self.samples.front()?;
        if self.samples.back().is_some_and(|last| new.at.duration_since(last.at) >= SAMPLE) {
            self.samples.push_back(new);
        }
        let passed = new.at.duration_since(first.at).as_secs_f64();
        let a_second = |new: u64, old: u64| new.saturating_sub(old) as f64 / passed;
        (passed > 0.0).then(|| (a_second(new.records, first.records), a_second(new.blobs, first.blobs)))
    }
}

impl Known {
    /// There are so many windows to list.
    pub(super) fn plans(&self, windows: usize) {
        self.windows.store(windows as u64, Ordering::Relaxed);
    }

    /// A page of a listing named so many blobs.
    pub(super) fn lists(&self, blobs: usize) {
        self.blobs.fetch_add(blobs as u64, Ordering::Relaxed);
    }

    /// One of them had been named before.
    pub(super) fn repeats(&self) {
        self.blobs.fetch_sub(1, Ordering::Relaxed);
    }

    /// A window is listed, as far as it can be.
    pub(super) fn ends_window(&self) {
        self.windows_listed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Progress {
    /// Begins to count the time, the first time.
    pub(super) fn begin(&mut self) {
        self.speed.begin();
    }

    /// Where those who list count what they find.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known)
    }

    /// A blob was delivered, or could not be.
    pub(super) fn ends_blob(&mut self) {
        self.blobs_done += 1;
    }

    /// Puts into a report what is known, how fast it goes, and how long it will take.
    pub(super) fn tell(&mut self, report: &mut Report) {
        let Some(began) = self.speed.began else { return };
        let now = Instant::now();
        report.elapsed = Some(now.duration_since(began).as_secs_f64());
        let new = Sample { at: now, records: report.records, blobs: self.blobs_done };
        let speed = self.speed.sample(new);
        report.rate = speed.map(|(records, _)| records);
        let [windows, listed, blobs] = [&self.known.windows, &self.known.windows_listed, &self.known.blobs]
            .map(|count| count.load(Ordering::Relaxed));
        let is_planned = windows > 0;
        report.windows_known = is_planned.then_some(windows);
        report.blobs_known = is_planned.then_some(blobs);
        let left = blobs.saturating_sub(self.blobs_done);
        report.bytes_known = match report.blobs {
            0 => None,
            fetched => Some(report.bytes + (report.bytes as f64 / fetched as f64 * left as f64) as u64),
        };
        let all_is_listed = is_planned && listed >= windows;
        let at_this_rate = match speed {
            _ if left == 0 => Some(0.0),
            Some((_, blobs)) if blobs > 0.0 => Some(left as f64 / blobs),
            _ => None,
        };
        self.left = at_this_rate.filter(|_| all_is_listed).map(|estimate| (now, self.smooth(estimate, now)));
        report.remaining = self.left.map(|(_, seconds)| seconds);
    }

    /// What was left before, less the time that has passed, drawn towards the new estimate.
    fn smooth(&self, estimate: f64, now: Instant) -> f64 {
        let Some((at, before)) = self.left else { return estimate };
        if estimate == 0.0 {
            return 0.0;
        }
        let passed = now.duration_since(at).as_secs_f64();
        let share = 1.0 - (-passed / SMOOTHED_OVER).exp();
        let expected = (before - passed).max(0.0);
        expected + (estimate - expected) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob of ten records and 1,000 bytes each tenth of a second.
    async fn goes_on(progress: &mut Progress, report: &mut Report, blobs: u64) {
        for _ in 0..blobs {
            tokio::time::sleep(Duration::from_millis(100)).await;
            report.blobs += 1;
            report.records += 10;
            report.bytes += 1_000;
            progress.ends_blob();
            progress.tell(report);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_grows_with_the_listing_and_the_end_is_told_when_all_is_listed() {
        let (mut progress, mut report) = (Progress::default(), Report::default());
        progress.tell(&mut report);
        assert_eq!(report, Report::default());
        progress.begin();
        progress.tell(&mut report);
        assert_eq!((report.elapsed, report.rate, report.windows_known), (Some(0.0), None, None));
        let known = progress.known();
        known.plans(2);
        known.lists(300);
        known.ends_window();
        goes_on(&mut progress, &mut report, 100).await;
        assert_eq!((report.windows_known, report.blobs_known), (Some(2), Some(300)));
        assert_eq!((report.bytes_known, report.remaining), (Some(300_000), None));
        assert!((report.rate.unwrap() - 100.0).abs() < 1.0 && (report.elapsed.unwrap() - 10.0).abs() < 0.1);
        known.lists(101);
        known.repeats();
        known.ends_window();
        goes_on(&mut progress, &mut report, 100).await;
        assert_eq!((report.blobs_known, report.bytes_known), (Some(400), Some(400_000)));
        assert!((report.remaining.unwrap() - 20.0).abs() < 0.5, "{:?}", report.remaining);
        goes_on(&mut progress, &mut report, 200).await;
        assert_eq!((report.remaining, report.bytes_known), (Some(0.0), Some(report.bytes)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_that_of_the_last_seconds_and_the_time_left_follows_it_smoothly() {
        let (mut progress, mut report) = (Progress::default(), Report::default());
        progress.begin();
        let known = progress.known();
        known.plans(1);
        known.lists(1_000);
        known.ends_window();
        goes_on(&mut progress, &mut report, 500).await;
        let before = report.remaining.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            progress.tell(&mut report);
        }
        let stalled = report.remaining.unwrap();
        assert!(
            (before - 50.0).abs() < 1.0 && stalled > before && stalled < 2.0 * before,
            "{before} {stalled}"
        );
        tokio::time::sleep(Duration::from_secs(15)).await;
        progress.tell(&mut report);
        assert!(report.rate.unwrap() < 40.0, "{:?}", report.rate);
        tokio::time::sleep(Duration::from_secs(15)).await;
        progress.tell(&mut report);
        assert_eq!((report.rate, report.remaining), (Some(0.0), None));
    }

    #[tokio::test(start_paused = true)]
    async fn blobs_that_fail_are_done_with_too() {
        let (mut progress, mut report) = (Progress::default(), Report::default());
        progress.begin();
        let known = progress.known();
        known.plans(1);
        known.lists(10);
        known.ends_window();
        goes_on(&mut progress, &mut report, 5).await;
        (0..5).for_each(|_| progress.ends_blob());
        progress.tell(&mut report);
        assert_eq!((report.remaining, report.bytes_known), (Some(0.0), Some(5_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_end_tells_its_time_and_rate() {
        let (mut speed, mut report) = (Speed::default(), Report::default());
        speed.begin();
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            report.records += 7;
            speed.tell(&mut report);
        }
        assert_eq!((report.elapsed, report.rate, report.remaining), (Some(30.0), Some(7.0), None));
    }
}
