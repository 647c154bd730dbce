//! Which cloud a tenant is in, from what its authority says of it to anybody. Nothing is told but a domain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Host;

use super::model::TenantInfo;
use crate::Client;
use crate::cloud::{Cloud, Service};
use crate::dispatch::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{check_tenant, is_guid, open_id};

/// How long an answer is good for.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// How many answers a client keeps.
const MOST: usize = 1_000;
const NOT_KNOWN: [&str; 2] = ["AADSTS90002", "AADSTS900023"];
const IN_ANOTHER_CLOUD: &str = "AADSTS90038";

/// Tells of a tenant which cloud it is in and where its users sign in, by one of its domains: what the first sign-in
/// was for. Nobody needs to be signed in.
///
/// The authority is told the domain and nothing else. The answer is kept for 24 hours.
///
/// Source: "`OpenID` Connect on the Microsoft identity platform"; "National clouds".
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FindTenant {
    /// A domain such as `contoso.com`, or a directory id. Of an address of mail, only what follows the `@` is used.
    pub domain: String,
}

impl Call for FindTenant {
    type Output = TenantInfo;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<TenantInfo> {
        let domain = domain(&self.domain)?;
        if let Some(known) = client.tenants().get(&domain) {
            return Ok(known);
        }
        let found = find(&client, &domain).await?;
        client.tenants().put(found.clone());
        Ok(found)
    }
}

/// The domain of what a caller gave: never more, so that nobody's address leaves by it.
fn domain(given: &str) -> Result<String> {
    let given = given.trim();
    let domain = given.rsplit_once('@').map_or(given, |(_, domain)| domain);
    if is_guid(domain) {
        return Ok(domain.to_ascii_lowercase());
    }
    // What was given may be somebody's address, so it is not said again.
    let wrong = || {
        Error::invalid("domain is neither a domain such as contoso.com nor a directory id (GUID)")
            .with_hint("Of an address of mail, pass what follows the @")
    };
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(wrong()) };
    check_tenant(&domain, false).map_err(|_| wrong())?;
    Ok(domain)
}

async fn find(client: &Client, domain: &str) -> Result<TenantInfo> {
    let corridor = client.corridor();
    let error = match open_id(corridor, corridor.hosts.authority()?, domain).await {
        Ok(metadata) => return read(client, domain, &metadata),
        Err(error) => error,
    };
    if error.code().is_some_and(|code| NOT_KNOWN.contains(&code)) {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("no tenant of this cloud has the domain {domain}"),
        )
        .with_status(error.status().unwrap_or_default())
        .with_code(error.code().map(str::to_owned))
        .with_hint("Check the domain; the tenant may also be in a cloud that this one does not know of")
        .with_source(error));
    }
    let Some(cloud) = elsewhere(&error) else { return Err(error) };
    // A cloud of the caller's own may be a test's, and is no reason to ask a real one.
    if !matches!(client.cloud(), Cloud::Custom(_))
        && let Ok(metadata) = open_id(corridor, cloud.resolve()?.authority()?, domain).await
    {
        return read(client, domain, &metadata);
    }
    Ok(TenantInfo { domain: domain.to_owned(), cloud: Some(cloud.to_string()), ..nothing() })
}

/// The cloud that a refusal names: `... belongs to the National Cloud 'microsoftonline.us'`.
fn elsewhere(error: &Error) -> Option<Cloud> {
    let message = error.message();
    if error.code() != Some(IN_ANOTHER_CLOUD) {
        return None;
    }
    // The first that is named is the tenant's; the one that was asked is named behind it.
    [
        (&["microsoftonline.us", "usgovcloudapi.net"][..], Cloud::GccHigh),
        (&["partner.microsoftonline.cn", "chinacloudapi.cn"], Cloud::China),
        (&["microsoftonline.com"], Cloud::Public),
    ]
    .into_iter()
    .filter_map(|(names, cloud)| Some((names.iter().filter_map(|name| message.find(name)).min()?, cloud)))
    .min_by_key(|(at, _)| *at)
    .map(|(_, cloud)| cloud)
}

