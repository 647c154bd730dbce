//! What the Discovery Service tells, spelled once for both wires and all three formats.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use serde_json::{Map, Value};

use super::members;
use crate::dispatch::Item;
use crate::open_enum::{number_enum, text_enum};
use crate::wire::Wire;

text_enum! {
    /// What a service is for. The last two were never discoverable, and are known to the built-in table only.
    Capability {
        /// The mail of a user.
        Mail = "Mail",
        /// The calendars of a user.
        Calendar = "Calendar",
        /// The contacts of a user.
        Contacts = "Contacts",
        /// The files of a user.
        MyFiles = "MyFiles",
        /// The root site of SharePoint.
        RootSite = "RootSite",
        /// The notebooks of a user.
        Notes = "Notes",
        /// The directory: users, groups and the organisation.
        Directory = "Directory",
        /// Service health and the message center.
        ServiceCommunications = "ServiceCommunications",
        /// The audit feed.
        ManagementActivity = "ManagementActivity",
    }
}

number_enum! {
    /// What kind of account a service, or an answer, is for.
    AccountType {
        MicrosoftAccount = 1, "A Microsoft account: a consumer.";
        Organizational = 2, "An account of an organisation: work or school.";
    }
}

text_enum! {
    /// The version of the Discovery Service that is asked.
    DiscoveryVersion {
        /// One row for each service.
        V1 = "v1.0",
        /// A row for each API version of a service.
        V2 = "v2.0",
    }
}

text_enum! {
    /// The format that the Discovery Service is asked to answer in. The records are the same.
    DiscoveryFormat {
        /// JSON of OData v4.
        Json = "json",
        /// Verbose JSON of OData v3.
        Verbose = "verbose",
        /// Atom, which is XML.
        Atom = "atom",
    }
}

/// A service that can be called: what it is for, where it is, and the audience of its tokens.
///
/// Any member may be absent: `select` leaves out what was not asked for, and in the catalogue of all services
/// there are neither endpoints nor audiences.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceInfo {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<Capability>,
    /// The key: capability and service, such as `MyFiles@O365_SHAREPOINT`. Several API versions share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_key: Option<String>,
    /// Who provides it, as a GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Who provides it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// What kind of account it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_type: Option<AccountType>,
    /// The version of its API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_api_version: Option<String>,
    /// The root to call, as it came: with or without a closing slash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_endpoint_uri: Option<String>,
    /// The service behind it, such as `O365_SHAREPOINT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// The audience of the tokens that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_resource_id: Option<String>,
    /// The least permissions that it can be called with; of the built-in table only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The address that people open: the tenant's own host. Of live services only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_url: Option<String>,
    /// The wire that it came over: `office365` from the Discovery Service, `graph` from the built-in table.
    pub wire: Wire,
    /// What this version does not know, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ServiceInfo {
    /// A service of which nothing is known yet.
    pub(super) fn empty(wire: Wire) -> Self {
        ServiceInfo {
            capability: None,
            entity_key: None,
            provider_id: None,
            provider_name: None,
            service_account_type: None,
            service_api_version: None,
            service_endpoint_uri: None,
            service_id: None,
            service_name: None,
            service_resource_id: None,
            scopes: None,
            web_url: None,
            wire,
            extra: Map::new(),
        }
    }
}

impl Item for ServiceInfo {}

impl<'de> Deserialize<'de> for ServiceInfo {
    /// Takes the members in any case, since what was kept from the preview is spelled in Pascal's.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut given = Map::deserialize(deserializer)?;
        let wire = match given.remove("wire") {
            None | Some(Value::Null) => Wire::Office365,
            Some(wire) => serde_json::from_value(wire).map_err(D::Error::custom)?,
        };
        members::service(given, wire).map_err(D::Error::custom)
    }
}

/// The answer to a first sign-in: which realm an account belongs to, and where its user signs in.
///
/// It is the same for an account each time. A member that is there and empty says something else than one that is
/// absent: for accounts of organisations the scopes are blank, since their authority takes none.
#[derive(Clone, PartialEq, Eq, Serialize, DeriveDeserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FirstSignIn {
    /// The address that the user typed: personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// What kind of account it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// Where to obtain an authorization code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_service: Option<String>,
    /// Where to exchange the code for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_service: Option<String>,
    /// The scopes, in the words of the account's realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The scopes that the realm has no words for, as they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported_scope: Option<String>,
    /// Where the services of the account are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_service: Option<String>,
    /// The audience of the token that the list takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_resource: Option<String>,
    /// Parameters that this version does not know, as they came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl fmt::Debug for FirstSignIn {
    // Who signed in is nobody else's business, and what is not known may say it too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstSignIn")
            .field("account_type", &self.account_type)
            .field("authorization_service", &self.authorization_service)
            .field("token_service", &self.token_service)
            .field("scope", &self.scope)
            .field("unsupported_scope", &self.unsupported_scope)
            .field("discovery_service", &self.discovery_service)
            .field("discovery_resource", &self.discovery_resource)
            .finish_non_exhaustive()
    }
}

/// A first sign-in that has begun: what to open, and what to keep until the user comes back.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BegunFirstSignIn {
    /// The address to open in the system's browser.
    pub url: String,
    /// The address that the answer comes to: the redirect URI with the state as the last part of its path.
    pub redirect_uri: String,
    /// What nobody can guess, and the answer must bring back. Keep it in the user's session.
    pub state: String,
}

impl fmt::Debug for BegunFirstSignIn {
    // The address holds the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BegunFirstSignIn").finish_non_exhaustive()
    }
}

text_enum! {
    /// Why there is nothing that a service of old translates to.
    NoEquivalent {
        /// Nobody knows what it is for.
        UnknownCapability = "unknown_capability",
        /// Its endpoint is none of Office 365 that has a successor.
        UnknownEndpoint = "unknown_endpoint",
        /// There is a successor, but not for Microsoft accounts.
        NotForConsumers = "not_for_consumers",
        /// There is a successor, but not in this cloud.
        NotInThisCloud = "not_in_this_cloud",
    }
}

/// What a service of the Discovery Service is today: a service, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Translation {
    /// What to call in its place; absent if there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceInfo>,
    /// Why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<NoEquivalent>,
    /// What it was and what it is, or why there is nothing, in words.
    pub message: String,
}

/// What is known of a tenant without signing in: its id, its cloud and where its users sign in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TenantInfo {
    /// The domain that was asked about.
    pub domain: String,
    /// The cloud that the tenant lives in: `public`, `gcc`, `gcc_high`, `dod`, `china`, or `custom` for the hosts of
    /// this client; absent if nothing tells. Between the US government's, it is a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// The directory id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Where its users sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where its tokens come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Who issues its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The host of Microsoft Graph for it, and so the audience: `https://` and this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_host: Option<String>,
    /// The authority's name for the cloud, such as `microsoftonline.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_instance_name: Option<String>,
    /// The region, such as `EU`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_scope: Option<String>,
    /// The part of the region, such as `GCC` or `DODCON`: a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_sub_scope: Option<String>,
}
