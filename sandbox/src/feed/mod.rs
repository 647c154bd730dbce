//! The audit feed: blobs that are made from the seed when they are asked for, so that a feed of any size costs nothing
//! until it is read.

mod archive;
mod growth;
mod mix;
mod people;
mod plan;
mod shelf;
mod template;

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::audit::ContentType;
use crate::clock::{self, DAY, HOUR, MINUTE, SECOND};
use crate::config::{Config, Live};
use crate::random::{Random, fraction, guid, hash, push_guid, salt};
use archive::Archive;
use growth::{Defaults, Growth};
use people::Person;
use plan::{Samples, activity, filler, share_out};
pub(crate) use shelf::Shelf;
use template::{Names, Scene};

/// How long content can be fetched after it became available.
pub(crate) const RETENTION: i64 = 7 * DAY;

/// Content ids have six digits for the number of a blob. Further digits stand where the ids of the first million have
/// a number below this.
const MORE_DIGITS: usize = 900_000;
const MILLION: usize = 1_000_000;

/// A feed as it is made from the seed: what lies behind its start, and how it grows from there.
pub(crate) struct Feed {
    seed: u64,
    begin: i64,
    /// Cumulative activity at the end of each hour since `begin`, ending at 1.
    activity: Vec<f64>,
    span: i64,
    blobs: [usize; 5],
    growth: Growth,
    archive: Archive,
    content_types: Vec<ContentType>,
    /// Which share of the blobs is listed so many milliseconds after it became available.
    late: Option<(f64, i64)>,
    records: usize,
    record_bytes: Option<usize>,
    shuffle: bool,
    within: usize,
    across: usize,
    large: Option<(ContentType, usize)>,
    /// How many blobs of a type differ in more than their ids and times.
    distinct: usize,
    pub(crate) shelf: Shelf,
    tenant: String,
    domain: String,
    /// Made with the first record: most of the time a sandbox takes to start would go into them.
    samples: OnceLock<Samples>,
    people: Vec<Person>,
    filler: Vec<u8>,
}

/// One blob of the feed: its content type and its place among the blobs of that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Blob {
    pub(crate) content_type: ContentType,
    pub(crate) index: usize,
}

/// Why an id names no blob of the feed.
pub(crate) enum NoBlob {
    /// It is not a content id.
    Malformed,
    /// It could be one, and is not.
    Unknown,
}

impl Feed {
    /// Plans a feed that ends a little before `start` and, if it grows, goes on from there.
    pub(crate) fn new(config: &Config, tenant: &str, start: i64) -> Self {
        let reach = (config.days * DAY as f64) as i64;
        // A reader whose own clock is a little off, or who asks for "the last 24 hours" some minutes after the start,
        // must find all of it.
        let margin = (reach / 20).min(10 * MINUTE);
        let begin = start - reach + margin;
        let span = reach - 2 * margin;
        let mut blobs = share_out(config);
        let large = config.large_blob.map(|records| {
            let general = ContentType::General;
            let home =
                if config.content_types.contains(&general) { general } else { config.content_types[0] };
            blobs[home.index()] += 1;
            (home, records)
        });
        let defaults = Defaults { records: config.records, content_types: &config.content_types };
        Self {
            growth: Growth::new(start, blobs, config.live.as_ref(), &defaults),
            archive: Archive::new(config, begin),
            content_types: config.content_types.clone(),
            late: config.late.as_ref().map(|late| (late.share, (late.seconds * SECOND as f64) as i64)),
            seed: config.seed,
            begin,
            activity: activity(begin, span),
            span,
            blobs,
            records: config.records,
            record_bytes: config.record_bytes,
            shuffle: config.shuffle,
            within: config.duplicates.within_blob,
            across: config.duplicates.across_blobs,
            large,
            distinct: config.distinct_blobs.unwrap_or(usize::MAX),
            shelf: Shelf::new(config.keep_bytes),
            tenant: tenant.to_owned(),
            domain: config.domain.clone(),
            samples: OnceLock::new(),
            people: people::people(config.seed),
            filler: if config.record_bytes.is_some() { filler(config.seed) } else { Vec::new() },
        }
    }

