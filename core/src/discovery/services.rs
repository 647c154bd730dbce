//! The services there are, on both wires: from the Discovery Service, or from the built-in table.

use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};

use super::local::{self, Predicate};
use super::model::{Capability, DiscoveryFormat, DiscoveryVersion, ServiceInfo};
use super::office365::{self, Ask, What, no_services};
use super::{audience, graph};
use crate::Client;
use crate::dispatch::{Call, Listing};
use crate::error::{Error, ErrorKind, Result};
use crate::odata::{Filter, Query};
use crate::page::{Page, Paged};
use crate::wire::Wire;

/// Lists the services that the user can reach.
///
/// On the wire `graph` a built-in table answers, and nothing is sent: what the tenant's kind of accounts has at
/// Microsoft Graph in this cloud. On the wire `office365` the Discovery Service answers. An empty list is no error; it
/// comes with the warning `no_services`.
///
/// Source: "Discovery Service REST API reference", Discover services.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListServices {
    /// The version of the Discovery Service; on the wire `office365` only. Default: `v2.0`.
    #[serde(default)]
    pub version: Option<DiscoveryVersion>,
    /// The format to ask the Discovery Service for; on the wire `office365` only. Default: `json`.
    #[serde(default)]
    pub format: Option<DiscoveryFormat>,
    /// The properties to give, in any case. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// Which services to give.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// At most so many services.
    #[serde(default)]
    pub top: Option<u32>,
}

/// Lists all services that there are for anybody, without a token.
///
/// On the wire `graph` these are the rows of the built-in table for all kinds of accounts. In the catalogue of the
/// Discovery Service there are neither endpoints nor audiences.
///
/// Source: "Discovery Service REST API reference", Discover all services.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListAllServices {
    /// The version of the Discovery Service; on the wire `office365` only. Default: `v2.0`.
    #[serde(default)]
    pub version: Option<DiscoveryVersion>,
    /// The format to ask the Discovery Service for; on the wire `office365` only. Default: `json`.
    #[serde(default)]
    pub format: Option<DiscoveryFormat>,
    /// The properties to give, in any case. Default: all.
    #[serde(default)]
    pub select: Option<Vec<String>>,
    /// Which services to give.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// At most so many services.
    #[serde(default)]
    pub top: Option<u32>,
}

/// Gets one service by its key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GetService {
    /// The key, such as `MyFiles@O365_SHAREPOINT`, or `MyFiles@GRAPH` of the built-in table.
    pub entity_key: String,
    /// The version of the Discovery Service; on the wire `office365` only. Default: `v2.0`.
    #[serde(default)]
    pub version: Option<DiscoveryVersion>,
    /// The format to ask the Discovery Service for; on the wire `office365` only. Default: `json`.
    #[serde(default)]
    pub format: Option<DiscoveryFormat>,
}

/// Finds the one service to call for a capability.
///
/// Of several versions the highest is taken, unless one is named. A service is refused whose audience is no host of
/// Office in this cloud, or whose endpoint is elsewhere than its audience: a token for it could reach somebody else.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveService {
    /// What it is to be for.
    pub capability: Capability,
    /// The version of the service's own API, such as `v2.0`. Default: the highest.
    #[serde(default)]
    pub version: Option<String>,
    /// Whether a service may be anywhere, because the caller knows that it is good.
    #[serde(default)]
    pub allow_foreign: bool,
}

/// The options of a list, of which both lists have the same.
struct Options {
    version: Option<DiscoveryVersion>,
    format: Option<DiscoveryFormat>,
    select: Option<Vec<String>>,
    filter: Option<Filter>,
    top: Option<u32>,
}

