//! The feed in batches: blobs are gathered until a batch is full, and batches are built on worker threads,
//! several at once, and handed out in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use arrow_array::RecordBatch;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::build::{Built, build};
use super::plan::Plan;
use crate::Client;
use crate::audit::blob::Blob;
use crate::audit::feed::{Feed, InHand};
use crate::audit::fields::Row;
use crate::audit::pipeline::Form;
use crate::audit::progress::TELL;
use crate::audit::records::ListRecords;
use crate::audit::scan::Finds;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, Warning, WarningCode};

/// A batch is full with so many bytes, whatever the number of its rows.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The feed in batches, with what it tells of itself.
pub(super) struct Batches {
    plan: Arc<Plan>,
    steps: BoxStream<'static, Result<Step>>,
    conflicts: Vec<u64>,
}

enum Step {
    /// A batch, and the room that its blobs take until it is handed out.
    Batch { built: Built, page: Page<RecordBatch>, rooms: Vec<Room> },
    /// Nothing but what a page tells.
    News(Page<RecordBatch>),
    /// All batches were before this.
    End { page: Page<RecordBatch>, is_news: bool, verdict: Result<()> },
}

type Room = Arc<Option<OwnedSemaphorePermit>>;

impl Batches {
    /// Checks the request; nothing is sent before the first page is asked for.
    pub(super) fn new(client: Client, mut records: ListRecords, plan: Plan) -> Result<Batches> {
        // Read here and not by the feed.
        records.extended = None;
        let plan = Arc::new(plan);
        let gather = Gather {
            feed: Feed::new(client, records, AsBlobs)?,
            plan: Arc::clone(&plan),
            group: Group::default(),
            rest_of_blob: None,
            told: Instant::now(),
            outcome: None,
            ended: false,
        };
        let at_once = available_parallelism().map_or(2, std::num::NonZero::get);
        let steps = stream::unfold(gather, |mut gather| {
            async move { gather.next().await.map(|work| (work, gather)) }.boxed()
        });
        let steps = steps.buffered(at_once).boxed();
        let conflicts = vec![0; plan.paths.columns.len()];
        Ok(Batches { plan, steps, conflicts })
    }

    /// The next page, with one batch or none; none at the end.
    pub(super) async fn next(&mut self) -> Option<Result<Page<RecordBatch>>> {
        loop {
            return match self.steps.next().await? {
                Ok(Step::Batch { built, page, rooms }) => {
                    drop(rooms);
                    let all = self.conflicts.iter_mut();
                    all.zip(built.conflicts).for_each(|(all, more)| *all += more);
                    Some(Ok(Page { items: vec![built.batch], ..page }))
                }
                Ok(Step::News(page)) => Some(Ok(page)),
                Ok(Step::End { mut page, is_news, verdict }) => {
                    self.steps = stream::iter(verdict.err().map(Err)).boxed();
                    let conflicts = self.conflicts();
                    if !is_news && conflicts.is_empty() {
                        continue;
                    }
                    page.warnings.extend(conflicts.iter().map(|(column, count)| conflict(column, *count)));
                    Some(Ok(page))
                }
                Err(error) => {
                    self.steps = stream::empty().boxed();
                    Some(Err(error))
                }
            };
        }
    }

