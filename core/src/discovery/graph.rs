//! What the Discovery Service would say today: a table of capabilities, and the hosts of the cloud.
//!
//! Rows are of the type of old, so that what worked with the service goes on working with the table.

use crate::Client;
use crate::cloud::{Cloud, Hosts, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Wire;

use super::model::{AccountType, Capability, ServiceInfo};

/// The tenant that all Microsoft accounts are in.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A capability at Microsoft Graph, or at the management host.
struct Row {
    capability: Capability,
    service: Service,
    entry: &'static str,
    scopes: &'static [&'static str],
    /// Whether Microsoft accounts have it.
    consumers: bool,
}

const fn at_graph(
    capability: Capability,
    entry: &'static str,
    scopes: &'static [&'static str],
    consumers: bool,
) -> Row {
    Row { capability, service: Service::Graph, entry, scopes, consumers }
}

/// The entry points and least permissions of version 1.0. Source: "Microsoft Graph REST API v1.0 reference".
static TABLE: [Row; 9] = [
    at_graph(Capability::Mail, "me/messages", &["Mail.Read"], true),
    at_graph(Capability::Calendar, "me/calendar", &["Calendars.Read"], true),
    at_graph(Capability::Contacts, "me/contacts", &["Contacts.Read"], true),
    at_graph(Capability::MyFiles, "me/drive", &["Files.Read"], true),
    at_graph(Capability::RootSite, "sites/root", &["Sites.Read.All"], false),
    at_graph(Capability::Notes, "me/onenote/notebooks", &["Notes.Read"], true),
    at_graph(Capability::Directory, "me", &["User.Read"], true),
    at_graph(
        Capability::ServiceCommunications,
        "admin/serviceAnnouncement",
        &["ServiceHealth.Read.All", "ServiceMessage.Read.All"],
        false,
    ),
    Row {
        capability: Capability::ManagementActivity,
        service: Service::Management,
        entry: "",
        scopes: &["ActivityFeed.Read"],
        consumers: false,
    },
];

impl Row {
    /// The row in a cloud; none where the cloud has not got it.
    fn service_info(&self, cloud: &Cloud, hosts: &Hosts, account: AccountType) -> Option<ServiceInfo> {
        let is_consumer = account == AccountType::MicrosoftAccount;
        // Consumers' data is in the worldwide cloud alone.
        let has_consumers = self.consumers && matches!(cloud, Cloud::Public);
        if is_consumer && !has_consumers {
            return None;
        }
        // A management host in China is not documented as one.
        if self.service == Service::Management && matches!(cloud, Cloud::China) {
            return None;
        }
        let root = hosts.audience(&self.service).ok()?;
        let (id, name, path) = match self.service {
            Service::Management => ("MANAGEMENT", "Office 365 Management APIs", "api/v1.0"),
            _ => ("GRAPH", "Microsoft Graph", "v1.0"),
        };
        let entry = if self.entry.is_empty() { String::new() } else { format!("/{}", self.entry) };
        Some(ServiceInfo {
            capability: Some(self.capability.clone()),
            entity_key: Some(format!("{}@{id}", self.capability)),
            provider_name: Some("Microsoft".to_owned()),
            service_account_type: Some(account),
            service_api_version: Some("v1.0".to_owned()),
            service_endpoint_uri: Some(format!("{root}/{path}{entry}")),
            service_id: Some(id.to_owned()),
            service_name: Some(name.to_owned()),
            service_resource_id: Some(root),
            scopes: Some(self.scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            ..ServiceInfo::empty(Wire::Graph)
        })
    }
}

/// All there is in a cloud: for accounts of organisations, and then for Microsoft accounts.
pub(super) fn all(cloud: &Cloud, hosts: &Hosts) -> Vec<ServiceInfo> {
    let of =
        |account: AccountType| TABLE.iter().filter_map(move |row| row.service_info(cloud, hosts, account));
    of(AccountType::Organizational).chain(of(AccountType::MicrosoftAccount)).collect()
}

/// What the accounts of a client's tenant have. Where any account may sign in, that is all.
pub(super) fn of_tenant(client: &Client) -> Vec<ServiceInfo> {
    let all = all(client.cloud(), &client.corridor().hosts);
    match accounts(client.tenant()) {
        None => all,
        only => all.into_iter().filter(|service| service.service_account_type == only).collect(),
    }
}

/// What kind of accounts a tenant has; none if both.
fn accounts(tenant: &str) -> Option<AccountType> {
    let is = |name: &str| tenant.eq_ignore_ascii_case(name);
    if is("common") {
        None
    } else if is("consumers") || is(CONSUMERS) {
        Some(AccountType::MicrosoftAccount)
    } else {
        Some(AccountType::Organizational)
    }
}

/// The row of a capability for a kind of account.
pub(super) fn find(
    cloud: &Cloud,
    hosts: &Hosts,
    capability: &Capability,
    account: AccountType,
) -> Option<ServiceInfo> {
    TABLE.iter().find(|row| row.capability == *capability)?.service_info(cloud, hosts, account)
}

/// Whether Microsoft accounts have a capability anywhere.
pub(super) fn is_for_consumers(capability: &Capability) -> bool {
    TABLE.iter().any(|row| row.capability == *capability && row.consumers)
}

/// Refuses the name of a capability that nobody knows, and says which are known.
pub(super) fn unknown_capability(name: &str) -> Error {
    let known = Capability::KNOWN.iter().map(Capability::as_str);
    let nearest = known
        .clone()
        .map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase()), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    let names = known.collect::<Vec<_>>().join(", ");
    let error = Error::invalid(format!("capability {name:?} is not known: there are {names}"));
    match nearest {
        Some((_, nearest)) => error.with_hint(format!("Did you mean {nearest}?")),
        None => error,
    }
}