    /// The blobs of a type that became available in `from..until`.
    pub(crate) fn window(&self, content_type: ContentType, from: i64, until: i64) -> Range<usize> {
        self.first_at(content_type, from)
            ..self.first_at(content_type, until).max(self.first_at(content_type, from))
    }

    /// Goes on growing at another pace from `now` on, or stops.
    pub(crate) fn grow(&self, now: i64, live: Option<&Live>) {
        let defaults = Defaults { records: self.records, content_types: &self.content_types };
        self.growth
            .change(now, live, &defaults, |content_type, index| self.place(Blob { content_type, index }));
    }

    /// When a blob became available. Later blobs of a type are never earlier.
    pub(crate) fn created(&self, blob: Blob) -> i64 {
        let count = self.blobs[blob.content_type.index()];
        if blob.index >= count
            && let Some(span) = self.growth.span(blob.content_type, blob.index)
        {
            return span.created(blob.content_type, blob.index, self.place(blob));
        }
        let place = blob.index as f64 + self.place(blob);
        let target = place / count as f64;
        let hour = self.activity.partition_point(|&sum| sum <= target).min(self.activity.len() - 1);
        let low = if hour == 0 { 0.0 } else { self.activity[hour - 1] };
        let inside = ((target - low) / (self.activity[hour] - low)).clamp(0.0, 1.0);
        let width = HOUR.min(self.span - hour as i64 * HOUR);
        let offset = (inside * width as f64) as i64;
        self.begin + hour as i64 * HOUR + offset
    }

    /// From when on a blob is listed and can be fetched.
    pub(crate) fn listed(&self, blob: Blob) -> i64 {
        let late = self.late.filter(|&(share, _)| fraction(self.key(blob, salt("late"))) < share);
        self.created(blob) + late.map_or(0, |(_, by)| by)
    }

    /// Milliseconds by which content may be late at most.
    pub(crate) fn latest(&self) -> i64 {
        self.late.map_or(0, |(_, by)| by)
    }

    /// The id of a blob, in the shape that the service has: two times, two spellings of the type, a region.
    pub(crate) fn content_id(&self, blob: Blob) -> String {
        let created = self.created(blob);
        let key = self.key(blob, salt("id"));
        let begin = created - 6 * MINUTE - (key % 240_000).cast_signed();
        let (slug, title) = blob.content_type.slugs();
        let (start, end) = (clock::compact(begin), clock::compact(created));
        let more = match blob.index / MILLION {
            0 => (key >> 32) as usize & 0x7_ffff,
            more => MORE_DIGITS + more,
        };
        format!("{start}{more:06}${end}{:06}${slug}${title}$na0045", blob.index % MILLION)
    }

    /// The blob that an id names.
    pub(crate) fn find(&self, id: &str) -> Result<Blob, NoBlob> {
        let parts: Vec<&str> = id.split('$').collect();
        let [start, end, slug, title, _region] = parts[..] else { return Err(NoBlob::Malformed) };
        let timestamp = |text: &str| text.len() == 23 && text.bytes().all(|byte| byte.is_ascii_digit());
        let content_type = ContentType::ALL.into_iter().find(|known| known.slugs() == (slug, title));
        let (Some(content_type), true) = (content_type, timestamp(start) && timestamp(end)) else {
            return Err(NoBlob::Malformed);
        };
        let digits = |text: &str| text[17..].parse::<usize>().map_err(|_| NoBlob::Malformed);
        let millions = digits(start)?.saturating_sub(MORE_DIGITS);
        let blob = Blob { content_type, index: millions * MILLION + digits(end)? };
        let planned = blob.index < self.blobs[content_type.index()]
            || self.growth.span(content_type, blob.index).is_some();
        if planned && self.content_id(blob) == id { Ok(blob) } else { Err(NoBlob::Unknown) }
    }

    /// Ids of the records that a blob was made with, in their order before shuffling.
    pub(crate) fn own_ids(&self, blob: Blob) -> impl Iterator<Item = String> {
        (0..self.own_records(blob)).map(move |number| self.id_text(blob, number))
    }

