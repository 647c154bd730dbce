//! Records from before the feed, which only a search of the audit log still finds. They too are made when they are
//! asked for.

use std::ops::Range;

use super::template::Scene;
use super::{Blob, Feed, mix};
use crate::audit::ContentType;
use crate::clock::DAY;
use crate::config::Config;
use crate::random::{fraction, hash, salt};

/// So many records on each of so many days.
pub(super) struct Archive {
    begin: i64,
    days: usize,
    per_day: usize,
}

impl Archive {
    /// Ends where the feed begins.
    pub(super) fn new(config: &Config, feed: i64) -> Self {
        let days = config.archive_days as usize;
        Self { begin: feed - days as i64 * DAY, days, per_day: config.archive_per_day as usize }
    }
}

impl Feed {
    /// The archived records whose events happened in `from..until`.
    pub(crate) fn archived(&self, from: i64, until: i64) -> Range<usize> {
        let first = |instant: i64| {
            let archive = &self.archive;
            let day = ((instant - archive.begin).div_euclid(DAY)).clamp(0, archive.days as i64) as usize;
            let mut number = day * archive.per_day;
            // A day is short enough to look through.
            while number < archive.days * archive.per_day && self.archived_at(number) < instant {
                number += 1;
            }
            number
        };
        first(from)..first(until).max(first(from))
    }

    /// When the event of an archived record happened. Later ones are never earlier.
    pub(crate) fn archived_at(&self, number: usize) -> i64 {
        let archive = &self.archive;
        let (day, place) = (number / archive.per_day, number % archive.per_day);
        let within = place as f64 + fraction(self.archive_key(number));
        // Whole seconds, as records spell their times.
        let at = archive.begin + day as i64 * DAY + (within / archive.per_day as f64 * DAY as f64) as i64;
        at / 1_000 * 1_000
    }

    /// Appends an archived record.
    pub(crate) fn write_archived(&self, out: &mut Vec<u8>, number: usize) {
        let key = self.archive_key(number);
        let template = self.samples().choose(self.archived_type(key).index(), key);
        let high = hash(&[key, salt("id")]);
        let scene = Scene { people: &self.people, seed: key, at: self.archived_at(number) };
        template.write(out, (high, hash(&[high, key])), &scene);
        out.push(b'}');
    }

    /// The records that a blob was made with, and when their events happened.
    pub(crate) fn events(&self, blob: Blob) -> impl Iterator<Item = (usize, i64)> {
        (0..self.own_records(blob)).map(move |number| (number, self.happened(blob, number)))
    }

    fn archived_type(&self, key: u64) -> ContentType {
        let weights: usize = self.content_types.iter().map(|&known| mix::weight(known)).sum();
        let mut place = (key >> 32) as usize % weights;
        for &content_type in &self.content_types {
            let weight = mix::weight(content_type);
            if place < weight {
                return content_type;
            }
            place -= weight;
        }
        self.content_types[0]
    }

    fn archive_key(&self, number: usize) -> u64 {
        hash(&[self.seed, salt("archive"), number as u64])
    }
}
