//! Service health by Microsoft Graph: where it is, what its refusals mean, and the original calls in its terms.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::communication::Communication;
use super::days::Days;
use super::model::{FeatureHealth, HealthOverview, ServiceIssue, ServiceMessage};
use super::names::{HealthStatus, MessageType};
use super::terms::Terms;
use crate::Client;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Limit, Refusal, by_status};
use crate::odata::{Api, Entity, Filter, Query, Segment, element, field, list};
use crate::wire::Wire;

pub(super) static API: Api = Api {
    wire: Wire::Graph,
    service: Service::Graph,
    root: "/v1.0/admin/serviceAnnouncement",
    limit: Limit::ServiceAnnouncements,
    judge,
    page_size: 1_000,
    closed: &[("details", "the service documents that it does not take it")],
};

fn judge(refusal: &Refusal) -> Error {
    let error = by_status(refusal);
    match error.kind() {
        ErrorKind::PermissionDenied => error.with_hint(
            "Grant ServiceHealth.Read.All, for messages ServiceMessage.Read.All, of Microsoft Graph, and have an \
             administrator consent; a signed-in user needs a role besides, such as Message Center Reader",
        ),
        ErrorKind::InvalidRequest if refusal.status.as_u16() == 400 => {
            error.with_hint("Check the names in filter, select and orderby against the reference of the resource")
        }
        _ => error,
    }
}

/// The services that the tenant subscribes to: their keys and names.
pub(super) async fn services(client: &Client) -> Result<Vec<HealthOverview>> {
    let select = Some(vec!["id".to_owned(), "service".to_owned()]);
    all(client, "healthOverviews", Query { select, ..Query::default() }).await
}

/// How the services are, with the issues that are open.
pub(super) async fn current_status(client: &Client, workload: Option<&str>) -> Result<Vec<HealthOverview>> {
    let expand = Some(vec!["issues".to_owned()]);
    let mut overviews: Vec<HealthOverview> =
        all(client, "healthOverviews", Query { expand, ..Query::default() }).await?;
    if let Some(workload) = workload {
        let known = overviews.iter().map(|overview| overview.id.clone()).collect::<Vec<_>>();
        overviews.retain(|overview| is_named(overview, workload));
        if overviews.is_empty() {
            return Err(unknown_workload(workload, &known));
        }
    }
    for overview in &mut overviews {
        let open: Vec<&ServiceIssue> =
            overview.issues.iter().filter(|issue| issue.is_resolved == Some(false)).collect();
        overview.incident_ids = open.iter().map(|issue| issue.id.clone()).collect();
        overview.features = features(&open);
    }
    Ok(overviews)
}

/// The features that open issues name, each as bad as the worst of them.
fn features(open: &[&ServiceIssue]) -> Vec<FeatureHealth> {
    let groups: BTreeSet<&str> = open.iter().filter_map(|issue| issue.feature_group.as_deref()).collect();
    let of = |group: &str| {
        let statuses = open.iter().filter(|issue| issue.feature_group.as_deref() == Some(group));
        FeatureHealth {
            id: None,
            name: Some(group.to_owned()),
            status: worst(statuses.filter_map(|issue| issue.status.clone())),
            status_display_name: None,
            is_derived: true,
            extra: serde_json::Map::new(),
        }
    };
    groups.into_iter().map(of).collect()
}

/// How the services were, day by day: worked out from the issues that were there on each day, since Graph keeps
/// nothing else.
pub(super) async fn historical_status(
    client: &Client,
    terms: &Terms,
    days: Days,
) -> Result<Vec<HealthOverview>> {
    let mut services = services(client).await?;
    if let Some(workload) = &terms.workload {
        let known = services.iter().map(|service| service.id.clone()).collect::<Vec<_>>();
        services.retain(|service| is_named(service, workload));
        if services.is_empty() {
            return Err(unknown_workload(workload, &known));
        }
    }
    // A day is told of whole, also the last one: issues may have begun behind the end of the span.
    let begun = field("startDateTime").lt(days.after());
    let open = begun.clone().and(field("isResolved").eq(false));
    let ended = begun.and(field("endDateTime").ge(days.start));
    let mut issues: Vec<ServiceIssue> = Vec::new();
    for filter in [open, ended] {
        issues.extend(all::<ServiceIssue>(client, "issues", filtered(filter)).await?);
    }
    let mut known = BTreeSet::new();
    issues.retain(|issue| known.insert(issue.id.clone()));
    let mut rows = Vec::new();
    for service in services {
        let own: Vec<&ServiceIssue> = issues.iter().filter(|issue| is_of(issue, &service)).collect();
        for day in days.newest_first() {
            if terms.takes_time(day) {
                rows.push(of_day(&service, &own, day));
            }
        }
    }
    Ok(rows)
}