/// Picks the service of a capability: of this version, or else the highest.
pub(super) fn pick(
    services: Vec<ServiceInfo>,
    capability: &Capability,
    version: Option<&str>,
) -> Result<ServiceInfo> {
    let (mut fitting, others): (Vec<_>, Vec<_>) =
        services.into_iter().partition(|service| service.capability.as_ref() == Some(capability));
    if fitting.is_empty() {
        if let Capability::Unknown(name) = capability {
            return Err(unknown_capability(name));
        }
        let error = Error::new(
            ErrorKind::NotFound,
            format!("{capability} is not among the services of this account"),
        );
        return Err(if others.is_empty() { error.with_hint(super::office365::NO_SERVICES) } else { error });
    }
    if let Some(version) = version {
        let versions: Vec<String> =
            fitting.iter().filter_map(|service| service.service_api_version.clone()).collect();
        fitting.retain(|service| {
            service.service_api_version.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(version))
        });
        if fitting.is_empty() {
            let versions =
                if versions.is_empty() { "none that has a name".to_owned() } else { versions.join(", ") };
            let message = format!("{capability} has no API version {version:?}: there is {versions}");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
    }
    best(fitting).ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no {capability}")))
}

/// The one of the highest version. Organisations come before Microsoft accounts, and of equals the first.
pub(super) fn best(services: Vec<ServiceInfo>) -> Option<ServiceInfo> {
    services.into_iter().rev().max_by_key(|service| {
        let is_organisation = service.service_account_type != Some(AccountType::MicrosoftAccount);
        (is_organisation, numbers(service.service_api_version.as_deref().unwrap_or_default()))
    })
}

