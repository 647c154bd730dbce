//! The work list: what is put on it, what is taken from it, and what is safe and leaves it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use redb::{Durability, ReadableTable, Table, WriteTransaction};

use super::open::{Failure, State};
use super::rows::{self, FileRow, GapRow, SpanRow, TypeRow, WorkKey, WorkRow};
use super::tables::{FILES, FIRST_LISTED, FORGET, FRESH, GAPS, KNOWN, PARKED, SPANS, TYPES};
use crate::audit::content::Content;
use crate::audit::content_type::ContentType;
use crate::audit::window::Window;
use crate::error::Result;

/// Content ids are remembered for a day longer than the service keeps the content.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(8 * 24);

/// What has become of a piece of work.
#[derive(Debug, Clone)]
pub(in crate::audit::follow) enum Delivered {
    /// So many elements of a blob are safe, and more are to come.
    Part { key: WorkKey, position: u64 },
    /// A blob is safe, or the caller knows that it is lost.
    Whole { key: WorkKey, content_id: Arc<str> },
    /// The caller knows of a gap.
    GapTold(u64),
}

impl Delivered {
    /// Whether it takes a blob off those that are tried again.
    pub(in crate::audit::follow) fn ends_parking(&self) -> bool {
        matches!(self, Delivered::Whole { key: WorkKey::Parked(..), .. })
    }
}

/// What is to be remembered at once.
#[derive(Debug, Clone, Default)]
pub(in crate::audit::follow) struct Safe {
    pub(in crate::audit::follow) delivered: Vec<Delivered>,
    /// Files as they are now, by the path that they will have.
    pub(in crate::audit::follow) files: Vec<FileRow>,
    /// Files that have got their name.
    pub(in crate::audit::follow) named: Vec<String>,
}

impl Safe {
    pub(in crate::audit::follow) fn is_empty(&self) -> bool {
        self.delivered.is_empty() && self.files.is_empty() && self.named.is_empty()
    }
}

impl State {
    /// How far a content type has come; none if it was never followed.
    pub(in crate::audit::follow) fn type_row(&self, of: &ContentType) -> Result<Option<TypeRow>> {
        self.read(|transaction| {
            let table = transaction.open_table(TYPES)?;
            let row = table.get(of.as_str())?;
            Ok(row.map(|row| rows::read("types", row.value())).transpose()?)
        })
    }

    /// Writes how far a content type has come.
    pub(in crate::audit::follow) fn set_type_row(&self, of: &ContentType, row: TypeRow) -> Result<()> {
        let json = rows::write(&row)?;
        self.write(|transaction| {
            transaction.open_table(TYPES)?.insert(of.as_str(), json.as_slice())?;
            Ok(())
        })
    }

    /// Notes a gap that the caller is still to be told of, and goes on behind it.
    pub(in crate::audit::follow) fn add_gap(&self, gap: &GapRow, row: TypeRow) -> Result<u64> {
        let (gap_json, row_json) = (rows::write(gap)?, rows::write(&row)?);
        self.write(|transaction| {
            let mut gaps = transaction.open_table(GAPS)?;
            let number = gaps.last()?.map_or(0, |(number, _)| number.value() + 1);
            gaps.insert(number, gap_json.as_slice())?;
            transaction.open_table(TYPES)?.insert(gap.content_type.as_str(), row_json.as_slice())?;
            Ok(number)
        })
    }

    /// The gaps, with their numbers.
    pub(in crate::audit::follow) fn gaps(&self) -> Result<Vec<(u64, GapRow)>> {
        self.read(|transaction| {
            let mut gaps = Vec::new();
            for row in transaction.open_table(GAPS)?.iter()? {
                let (number, json) = row?;
                gaps.push((number.value(), rows::read("gaps", json.value())?));
            }
            Ok(gaps)
        })
    }

