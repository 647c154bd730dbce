//! A query at the service: created, asked how far it is, read page by page, and deleted whatever happens.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use super::super::subscriptions::read;
use crate::Client;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, Refusal, Request, by_status};
use crate::page::QueryStatus;

const PATH: &str = "/v1.0/security/auditLog/queries";
/// How long a creation that nobody waits for any more may take, so that it can be undone.
const GRACE: Duration = Duration::from_secs(10);
/// How long the deletion may take. A query that stays behind does no harm.
const DELETION: Duration = Duration::from_secs(30);

/// A query as Graph's `auditLogQuery` spells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditLogQuery {
    pub(super) display_name: String,
    pub(super) filter_start_date_time: Timestamp,
    pub(super) filter_end_date_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record_type_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_principal_name_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keyword_filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip_address_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object_id_filters: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) administrative_unit_id_filters: Option<Vec<String>>,
}

/// How far the service has come.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    id: String,
    #[serde(default)]
    pub(super) status: Option<QueryStatus>,
    /// How many records the service hands out at most, and whether there were more.
    #[serde(default)]
    pub(super) record_count_limit: Option<i64>,
    #[serde(default)]
    pub(super) is_record_count_limit_exceeded: Option<bool>,
}

/// A page of what was found: its elements, still as they came, and where the next page is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) elements: Vec<Bytes>,
    pub(super) bytes: usize,
    pub(super) next: Option<String>,
}

/// A query that exists at the service. Dropped, it is deleted there in the background; so it is when the
/// client is closed.
pub(super) struct Query {
    client: Client,
    address: Url,
    release: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Query {
    /// Creates it. Given up meanwhile, it is deleted as soon as it exists.
    pub(super) async fn create(
        client: &Client,
        filters: &AuditLogQuery,
        keep: bool,
    ) -> Result<(Query, State)> {
        let root = address(client, None)?;
        let body =
            serde_json::to_vec(filters).map_err(|e| Error::invalid("unwritable filters").with_source(e))?;
        // A creation that was carried out unheard leaves a query that nobody reads.
        let request = request(Method::POST, root).body("application/json", body).repeatable();
        let (report, created) = oneshot::channel();
        let (release, released) = oneshot::channel();
        let keeper = tokio::spawn(tend(client.clone(), request, keep, report, released));
        let closed = &client.corridor().closed;
        let state: State = tokio::select! {
            biased;
            () = closed.cancelled() => return Err(Error::new(ErrorKind::Cancelled, "the client was closed")),
            outcome = created => outcome
                .unwrap_or_else(|_| Err(Error::new(ErrorKind::Cancelled, "the runtime is shutting down")))?,
        };
        let address = address(client, Some(&state.id))?;
        Ok((Query { client: client.clone(), address, release, keeper }, state))
    }

    pub(super) async fn state(&self) -> Result<State> {
        let request = request(Method::GET, self.address.clone());
        self.client.corridor().exchange(&request, read::<State>).await
    }

    /// A page of the records, the first one without a link. A link to another host is not followed.
    pub(super) async fn records(&self, link: Option<&str>) -> Result<Found> {
        let corridor = self.client.corridor();
        let url = if let Some(link) = link {
            corridor.hosts.follow(&Service::Graph, &self.address, link)?
        } else {
            let mut url = self.address.clone();
            url.set_path(&format!("{}/records", self.address.path()));
            url
        };
        corridor.exchange(&request(Method::GET, url), found).await
    }

    /// Ends it: waits until it is deleted, if it is not to be kept.
    pub(super) async fn end(self) {
        let Query { release, keeper, .. } = self;
        drop(release);
        // Fails only when the runtime is shutting down.
        let _ = keeper.await;
    }
}

/// The life of a query at the service, in a task of its own so that giving up the search cannot cut it short.
async fn tend(
    client: Client,
    creation: Request,
    keep: bool,
    mut report: oneshot::Sender<Result<State>>,
    released: oneshot::Receiver<()>,
) {
    let corridor = client.corridor();
    let created = {
        let nobody_waits = async {
            tokio::select! {
                () = report.closed() => {}
                () = corridor.closed.cancelled() => {}
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            outcome = corridor.exchange_to_the_end(&creation, read::<State>) => outcome,
            () = nobody_waits => return,
        }
    };
    let Ok(id) = created.as_ref().map(|state| state.id.clone()) else {
        let _ = report.send(created);
        return;
    };
    if report.send(created).is_ok() {
        tokio::select! {
            _ = released => {}
            () = corridor.closed.cancelled() => {}
        }
    }
    if keep {
        return;
    }
    let Ok(address) = address(&client, Some(&id)) else { return };
    let request = request(Method::DELETE, address);
    let deletion = corridor.exchange_to_the_end(&request, |_| Ok(()));
    let outcome = tokio::time::timeout(DELETION, deletion).await;
    if !matches!(outcome, Ok(Ok(()))) {
        tracing::debug!(target: "m365kit::audit", ?outcome, "the query of a search stays behind");
    }
}

fn address(client: &Client, id: Option<&str>) -> Result<Url> {
    let mut url = client.corridor().hosts.service(&Service::Graph)?.clone();
    url.set_path(PATH);
    if let (Some(id), Ok(mut segments)) = (id, url.path_segments_mut()) {
        segments.push(id);
    }
    Ok(url)
}

fn request(method: Method, url: Url) -> Request {
    Request::new(method, url).bearer(Service::Graph).judge(judge)
}

fn judge(refusal: &Refusal) -> Error {
    let error = by_status(refusal);
    match error.kind() {
        ErrorKind::PermissionDenied => error.with_hint(
            "Grant the application AuditLogsQuery.Read.All of Microsoft Graph, and have an administrator consent",
        ),
        ErrorKind::NotFound => {
            error.with_hint("The audit log query exists in the worldwide cloud only, and until it is deleted")
        }
        _ => error,
    }
}

pub(super) fn found(answer: &Answer) -> Result<Found> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        value: Vec<&'a RawValue>,
        #[serde(rename = "@odata.nextLink", default)]
        next: Option<String>,
    }

    let page: Page<'_> = serde_json::from_slice(&answer.body).map_err(|e| {
        let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
        Error::decode(format!("the answer is not a page of audit records; it begins {start:?}"))
            .with_source(e)
    })?;
    let elements = page.value.iter().map(|element| answer.body.slice_ref(element.get().as_bytes())).collect();
    Ok(Found { elements, bytes: answer.body.len(), next: page.next.filter(|link| !link.trim().is_empty()) })
}