impl Options {
    fn open(self, client: Client, what: What) -> Result<Paged<ServiceInfo>> {
        let Options { version, format, select, filter, top } = self;
        let on_graph = client.wire() == Wire::Graph;
        let selected = select.map(|names| local::selected(&names, on_graph)).transpose()?;
        let select = selected.as_ref().map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let query = Query { select, filter, top, ..Query::default() };
        if !on_graph {
            return office365::list(client, Ask::new(what, version, format, query)?);
        }
        refuse_on_graph(version.as_ref(), format.as_ref())?;
        query.check(&[])?;
        let mut services = match what {
            What::Catalogue => graph::all(client.cloud(), &client.corridor().hosts),
            _ => graph::of_tenant(&client),
        };
        if let Some(filter) = &query.filter {
            let predicate = Predicate::of(filter)?;
            services.retain(|service| predicate.allows(service));
        }
        services.truncate(top.map_or(usize::MAX, |top| top as usize));
        if let Some(selected) = selected {
            services = services.into_iter().map(|service| local::project(service, &selected)).collect();
        }
        let mut page = Page::of(services);
        if page.items.is_empty() {
            page.warnings.push(no_services("no row of the built-in table fits"));
        }
        Ok(Paged::new(stream::once(std::future::ready(Ok(page)))))
    }
}

/// An option that has no meaning is not passed over.
fn refuse_on_graph(version: Option<&DiscoveryVersion>, format: Option<&DiscoveryFormat>) -> Result<()> {
    let given = version.map(|_| "version").or(format.map(|_| "format"));
    match given {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!(
            "{name} is for the wire office365: on the wire graph, nobody is asked"
        ))
        .with_hint("Leave it out, or make the client with wire \"office365\"")),
    }
}

impl Listing for ListServices {
    type Item = ServiceInfo;

    fn open(self, client: Client) -> Result<Paged<ServiceInfo>> {
        let ListServices { version, format, select, filter, top } = self;
        Options { version, format, select, filter, top }.open(client, What::Services)
    }
}

impl Listing for ListAllServices {
    type Item = ServiceInfo;

    fn open(self, client: Client) -> Result<Paged<ServiceInfo>> {
        let ListAllServices { version, format, select, filter, top } = self;
        Options { version, format, select, filter, top }.open(client, What::Catalogue)
    }
}

impl Call for GetService {
    type Output = ServiceInfo;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<ServiceInfo> {
        let key = self.entity_key.trim();
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(Error::invalid("entity_key is empty, or holds what no key holds"));
        }
        if client.wire() != Wire::Graph {
            let what = What::Service(key.to_owned());
            let ask = Ask::new(what, self.version, self.format, Query::default())?;
            return office365::get(&client, &ask).await;
        }
        refuse_on_graph(self.version.as_ref(), self.format.as_ref())?;
        let services = graph::of_tenant(&client);
        let keys: Vec<&str> = services.iter().filter_map(|service| service.entity_key.as_deref()).collect();
        let missing = Error::new(ErrorKind::NotFound, format!("there is no service with the key {key:?}"))
            .with_hint(format!("The built-in table has {}", keys.join(", ")));
        let is_it = |service: &ServiceInfo| {
            service.entity_key.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(key))
        };
        services.into_iter().find(is_it).ok_or(missing)
    }
}

