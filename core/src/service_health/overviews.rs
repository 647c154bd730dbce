//! Overviews: the services and how they are, as Microsoft Graph has them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::graph::{self, API};
use super::model::HealthOverview;
use crate::Client;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::odata::{Filter, Query, Segment};
use crate::wire::Wire;

/// Lists the services that the tenant subscribes to, and how each one is.
///
/// With `issues` in `expand` each has its issues, resolved ones included. Needs the permission
/// `ServiceHealth.Read.All`.
///
/// Source: "List healthOverviews", Microsoft Graph.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListOverviews {
    /// Which services, such as `status ne 'serviceOperational'`.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// What to give beside them: `issues`, or `issues($filter=isResolved eq false)`.
    #[serde(default)]
    pub expand: Option<Vec<String>>,
    /// Continues a listing from the token it gave out; the other options are then not used.
    #[serde(default)]
    pub token: Option<String>,
}

/// Gets how a service is, by its name such as `Exchange Online`.
///
/// The service documents the name as the key. Where it knows none of that name, the key such as `Exchange` is tried
/// that belongs to it, or the name that belongs to the key. Needs the permission `ServiceHealth.Read.All`.
///
/// Source: "Get serviceHealth", Microsoft Graph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetOverview {
    /// The name of the service, or its key.
    pub service: String,
    /// The properties to give, as the service names them; `id` comes always. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// What to give beside it: `issues`, or `issues($filter=isResolved eq false)`.
    #[serde(default)]
    pub expand: Option<Vec<String>>,
}

impl Call for GetOverview {
    type Output = HealthOverview;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<HealthOverview> {
        client.require(&Wire::Graph, Self::NAME, "service_health.current_status with workload")?;
        let query = Query { select: self.select.clone(), expand: self.expand.clone(), ..Query::default() };
        let refused = match self.get(&client, &self.service, &query).await {
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            outcome => return outcome,
        };
        let known = graph::services(&client).await?;
        let named =
            |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(self.service.trim()));
        let other = known.iter().find_map(|known| {
            let by_name = named(known.service.as_deref()).then(|| known.id.clone());
            by_name.or_else(|| named(Some(&known.id)).then(|| known.service.clone()).flatten())
        });
        match other {
            Some(other) => self.get(&client, &other, &query).await,
            None => Err(not_subscribed(refused, &known)),
        }
    }
}

impl GetOverview {
    async fn get(&self, client: &Client, key: &str, query: &Query) -> Result<HealthOverview> {
        API.get(client, &[Segment::Word("healthOverviews"), Segment::Key("service", key)], query).await
    }
}

fn not_subscribed(refused: Error, known: &[HealthOverview]) -> Error {
    let names: Vec<&str> = known.iter().filter_map(|known| known.service.as_deref()).collect();
    refused.with_hint(format!("The tenant subscribes to {}", names.join(", ")))
}