    /// Ids of the records that a blob repeats from the one before it.
    pub(crate) fn repeated_ids(&self, blob: Blob) -> impl Iterator<Item = String> {
        let before = Blob { index: blob.index.saturating_sub(1), ..blob };
        (0..self.across_records(blob)).map(move |number| self.id_text(before, number))
    }

    /// How many records a blob was made with, without repeats.
    pub(crate) fn own_records(&self, blob: Blob) -> usize {
        if let Some(records) = self.large_records(blob) {
            return records;
        }
        let blob = self.form(blob);
        let records = if blob.index < self.blobs[blob.content_type.index()] {
            self.records
        } else {
            self.growth.span(blob.content_type, blob.index).map_or(self.records, |span| span.records)
        };
        let low = records.div_ceil(2);
        let high = records + records / 2;
        low + (self.key(blob, salt("size")) % (high - low + 1) as u64) as usize
    }

    /// How many records a blob holds, repeats included.
    pub(crate) fn all_records(&self, blob: Blob) -> usize {
        let own = self.own_records(blob);
        own + self.within.min(own) + self.across_records(blob)
    }

    /// The body of a blob, in pieces of about `piece` bytes.
    pub(crate) fn body(self: std::sync::Arc<Self>, blob: Blob, piece: usize) -> Body {
        let order = self.order(self.form(blob));
        Body { feed: self, order, next: 0, piece }
    }

    /// Length of a blob's body in bytes. Costs as much as making it.
    pub(crate) fn length(&self, blob: Blob, scratch: &mut Vec<u8>) -> usize {
        let order = self.order(self.form(blob));
        let mut length = 2 + order.len().saturating_sub(1);
        for (index, number) in order {
            scratch.clear();
            self.write(scratch, Blob { index, ..blob }, number);
            length += scratch.len();
        }
        length
    }

    /// The blob whose body this one has: itself, unless bodies repeat.
    pub(crate) fn form(&self, blob: Blob) -> Blob {
        if self.large_records(blob).is_some() {
            return blob;
        }
        Blob { index: blob.index % self.distinct, ..blob }
    }

    /// How many records the large blob holds, if this is the one.
    fn large_records(&self, blob: Blob) -> Option<usize> {
        let (content_type, records) = self.large?;
        let last = blob.index + 1 == self.blobs[content_type.index()];
        (content_type == blob.content_type && last).then_some(records)
    }

    /// About how long a record is.
    pub(crate) fn mean_record(&self) -> usize {
        self.record_bytes.unwrap_or(0).max(1_100)
    }

    /// Which records a blob holds: of which blob, and which there.
    fn order(&self, blob: Blob) -> Vec<(usize, usize)> {
        let own = self.own_records(blob);
        let mut order: Vec<_> =
            (0..own).chain(0..self.within.min(own)).map(|number| (blob.index, number)).collect();
        if let Some(index) = blob.index.checked_sub(1) {
            order.extend((0..self.across_records(blob)).map(|number| (index, number)));
        }
        if self.shuffle {
            let mut random = Random::new(self.key(blob, salt("shuffle")));
            for last in (1..order.len()).rev() {
                order.swap(last, random.below(last + 1));
            }
        }
        order
    }

    /// Appends a record of a blob.
    pub(crate) fn write(&self, out: &mut Vec<u8>, blob: Blob, number: usize) {
        let content_type = blob.content_type.index();
        let seed = self.record_key(blob, number);
        let template = self.samples().choose(content_type, seed);
        let at = self.happened(blob, number);
        let start = out.len();
        template.write(out, self.record_id(blob, number), &Scene { people: &self.people, seed, at });
        if let Some(mean) = self.record_bytes {
            let goal = mean / 2 + (seed >> 36) as usize % (mean + 1);
            self.pad(out, start + goal, seed);
        }
        out.push(b'}');
    }

    fn samples(&self) -> &Samples {
        self.samples.get_or_init(|| Samples::new(&Names { tenant: &self.tenant, domain: &self.domain }))
    }