fn nothing() -> TenantInfo {
    TenantInfo {
        domain: String::new(),
        cloud: None,
        tenant_id: None,
        authorization_endpoint: None,
        token_endpoint: None,
        issuer: None,
        graph_host: None,
        cloud_instance_name: None,
        region_scope: None,
        region_sub_scope: None,
    }
}

fn read(client: &Client, domain: &str, metadata: &Map<String, Value>) -> Result<TenantInfo> {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(issuer), Some(token_endpoint)) = (text("issuer"), text("token_endpoint")) else {
        return Err(Error::decode("the tenant's metadata names neither an issuer nor a token endpoint"));
    };
    let graph_host = text("msgraph_host");
    let region_sub_scope = text("tenant_region_sub_scope");
    let cloud = graph_host.as_deref().and_then(|host| cloud_of(client, host, region_sub_scope.as_deref()));
    Ok(TenantInfo {
        domain: domain.to_owned(),
        cloud,
        tenant_id: issuer.split('/').find(|part| is_guid(part)).map(str::to_ascii_lowercase),
        authorization_endpoint: text("authorization_endpoint"),
        token_endpoint: Some(token_endpoint),
        issuer: Some(issuer),
        graph_host,
        cloud_instance_name: text("cloud_instance_name"),
        region_scope: text("tenant_region_scope"),
        region_sub_scope,
    })
}

/// The cloud that has this host of Microsoft Graph. Two of them share one host, and are told apart by a hint.
fn cloud_of(client: &Client, graph_host: &str, sub_scope: Option<&str>) -> Option<String> {
    let hint = |name: &str| sub_scope.is_some_and(|scope| scope.eq_ignore_ascii_case(name));
    let cloud = match graph_host.to_ascii_lowercase().as_str() {
        "graph.microsoft.com" if hint("GCC") => Cloud::Gcc,
        "graph.microsoft.com" => Cloud::Public,
        "graph.microsoft.us" if hint("DOD") => Cloud::Dod,
        "graph.microsoft.us" => Cloud::GccHigh,
        "dod-graph.microsoft.us" => Cloud::Dod,
        "microsoftgraph.chinacloudapi.cn" => Cloud::China,
        own => {
            let graph = client.corridor().hosts.service(&Service::Graph).ok()?;
            let host = graph.host_str()?;
            let with_port = graph.port().map(|port| format!("{host}:{port}"));
            return (own == host || with_port.as_deref() == Some(own)).then(|| client.cloud().to_string());
        }
    };
    Some(cloud.to_string())
}

/// What a client has found out about tenants.
#[derive(Debug, Default)]
pub(crate) struct Tenants(Mutex<HashMap<String, (Instant, TenantInfo)>>);

