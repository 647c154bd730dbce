//! The four original calls: services, current status, historical status and messages, on either wire.

use futures::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::communication::Communication;
use super::days::Days;
use super::model::HealthOverview;
use super::names::MessageType;
use super::select::{self, Selection};
use super::terms::{Bound, Term, Terms};
use super::{graph, office365};
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::Listing;
use crate::error::{Error, Result};
use crate::odata::{Entity, Filter, Operator};
use crate::page::{Page, Paged};

/// What a page of the original wire holds at most.
pub(super) const PAGE: usize = 100;
/// What crosses into another language at once.
const CHUNK: usize = 1_000;

/// Lists the services that the tenant subscribes to.
///
/// On the wire `office365` with their features; on `graph` from the overviews, which name none. Needs the permission
/// `ServiceHealth.Read` there, `ServiceHealth.Read.All` here.
///
/// Source: "Office 365 Service Communications API reference", Get Services.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListServices {
    /// The properties to give, such as `service`; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Gives how each service is now, with the ids of its open incidents.
///
/// On the wire `graph` the features are those that open issues name. Needs the permission `ServiceHealth.Read` on
/// the wire `office365`, `ServiceHealth.Read.All` on `graph`.
///
/// Source: "Office 365 Service Communications API reference", Get Current Status.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CurrentStatus {
    /// Only this service, by its key such as `Exchange`.
    #[serde(default)]
    pub workload: Option<String>,
    /// The same as a filter: `Workload eq 'Exchange'`. Nothing else can be filtered.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, such as `status`; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Gives how each service was, one row a service and UTC day, newest day first.
///
/// Microsoft Graph keeps no such history: on that wire it is worked out from the issues that were there on each day,
/// and says so in `isComputed`. Needs the permission `ServiceHealth.Read` on the wire `office365`,
/// `ServiceHealth.Read.All` on `graph`.
///
/// Source: "Office 365 Service Communications API reference", Get Historical Status.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HistoricalStatus {
    /// Only this service, by its key such as `Exchange`.
    #[serde(default)]
    pub workload: Option<String>,
    /// The beginning of the span. Default: seven days before its end.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// The end of the span. Default: now.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// The same as a filter, on `Workload` and `StatusTime`. Nothing else can be filtered.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, such as `status`; `id` and `statusTime` come always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
}

/// Lists what the service has to tell: incidents and posts of the message center in one list, those that changed last
/// first.
///
/// Without a span the wire `office365` gives what is open or was changed in the last seven days, and `graph` all that
/// it keeps. Needs the permission `ServiceHealth.Read` on the wire `office365`; `ServiceHealth.Read.All` and
/// `ServiceMessage.Read.All` on `graph`.
///
/// Source: "Office 365 Service Communications API reference", Get Messages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListCommunications {
    /// Only of this service, by its key such as `Exchange`.
    #[serde(default)]
    pub workload: Option<String>,
    /// Only what began at this time or later.
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// Only what ended at this time or earlier. What is still open has no end, and is left out.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// Only of this kind.
    #[serde(default)]
    pub message_type: Option<MessageType>,
    /// Only the one with this id, such as `EX900001`. It is no error if there is none.
    #[serde(default)]
    pub id: Option<String>,
    /// The same as a filter, on `Workload`, `StartTime`, `EndTime`, `MessageType` and `Id`, joined by `and`. Nothing
    /// else can be filtered.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, such as `title`; `id` and `messageType` come always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// At most so many in all, up to 100. Default: all.
    #[serde(default)]
    pub top: Option<u32>,
    /// How many to pass over.
    #[serde(default)]
    pub skip: Option<u32>,
    /// Continues a listing from the token it gave out; to be used with the same other options.
    #[serde(default)]
    pub token: Option<String>,
}

impl Listing for ListServices {
    type Item = HealthOverview;

    fn open(self, client: Client) -> Result<Paged<HealthOverview>> {
        let selection = Selection::new(self.select, &select::SERVICES)?;
        Ok(once(async move {
            let rows = if client.speaks_office365() {
                office365::services(&client, &selection).await?
            } else {
                graph::services(&client).await?
            };
            selection.project(rows)
        }))
    }
}

impl Listing for CurrentStatus {
    type Item = HealthOverview;

