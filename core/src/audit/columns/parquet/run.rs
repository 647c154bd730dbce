//! The run of `write_parquet`: the feed is read on one task while what came is encoded on other threads.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{FutureExt, stream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::partition::Partitioning;
use super::target::Target;
use super::writers::{Finished, Writers};
use super::{Compression, Written};
use crate::audit::columns::gather::{Batches, on_a_worker};
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, Paged, Report};

/// Batches that wait to be encoded.
const WAITING: usize = 1;

/// What is to be written, and where.
pub(super) struct Job {
    pub(super) target: Target,
    pub(super) partitioning: Partitioning,
    pub(super) compression: Compression,
    pub(super) schema: SchemaRef,
}

/// Carries it out: pages that tell of the progress, and a last one with what was written.
pub(super) fn pages(batches: Batches, job: Job) -> Paged<Written> {
    Paged::new(stream::unfold(State::New(Box::new((batches, job))), |state| {
        async move {
            match state.next().await {
                Ok(Some((page, state))) => Some((Ok(page), state)),
                Ok(None) => None,
                // With the state goes what was written so far.
                Err(error) => Some((Err(hinted(error)), State::Ended)),
            }
        }
        .boxed()
    }))
}

enum State {
    New(Box<(Batches, Job)>),
    Writing(Box<Writing>),
    Ended,
}

struct Writing {
    pages: mpsc::Receiver<Result<Page<RecordBatch>>>,
    /// Reads the feed; gives the values that did not fit, by column.
    reader: AbortOnDropHandle<BTreeMap<String, u64>>,
    writers: Writers,
    report: Option<Report>,
}

impl State {
    async fn next(self) -> Result<Option<(Page<Written>, State)>> {
        let mut writing = match self {
            State::New(new) => {
                let (batches, job) = *new;
                Box::new(Writing::begin(batches, job).await?)
            }
            State::Writing(writing) => writing,
            State::Ended => return Ok(None),
        };
        let Some(page) = writing.pages.recv().await else {
            return writing.finish().await.map(|page| Some((page, State::Ended)));
        };
        let Page { items, errors, warnings, report, .. } = page?;
        if !items.is_empty() {
            writing = on_a_worker(move || {
                items.iter().try_for_each(|batch| writing.writers.write(batch))?;
                Ok(writing)
            })
            .await?;
        }
        writing.report.clone_from(&report);
        Ok(Some((Page { errors, warnings, report, ..Page::of(Vec::new()) }, State::Writing(writing))))
    }
}

impl Writing {
    /// Looks at the target before anything is sent.
    async fn begin(mut batches: Batches, job: Job) -> Result<Writing> {
        let writers = on_a_worker(move || {
            let Job { target, partitioning, compression, schema } = job;
            Writers::new(target.prepare()?, partitioning, compression, &schema)
        })
        .await?;
        let (sender, pages) = mpsc::channel(WAITING);
        let reader = AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(page) = batches.next().await {
                if sender.send(page).await.is_err() {
                    break;
                }
            }
            batches.conflicts()
        }));
        Ok(Writing { pages, reader, writers, report: None })
    }

    async fn finish(self) -> Result<Page<Written>> {
        let Writing { reader, writers, report, .. } = self;
        let conflicts = reader.await.map_err(|e| {
            Error::new(ErrorKind::Service, "the task that read the feed ended early; this is a bug")
                .with_source(e)
        })?;
        let Finished { files, rows: records, bytes } = on_a_worker(move || writers.finish()).await?;
        Ok(Page { report, ..Page::of(vec![Written { records, bytes, files, conflicts }]) })
    }
}

fn hinted(error: Error) -> Error {
    if error.kind() != ErrorKind::Storage {
        return error;
    }
    error.with_hint_if_none(
        "Nothing was left behind, and what stood there still does. Check the disk and the permissions",
    )
}
