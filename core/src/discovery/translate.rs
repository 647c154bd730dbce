//! From a service of old to what has taken its place.

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::graph;
use super::model::{AccountType, Capability, NoEquivalent, ServiceInfo, Translation};
use crate::Client;
use crate::dispatch::Call;
use crate::error::Result;

/// Translates a service that the Discovery Service once listed into what has taken its place, without asking anybody.
///
/// Give it a record of any of the formats, its members in any case. The answer is the row of the same capability in
/// this client's cloud, or the reason why there is none.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranslateService {
    /// The service as it was.
    pub service: ServiceInfo,
}

impl Call for TranslateService {
    type Output = Translation;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Translation> {
        Ok(translate(&client, &self.service))
    }
}

fn translate(client: &Client, old: &ServiceInfo) -> Translation {
    let endpoint = old.service_endpoint_uri.as_deref().map(str::trim).filter(|uri| !uri.is_empty());
    let place = endpoint.map(Place::of);
    let was = endpoint.unwrap_or("the catalogue's row");
    if place == Some(Place::Elsewhere) && !is_current(client, old) {
        return none(
            NoEquivalent::UnknownEndpoint,
            format!("{was} is no endpoint of Office 365 that was retired: nothing is known to replace it"),
        );
    }
    // What it is for, or else what its endpoint was for.
    let capability = match (&old.capability, place) {
        (Some(known), _) if !matches!(known, Capability::Unknown(_)) => known.clone(),
        (None, Some(place)) => match place.capability() {
            Some(capability) => capability,
            None => {
                return none(
                    NoEquivalent::UnknownCapability,
                    format!("{was} served several capabilities, and the service does not say which"),
                );
            }
        },
        (Some(unknown), _) => {
            return none(
                NoEquivalent::UnknownCapability,
                format!("nothing is known to replace the capability {unknown}"),
            );
        }
        (None, None) => {
            return none(
                NoEquivalent::UnknownCapability,
                "the service names neither a capability nor an endpoint".to_owned(),
            );
        }
    };
    let account = old.service_account_type.unwrap_or(AccountType::Organizational);
    let (cloud, hosts) = (client.cloud(), &client.corridor().hosts);
    let Some(service) = graph::find(cloud, hosts, &capability, account) else {
        let (reason, why) =
            if account == AccountType::MicrosoftAccount && !graph::is_for_consumers(&capability) {
                (NoEquivalent::NotForConsumers, "is not there for Microsoft accounts".to_owned())
            } else {
                (NoEquivalent::NotInThisCloud, format!("is not there in the cloud {cloud}"))
            };
        return none(reason, format!("{capability} {why}"));
    };
    let is = service.service_endpoint_uri.clone().unwrap_or_default();
    Translation { message: format!("{was} is now {is}"), service: Some(service), reason: None }
}

fn none(reason: NoEquivalent, message: String) -> Translation {
    Translation { service: None, reason: Some(reason), message }
}

/// Whether it is what a translation gives already.
fn is_current(client: &Client, service: &ServiceInfo) -> bool {
    service.capability.as_ref().is_some_and(|capability| {
        [AccountType::Organizational, AccountType::MicrosoftAccount].into_iter().any(|account| {
            let row = graph::find(client.cloud(), &client.corridor().hosts, capability, account);
            row.is_some_and(|row| row.service_endpoint_uri == service.service_endpoint_uri)
        })
    })
}

/// Where a service of old was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `outlook.office.com/api` and its other names.
    Outlook,
    /// The personal site: `_api/v1.0` and `_api/v2.0`.
    Files,
    /// The root site: `_api`.
    Site,
    /// The notebooks.
    Notes,
    /// Azure AD Graph.
    Directory,
    Elsewhere,
}

impl Place {
    fn of(endpoint: &str) -> Self {
        let Ok(url) = Url::parse(endpoint) else { return Place::Elsewhere };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let path: Vec<String> = url
            .path_segments()
            .map(|segments| segments.filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect())
            .unwrap_or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_sharepoint =
            [".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn", ".sharepoint.de"]
                .iter()
                .any(|suffix| host.ends_with(suffix));
        match (host.as_str(), path.as_slice()) {
            (
                "outlook.office.com"
                | "outlook.office365.com"
                | "outlook.office365.us"
                | "outlook-dod.office365.us"
                | "partner.outlook.cn"
                | "outlook.office.de",
                ["api", ..],
            ) => Place::Outlook,
            (
                "graph.windows.net"
                | "graph.microsoftazure.us"
                | "graph.chinacloudapi.cn"
                | "graph.cloudapi.de",
                _,
            ) => Place::Directory,
            ("www.onenote.com", ["api", ..]) => Place::Notes,
            (_, [.., "_api", "v1.0" | "v2.0"] | [.., "_api", "v1.0" | "v2.0", "me"]) if is_sharepoint => {
                Place::Files
            }
            (_, [.., "_api"]) if is_sharepoint => Place::Site,
            _ => Place::Elsewhere,
        }
    }

