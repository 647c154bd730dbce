//! The feed behind `records(...)`: makes the plan, hands out the records, and tells what was met on the way.
//!
//! The windows are listed and the blobs fetched in `pipeline`.

use std::collections::HashSet;

use futures::future::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;

use super::PAGE_OF_RECORDS;
use super::blob::Blob;
use super::content_type::ContentType;
use super::pipeline::{Pipeline, Step, steps};
use super::record::AuditRecord;
use super::records::{ListRecords, OnError};
use super::route::Route;
use super::subscriptions::ListSubscriptions;
use super::window::Span;
use crate::Client;
use crate::dispatch::Call;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::page::{Page, Paged, Report, Warning, WarningCode};

/// Begins a feed; nothing is sent before the first page is asked for.
pub(super) fn open(client: Client, request: ListRecords, span: Span) -> Paged<AuditRecord> {
    let feed = Feed {
        seen_ids: request.dedupe.then(SeenIds::default),
        client,
        request,
        span,
        steps: None,
        blob: None,
        news: News::default(),
        failures: Vec::new(),
        without_id: 0,
        report: Report::default(),
        told: None,
        ended: false,
    };
    Paged::new(stream::unfold(feed, |mut feed| {
        async move { feed.next_page().await.map(|page| (page, feed)) }.boxed()
    }))
}

struct Feed {
    client: Client,
    request: ListRecords,
    span: Span,
    steps: Option<BoxStream<'static, Step>>,
    blob: Option<(Blob, Option<OwnedSemaphorePermit>)>,
    news: News,
    failures: Vec<Error>,
    seen_ids: Option<SeenIds>,
    without_id: u64,
    report: Report,
    /// The report as the last page gave it.
    told: Option<Report>,
    ended: bool,
}

/// What the next page has to tell beside its records.
#[derive(Default)]
struct News {
    errors: Vec<Error>,
    warnings: Vec<Warning>,
}

impl Feed {
    async fn next_page(&mut self) -> Option<Result<Page<AuditRecord>>> {
        if self.ended {
            return None;
        }
        loop {
            match self.records_in_hand() {
                Ok(Some(records)) => return Some(Ok(self.page(records))),
                Ok(None) => {}
                Err(error) => return Some(Err(self.ended_by(error))),
            }
            let step = match &mut self.steps {
                Some(steps) => steps.next().await,
                None => match self.begin().await {
                    Ok(steps) => {
                        self.steps = Some(steps);
                        continue;
                    }
                    Err(error) => return Some(Err(self.ended_by(error))),
                },
            };
            let Some(step) = step else { return self.end() };
            if let Err(error) = self.take(step) {
                return Some(Err(self.ended_by(error)));
            }
        }
    }

    /// The next records of the blob in hand; none if there is no blob.
    fn records_in_hand(&mut self) -> Result<Option<Vec<AuditRecord>>> {
        let Some((blob, _)) = &mut self.blob else { return Ok(None) };
        let (mut records, errors) = blob.take(PAGE_OF_RECORDS);
        if blob.is_drained() {
            self.blob = None;
        }
        self.without_id += records.iter().filter(|record| record.id.is_none()).count() as u64;
        if let Some(seen) = &mut self.seen_ids {
            let all = records.len();
            records.retain(|record| record.id.as_deref().is_none_or(|id| seen.insert(id)));
            self.report.duplicates += (all - records.len()) as u64;
        }
        if let Some(paths) = &self.request.extended {
            for record in &mut records {
                record.extend(paths);
            }
        }
        self.report.records += records.len() as u64;
        errors.into_iter().try_for_each(|error| self.failed(error))?;
        Ok(Some(records))
    }