impl Tenants {
    fn get(&self, domain: &str) -> Option<TenantInfo> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(domain).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, tenant)| tenant.clone())
    }

    fn put(&self, tenant: TenantInfo) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (at, _)| at.elapsed() < KEPT);
        if kept.len() < MOST {
            kept.insert(tenant.domain.clone(), (Instant::now(), tenant));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::{client, in_cloud};
    use super::*;
    use crate::cloud::CustomCloud;
    use crate::wire::Wire;

    #[test]
    fn nothing_of_an_address_is_used_but_its_domain() {
        for (given, used) in [
            ("contoso.com", "contoso.com"),
            ("alex@contoso.com", "contoso.com"),
            (" \"odd@one\"@Contoso.COM ", "contoso.com"),
            ("m\u{fc}nchen.example", "xn--mnchen-3ya.example"),
            ("3B0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10", "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10"),
        ] {
            assert_eq!(domain(given).unwrap(), used);
        }
        for bad in
            ["", "alex@", "contoso", "common", "a b.com", "contoso.com/x", "127.0.0.1", "https://contoso.com"]
        {
            let error = domain(bad).unwrap_err();
            assert!(
                error.kind() == ErrorKind::InvalidRequest && !error.to_string().contains("alex"),
                "{bad}"
            );
        }
    }

    fn of(client: &Client, graph_host: &str, sub_scope: Option<&str>) -> Option<String> {
        let metadata = json!({
            "issuer": "https://login.microsoftonline.com/3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10/v2.0",
            "token_endpoint": "https://login.microsoftonline.com/x/oauth2/v2.0/token",
            "msgraph_host": graph_host, "tenant_region_scope": "NA", "tenant_region_sub_scope": sub_scope,
        });
        let tenant = read(client, "contoso.com", metadata.as_object().unwrap()).unwrap();
        assert_eq!(tenant.tenant_id.as_deref(), Some("3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10"));
        tenant.cloud
    }

    #[test]
    fn the_cloud_is_told_by_the_host_of_graph() {
        let public = client(Wire::Graph);
        for (host, sub_scope, cloud) in [
            ("graph.microsoft.com", None, Some("public")),
            ("graph.microsoft.com", Some("GCC"), Some("gcc")),
            ("graph.microsoft.us", Some("DODCON"), Some("gcc_high")),
            ("graph.microsoft.us", Some("DOD"), Some("dod")),
            ("dod-graph.microsoft.us", None, Some("dod")),
            ("microsoftgraph.chinacloudapi.cn", None, Some("china")),
            ("graph.example", None, None),
        ] {
            assert_eq!(of(&public, host, sub_scope).as_deref(), cloud, "{host}");
        }
        let own = in_cloud(Cloud::custom(CustomCloud {
            authority: Some("http://127.0.0.1:40".into()),
            graph: Some("http://127.0.0.1:41".into()),
            ..CustomCloud::default()
        }));
        assert_eq!(of(&own, "127.0.0.1:41", None).as_deref(), Some("custom"));
        assert_eq!(of(&own, "graph.microsoft.us", None).as_deref(), Some("gcc_high"));
        assert!(read(&own, "a.b", json!({"issuer": "x"}).as_object().unwrap()).is_err());
    }

    #[test]
    fn a_refusal_names_the_cloud_that_the_tenant_is_in() {
        let refused = |code: &str, message: &str| {
            elsewhere(&Error::new(ErrorKind::Auth, message).with_code(Some(code.to_owned())))
                .map(|of| of.to_string())
        };
        let says = |cloud: &str| {
            format!(
                "AADSTS90038: The specified tenant 'x' belongs to the National Cloud '{cloud}'. Current cloud instance \
                 'login.microsoftonline.com' does not federate with {cloud}."
            )
        };
        assert_eq!(refused("AADSTS90038", &says("microsoftonline.us")).as_deref(), Some("gcc_high"));
        assert_eq!(refused("AADSTS90038", &says("partner.microsoftonline.cn")).as_deref(), Some("china"));
        assert_eq!(refused("AADSTS90038", "AADSTS90038: elsewhere"), None);
        assert_eq!(refused("AADSTS90002", &says("microsoftonline.us")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_found_is_kept_for_a_day() {
        let tenants = Tenants::default();
        tenants.put(TenantInfo { domain: "contoso.com".into(), ..nothing() });
        tokio::time::advance(KEPT / 2).await;
        assert!(tenants.get("contoso.com").is_some() && tenants.get("fabrikam.com").is_none());
        tokio::time::advance(KEPT / 2).await;
        assert!(tenants.get("contoso.com").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_a_domain_or_refused(text in ".{0,40}", user in "[a-z.]{1,12}") {
            let _ = domain(&text);
            if let Ok(used) = domain(&format!("{user}@{text}")) {
                prop_assert!(!used.contains('@'));
            }
        }
    }
}