    /// What it was for, where that is one thing only.
    fn capability(self) -> Option<Capability> {
        match self {
            Place::Files => Some(Capability::MyFiles),
            Place::Site => Some(Capability::RootSite),
            Place::Notes => Some(Capability::Notes),
            Place::Directory => Some(Capability::Directory),
            Place::Outlook | Place::Elsewhere => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{client, in_cloud};
    use super::*;
    use crate::cloud::Cloud;
    use crate::wire::Wire;

    fn of(value: serde_json::Value) -> Translation {
        translate(&client(Wire::Graph), &serde_json::from_value(value).unwrap())
    }

    fn place(translation: &Translation) -> Option<&str> {
        translation.service.as_ref()?.service_endpoint_uri.as_deref()
    }

    #[test]
    fn what_was_retired_has_its_successor() {
        for (capability, endpoint, now) in [
            ("Mail", "https://outlook.office365.com/api/v1.0", "me/messages"),
            ("Calendar", "https://outlook.office.com/api/v2.0/", "me/calendar"),
            ("Contacts", "https://outlook.office365.com/api/v1.0", "me/contacts"),
            ("MyFiles", "https://contoso-my.sharepoint.com/_api/v1.0/me", "me/drive"),
            ("MyFiles", "https://contoso-my.sharepoint.com/_api/v2.0", "me/drive"),
            ("RootSite", "https://contoso.sharepoint.com/_api", "sites/root"),
            ("Notes", "https://www.onenote.com/api/v1.0", "me/onenote/notebooks"),
            ("Directory", "https://graph.windows.net/contoso.com/", "me"),
        ] {
            let expected = format!("https://graph.microsoft.com/v1.0/{now}");
            let named = of(json!({"Capability": capability, "ServiceEndpointUri": endpoint}));
            assert_eq!(place(&named), Some(expected.as_str()), "{endpoint}");
            assert!(named.message.contains(endpoint) && named.reason.is_none());
            let unnamed = of(json!({"serviceEndpointUri": endpoint}));
            if endpoint.contains("outlook") {
                assert_eq!(unnamed.reason, Some(NoEquivalent::UnknownCapability));
            } else {
                assert_eq!(place(&unnamed), Some(expected.as_str()));
            }
            // A translation translates into itself, and a row of the catalogue has no endpoint.
            let again = of(serde_json::to_value(named.service.unwrap()).unwrap());
            assert_eq!(place(&again), Some(expected.as_str()));
            assert_eq!(place(&of(json!({"capability": capability}))), Some(expected.as_str()));
        }
    }

    #[test]
    fn what_has_no_successor_has_a_reason() {
        for (service, reason) in [
            (json!({}), NoEquivalent::UnknownCapability),
            (json!({"capability": "Video"}), NoEquivalent::UnknownCapability),
            (
                json!({"capability": "Mail", "serviceEndpointUri": "https://evil.example/api"}),
                NoEquivalent::UnknownEndpoint,
            ),
            (json!({"capability": "Mail", "serviceEndpointUri": "mail"}), NoEquivalent::UnknownEndpoint),
            (
                json!({"capability": "MyFiles", "serviceEndpointUri": "https://sharepoint.com.evil.example/_api/v2.0"}),
                NoEquivalent::UnknownEndpoint,
            ),
            (json!({"capability": "RootSite", "serviceAccountType": 1}), NoEquivalent::NotForConsumers),
        ] {
            let translation = of(service.clone());
            assert_eq!((translation.reason, translation.service), (Some(reason), None), "{service}");
            assert!(!translation.message.is_empty());
        }
        let mail = serde_json::from_value(json!({"capability": "Mail", "serviceAccountType": 1})).unwrap();
        let translation = translate(&in_cloud(Cloud::GccHigh), &mail);
        assert_eq!(translation.reason, Some(NoEquivalent::NotInThisCloud));
        let audit = serde_json::from_value(json!({"capability": "ManagementActivity"})).unwrap();
        assert_eq!(translate(&in_cloud(Cloud::China), &audit).reason, Some(NoEquivalent::NotInThisCloud));
    }

    #[test]
    fn the_account_stays_what_it_was() {
        let translation = of(json!({"capability": "Mail", "serviceAccountType": 1}));
        assert_eq!(translation.service.unwrap().service_account_type, Some(AccountType::MicrosoftAccount));
    }
}