    /// How many values did not fit so far, by column; columns without any are left out.
    pub(super) fn conflicts(&self) -> BTreeMap<String, u64> {
        let counted = self.plan.extended().map(str::to_owned).zip(self.conflicts.iter().copied());
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// Values that became null.
pub(super) fn conflict(column: &str, count: u64) -> Warning {
    let message = format!("{count} values of the column {column} did not fit its type and became null");
    Warning::new(WarningCode::TypeConflict, message)
}

/// Reads the feed, and says what is to be built.
struct Gather {
    feed: Feed<AsBlobs>,
    plan: Arc<Plan>,
    group: Group,
    /// A blob that had more rows than went into the batch.
    rest_of_blob: Option<(Blob, Room)>,
    told: Instant,
    /// How the feed ended.
    outcome: Option<Result<()>>,
    ended: bool,
}

/// What goes into one batch.
#[derive(Default)]
struct Group {
    blobs: Vec<Blob>,
    rooms: Vec<Room>,
    rows: usize,
    bytes: usize,
}

impl Gather {
    async fn next(&mut self) -> Option<BoxFuture<'static, Result<Step>>> {
        while self.outcome.is_none() {
            let (blob, room) = match self.rest_of_blob.take() {
                Some(rest) => rest,
                None => match timeout(TELL, self.feed.next()).await {
                    Ok(Ok(Some(InHand { piece, room }))) => (piece, Arc::new(room)),
                    Ok(end) => {
                        self.outcome = Some(end.map(drop));
                        break;
                    }
                    Err(_) => return Some(self.news()),
                },
            };
            self.rest_of_blob = self.group.add(blob, room, self.plan.batch_rows);
            if self.rest_of_blob.is_some() || self.group.is_full(self.plan.batch_rows) {
                return Some(self.batch());
            }
            if self.told.elapsed() >= TELL {
                return Some(self.news());
            }
        }
        // What came before an error is handed out before it.
        if self.group.rows > 0 {
            return Some(self.batch());
        }
        if self.ended {
            return None;
        }
        self.ended = true;
        Some(done(self.outcome.replace(Ok(()))?.map(|()| {
            let rest = self.feed.rest();
            let is_news = rest.is_some();
            let page = rest.unwrap_or_else(|| self.feed.page(Vec::new()));
            Step::End { page, is_news, verdict: self.feed.verdict() }
        })))
    }

    fn news(&mut self) -> BoxFuture<'static, Result<Step>> {
        self.told = Instant::now();
        done(Ok(Step::News(self.feed.page(Vec::new()))))
    }

    fn batch(&mut self) -> BoxFuture<'static, Result<Step>> {
        self.told = Instant::now();
        let page = self.feed.page(Vec::new());
        let Group { blobs, rooms, .. } = std::mem::take(&mut self.group);
        let plan = Arc::clone(&self.plan);
        on_a_worker(move || build(&plan, &blobs))
            .map(|built| Ok(Step::Batch { built: built?, page, rooms }))
            .boxed()
    }
}

impl Group {
    /// Takes as many rows as there is room for, and gives back the rest.
    fn add(&mut self, mut blob: Blob, room: Room, batch_rows: usize) -> Option<(Blob, Room)> {
        let mut bytes = self.bytes;
        let fit = blob.rows().iter().take(batch_rows - self.rows).take_while(|row| {
            // One row fits, however long it is.
            let fits = bytes == 0 || bytes < BATCH_BYTES;
            bytes += row.place.len() + size_of::<Row>();
            fits
        });
        let fit = fit.count();
        let (part, rest) = if fit < blob.rows().len() {
            (blob.take_part(fit), Some((blob, Arc::clone(&room))))
        } else {
            (blob, None)
        };
        self.rows += fit;
        // With what the places take, which is more than the records where these are tiny.
        self.bytes += part.rows().iter().map(|row| row.place.len() + size_of::<Row>()).sum::<usize>();
        self.blobs.push(part);
        self.rooms.push(room);
        rest
    }

    fn is_full(&self, batch_rows: usize) -> bool {
        self.rows >= batch_rows || self.bytes >= BATCH_BYTES
    }
}

/// Blobs as they are.
struct AsBlobs;

impl Form for AsBlobs {
    type Piece = Blob;

    fn finds(&self) -> Finds {
        Finds::Fields
    }

    fn make(&self, blob: Blob) -> Blob {
        blob
    }

    fn count(blob: &Blob) -> usize {
        blob.rows().len()
    }

    fn retain(blob: &mut Blob, mut is_new: impl FnMut(Option<&str>) -> bool) {
        blob.retain(|fields| is_new(fields.id()));
    }

    fn without_id(blob: &Blob) -> usize {
        blob.fields().filter(|record| record.id().is_none()).count()
    }

    fn held(blob: &Blob) -> usize {
        blob.held()
    }
}

fn done(step: Result<Step>) -> BoxFuture<'static, Result<Step>> {
    std::future::ready(step).boxed()
}

/// Does work that takes a while, on a thread that nothing else waits for.
pub(super) async fn on_a_worker<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Error::new(ErrorKind::Service, "the work on the columns was broken off").with_source(e))
    })
}