    fn open(self, client: Client) -> Result<Paged<HealthOverview>> {
        let selection = Selection::new(self.select, &select::STATUS)?;
        let mut terms = Terms { workload: self.workload, ..Terms::default() };
        terms.add(self.filter.as_ref(), &[Term::Workload])?;
        terms.check()?;
        Ok(once(async move {
            let rows = if client.speaks_office365() {
                office365::status(&client, "CurrentStatus", &terms, &selection).await?
            } else {
                graph::current_status(&client, terms.workload.as_deref()).await?
            };
            selection.project(rows)
        }))
    }
}

impl Listing for HistoricalStatus {
    type Item = HealthOverview;

    fn open(self, client: Client) -> Result<Paged<HealthOverview>> {
        let selection = Selection::new(self.select, &select::STATUS)?;
        check_span(self.start, self.end)?;
        let bound = |op, time: Option<Timestamp>| time.map(|time| Bound { op, time });
        let bounds = [bound(Operator::Ge, self.start), bound(Operator::Le, self.end)];
        let mut terms = Terms {
            workload: self.workload,
            status_time: bounds.into_iter().flatten().collect(),
            ..Terms::default()
        };
        terms.add(self.filter.as_ref(), &[Term::Workload, Term::StatusTime])?;
        terms.check()?;
        Ok(once(async move {
            let rows = if client.speaks_office365() {
                office365::status(&client, "HistoricalStatus", &terms, &selection).await?
            } else {
                let now = client.corridor().service_now(&Service::Graph).await?;
                let days = Days::of(&terms, now);
                graph::historical_status(&client, &terms, days).await?
            };
            selection.project(rows)
        }))
    }
}

impl Listing for ListCommunications {
    type Item = Communication;

    fn open(self, client: Client) -> Result<Paged<Communication>> {
        let selection = Selection::new(self.select, &select::MESSAGES)?;
        check_span(self.start, self.end)?;
        if let Some(top) = self.top.filter(|top| !(1..=PAGE).contains(&(*top as usize))) {
            return Err(Error::invalid(format!("top {top} is not between 1 and {PAGE}")));
        }
        let bound = |op, time: Option<Timestamp>| time.map(|time| Bound { op, time }).into_iter().collect();
        let mut terms = Terms {
            workload: self.workload,
            id: self.id,
            message_type: self.message_type,
            start_time: bound(Operator::Ge, self.start),
            end_time: bound(Operator::Le, self.end),
            ..Terms::default()
        };
        let allowed = [Term::Workload, Term::StartTime, Term::EndTime, Term::MessageType, Term::Id];
        terms.add(self.filter.as_ref(), &allowed)?;
        terms.check()?;
        let skip = match self.token.as_deref() {
            Some(token) => skipped(token)?,
            None => self.skip.unwrap_or_default() as usize,
        };
        let top = self.top.map(|top| top as usize);
        if client.speaks_office365() {
            return Ok(office365::messages(client, terms, selection, top, skip));
        }
        let pages = async move {
            let found = graph::messages(&client, &terms).await?;
            let window = found.into_iter().skip(skip).take(top.unwrap_or(usize::MAX)).collect();
            Ok(chunks(selection.project(window)?, skip))
        };
        Ok(Paged::new(futures::StreamExt::flatten(stream::once(async {
            match pages.await {
                Ok(pages) => stream::iter(pages.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            }
        }))))
    }
}

fn check_span(start: Option<Timestamp>, end: Option<Timestamp>) -> Result<()> {
    match (start, end) {
        (Some(start), Some(end)) if end <= start => {
            Err(Error::invalid(format!("the end {end} is not after the start {start}")))
        }
        _ => Ok(()),
    }
}

/// A listing of one page.
fn once<T: Entity>(rows: impl Future<Output = Result<Vec<T>>> + Send + 'static) -> Paged<T> {
    Paged::new(stream::once(async { rows.await.map(Page::of) }))
}

fn chunks(items: Vec<Communication>, skip: usize) -> Vec<Page<Communication>> {
    let all = items.len();
    let mut rest = items.into_iter();
    let starts = (0..all).step_by(CHUNK);
    starts
        .map(|start| {
            let page = Page::of(rest.by_ref().take(CHUNK).collect());
            let end = start + CHUNK;
            Page { token: (end < all).then(|| token(skip + end)), ..page }
        })
        .collect()
}

/// Where a listing goes on that has no links.
pub(super) fn token(skip: usize) -> String {
    format!("skip={skip}")
}

fn skipped(token: &str) -> Result<usize> {
    token
        .strip_prefix("skip=")
        .and_then(|skip| skip.parse().ok())
        .ok_or_else(|| Error::invalid(format!("token {token:?} was not given out by this listing")))
}
