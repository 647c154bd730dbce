//! The built-in table, and what only the tenant knows: the names of its own SharePoint hosts.

use futures::stream;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use super::graph;
use super::model::{Capability, ServiceInfo};
use super::office365::no_services;
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::{Listing, Operation};
use crate::error::{Error, Result};
use crate::http::{Limit, Request};
use crate::page::{Page, Paged, Warning};
use crate::wire::Wire;

/// Lists the services of the user with the tenant's own SharePoint addresses, in `webUrl`: what the built-in table
/// cannot know.
///
/// Two requests to Microsoft Graph tell them: for the root site, with the permission `Sites.Read.All`, and for the
/// user's drive, with `Files.Read`, so a user has to be signed in. What the user has no licence for is left out, with
/// the warning `no_services`; who has neither has an empty list, as the Discovery Service would have said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListLiveServices {}

impl Listing for ListLiveServices {
    type Item = ServiceInfo;

    fn open(self, client: Client) -> Result<Paged<ServiceInfo>> {
        client.require(&Wire::Graph, Self::NAME, "discovery.services")?;
        Ok(Paged::new(stream::once(async move { live(&client).await })))
    }
}

async fn live(client: &Client) -> Result<Page<ServiceInfo>> {
    let services = graph::of_tenant(client);
    let (site, drive) = futures::try_join!(
        look_up(client, &services, Capability::RootSite, "sites/root", "webUrl,siteCollection"),
        look_up(client, &services, Capability::MyFiles, "me/drive", "webUrl"),
    )?;
    Ok(merge(services, [site, drive]))
}

/// What one of the two requests found out.
#[derive(Debug, PartialEq)]
enum Found {
    /// Nobody asked: the tenant's accounts never have it.
    NotAsked,
    /// There is no such thing for this user.
    Nothing(Capability),
    At(Capability, String),
}

async fn look_up(
    client: &Client,
    services: &[ServiceInfo],
    capability: Capability,
    path: &str,
    select: &str,
) -> Result<Found> {
    #[derive(Deserialize)]
    struct Place {
        #[serde(rename = "webUrl")]
        web_url: Option<String>,
    }

    if !services.iter().any(|service| service.capability.as_ref() == Some(&capability)) {
        return Ok(Found::NotAsked);
    }
    let mut url: Url = client.corridor().hosts.service(&Service::Graph)?.clone();
    url.set_path(&format!("/v1.0/{path}"));
    url.set_query(Some(&format!("$select={select}")));
    let request = Request::new(Method::GET, url).bearer(Service::Graph).limit(Limit::Tenant);
    let outcome = client.corridor().exchange(&request, |answer| {
        serde_json::from_slice::<Place>(&answer.body).map_err(|e| {
            Error::decode(format!("the answer for {path} is not what it should be")).with_source(e)
        })
    });
    match outcome.await {
        Ok(Place { web_url: Some(web_url) }) => Ok(Found::At(capability, web_url)),
        Ok(Place { web_url: None }) => Ok(Found::Nothing(capability)),
        Err(error) if is_absent(&error) => Ok(Found::Nothing(capability)),
        Err(error) => Err(error),
    }
}

/// Today's form of an empty list.
fn is_absent(error: &Error) -> bool {
    error.status() == Some(404)
        || error.code().is_some_and(|code| code.eq_ignore_ascii_case("ResourceNotFound"))
}

fn merge(mut services: Vec<ServiceInfo>, found: [Found; 2]) -> Page<ServiceInfo> {
    let mut warnings: Vec<Warning> = Vec::new();
    let mut has_any = false;
    for found in found {
        match found {
            Found::NotAsked => {}
            Found::Nothing(capability) => {
                warnings.push(no_services(&format!("the user has no {capability}")));
                services.retain(|service| service.capability.as_ref() != Some(&capability));
            }
            Found::At(capability, web_url) => {
                has_any = true;
                let its =
                    services.iter_mut().filter(|service| service.capability.as_ref() == Some(&capability));
                its.for_each(|service| service.web_url = Some(web_url.clone()));
            }
        }
    }
    if !has_any {
        services.clear();
    }
    Page { warnings, ..Page::of(services) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{client, of};
    use super::*;
    use crate::error::ErrorKind;
    use crate::page::WarningCode;

    fn at(capability: Capability) -> Found {
        Found::At(capability, "https://contoso.sharepoint.com".into())
    }

    fn merged(tenant: &str, found: [Found; 2]) -> Page<ServiceInfo> {
        merge(graph::of_tenant(&of(tenant, Wire::Graph)), found)
    }

    #[test]
    fn the_tenant_s_addresses_stand_beside_their_services() {
        let page = merged("contoso.com", [at(Capability::RootSite), at(Capability::MyFiles)]);
        assert!(page.items.len() == 9 && page.warnings.is_empty());
        for service in page.items {
            let has_one = matches!(service.capability, Some(Capability::RootSite | Capability::MyFiles));
            assert_eq!(service.web_url.is_some(), has_one, "{:?}", service.capability);
        }
    }

    #[test]
    fn what_is_not_licensed_is_left_out() {
        let page = merged("contoso.com", [at(Capability::RootSite), Found::Nothing(Capability::MyFiles)]);
        assert_eq!((page.items.len(), page.warnings.len()), (8, 1));
        assert_eq!(page.warnings[0].code, WarningCode::NoServices);
        let nothing = [Found::Nothing(Capability::RootSite), Found::Nothing(Capability::MyFiles)];
        let page = merged("contoso.com", nothing);
        assert_eq!((page.items.len(), page.warnings.len()), (0, 2));
        assert_eq!(merged("consumers.example", [Found::NotAsked, at(Capability::MyFiles)]).items.len(), 9);
    }

    #[test]
    fn it_is_asked_of_microsoft_graph_alone() {
        let error = ListLiveServices {}.open(client(Wire::Office365)).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedOnWire);
    }
}
