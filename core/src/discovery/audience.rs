//! Whether a token may be asked for, for an audience that an answer has named.
//!
//! A service that is found is not known yet. Its token would go wherever the answer said, so both its audience and its
//! endpoint have to be Office's own, in this cloud.

use url::{Host, Url};

use super::model::ServiceInfo;
use crate::cloud::{Cloud, Hosts, Service};
use crate::error::{Error, Result};

/// Domains below which the hosts of Office are, by cloud. Of `windows.net` only the directory's host: below the rest
/// anybody can rent a name.
fn suffixes(cloud: &Cloud) -> &'static [&'static str] {
    match cloud {
        Cloud::Public | Cloud::Gcc | Cloud::Custom(_) => {
            &["sharepoint.com", "office365.com", "office.com", "onenote.com", "graph.windows.net"]
        }
        Cloud::GccHigh => &["sharepoint.us", "office365.us", "onenote.us", "graph.microsoftazure.us"],
        Cloud::Dod => &[
            "sharepoint-mil.us",
            "dps.mil",
            "office365.us",
            "protection.apps.mil",
            "graph.microsoftazure.us",
        ],
        Cloud::China => &["sharepoint.cn", "office365.cn", "partner.outlook.cn", "graph.chinacloudapi.cn"],
    }
}

/// Refuses a service whose audience or endpoint is not one of the cloud's, or whose endpoint is elsewhere than its
/// audience.
pub(super) fn check(service: &ServiceInfo, cloud: &Cloud, hosts: &Hosts) -> Result<()> {
    let (Some(audience), Some(endpoint)) = (&service.service_resource_id, &service.service_endpoint_uri)
    else {
        return Err(refused(service, "names no endpoint or no audience"));
    };
    let parsed = |text: &str, what: &str| {
        Url::parse(text).map_err(|_| refused(service, &format!("has the {what} {text:?}, which is no URL")))
    };
    let (audience, endpoint) = (parsed(audience, "audience")?, parsed(endpoint, "endpoint")?);
    for url in [&audience, &endpoint] {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(service, "has an address with a user in it"));
        }
    }
    // The hosts that the client was made with are known, whatever they are.
    if !is_own(&audience, hosts) {
        if audience.scheme() != "https" || endpoint.scheme() != "https" {
            return Err(refused(service, "is not reached by https"));
        }
        let host = audience.host_str().unwrap_or_default();
        if !suffixes(cloud).iter().any(|suffix| is_at_or_below(host, suffix)) {
            return Err(refused(
                service,
                &format!("has the audience {host}, which is no host of Office in this cloud"),
            ));
        }
    }
    let is_there = match (audience.host(), endpoint.host()) {
        (Some(Host::Domain(of)), Some(Host::Domain(host))) => is_at_or_below(host, of),
        (of, host) => of == host,
    };
    let is_there = is_there
        && audience.scheme() == endpoint.scheme()
        && audience.port_or_known_default() == endpoint.port_or_known_default();
    if is_there {
        return Ok(());
    }
    let (host, of) = (endpoint.host_str().unwrap_or_default(), audience.host_str().unwrap_or_default());
    Err(refused(service, &format!("is called at {host}, and its audience is {of}")))
}

fn is_own(url: &Url, hosts: &Hosts) -> bool {
    [Service::Graph, Service::Management, Service::Outlook, Service::Discovery]
        .iter()
        .any(|service| hosts.trusts(service, url))
}

fn is_at_or_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn refused(service: &ServiceInfo, why: &str) -> Error {
    let name = service.capability.as_ref().map_or("the service", |capability| capability.as_str());
    Error::invalid(format!("{name} {why}: a token for it could reach somebody else"))
        .with_hint("If the service is known to be good, pass `allow_foreign`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CustomCloud;
    use crate::wire::Wire;

    fn is_good(cloud: &Cloud, endpoint: &str, audience: &str) -> bool {
        let service = ServiceInfo {
            service_endpoint_uri: Some(endpoint.into()),
            service_resource_id: Some(audience.into()),
            ..ServiceInfo::empty(Wire::Office365)
        };
        check(&service, cloud, &cloud.resolve().unwrap()).is_ok()
    }

    #[test]
    fn the_audience_and_the_endpoint_have_to_be_office_s_own() {
        for (endpoint, audience, good) in [
            ("https://contoso-my.sharepoint.com/_api/v2.0", "https://contoso-my.sharepoint.com/", true),
            ("https://contoso-my.sharepoint.com/_api/v2.0", "https://contoso-my.sharepoint.com", true),
            ("https://outlook.office365.com/api/v1.0", "https://outlook.office365.com/", true),
            ("https://graph.windows.net/contoso/", "https://graph.windows.net/", true),
            ("https://a.sharepoint.com/x", "https://sharepoint.com/", true),
            ("https://graph.microsoft.com/v1.0/me/drive", "https://graph.microsoft.com", true),
            ("https://evil.example/_api", "https://contoso.sharepoint.com/", false),
            ("https://evil.example/_api", "https://evil.example/", false),
            ("https://contoso.sharepoint.com/", "https://contoso-my.sharepoint.com/", false),
            ("https://sharepoint.com/", "https://contoso.sharepoint.com/", false),
            ("https://evilsharepoint.com/", "https://evilsharepoint.com/", false),
            ("https://sharepoint.com.evil.example/", "https://sharepoint.com.evil.example/", false),
            ("https://x.blob.core.windows.net/", "https://x.blob.core.windows.net/", false),
            ("http://contoso.sharepoint.com/", "http://contoso.sharepoint.com/", false),
            ("http://contoso.sharepoint.com/", "https://contoso.sharepoint.com/", false),
            ("https://contoso.sharepoint.com:8443/", "https://contoso.sharepoint.com/", false),
            ("https://me@contoso.sharepoint.com/", "https://contoso.sharepoint.com/", false),
            ("https://contoso.sharepoint.us/", "https://contoso.sharepoint.us/", false),
            ("contoso.sharepoint.com", "https://contoso.sharepoint.com/", false),
        ] {
            assert_eq!(is_good(&Cloud::Public, endpoint, audience), good, "{endpoint} {audience}");
        }
        assert!(is_good(&Cloud::GccHigh, "https://contoso.sharepoint.us/", "https://contoso.sharepoint.us/"));
        assert!(is_good(&Cloud::China, "https://contoso.sharepoint.cn/", "https://contoso.sharepoint.cn/"));
        assert!(!is_good(
            &Cloud::China,
            "https://contoso.sharepoint.com/",
            "https://contoso.sharepoint.com/"
        ));
    }

    #[test]
    fn a_caller_s_own_hosts_are_known() {
        let cloud = Cloud::custom(CustomCloud {
            outlook: Some("http://127.0.0.1:41".into()),
            ..CustomCloud::default()
        });
        assert!(is_good(&cloud, "http://127.0.0.1:41/api/v1.0", "http://127.0.0.1:41/"));
        assert!(!is_good(&cloud, "http://127.0.0.1:42/api/v1.0", "http://127.0.0.1:41/"));
        assert!(!is_good(&cloud, "http://127.0.0.1:42/api/v1.0", "http://127.0.0.1:42/"));
        assert!(is_good(&cloud, "https://contoso.sharepoint.com/_api", "https://contoso.sharepoint.com/"));
    }

    #[test]
    fn a_catalogue_s_row_has_nothing_to_call() {
        let hosts = Cloud::Public.resolve().unwrap();
        let error = check(&ServiceInfo::empty(Wire::Office365), &Cloud::Public, &hosts).unwrap_err();
        assert!(error.hint().unwrap().contains("allow_foreign"));
    }
}
