//! The looks of a watch: when to look, what to ask for, and what to make of it.

use std::time::Duration;

use futures::FutureExt;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::super::model::{ServiceIssue, ServiceMessage};
use super::super::select::{self, Selection};
use super::super::{graph, office365};
use super::state::State;
use super::{HealthChange, WatchHealth};
use crate::Client;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::odata::{Query, field};
use crate::page::{Page, Paged};

/// How far back it is asked beyond what is known: modifications may appear late.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn open(client: Client, request: WatchHealth, state: State) -> Paged<HealthChange> {
    let now = Instant::now();
    let watch =
        Watch { client, request, state, issues_due: now, messages_due: now, checked: false, ended: false };
    let pages = stream::unfold(watch, |mut watch| {
        async move {
            if watch.ended {
                return None;
            }
            let page = watch.next_page().await;
            watch.ended = page.is_err();
            Some((page, watch))
        }
        .boxed()
    });
    Paged::new(pages).endless()
}

struct Watch {
    client: Client,
    request: WatchHealth,
    state: State,
    issues_due: Instant,
    messages_due: Instant,
    /// Whether the services that were named are known to exist.
    checked: bool,
    ended: bool,
}

/// Also what was modified shortly before, so that it is known when it is met again.
fn modified_since(until: Timestamp) -> Query {
    let since = until.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN);
    Query { filter: Some(field("lastModifiedDateTime").ge(since)), ..Query::default() }
}

/// What a look found.
#[derive(Default)]
struct Found {
    issues: Vec<ServiceIssue>,
    messages: Vec<ServiceMessage>,
}

