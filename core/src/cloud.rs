//! The national clouds: their hosts, and which of them may be sent a token.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// One of the services that a tenant speaks to, each with its own host and its own tokens.
    Service {
        /// Microsoft Graph.
        Graph = "graph",
        /// The Office 365 Management APIs.
        Management = "management",
        /// The retired Outlook REST API.
        Outlook = "outlook",
        /// The retired Discovery Service.
        Discovery = "discovery",
    }
}

/// A Microsoft cloud: where tokens come from, and which hosts they may be sent to.
///
/// Source: "Office 365 Management Activity API reference", API endpoints; "National clouds".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Cloud {
    /// The worldwide commercial cloud.
    #[default]
    Public,
    /// US Government Community Cloud: the commercial directory, a management host of its own.
    Gcc,
    /// US Government GCC High.
    GccHigh,
    /// US Department of Defense.
    Dod,
    /// Operated by 21Vianet in China.
    China,
    /// Hosts named by the caller: a proxy, an unlisted cloud or the sandbox.
    Custom(CustomCloud),
}

/// The hosts of a cloud that is not listed: each a URL such as `https://manage.example.com`.
///
/// `http` is accepted for loopback addresses only. A host that is left out cannot be called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomCloud {
    /// Where tokens come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The Office 365 Management APIs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<String>,
    /// Microsoft Graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<String>,
    /// The retired Outlook REST API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<String>,
    /// The retired Discovery Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<String>,
}

impl Cloud {
    /// The clouds with a name of their own, and what each one is.
    pub const NAMED: &[(&str, &str)] = &[
        ("public", "The worldwide commercial cloud."),
        ("gcc", "US Government Community Cloud: the commercial directory, a management host of its own."),
        ("gcc_high", "US Government GCC High."),
        ("dod", "US Department of Defense."),
        ("china", "Operated by 21Vianet in China."),
    ];

    /// A cloud whose hosts are named by the caller.
    pub fn custom(hosts: CustomCloud) -> Self {
        Cloud::Custom(hosts)
    }

    fn hosts(&self) -> [Option<&str>; 5] {
        let (authority, management, graph, outlook) = match self {
            Cloud::Public => (
                "login.microsoftonline.com",
                "manage.office.com",
                "graph.microsoft.com",
                "outlook.office.com",
            ),
            Cloud::Gcc => (
                "login.microsoftonline.com",
                "manage-gcc.office.com",
                "graph.microsoft.com",
                "outlook.office.com",
            ),
            Cloud::GccHigh => (
                "login.microsoftonline.us",
                "manage.office365.us",
                "graph.microsoft.us",
                "outlook.office365.us",
            ),
            Cloud::Dod => (
                "login.microsoftonline.us",
                "manage.protection.apps.mil",
                "dod-graph.microsoft.us",
                "outlook-dod.office365.us",
            ),
            Cloud::China => (
                "login.partner.microsoftonline.cn",
                "manage.office365.cn",
                "microsoftgraph.chinacloudapi.cn",
                "partner.outlook.cn",
            ),
            Cloud::Custom(c) => {
                return [&c.authority, &c.management, &c.graph, &c.outlook, &c.discovery]
                    .map(|host| host.as_deref());
            }
        };
        // The Discovery Service was one worldwide host; the national clouds never had one.
        let discovery = matches!(self, Cloud::Public | Cloud::Gcc).then_some("api.office.com");
        [Some(authority), Some(management), Some(graph), Some(outlook), discovery]
    }

    pub(crate) fn resolve(&self) -> Result<Hosts> {
        let [authority, management, graph, outlook, discovery] = self.hosts();
        let base = |role: &str, host: Option<&str>| host.map(|host| base_url(role, host)).transpose();
        Ok(Hosts {
            authority: base("authority", authority)?,
            management: base("management", management)?,
            graph: base("graph", graph)?,
            outlook: base("outlook", outlook)?,
            discovery: base("discovery", discovery)?,
        })
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cloud::Public => "public",
            Cloud::Gcc => "gcc",
            Cloud::GccHigh => "gcc_high",
            Cloud::Dod => "dod",
            Cloud::China => "china",
            Cloud::Custom(_) => "custom",
        })
    }
}

/// The checked hosts of a cloud.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    authority: Option<Url>,
    management: Option<Url>,
    graph: Option<Url>,
    outlook: Option<Url>,
    discovery: Option<Url>,
}

impl Hosts {
    pub(crate) fn authority(&self) -> Result<&Url> {
        self.authority.as_ref().ok_or_else(|| missing("authority"))
    }

    pub(crate) fn service(&self, service: &Service) -> Result<&Url> {
        let url = match service {
            Service::Management => &self.management,
            Service::Graph => &self.graph,
            Service::Outlook => &self.outlook,
            Service::Discovery => &self.discovery,
            Service::Unknown(name) => {
                return Err(Error::invalid(format!(
                    "unknown service {name:?}: use graph, management, outlook or discovery"
                )));
            }
        };
        url.as_ref().ok_or_else(|| missing(service.as_str()))
    }