/// A version by its numbers: `v10.0` is more than `v2.1`.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{client, in_cloud, of};
    use super::*;
    use crate::cloud::CustomCloud;

    fn in_(cloud: &Cloud) -> Vec<ServiceInfo> {
        all(cloud, &cloud.resolve().unwrap())
    }

    fn endpoint(cloud: &Cloud, capability: &Capability) -> Option<String> {
        let found = find(cloud, &cloud.resolve().unwrap(), capability, AccountType::Organizational);
        found.and_then(|service| service.service_endpoint_uri)
    }

    #[test]
    fn rows_have_the_hosts_of_their_cloud() {
        for (cloud, mail, audit) in [
            (Cloud::Public, "https://graph.microsoft.com", Some("https://manage.office.com")),
            (Cloud::Gcc, "https://graph.microsoft.com", Some("https://manage-gcc.office.com")),
            (Cloud::GccHigh, "https://graph.microsoft.us", Some("https://manage.office365.us")),
            (Cloud::Dod, "https://dod-graph.microsoft.us", Some("https://manage.protection.apps.mil")),
            (Cloud::China, "https://microsoftgraph.chinacloudapi.cn", None),
        ] {
            assert_eq!(endpoint(&cloud, &Capability::Mail), Some(format!("{mail}/v1.0/me/messages")));
            let audit = audit.map(|root| format!("{root}/api/v1.0"));
            assert_eq!(endpoint(&cloud, &Capability::ManagementActivity), audit);
            let rows = in_(&cloud);
            assert!(rows.iter().all(|row| row.wire == Wire::Graph && row.scopes.is_some()));
            let consumers = rows
                .iter()
                .filter(|row| row.service_account_type == Some(AccountType::MicrosoftAccount))
                .count();
            assert_eq!(consumers, if cloud == Cloud::Public { 6 } else { 0 }, "{cloud}");
        }
        let custom = Cloud::custom(CustomCloud {
            graph: Some("http://127.0.0.1:41".into()),
            ..CustomCloud::default()
        });
        let row = find(&custom, &custom.resolve().unwrap(), &Capability::Mail, AccountType::Organizational)
            .unwrap();
        assert_eq!(row.service_endpoint_uri.as_deref(), Some("http://127.0.0.1:41/v1.0/me/messages"));
        assert_eq!(row.service_resource_id.as_deref(), Some("http://127.0.0.1:41"));
        assert_eq!(row.entity_key.as_deref(), Some("Mail@GRAPH"));
        assert_eq!(endpoint(&custom, &Capability::ManagementActivity), None);
    }

    #[test]
    fn a_tenant_has_the_rows_of_its_accounts() {
        let count = |tenant: &str| of_tenant(&of(tenant, Wire::Graph)).len();
        assert_eq!(count("contoso.onmicrosoft.com"), 9);
        assert_eq!(count(CONSUMERS), 6);
        assert_eq!(of_tenant(&in_cloud(Cloud::China)).len(), 8);
        assert_eq!((accounts("Common"), accounts("consumers")), (None, Some(AccountType::MicrosoftAccount)));
        assert!(of_tenant(&client(Wire::Graph)).iter().all(|row| row.capability.is_some()));
    }

    #[test]
    fn a_capability_that_nobody_knows_is_refused_with_those_that_are() {
        for (name, meant) in [("mial", Some("Mail")), ("Calender", Some("Calendar")), ("Video", None)] {
            let error = pick(in_(&Cloud::Public), &Capability::from(name), None).unwrap_err();
            assert!(
                error.kind() == ErrorKind::InvalidRequest && error.message().contains("MyFiles"),
                "{error}"
            );
            assert_eq!(
                error.hint().is_some_and(|hint| meant.is_some_and(|meant| hint.contains(meant))),
                meant.is_some()
            );
        }
    }

    #[test]
    fn the_highest_version_is_taken_unless_one_is_named() {
        let row = |version: Option<&str>, account: AccountType| ServiceInfo {
            capability: Some(Capability::MyFiles),
            service_api_version: version.map(str::to_owned),
            service_account_type: Some(account),
            ..ServiceInfo::empty(Wire::Office365)
        };
        let own = AccountType::Organizational;
        let rows = || {
            vec![
                row(None, own),
                row(Some("v2.0"), own),
                row(Some("v10.0"), own),
                row(Some("v9.1"), own),
                row(Some("v11.0"), AccountType::MicrosoftAccount),
            ]
        };
        let version = |wanted: Option<&str>| {
            pick(rows(), &Capability::MyFiles, wanted).map(|row| row.service_api_version)
        };
        assert_eq!(version(None).unwrap().as_deref(), Some("v10.0"));
        assert_eq!(version(Some("V2.0")).unwrap().as_deref(), Some("v2.0"));
        let error = version(Some("v3")).unwrap_err();
        assert!(error.kind() == ErrorKind::NotFound && error.message().contains("v9.1"), "{error}");
        let error = pick(Vec::new(), &Capability::Mail, None).unwrap_err();
        assert!(error.kind() == ErrorKind::NotFound && error.hint().unwrap().contains("licence"), "{error}");
    }
}
