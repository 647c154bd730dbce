//! What a feed is laid out by: how many blobs of which type, how busy each hour is, what records are made from.

use super::mix;
use super::template::{Names, Template};
use crate::clock::{self, HOUR};
use crate::config::Config;
use crate::random::Random;

/// What records are made from, by content type.
pub(super) struct Samples {
    templates: [Vec<Template>; 5],
    /// Which template a number below the sum of the weights stands for.
    draws: [Vec<u8>; 5],
}

impl Samples {
    pub(super) fn new(names: &Names<'_>) -> Self {
        let mut samples = Self { templates: Default::default(), draws: Default::default() };
        for share in mix::SHARES {
            let place = share.content_type.index();
            let line = share.file.lines().nth(share.line).unwrap_or("{}");
            let number = samples.templates[place].len() as u8;
            samples.templates[place].push(Template::new(line, share.operations, names).open());
            samples.draws[place].extend(std::iter::repeat_n(number, share.weight));
        }
        samples
    }

    /// The template of a record.
    pub(super) fn choose(&self, content_type: usize, seed: u64) -> &Template {
        let draws = &self.draws[content_type];
        &self.templates[content_type][usize::from(draws[(seed >> 8) as usize % draws.len()])]
    }
}

/// Blobs by content type: one each where there are enough, the rest by weight.
pub(super) fn share_out(config: &Config) -> [usize; 5] {
    let types = &config.content_types;
    let mut blobs = [0; 5];
    let each = usize::from(config.blobs >= types.len());
    let mut left = config.blobs - each * types.len();
    let mut weights: usize = types.iter().map(|&known| mix::weight(known)).sum();
    for &known in types {
        // The last one takes what is left, so that the sum is what was asked for.
        let part = (left * mix::weight(known)).div_ceil(weights.max(1)).min(left);
        blobs[known.index()] = each + part;
        left -= part;
        weights -= mix::weight(known);
    }
    blobs
}

pub(super) fn activity(begin: i64, span: i64) -> Vec<f64> {
    let hours = (span / HOUR + i64::from(span % HOUR > 0)).max(1);
    let mut sums = Vec::with_capacity(hours as usize);
    let mut sum = 0.0;
    for hour in 0..hours {
        let start = begin + hour * HOUR;
        let at = clock::civil(start);
        let busy = match at.hour {
            7 | 18 => 0.6,
            8..=11 | 13..=16 => 1.0,
            12 | 17 => 0.8,
            _ => 0.15,
        };
        let week = if matches!(at.weekday, 0 | 6) { 0.25 } else { 1.0 };
        let width = HOUR.min(span - hour * HOUR).max(1) as f64 / HOUR as f64;
        sum += busy * week * width;
        sums.push(sum);
    }
    for value in &mut sums {
        *value /= sum;
    }
    sums
}

pub(super) fn filler(seed: u64) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "access", "policy", "record", "session", "tenant", "mailbox", "label", "review", "device", "folder",
        "shared", "granted", "scope", "client", "result", "region",
    ];
    let mut random = Random::new(seed);
    let mut text = Vec::with_capacity(65_536);
    while text.len() < 65_536 {
        text.extend_from_slice(WORDS[random.below(WORDS.len())].as_bytes());
        text.push(b' ');
        if random.below(4) == 0 {
            text.extend_from_slice(format!("{:08x} ", random.next() as u32).as_bytes());
        }
    }
    text
}
