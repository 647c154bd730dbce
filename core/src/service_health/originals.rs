//! The four original calls: services, current status, historical status and messages, on either wire.

use futures::stream;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::model::{HealthOverview, ServiceIssue, ServiceMessage};
use super::names::MessageType;
use super::select::{self, Selection};
use super::terms::{Bound, Term, Terms};
use super::{graph, office365};
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::{Item, Listing};
use crate::error::{Error, Result};
use crate::odata::{Entity, Filter, Operator};
use crate::page::{Page, Paged};
use crate::wire::Wire;

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

/// Something that the service has to tell: an issue, or a post of the message center.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Communication {
    /// Its id, such as `EX900001` or `MC900002`.
    pub id: String,
    /// Which of the two it is.
    pub message_type: MessageType,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// When it ended, or expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    /// When anything about it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// The issue, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<ServiceIssue>,
    /// The post of the message center, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ServiceMessage>,
    /// The properties that were asked for, if not all were: others were not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Vec<String>>,
    /// The wire that it came by.
    pub wire: Wire,
    /// What this version does not know of what is neither, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Item for Communication {}

impl Communication {
    pub(super) fn is_of(&self, workload: &str) -> bool {
        let same = |text: &String| text.eq_ignore_ascii_case(workload.trim());
        let issue = self.issue.as_ref();
        let message = self.message.as_ref();
        issue.is_some_and(|issue| issue.workload.iter().chain(&issue.service).any(same))
            || message.is_some_and(|message| message.workloads.iter().chain(&message.services).any(same))
    }
}

impl From<ServiceIssue> for Communication {
    fn from(issue: ServiceIssue) -> Self {
        let told = Communication::told(&issue.id, MessageType::Incident, &issue.wire);
        Communication {
            title: issue.title.clone(),
            start_date_time: issue.start_date_time,
            end_date_time: issue.end_date_time,
            last_modified_date_time: issue.last_modified_date_time,
            issue: Some(issue),
            ..told
        }
    }
}

impl From<ServiceMessage> for Communication {
    fn from(message: ServiceMessage) -> Self {
        let told = Communication::told(&message.id, MessageType::MessageCenter, &message.wire);
        Communication {
            title: message.title.clone(),
            start_date_time: message.start_date_time,
            end_date_time: message.end_date_time,
            last_modified_date_time: message.last_modified_date_time,
            message: Some(message),
            ..told
        }
    }
}

impl Communication {
    pub(super) fn told(id: &str, message_type: MessageType, wire: &Wire) -> Self {
        Communication {
            id: id.to_owned(),
            message_type,
            title: None,
            start_date_time: None,
            end_date_time: None,
            last_modified_date_time: None,
            issue: None,
            message: None,
            selected: None,
            wire: wire.clone(),
            extra: Map::new(),
        }
    }
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
                let days = Days::of(&terms, now(&client).await?);
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

/// The span of a historical status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Days {
    /// The span that the bounds leave open, up to now, and seven days long if nothing says where it begins.
    fn of(terms: &Terms, now: Timestamp) -> Self {
        let bounds = |ops: [Operator; 3]| {
            terms.status_time.iter().filter(move |bound| ops.contains(&bound.op)).map(|bound| bound.time)
        };
        let end = bounds([Operator::Le, Operator::Lt, Operator::Eq]).min().unwrap_or(now).min(now);
        let week = SignedDuration::from_hours(7 * 24);
        let usual = end.saturating_sub(week).unwrap_or(Timestamp::MIN);
        Days { start: bounds([Operator::Ge, Operator::Gt, Operator::Eq]).max().unwrap_or(usual), end }
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

/// Now by the service's clock, which the answer with the token tells.
pub(super) async fn now(client: &Client) -> Result<Timestamp> {
    let corridor = client.corridor();
    corridor.identity.token(corridor, &Service::Graph).await?;
    Ok(corridor.now())
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