fn of_day(service: &HealthOverview, issues: &[&ServiceIssue], day: Timestamp) -> HealthOverview {
    let next = day.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    let there: Vec<&&ServiceIssue> = issues
        .iter()
        .filter(|issue| issue.start_date_time.is_none_or(|start| start < next))
        .filter(|issue| issue.end_date_time.is_none_or(|end| end >= day))
        .collect();
    let status = worst(there.iter().filter_map(|issue| issue.status.clone()));
    HealthOverview {
        status: Some(status.unwrap_or(HealthStatus::ServiceOperational)),
        status_time: Some(day),
        incident_ids: there.iter().map(|issue| issue.id.clone()).collect(),
        is_computed: true,
        ..service.clone()
    }
}

fn is_of(issue: &ServiceIssue, service: &HealthOverview) -> bool {
    let named = issue.service.as_deref();
    named.is_some_and(|named| service.service.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(named)))
}

/// Incidents, posts of the message center, or both by the time of their last change.
pub(super) async fn messages(client: &Client, terms: &Terms) -> Result<Vec<Communication>> {
    let service = match &terms.workload {
        Some(workload) => Some(service_name(client, workload).await?),
        None => None,
    };
    if let Some(id) = &terms.id {
        // Issues name their service and do not tell its key.
        return by_id(client, id, &Terms { workload: service, ..terms.clone() }).await;
    }
    let (issues, posts) = match &terms.message_type {
        None => (true, true),
        Some(MessageType::Incident) => (true, false),
        Some(MessageType::MessageCenter) => (false, true),
        Some(other) => {
            let message = format!("Microsoft Graph has no messages of type {other}");
            return Err(Error::new(ErrorKind::UnsupportedOnWire, message)
                .with_hint("Use message_type messageCenter, or make the client with wire \"office365\""));
        }
    };
    let mut found = Vec::new();
    if issues {
        let of_service = service.as_ref().map(|name| field("service").eq(name));
        let query = narrowed(of_service, terms);
        found
            .extend(all::<ServiceIssue>(client, "issues", query).await?.into_iter().map(Communication::from));
    }
    if posts {
        let of_service = service.as_ref().map(|name| field("services").any(element().eq(name)));
        let query = narrowed(of_service, terms);
        let posts = all::<ServiceMessage>(client, "messages", query).await?;
        found.extend(posts.into_iter().map(Communication::from));
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.last_modified_date_time));
    Ok(found)
}

async fn by_id(client: &Client, id: &str, terms: &Terms) -> Result<Vec<Communication>> {
    let is_post = id.trim().get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("MC"));
    let (collection, key) = if is_post { ("messages", "id") } else { ("issues", "id") };
    let segments = [Segment::Word(collection), Segment::Key(key, id)];
    let found = if is_post {
        API.get::<ServiceMessage>(client, &segments, &Query::default()).await.map(Communication::from)
    } else {
        API.get::<ServiceIssue>(client, &segments, &Query::default()).await.map(Communication::from)
    };
    match found {
        Ok(found) => Ok([found].into_iter().filter(|found| terms.take(found)).collect()),
        // The original gives an empty list for an id that nobody knows.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The part of the terms that Graph can see to.
fn narrowed(of_service: Option<Filter>, terms: &Terms) -> Query {
    let mut filter = of_service;
    let starts = terms.start_time.iter().map(|bound| bound.on("startDateTime"));
    for bound in starts.chain(terms.end_time.iter().map(|bound| bound.on("endDateTime"))) {
        filter = Some(match filter {
            Some(filter) => filter.and(bound),
            None => bound,
        });
    }
    Query { filter, ..Query::default() }
}

fn filtered(filter: Filter) -> Query {
    Query { filter: Some(filter), ..Query::default() }
}

/// The name of the service that a key stands for.
async fn service_name(client: &Client, workload: &str) -> Result<String> {
    let known = services(client).await?;
    let named = known.iter().find(|service| is_named(service, workload));
    named.and_then(|service| service.service.clone()).ok_or_else(|| {
        unknown_workload(workload, &known.iter().map(|known| known.id.clone()).collect::<Vec<_>>())
    })
}

fn is_named(service: &HealthOverview, workload: &str) -> bool {
    let workload = workload.trim();
    service.id.eq_ignore_ascii_case(workload)
        || service.service.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(workload))
}

fn unknown_workload(workload: &str, known: &[String]) -> Error {
    Error::invalid(format!("workload {workload:?} is none of the tenant's: {}", known.join(", ")))
}

fn worst(of: impl Iterator<Item = HealthStatus>) -> Option<HealthStatus> {
    of.max_by_key(HealthStatus::rank)
}

/// Everything in a collection.
pub(super) async fn all<T: Entity>(
    client: &Client,
    collection: &'static str,
    query: Query,
) -> Result<Vec<T>> {
    let mut pages = list::<T>(client.clone(), &API, &[Segment::Word(collection)], &query, None)?;
    let mut items = Vec::new();
    while let Some(page) = pages.next_page().await? {
        items.extend(page.items);
    }
    Ok(items)
}