    /// Where a link to a next page leads, which is this service's own host or nowhere.
    pub(crate) fn follow(&self, service: &Service, from: &Url, link: &str) -> Result<Url> {
        let url = from.join(link.trim()).ok().filter(|url| self.trusts(service, url));
        url.ok_or_else(|| {
            Error::new(ErrorKind::Service, "the link to the next page leads to a foreign host")
                .with_hint("It was not followed, because a token would have gone with it; begin again")
        })
    }

    /// The authority by the name under which its tokens are kept: aliases are one authority.
    pub(crate) fn authority_key(&self) -> Result<String> {
        let authority = self.authority()?;
        let host = authority.host_str().unwrap_or_default();
        Ok(alias_group(host).map_or_else(|| authority.origin().ascii_serialization(), |of| of[0].to_owned()))
    }

    /// Whether a host speaks for this authority: the same, or another name of it.
    pub(crate) fn is_authority(&self, host: &str) -> bool {
        self.authority().is_ok_and(|own| {
            let own = own.host_str().unwrap_or_default();
            own.eq_ignore_ascii_case(host) || alias_group(own).is_some_and(|group| group.contains(&host))
        })
    }

    /// The audience of the tokens of a service: its host, without a closing slash.
    pub(crate) fn audience(&self, service: &Service) -> Result<String> {
        let origin = self.service(service)?.as_str().trim_end_matches('/').to_owned();
        // The Discovery Service was registered with the slash, and only so.
        Ok(if matches!(service, Service::Discovery) { format!("{origin}/discovery/") } else { origin })
    }

    /// Whether a token for `service` may be sent to `url`: same scheme, host and port.
    pub(crate) fn trusts(&self, service: &Service, url: &Url) -> bool {
        self.service(service).is_ok_and(|base| base.origin() == url.origin() && !has_user_info(url))
    }
}

/// The authorities and their aliases, the preferred name first. Source: "National clouds", and what instance
/// discovery answers.
const AUTHORITIES: [&[&str]; 3] = [
    &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
];

/// The names of the authority that a host is one of; none if the host is not known.
pub(crate) fn alias_group(host: &str) -> Option<&'static [&'static str]> {
    AUTHORITIES.into_iter().find(|group| group.iter().any(|name| name.eq_ignore_ascii_case(host)))
}

fn missing(role: &str) -> Error {
    Error::invalid(format!("the cloud has no {role} host: name it in Cloud::custom({role}=...)"))
}

fn base_url(role: &str, text: &str) -> Result<Url> {
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url =
        Url::parse(&full).map_err(|e| Error::invalid(format!("{role} host {text:?} is not a URL: {e}")))?;
    if has_user_info(&url) || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::invalid(format!(
            "{role} host {text:?} must be a scheme and a host, and a port at most"
        )));
    }
    require_https(role, &url)?;
    Ok(url)
}

/// Plain http reaches only this machine.
pub(crate) fn require_https(role: &str, url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::invalid(format!(
            "{role} {url} is plain http: use https (http is accepted for loopback addresses only)"
        ))),
        other => Err(Error::invalid(format!("{role} {url}: the scheme {other:?} is not https"))),
    }
}

/// Plain http reaches only this machine and its own link, where managed identities are asked.
pub(crate) fn require_local(role: &str, url: &Url) -> Result<()> {
    let on_link = matches!(url.host(), Some(Host::Ipv4(address)) if address.is_link_local());
    match url.scheme() {
        "http" if on_link => Ok(()),
        "http" if !is_loopback(url) => Err(Error::invalid(format!(
            "{role} {url} is plain http: a managed identity is asked at a loopback or link-local address"
        ))),
        _ => require_https(role, url),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(management: &str) -> Result<Hosts> {
        Cloud::custom(CustomCloud { management: Some(management.into()), ..CustomCloud::default() }).resolve()
    }

    #[test]
    fn a_token_goes_to_the_very_host_and_port_of_its_service() {
        let hosts = Cloud::Public.resolve().unwrap();
        let trusts = |url: &str| hosts.trusts(&Service::Management, &Url::parse(url).unwrap());
        assert!(trusts("https://manage.office.com/api/v1.0/x"));
        assert!(trusts("https://manage.office.com:443/x"));
        for foreign in [
            "https://manage.office.com.evil.example/",
            "https://evil.example/manage.office.com",
            "https://manage.office.com@evil.example/",
            "https://user@manage.office.com/",
            "https://manage.office.com:8443/",
            "http://manage.office.com/",
            "https://graph.microsoft.com/",
        ] {
            assert!(!trusts(foreign), "{foreign}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for good in
            ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "https://manage.example.com"]
        {
            assert!(custom(good).is_ok(), "{good}");
        }
        for bad in
            ["http://manage.example.com", "ftp://127.0.0.1", "http://10.0.0.1", "https://a.example/path"]
        {
            assert!(custom(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_that_was_left_out_is_named_in_the_refusal() {
        let error = custom("https://manage.example.com").unwrap().service(&Service::Graph).unwrap_err();
        assert!(error.message().contains("graph"), "{error}");
    }
}