    /// Puts on the list what is not known yet; gives how many blobs that are. `row` says how far the listing
    /// has come with it.
    pub(in crate::audit::follow) fn add(
        &self,
        found: Vec<Content>,
        announced: bool,
        row: Option<(&ContentType, TypeRow)>,
    ) -> Result<u64> {
        let fresh: Vec<_> = self.read(|transaction| {
            let known = transaction.open_table(KNOWN)?;
            let mut fresh = Vec::new();
            for content in found {
                if known.get(content.content_id.as_str())?.is_none() {
                    fresh.push(content);
                }
            }
            Ok(fresh)
        })?;
        let row = row.map(|(of, row)| Ok::<_, crate::Error>((of, rows::write(&row)?))).transpose()?;
        let orders = if announced { &self.next_announced } else { &self.next_listed };
        let nothing_new = fresh.is_empty();
        if nothing_new && row.is_none() {
            return Ok(0);
        }
        self.write_with(nothing_new, |transaction| {
            let mut known = transaction.open_table(KNOWN)?;
            let mut work = transaction.open_table(FRESH)?;
            let mut added = 0;
            for content in fresh {
                // Another listing, or the webhook, may have been there in the meantime.
                if known.get(content.content_id.as_str())?.is_some() {
                    continue;
                }
                known.insert(content.content_id.as_str(), 0)?;
                let json = rows::write(&WorkRow::new(content))?;
                work.insert(orders.fetch_add(1, Ordering::Relaxed), json.as_slice())?;
                added += 1;
            }
            if let Some((of, json)) = &row {
                transaction.open_table(TYPES)?.insert(of.as_str(), json.as_slice())?;
            }
            Ok(added)
        })
    }

    /// What is to be fetched next: announced, then due after a failure, then listed; without what `taken` says.
    pub(in crate::audit::follow) fn pick(
        &self,
        count: usize,
        now: Timestamp,
        taken: &HashSet<WorkKey>,
        cursor: [u64; 2],
    ) -> Result<Vec<(WorkKey, WorkRow)>> {
        self.read(|transaction| {
            let mut picked = Vec::new();
            let fresh = transaction.open_table(FRESH)?;
            for row in fresh.range(cursor[0]..FIRST_LISTED)?.take(count) {
                let (order, json) = row?;
                picked.push((WorkKey::Fresh(order.value()), rows::read("fresh", json.value())?));
            }
            let parked = transaction.open_table(PARKED)?;
            for row in parked.range(..(now.as_second() + 1, 0))? {
                if picked.len() >= count {
                    break;
                }
                let (key, json) = row?;
                let key = WorkKey::Parked(key.value().0, key.value().1);
                if !taken.contains(&key) {
                    picked.push((key, rows::read("parked", json.value())?));
                }
            }
            for row in fresh.range(cursor[1]..)?.take(count - picked.len().min(count)) {
                let (order, json) = row?;
                picked.push((WorkKey::Fresh(order.value()), rows::read("fresh", json.value())?));
            }
            Ok(picked)
        })
    }

    /// Puts a blob aside until a later second; gives the place where it stands then.
    pub(in crate::audit::follow) fn park(
        &self,
        key: WorkKey,
        row: &WorkRow,
        until: Timestamp,
    ) -> Result<WorkKey> {
        let json = rows::write(row)?;
        let order = match key {
            WorkKey::Fresh(order) | WorkKey::Parked(_, order) => order,
        };
        let until = until.as_second();
        // Need not wait for the disk: lost, the blob stands where it stood, and is fetched again.
        self.write_at(Durability::None, |transaction| {
            remove_work(transaction, key)?;
            transaction.open_table(PARKED)?.insert((until, order), json.as_slice())?;
            Ok(WorkKey::Parked(until, order))
        })
    }

