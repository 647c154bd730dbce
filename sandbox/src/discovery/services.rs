//! What there is to discover, and for whom (discovery-service, 5 and 7).

use hyper::StatusCode;
use serde_json::{Value, json};

use super::error::Error;
use super::place::Base;
use crate::call::Call;
use crate::config::{Discovery, DiscoveryMischief};
use crate::identity::{Audience, Denied};
use crate::random::{guid, hash_text};
use crate::tenant::Tenant;

/// The properties of `ServiceInfo`, in the order that bodies have them.
pub(super) const PROPERTIES: [&str; 10] = [
    "capability",
    "entityKey",
    "providerId",
    "providerName",
    "serviceAccountType",
    "serviceApiVersion",
    "serviceEndpointUri",
    "serviceId",
    "serviceName",
    "serviceResourceId",
];

/// The name of the type.
pub(super) const TYPE: &str = "Microsoft.DiscoveryServices.ServiceInfo";

/// A service: the values of its properties, each under its name.
#[derive(Clone, Debug)]
pub(super) struct Row {
    values: Vec<(&'static str, Value)>,
    key: String,
}

/// A capability: its name, the id and the name of its service, and whether personal accounts have it.
struct Capability(&'static str, &'static str, &'static str, bool);

const CAPABILITIES: [Capability; 7] = [
    Capability("RootSite", "O365_SHAREPOINT", "Office 365 SharePoint", false),
    Capability("MyFiles", "O365_SHAREPOINT", "Office 365 SharePoint", false),
    Capability("Mail", "O365_EXCHANGE", "Office 365 Exchange", true),
    Capability("Calendar", "O365_EXCHANGE", "Office 365 Exchange", true),
    Capability("Contacts", "O365_EXCHANGE", "Office 365 Exchange", true),
    Capability("Notes", "O365_ONENOTE", "Office 365 OneNote", true),
    Capability("Directory", "AZURE", "Microsoft Azure", false),
];

impl Row {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The properties that are left.
    pub(super) fn values(&self) -> &[(&'static str, Value)] {
        &self.values
    }

    pub(super) fn get(&self, name: &str) -> &Value {
        self.values.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, value)| value)
    }

    /// Leaves only these properties.
    pub(super) fn select(&mut self, names: &[&str]) {
        self.values.retain(|(name, _)| names.contains(name));
    }
}

/// The property of this name, in any case.
pub(super) fn property(name: &str) -> Option<&'static str> {
    PROPERTIES.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// A name with its first letter in upper case.
pub(super) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The catalogue: everything, and nowhere.
pub(super) fn all(tenant: &Tenant, base: Base) -> Vec<Row> {
    rows(tenant, base, false, |_| true, |_, _| (Value::Null, Value::Null))
}

/// What the caller can reach.
pub(super) fn of_caller(
    tenant: &Tenant,
    call: &Call,
    discovery: &Discovery,
    base: Base,
) -> Result<Vec<Row>, Error> {
    let refuse = |message: &str| Error::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
    let token = call.bearer().ok_or_else(Error::no_token)?;
    let grant = tenant.tokens.check(token, tenant.clock.now()).map_err(|denied| match denied {
        Denied::Dead => refuse("The token is expired or not known."),
        Denied::Challenged(_) => refuse("The token has been revoked."),
    })?;
    if grant.audience != Audience::Discovery {
        return Err(refuse("The token is for another audience."));
    }
    // An application sees what the first of the users sees.
    let user = match &grant.user {
        Some(user) => Some(user.clone()),
        None => tenant.identity.book().first_user().cloned(),
    };
    let known = user.as_ref().map(|user| discovery.user(&user.name)).unwrap_or_default();
    if known.consented.as_ref().is_some_and(Vec::is_empty) {
        let message = "The user has not consented to any capability.";
        return Err(Error::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    if !known.licensed {
        return Ok(vec![]);
    }
    let consented = |capability: &str| {
        known.consented.as_ref().is_none_or(|all| all.iter().any(|one| one.eq_ignore_ascii_case(capability)))
    };
    let personal = user.is_some_and(|user| user.personal);
    let place = |capability: &Capability, version: &str| {
        let (endpoint, resource) = place(tenant, capability, version, base, personal);
        let (endpoint, resource) = match discovery.mischief {
            Some(DiscoveryMischief::ForeignEndpoint) => {
                ("https://sharepoint.com.evil.example/_api".to_owned(), resource)
            }
            Some(DiscoveryMischief::ForeignResource) => {
                ("https://tokens.evil.example/api".to_owned(), "https://tokens.evil.example/".to_owned())
            }
            _ => (endpoint, resource),
        };
        (json!(endpoint), json!(resource))
    };
    Ok(rows(tenant, base, personal, consented, place))
}

fn rows(
    tenant: &Tenant,
    base: Base,
    personal: bool,
    wanted: impl Fn(&str) -> bool,
    place: impl Fn(&Capability, &str) -> (Value, Value),
) -> Vec<Row> {
    let provider = guid(hash_text(tenant.config.seed, "discovery provider"));
    let mut rows = vec![];
    for capability in CAPABILITIES.iter().filter(|capability| capability.3 || !personal) {
        let Capability(name, id, service, _) = capability;
        if !wanted(name) {
            continue;
        }
        // Azure's directory and OneNote never had a second version.
        let versions: &[&str] = match base {
            Base::V2 if !matches!(*id, "AZURE" | "O365_ONENOTE") => &["v1.0", "v2.0"],
            _ => &["v1.0"],
        };
        for version in versions {
            let (endpoint, resource) = place(capability, version);
            // The preview did not know that there would be versions.
            let version = if base == Base::Preview { Value::Null } else { json!(version) };
            let key = format!("{name}@{id}");
            let values = [
                json!(name),
                json!(key),
                json!(provider),
                json!("Microsoft"),
                json!(if personal { 1 } else { 2 }),
                version,
                endpoint,
                json!(id),
                json!(service),
                resource,
            ];
            rows.push(Row { values: PROPERTIES.into_iter().zip(values).collect(), key });
        }
    }
    rows
}

/// Endpoint and audience. Slashes at the end vary, as they did.
fn place(
    tenant: &Tenant,
    capability: &Capability,
    version: &str,
    base: Base,
    personal: bool,
) -> (String, String) {
    let (root, own) = (root_host(tenant), personal_host(tenant));
    match *capability {
        Capability("RootSite", ..) => {
            let path = if version == "v2.0" { "_api/v2.0" } else { "_api" };
            (format!("https://{root}/{path}"), format!("https://{root}/"))
        }
        Capability("MyFiles", ..) => {
            let path = match (base, version) {
                (Base::V2, "v2.0") => "_api/v2.0",
                _ => "_api/v1.0/me",
            };
            (format!("https://{own}/{path}"), format!("https://{own}/"))
        }
        Capability("Notes", ..) => ("https://www.onenote.com/api/v1.0".into(), "https://onenote.com/".into()),
        Capability("Directory", ..) => {
            (format!("https://graph.windows.net/{}/", tenant.id), "https://graph.windows.net".into())
        }
        _ => {
            let host = if personal { "outlook.office.com" } else { "outlook.office365.com" };
            (format!("https://{host}/api/{version}"), format!("https://{host}/"))
        }
    }
}

/// The host of the tenant's sites.
pub(crate) fn root_host(tenant: &Tenant) -> String {
    format!("{}.sharepoint.com", label(tenant))
}

/// The host of its users' files.
pub(crate) fn personal_host(tenant: &Tenant) -> String {
    format!("{}-my.sharepoint.com", label(tenant))
}

fn label(tenant: &Tenant) -> &str {
    tenant.config.domain.split('.').next().unwrap_or_default()
}