    fn take(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Listed { pages, warnings, errors } => {
                self.report.pages += pages;
                self.news.warnings.extend(warnings);
                self.report.windows += u64::from(errors.is_empty());
                errors.into_iter().try_for_each(|error| self.failed(error))?;
            }
            Step::Fetched { outcome: Err(error), .. } => self.failed(error)?,
            Step::Fetched { outcome: Ok(blob), room } => {
                self.report.blobs += 1;
                self.report.bytes += blob.bytes as u64;
                self.blob = Some((blob, room));
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: Error) -> Result<()> {
        tracing::warn!(
            target: "m365kit::audit", kind = error.kind().as_str(), code = error.code(),
            content_type = error.place().content_type, content_id = error.place().content_id,
            "a part of the feed could not be read: {}", error.message()
        );
        self.report.failed += 1;
        // What ends everything is not the failure of a part.
        if self.request.on_error == OnError::RaiseAtOnce || error.kind() == ErrorKind::Cancelled {
            return Err(error);
        }
        self.failures.push(error.clone());
        self.news.errors.push(error);
        Ok(())
    }

    fn page(&mut self, records: Vec<AuditRecord>) -> Page<AuditRecord> {
        self.report.refusals = self.client.corridor().pace.refusals();
        self.told = Some(self.report.clone());
        let News { errors, warnings } = std::mem::take(&mut self.news);
        Page { errors, warnings, report: Some(self.report.clone()), ..Page::of(records) }
    }

    /// A last page with what is left to tell, and then the summary of the failures if that is wanted.
    fn end(&mut self) -> Option<Result<Page<AuditRecord>>> {
        if self.without_id > 0 {
            let count = std::mem::take(&mut self.without_id);
            let message = format!("{count} records have no id; they cannot be told from duplicates");
            self.news.warnings.push(Warning::new(WarningCode::MissingId, message));
        }
        if !self.news.warnings.is_empty() || self.told.as_ref() != Some(&self.report) {
            // Asked again, the ended stream of steps says again that it has ended.
            self.steps = Some(stream::empty().boxed());
            return Some(Ok(self.page(Vec::new())));
        }
        self.ended = true;
        if self.request.on_error == OnError::Raise && !self.failures.is_empty() {
            return Some(Err(summary(std::mem::take(&mut self.failures), &self.report)));
        }
        None
    }

    fn ended_by(&mut self, error: Error) -> Error {
        self.ended = true;
        self.steps = None;
        error
    }

    /// Makes the plan, and the streams that carry it out.
    async fn begin(&mut self) -> Result<BoxStream<'static, Step>> {
        let corridor = self.client.corridor();
        let now = corridor.service_now().await?;
        let (span, clamped) = self.span.resolve(now)?;
        if clamped {
            self.news.warnings.push(span.clamp_warning());
        }
        self.news.warnings.extend(corridor.clock.warning());
        let types = match self.request.content_types.clone() {
            Some(types) => without_repeats(types),
            None => subscribed(&self.client).await?,
        };
        let route = Route::of(&self.client).await?;
        let pipeline = Pipeline::new(self.client.clone(), route);
        Ok(steps(pipeline, types, span, self.request.ordered))
    }
}

/// The record ids of this run; GUIDs, which nearly all of them are, take sixteen bytes each.
#[derive(Default)]
struct SeenIds {
    guids: HashSet<u128>,
    others: HashSet<Box<str>>,
}

impl SeenIds {
    fn insert(&mut self, id: &str) -> bool {
        if crate::identity::is_guid(id)
            && let Ok(guid) = u128::from_str_radix(&id.replace('-', ""), 16)
        {
            return self.guids.insert(guid);
        }
        self.others.insert(id.into())
    }
}

pub(super) async fn subscribed(client: &Client) -> Result<Vec<ContentType>> {
    let subscriptions = ListSubscriptions {}.send(client.clone(), None).await?;
    let mut types: Vec<_> =
        subscriptions.into_iter().filter(super::Subscription::is_enabled).map(|s| s.content_type).collect();
    if types.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "the tenant is subscribed to no content type")
            .with_hint("Start a subscription first: audit.start"));
    }
    types.sort_by_key(|of| ContentType::KNOWN.iter().position(|known| known == of).unwrap_or(usize::MAX));
    Ok(without_repeats(types))
}

pub(super) fn without_repeats(types: Vec<ContentType>) -> Vec<ContentType> {
    let mut seen = HashSet::new();
    types.into_iter().filter(|of| seen.insert(of.clone())).collect()
}

/// One error for all that failed: of their kind if they share one.
pub(super) fn summary(failures: Vec<Error>, report: &Report) -> Error {
    let Some(first) = failures.first().cloned() else {
        return Error::new(ErrorKind::Service, "a part of the feed could not be read");
    };
    let one_kind = failures.iter().all(|error| error.kind() == first.kind());
    let kind = if one_kind { first.kind() } else { ErrorKind::Service };
    let repeat = if failures.iter().any(Error::is_retryable) { Repeat::Fault } else { Repeat::Never };
    let message = format!(
        "{} of the feed's parts could not be read, {} records were delivered; the first: {}",
        failures.len(),
        report.records,
        first.message()
    );
    let hint = first.hint().unwrap_or(
        "The errors of this error say what failed; on_error=\"collect\" hands them out beside the records",
    );
    Error::new(kind, message)
        .with_hint(hint)
        .with_code(first.code().map(str::to_owned))
        .with_repeat(repeat)
        .with_errors(failures)
}
