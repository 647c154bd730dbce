//! The walk of a search: waits for the query, reads what it found, and tells what was met on the way.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::stream;

use super::super::PAGE_OF_RECORDS;
use super::super::feed::summary;
use super::super::record::{AuditRecord, Origin, beyond_limits};
use super::super::records::OnError;
use super::super::scan::Why;
use super::SearchRecords;
use super::envelope;
use super::query::{Query, State};
use crate::Client;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, Paged, QueryStatus, Report, Warning, WarningCode};

/// How much longer each wait is than the one before, while nothing changes.
const GROWTH: f64 = 1.25;
/// How many times the first wait a wait grows to.
const LONGEST: u32 = 6;

/// Begins a search; nothing is sent before the first page is asked for.
pub(super) fn open(client: Client, request: SearchRecords) -> Paged<AuditRecord> {
    let search = Search {
        wait: request.first_wait(),
        client,
        request,
        stage: Stage::New,
        failures: Vec::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
        report: Report::default(),
    };
    Paged::new(stream::unfold(search, |mut search| {
        async move { search.next_page().await.map(|page| (page, search)) }.boxed()
    }))
}

struct Search {
    client: Client,
    request: SearchRecords,
    stage: Stage,
    wait: Duration,
    failures: Vec<Error>,
    /// What the next page has to tell beside its records.
    errors: Vec<Error>,
    warnings: Vec<Warning>,
    report: Report,
}

enum Stage {
    New,
    /// The service works on it.
    Waiting(Query),
    Reading(Query, Reading),
    /// Everything is read, and the summary of what failed is still to be raised.
    Read,
    Ended,
}

#[derive(Default)]
struct Reading {
    /// Elements of the page in hand, and how many of all came before them.
    elements: VecDeque<Bytes>,
    taken: usize,
    next: Option<String>,
    begun: bool,
    /// Links of this search, by which a loop is told.
    followed: HashSet<String>,
}

impl Search {
    async fn next_page(&mut self) -> Option<Result<Page<AuditRecord>>> {
        match self.step().await {
            Ok(Some(records)) => Some(Ok(self.page(records))),
            Ok(None) => None,
            Err(error) => {
                // A query that is left goes with its stage.
                self.stage = Stage::Ended;
                Some(Err(error))
            }
        }
    }