impl Call for ResolveService {
    type Output = ServiceInfo;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<ServiceInfo> {
        let ResolveService { capability, version, allow_foreign } = self;
        if capability.as_str().trim().is_empty() {
            return Err(Error::invalid("capability is empty"));
        }
        if version.as_ref().is_some_and(|version| version.trim().is_empty()) {
            return Err(Error::invalid("version is empty: leave it out to take the highest"));
        }
        let services = if client.wire() == Wire::Graph {
            graph::of_tenant(&client)
        } else {
            office365::all(&client, Ask::new(What::Services, None, None, Query::default())?).await?
        };
        let service = graph::pick(services, &capability, version.as_deref())?;
        if !allow_foreign {
            audience::check(&service, client.cloud(), &client.corridor().hosts)?;
        }
        Ok(service)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{client, in_cloud, of};
    use super::*;
    use crate::cloud::Cloud;
    use crate::page::WarningCode;

    async fn listed(client: Client, args: serde_json::Value) -> Result<Page<ServiceInfo>> {
        let request: ListServices = serde_json::from_value(args).unwrap();
        let page = request.open(client)?.next_page().await?;
        page.ok_or_else(|| Error::invalid("there is no page"))
    }

    #[tokio::test]
    async fn the_table_takes_the_options_of_the_service() {
        let page = listed(client(Wire::Graph), json!({})).await.unwrap();
        assert!(page.items.len() == 9 && page.warnings.is_empty());
        let args = json!({"select": ["Capability"], "filter": "startswith(serviceId,'G')", "top": 2});
        let page = listed(client(Wire::Graph), args).await.unwrap();
        let rows = serde_json::to_value(&page.items).unwrap();
        assert_eq!(
            rows,
            json!([{"capability": "Mail", "wire": "graph"}, {"capability": "Calendar", "wire": "graph"}])
        );
        let all =
            ListAllServices::default().open(client(Wire::Graph)).unwrap().next_page().await.unwrap().unwrap();
        assert_eq!(all.items.len(), 15);
    }

    #[tokio::test]
    async fn an_empty_list_says_what_that_may_mean() {
        let page = listed(client(Wire::Graph), json!({"filter": "capability eq 'Video'"})).await.unwrap();
        assert!(page.items.is_empty());
        assert_eq!(page.warnings[0].code, WarningCode::NoServices);
    }

    #[tokio::test]
    async fn what_has_no_meaning_on_a_wire_is_refused() {
        for (args, named) in [
            (json!({"version": "v1.0"}), "version"),
            (json!({"format": "atom"}), "format"),
            (json!({"top": 0}), "top"),
            (json!({"select": ["ServiceUri"]}), "ServiceUri"),
            (json!({"filter": "ServiceUri eq 'x'"}), "ServiceUri"),
        ] {
            let error = listed(client(Wire::Graph), args).await.unwrap_err();
            assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(named), "{error}");
        }
        for (args, named) in [
            (json!({"version": "v3.0"}), "v3.0"),
            (json!({"format": "xml"}), "xml"),
            (json!({"top": 0}), "top"),
            (json!({"select": ["ServiceUri"]}), "ServiceUri"),
            (json!({"select": ["scopes"]}), "scopes"),
        ] {
            let error = listed(client(Wire::Office365), args).await.unwrap_err();
            assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(named), "{error}");
        }
    }

    async fn got(key: &str, version: Option<DiscoveryVersion>) -> Result<ServiceInfo> {
        let request = GetService { entity_key: key.into(), version, format: None };
        request.send(client(Wire::Graph), None).await
    }

    #[tokio::test]
    async fn a_row_is_found_by_its_key() {
        assert_eq!(got("myfiles@graph", None).await.unwrap().capability, Some(Capability::MyFiles));
        let error = got("MyFiles@O365_SHAREPOINT", None).await.unwrap_err();
        assert!(
            error.kind() == ErrorKind::NotFound && error.hint().unwrap().contains("MyFiles@GRAPH"),
            "{error}"
        );
        assert_eq!(got(" ", None).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert!(
            got("Mail@GRAPH", Some(DiscoveryVersion::V1)).await.unwrap_err().message().contains("version")
        );
    }

    #[tokio::test]
    async fn a_capability_is_resolved_by_the_table() {
        let resolve = |client: Client, capability: &str, version: Option<&str>| {
            let (capability, version) = (Capability::from(capability), version.map(str::to_owned));
            ResolveService { capability, version, allow_foreign: false }.send(client, None)
        };
        let mail = resolve(in_cloud(Cloud::Dod), "mail", None).await.unwrap();
        assert_eq!(
            mail.service_endpoint_uri.as_deref(),
            Some("https://dod-graph.microsoft.us/v1.0/me/messages")
        );
        assert!(resolve(client(Wire::Graph), "Mail", Some("v1.0")).await.is_ok());
        for (capability, version, kind, named) in [
            ("Mail", Some("v2.0"), ErrorKind::NotFound, "v1.0"),
            ("Mial", None, ErrorKind::InvalidRequest, "Mail"),
            (" ", None, ErrorKind::InvalidRequest, "empty"),
            ("Mail", Some(""), ErrorKind::InvalidRequest, "version"),
        ] {
            let error = resolve(client(Wire::Graph), capability, version).await.unwrap_err();
            assert!(error.kind() == kind && error.message().contains(named), "{error}");
        }
        let error = resolve(of("9188040d-6c67-4c5b-b112-36a304b66dad", Wire::Graph), "RootSite", None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
