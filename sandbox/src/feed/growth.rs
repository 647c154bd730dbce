//! How the feed goes on after its start: spans of time in which blobs keep coming at a pace. Where a blob lies is
//! computed from its number, so that a feed which grows for days costs nothing either.

use std::sync::{PoisonError, RwLock};

use super::mix;
use crate::audit::ContentType;
use crate::clock::MINUTE;
use crate::config::Live;

/// All spans of growth, in the order of time.
pub(super) struct Growth {
    spans: RwLock<Vec<Span>>,
}

/// A span in which the feed grows at the same pace.
#[derive(Clone, Copy)]
pub(super) struct Span {
    begin: i64,
    /// Milliseconds from one blob to the next, by content type; none for types that do not grow.
    gaps: [Option<f64>; 5],
    /// Number of the first blob, by content type.
    first: [usize; 5],
    /// Blobs in it, by content type; endless while it lasts.
    counts: [usize; 5],
    /// Mean number of records in a blob.
    pub(super) records: usize,
}

impl Growth {
    /// Growth behind a feed that has so many `blobs`.
    pub(super) fn new(begin: i64, blobs: [usize; 5], live: Option<&Live>, defaults: &Defaults<'_>) -> Self {
        let growth = Self { spans: RwLock::default() };
        let span = live.map_or_else(|| still(begin, blobs), |live| pace(begin, blobs, live, defaults));
        growth.spans.write().unwrap_or_else(PoisonError::into_inner).push(span);
        growth
    }

    /// Goes on at another pace from `now` on, or not at all. `made` says when a blob of the present span became
    /// available.
    pub(super) fn change(
        &self,
        now: i64,
        live: Option<&Live>,
        defaults: &Defaults<'_>,
        fraction: impl Fn(ContentType, usize) -> f64,
    ) {
        let mut spans = self.spans.write().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = spans.last_mut() else { return };
        // The clock may have been set back behind the beginning of what was there before.
        let now = now.max(last.begin);
        let mut first = [0; 5];
        for content_type in ContentType::ALL {
            let place = content_type.index();
            last.counts[place] = last.before(content_type, now, |index| fraction(content_type, index));
            first[place] = last.first[place] + last.counts[place];
        }
        let next = live.map_or_else(|| still(now, first), |live| pace(now, first, live, defaults));
        spans.push(next);
    }

    /// The span that a blob belongs to, if it is or will be one of the growth.
    pub(super) fn span(&self, content_type: ContentType, index: usize) -> Option<Span> {
        let place = content_type.index();
        let spans = self.spans.read().unwrap_or_else(PoisonError::into_inner);
        let covers =
            |span: &&Span| index >= span.first[place] && index - span.first[place] < span.counts[place];
        spans.iter().rev().find(covers).copied()
    }

    /// Number of the first blob that became available at `instant` or later.
    pub(super) fn first_at(
        &self,
        content_type: ContentType,
        instant: i64,
        fraction: impl Fn(usize) -> f64,
    ) -> usize {
        let place = content_type.index();
        let spans = self.spans.read().unwrap_or_else(PoisonError::into_inner);
        let mut end = 0;
        for span in spans.iter() {
            let before = span.before(content_type, instant, &fraction);
            end = span.first[place] + before;
            if before < span.counts[place] {
                break;
            }
        }
        end
    }
}

impl Span {
    /// When a blob of it became available.
    pub(super) fn created(&self, content_type: ContentType, index: usize, fraction: f64) -> i64 {
        let place = content_type.index();
        let gap = self.gaps[place].unwrap_or(0.0);
        self.begin + (((index - self.first[place]) as f64 + fraction) * gap) as i64
    }

    /// How many blobs of it became available before `instant`.
    fn before(&self, content_type: ContentType, instant: i64, fraction: impl Fn(usize) -> f64) -> usize {
        let place = content_type.index();
        let Some(gap) = self.gaps[place] else { return 0 };
        // Blob number k lies somewhere between k and k + 1 gaps from the beginning.
        let guess = (instant.saturating_sub(self.begin) as f64 / gap).floor() - 1.0;
        let mut number = if guess > 0.0 { guess as usize } else { 0 };
        while number < self.counts[place] {
            let index = self.first[place] + number;
            if self.created(content_type, index, fraction(index)) >= instant {
                break;
            }
            number += 1;
        }
        number.min(self.counts[place])
    }
}

/// What a pace has where it says nothing.
pub(super) struct Defaults<'a> {
    pub(super) records: usize,
    pub(super) content_types: &'a [ContentType],
}

/// A span without blobs.
const fn still(begin: i64, first: [usize; 5]) -> Span {
    Span { begin, gaps: [None; 5], first, counts: [0; 5], records: 1 }
}

/// A span that goes on for ever.
fn pace(begin: i64, first: [usize; 5], live: &Live, defaults: &Defaults<'_>) -> Span {
    let content_types = live.content_types.as_deref().unwrap_or(defaults.content_types);
    let weights: usize = content_types.iter().map(|&known| mix::weight(known)).sum();
    let mut span = Span { records: live.records.unwrap_or(defaults.records), ..still(begin, first) };
    for &content_type in content_types {
        let share = mix::weight(content_type) as f64 / weights as f64;
        span.gaps[content_type.index()] = Some(MINUTE as f64 / (live.blobs_per_minute * share));
        span.counts[content_type.index()] = usize::MAX;
    }
    span
}