    /// The records of the next page; none at the end.
    async fn step(&mut self) -> Result<Option<Vec<AuditRecord>>> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::New => self.begin().await,
            Stage::Waiting(query) => {
                self.pause().await?;
                let state = query.state().await?;
                self.wait_or_read(query, &state)
            }
            Stage::Reading(query, reading) => self.read(query, reading).await,
            Stage::Read if self.request.on_error == OnError::Raise && !self.failures.is_empty() => {
                Err(summary(std::mem::take(&mut self.failures), &self.report))
            }
            Stage::Read | Stage::Ended => Ok(None),
        }
    }

    async fn begin(&mut self) -> Result<Option<Vec<AuditRecord>>> {
        let corridor = self.client.corridor();
        let filters = self.request.filters(corridor.service_now(&Service::Graph).await?)?;
        let (query, state) = Query::create(&self.client, &filters, self.request.keep).await?;
        self.wait_or_read(query, &state)
    }

    /// An empty page that tells how far the query is, unless that is at its end.
    fn wait_or_read(&mut self, query: Query, state: &State) -> Result<Option<Vec<AuditRecord>>> {
        let status = state.status.clone().unwrap_or(QueryStatus::NotStarted);
        if self.report.status.replace(status.clone()).is_some_and(|before| before != status) {
            self.wait = self.request.first_wait();
        }
        match status {
            QueryStatus::Failed | QueryStatus::Cancelled => {
                let hint = "The service gives no reason; search again, or narrow the span and the filters";
                return Err(Error::new(
                    ErrorKind::Service,
                    format!("the query of the search has {}", ended(&status)),
                )
                .with_hint(hint));
            }
            QueryStatus::Succeeded => {
                if state.is_record_count_limit_exceeded == Some(true) {
                    self.warnings.push(limit_warning(state));
                }
                self.stage = Stage::Reading(query, Reading::default());
            }
            // What this version does not know is not the end.
            _ => self.stage = Stage::Waiting(query),
        }
        Ok(Some(Vec::new()))
    }

    /// Waits before the next question, the longer the longer nothing changes.
    async fn pause(&mut self) -> Result<()> {
        let closed = &self.client.corridor().closed;
        tokio::select! {
            biased;
            () = closed.cancelled() => return Err(Error::new(ErrorKind::Cancelled, "the client was closed")),
            () = tokio::time::sleep(self.wait) => {}
        }
        let longest = self.request.first_wait().saturating_mul(LONGEST);
        self.wait = self.wait.mul_f64(GROWTH).min(longest);
        Ok(())
    }

    async fn read(&mut self, query: Query, mut reading: Reading) -> Result<Option<Vec<AuditRecord>>> {
        while reading.elements.is_empty() {
            let link = reading.next.take();
            if reading.begun && link.is_none() {
                return self.finish(query).await;
            }
            let found = match query.records(link.as_deref()).await {
                Ok(found) => found,
                // Without this page nobody knows where the next one is.
                Err(error) => {
                    self.failed(error)?;
                    return self.finish(query).await;
                }
            };
            reading.begun = true;
            self.report.pages += 1;
            self.report.bytes += found.bytes as u64;
            reading.elements.extend(found.elements);
            reading.next = found.next;
            if let Some(next) = &reading.next
                && !reading.followed.insert(next.clone())
            {
                let message = "the link to the next page leads back; stopped there";
                self.warnings.push(Warning::new(WarningCode::LoopingLink, message));
                reading.next = None;
            }
        }
        let count = reading.elements.len().min(PAGE_OF_RECORDS);
        let mut records = Vec::with_capacity(count);
        let origin = Origin::new(None, "");
        let longest = self.client.max_record_bytes();
        for element in reading.elements.drain(..count) {
            let outcome = match beyond_limits(&element, longest) {
                Some(why) => Err(why),
                None => envelope::read(&element, &origin).ok_or(Why::NoRecord),
            };
            match outcome {
                Ok(record) => records.push(record),
                Err(why) => {
                    let why = why.words(element.len(), longest);
                    self.failed(not_a_record(&element, &why, reading.taken))?;
                }
            }
            reading.taken += 1;
        }
        self.report.records += records.len() as u64;
        self.stage = Stage::Reading(query, reading);
        Ok(Some(records))
    }

    /// A last page with what is left to tell, after the query is gone.
    async fn finish(&mut self, query: Query) -> Result<Option<Vec<AuditRecord>>> {
        query.end().await;
        self.stage = Stage::Read;
        Ok(Some(Vec::new()))
    }

    fn failed(&mut self, error: Error) -> Result<()> {
        tracing::warn!(
            target: "m365kit::audit", kind = error.kind().as_str(), code = error.code(),
            "a part of the search's result could not be read: {}", error.message()
        );
        self.report.failed += 1;
        if self.request.on_error == OnError::RaiseAtOnce || error.kind() == ErrorKind::Cancelled {
            return Err(error);
        }
        self.failures.push(error.clone());
        self.errors.push(error);
        Ok(())
    }

    fn page(&mut self, records: Vec<AuditRecord>) -> Page<AuditRecord> {
        self.report.refusals = self.client.corridor().pace.refusals();
        Page {
            errors: std::mem::take(&mut self.errors),
            warnings: std::mem::take(&mut self.warnings),
            report: Some(self.report.clone()),
            ..Page::of(records)
        }
    }
}

fn ended(status: &QueryStatus) -> &'static str {
    if matches!(status, QueryStatus::Cancelled) { "been cancelled" } else { "failed" }
}

fn limit_warning(state: &State) -> Warning {
    let limit = state.record_count_limit.map(|limit| format!(", which are {limit}")).unwrap_or_default();
    let message = format!(
        "the search found more records than the service hands out for one query{limit}; the result is not \
         complete: search shorter spans"
    );
    Warning::new(WarningCode::RecordLimit, message)
}

fn not_a_record(element: &[u8], why: &str, index: usize) -> Error {
    let start = String::from_utf8_lossy(&element[..element.len().min(80)]);
    Error::new(ErrorKind::Decode, format!("element {index} of the search's result {why}: {start}"))
        .at(|place| place.index = Some(index))
}