impl Watch {
    /// The changes that the next look finds.
    async fn next_page(&mut self) -> Result<Page<HealthChange>> {
        self.pause().await?;
        let at = Instant::now();
        let issues = self.request.issues && self.issues_due <= at;
        let messages = self.request.messages && self.messages_due <= at;
        if issues {
            self.issues_due = at + self.request.poll_interval();
        }
        if messages {
            self.messages_due = at + self.message_interval();
        }
        match self.look(issues, messages).await {
            Ok(changes) => Ok(Page { token: Some(self.state.token()), ..Page::of(changes) }),
            Err(error) if passes(&error) => {
                tracing::warn!(
                    target: "m365kit::service_health", kind = error.kind().as_str(), code = error.code(),
                    "a look failed, and is made again: {}", error.message()
                );
                let page = Page { token: Some(self.state.token()), ..Page::of(Vec::new()) };
                Ok(Page { errors: vec![error], ..page })
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until there is something to look at.
    async fn pause(&self) -> Result<()> {
        let due = match (self.request.issues, self.request.messages) {
            (true, true) => self.issues_due.min(self.messages_due),
            (true, false) => self.issues_due,
            (false, _) => self.messages_due,
        };
        tokio::select! {
            biased;
            () = self.client.corridor().closed.cancelled() => {
                Err(Error::new(ErrorKind::Cancelled, "the client was closed"))
            }
            () = tokio::time::sleep_until(due) => Ok(()),
        }
    }

    async fn look(&mut self, issues: bool, messages: bool) -> Result<Vec<HealthChange>> {
        let service = if self.client.speaks_office365() { Service::Management } else { Service::Graph };
        let now = self.client.corridor().service_now(&service).await?;
        self.check_services().await?;
        self.state.now = Some(now);
        let found = if self.client.speaks_office365() {
            self.ask_office365(issues, messages).await?
        } else {
            self.ask_graph(issues, messages, now).await?
        };
        let first = self.state.begun.is_none();
        if first {
            self.state.begin(now);
        }
        let newest = found.newest();
        let mut changes = self.take(found, first);
        self.state.known_until(newest);
        self.state.forget(now);
        if let Some(last) = changes.last_mut() {
            last.token = self.state.token();
        }
        Ok(changes)
    }

    async fn ask_graph(&self, issues: bool, messages: bool, now: Timestamp) -> Result<Found> {
        let mut found = Found::default();
        if issues {
            if self.state.begun.is_none() || self.state.opening {
                // Not what is over: nobody wants the history of a month as news.
                let open = Query { filter: Some(field("isResolved").eq(false)), ..Query::default() };
                found.issues = graph::all(&self.client, "issues", open).await?;
            }
            let since = modified_since(self.state.issues_until.unwrap_or(now));
            found.issues.extend(graph::all(&self.client, "issues", since).await?);
        }
        if messages {
            let since = modified_since(self.state.messages_until.unwrap_or(now));
            found.messages = graph::all(&self.client, "messages", since).await?;
        }
        Ok(found)
    }

    /// The original has one list, and no filter on the time of a change.
    async fn ask_office365(&self, issues: bool, messages: bool) -> Result<Found> {
        let mut found = Found::default();
        for told in office365::all_messages(&self.client).await? {
            found.issues.extend(told.issue.filter(|_| issues));
            found.messages.extend(told.message.filter(|_| messages));
        }
        Ok(found)
    }

    /// What is new in what was found. Each change has the token that a watch goes on with behind it.
    fn take(&mut self, mut found: Found, first: bool) -> Vec<HealthChange> {
        found.issues.sort_by_key(|issue| issue.last_modified_date_time);
        found.messages.sort_by_key(|message| message.last_modified_date_time);
        if first {
            // What is over, and what was posted before, is only remembered.
            found.messages.iter().for_each(|message| drop(self.state.note_message(message)));
            found
                .issues
                .iter()
                .filter(|issue| issue.is_over())
                .for_each(|issue| drop(self.state.note_issue(issue)));
        }
        let tells = !first || self.request.existing;
        let mut told = Vec::new();
        for issue in found.issues.iter().filter(|issue| self.request.is_watched_issue(issue)) {
            let change = self.state.note_issue(issue);
            told.extend(change.filter(|_| tells).and_then(|change| self.tell(change)));
        }
        for message in found.messages.iter().filter(|message| self.request.is_watched_message(message)) {
            let change = self.state.note_message(message);
            told.extend(change.and_then(|change| self.tell(change)));
        }
        told
    }

    fn tell(&self, change: HealthChange) -> Option<HealthChange> {
        if self.request.only_content && !change.content_changed {
            return None;
        }
        Some(HealthChange { token: self.state.token(), ..change })
    }

    /// Refuses services that the tenant does not have: they would be watched for ever.
    async fn check_services(&mut self) -> Result<()> {
        let Some(asked) = self.request.services.as_ref().filter(|_| !self.checked) else { return Ok(()) };
        let known = if self.client.speaks_office365() {
            office365::services(&self.client, &Selection::all(&select::SERVICES)).await?
        } else {
            graph::services(&self.client).await?
        };
        let mut names = Vec::with_capacity(asked.len());
        for name in asked {
            let same = |text: &str| text.eq_ignore_ascii_case(name.trim());
            let of = known.iter().find(|of| same(&of.id) || of.service.as_deref().is_some_and(same));
            let Some(of) = of else {
                let all: Vec<&str> = known.iter().filter_map(|of| of.service.as_deref()).collect();
                let message = format!("services: {name:?} is none of the tenant's: {}", all.join(", "));
                return Err(Error::invalid(message));
            };
            names.push(of.id.clone());
            names.extend(of.service.clone());
        }
        self.request.services = Some(names);
        self.checked = true;
        Ok(())
    }

    fn message_interval(&self) -> Duration {
        if self.client.speaks_office365() && self.request.issues {
            self.request.poll_interval()
        } else {
            self.request.message_interval()
        }
    }
}

impl Found {
    /// When the newest of the issues and of the messages was modified.
    fn newest(&self) -> [Option<Timestamp>; 2] {
        [
            self.issues.iter().filter_map(|issue| issue.last_modified_date_time).max(),
            self.messages.iter().filter_map(|message| message.last_modified_date_time).max(),
        ]
    }
}

impl WatchHealth {
    fn is_watched_issue(&self, issue: &ServiceIssue) -> bool {
        self.is_watched(issue.service.iter().chain(&issue.workload))
    }

    fn is_watched_message(&self, message: &ServiceMessage) -> bool {
        self.is_watched(message.services.iter().chain(&message.workloads))
    }

    fn is_watched<'a>(&self, mut names: impl Iterator<Item = &'a String>) -> bool {
        let Some(services) = &self.services else { return true };
        names.any(|name| services.iter().any(|service| service.eq_ignore_ascii_case(name)))
    }
}

/// Whether a failure may be over at the next look.
fn passes(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Service
            | ErrorKind::Network
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Decode
    )
}