    /// Remembers for good what is safe.
    pub(in crate::audit::follow) fn commit(&self, safe: &Safe, now: Timestamp) -> Result<()> {
        if safe.is_empty() {
            return Ok(());
        }
        let forget_at = now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX).as_second();
        self.write(|transaction| {
            // Of several positions of one blob the last counts.
            let mut positions = HashMap::new();
            for delivered in &safe.delivered {
                match delivered {
                    Delivered::Part { key, position } => {
                        positions.insert(*key, *position);
                    }
                    Delivered::Whole { key, content_id } => {
                        positions.remove(key);
                        remove_work(transaction, *key)?;
                        let id = content_id.as_ref();
                        transaction.open_table(KNOWN)?.insert(id, forget_at)?;
                        transaction.open_table(FORGET)?.insert((forget_at, id), ())?;
                    }
                    Delivered::GapTold(number) => {
                        let mut gaps = transaction.open_table(GAPS)?;
                        let gap = gaps.get(number)?.map(|row| rows::read::<GapRow>("gaps", row.value()));
                        if let Some(gap) = gap.transpose()? {
                            gaps.insert(number, rows::write(&GapRow { told: true, ..gap })?.as_slice())?;
                        }
                    }
                }
            }
            for (key, position) in positions {
                move_position(transaction, key, position)?;
            }
            let mut files = transaction.open_table(FILES)?;
            for file in &safe.files {
                files.insert(file.path.as_str(), rows::write(file)?.as_slice())?;
            }
            for path in &safe.named {
                files.remove(path.as_str())?;
            }
            Ok(())
        })
    }

    /// Forgets the ids of content that the service no longer keeps.
    pub(in crate::audit::follow) fn forget(&self, now: Timestamp) -> Result<()> {
        self.write(|transaction| {
            let mut forget = transaction.open_table(FORGET)?;
            let mut known = transaction.open_table(KNOWN)?;
            let past = forget.extract_from_if(..(now.as_second(), ""), |_, ()| true)?;
            for row in past {
                known.remove(row?.0.value().1)?;
            }
            Ok(())
        })
    }

    /// The spans of a content type that could not be listed.
    pub(in crate::audit::follow) fn spans(&self, of: &ContentType) -> Result<Vec<(Window, SpanRow)>> {
        self.read(|transaction| {
            let table = transaction.open_table(SPANS)?;
            let mut spans = Vec::new();
            for row in table.range((of.as_str(), i64::MIN)..=(of.as_str(), i64::MAX))? {
                let (key, json) = row?;
                let span: SpanRow = rows::read("spans", json.value())?;
                spans.push((span.window(key.value().1)?, span));
            }
            Ok(spans)
        })
    }

    /// Notes a span that could not be listed, or takes it off the list.
    pub(in crate::audit::follow) fn set_span(
        &self,
        of: &ContentType,
        start: Timestamp,
        row: Option<&SpanRow>,
    ) -> Result<()> {
        let key = (of.as_str(), start.as_second());
        let json = row.map(rows::write).transpose()?;
        self.write(|transaction| {
            let mut spans = transaction.open_table(SPANS)?;
            match json {
                Some(json) => drop(spans.insert(key, json.as_slice())?),
                None => drop(spans.remove(key)?),
            }
            Ok(())
        })
    }

    /// When the oldest blob that was listed and not delivered became available; parked ones do not count.
    pub(in crate::audit::follow) fn oldest_fresh(&self) -> Result<Option<Timestamp>> {
        self.read(|transaction| {
            let table = transaction.open_table(FRESH)?;
            let first = table.range(FIRST_LISTED..)?.next().transpose()?;
            let row = first.map(|(_, json)| rows::read::<WorkRow>("fresh", json.value())).transpose()?;
            Ok(row.and_then(|row| row.content.content_created))
        })
    }

    /// The files that are being written.
    pub(in crate::audit::follow) fn files(&self) -> Result<Vec<FileRow>> {
        self.read(|transaction| {
            let mut files = Vec::new();
            for row in transaction.open_table(FILES)?.iter()? {
                files.push(rows::read("files", row?.1.value())?);
            }
            Ok(files)
        })
    }

    /// One that says nothing new need not wait for the disk: lost, it is found out again.
    fn write_with<T>(
        &self,
        says_nothing_new: bool,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Failure>,
    ) -> Result<T> {
        if says_nothing_new { self.write_at(Durability::None, work) } else { self.write(work) }
    }
}

fn remove_work(transaction: &WriteTransaction, key: WorkKey) -> Result<(), Failure> {
    match key {
        WorkKey::Fresh(order) => drop(transaction.open_table(FRESH)?.remove(order)?),
        WorkKey::Parked(due, order) => drop(transaction.open_table(PARKED)?.remove((due, order))?),
    }
    Ok(())
}

fn move_position(transaction: &WriteTransaction, key: WorkKey, position: u64) -> Result<(), Failure> {
    match key {
        WorkKey::Fresh(order) => set_position(&mut transaction.open_table(FRESH)?, order, position),
        WorkKey::Parked(due, order) => {
            set_position(&mut transaction.open_table(PARKED)?, (due, order), position)
        }
    }
}

fn set_position<'k, K: redb::Key + 'static>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: K::SelfType<'k>,
    position: u64,
) -> Result<(), Failure>
where
    K::SelfType<'k>: Copy,
{
    let row = table.get(key)?.map(|row| rows::read::<WorkRow>("work", row.value())).transpose()?;
    if let Some(row) = row {
        table.insert(key, rows::write(&WorkRow { position, ..row })?.as_slice())?;
    }
    Ok(())
}