    /// When the event of a record happened: 5 to 95 minutes before the blob that holds it.
    fn happened(&self, blob: Blob, number: usize) -> i64 {
        let late = (self.record_key(blob, number) >> 20 & 0x7fff).cast_signed() * 90 * MINUTE / 0x8000;
        (self.created(self.form(blob)) - 5 * MINUTE - late) / SECOND * SECOND
    }

    fn record_key(&self, blob: Blob, number: usize) -> u64 {
        hash(&[self.key(self.form(blob), salt("record")), number as u64])
    }

    /// Adds a member of free text, so that the record is about as long as it should be.
    fn pad(&self, out: &mut Vec<u8>, goal: usize, seed: u64) {
        const NAME: &[u8] = b",\"AdditionalInfo\":\"";
        let Some(mut missing) = goal.checked_sub(out.len() + NAME.len() + 2) else { return };
        out.extend_from_slice(NAME);
        let mut from = seed as usize % (self.filler.len() / 2);
        while missing > 0 {
            let take = missing.min(self.filler.len() - from);
            out.extend_from_slice(&self.filler[from..from + take]);
            missing -= take;
            from = 0;
        }
        out.push(b'"');
    }

    fn across_records(&self, blob: Blob) -> usize {
        match blob.index.checked_sub(1) {
            None => 0,
            Some(index) => self.across.min(self.own_records(Blob { index, ..blob })),
        }
    }

    fn id_text(&self, blob: Blob, number: usize) -> String {
        let (high, low) = self.record_id(blob, number);
        let mut text = Vec::with_capacity(36);
        push_guid(&mut text, high, low, false);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn record_id(&self, blob: Blob, number: usize) -> (u64, u64) {
        let blob = self.form(blob);
        let high = hash(&[self.key(blob, salt("recordid")), number as u64]);
        (high, hash(&[high, number as u64, blob.index as u64]))
    }

    fn key(&self, blob: Blob, salt: u64) -> u64 {
        hash(&[self.seed, salt, blob.content_type.index() as u64, blob.index as u64])
    }

    /// Where a blob lies between its neighbours.
    fn place(&self, blob: Blob) -> f64 {
        fraction(self.key(blob, salt("created")))
    }

    fn first_at(&self, content_type: ContentType, instant: i64) -> usize {
        let planned = self.blobs[content_type.index()];
        let (mut low, mut high) = (0, planned);
        while low < high {
            let index = usize::midpoint(low, high);
            if self.created(Blob { content_type, index }) < instant {
                low = index + 1;
            } else {
                high = index;
            }
        }
        if low < planned {
            return low;
        }
        self.growth.first_at(content_type, instant, |index| self.place(Blob { content_type, index }))
    }
}

/// The pieces of a blob's body.
pub(crate) struct Body {
    feed: std::sync::Arc<Feed>,
    order: Vec<(usize, usize)>,
    next: usize,
    piece: usize,
}

impl Body {
    /// Makes the pieces; `blob` is the one the body was asked for.
    pub(crate) fn pieces(mut self, content_type: ContentType) -> impl Iterator<Item = Bytes> + Send {
        std::iter::from_fn(move || {
            if self.next > self.order.len() {
                return None;
            }
            let mut out = Vec::with_capacity(self.piece + self.piece / 4 + 64);
            if self.next == 0 {
                out.push(b'[');
            }
            while self.next < self.order.len() && out.len() < self.piece {
                if self.next > 0 {
                    out.push(b',');
                }
                let (index, number) = self.order[self.next];
                self.feed.write(&mut out, Blob { content_type, index }, number);
                self.next += 1;
            }
            if self.next == self.order.len() {
                out.push(b']');
                self.next += 1;
            }
            Some(Bytes::from(out))
        })
    }
}

/// A content id for content that a test adds.
pub(crate) fn added_id(content_type: ContentType, created: i64, number: usize) -> String {
    let (slug, title) = content_type.slugs();
    let time = clock::compact(created);
    format!("{time}{number:06}${time}{number:06}${slug}${title}$na9999")
}

/// A request id that nobody else has.
pub(crate) fn request_id(seed: u64, number: u64) -> String {
    guid(hash(&[seed, salt("request"), number]))
}
