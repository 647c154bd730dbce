//! What the Discovery Service finds for whom, and what the directory says of other domains (discovery-service, 10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The Discovery Service; every member can be changed while the sandbox runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Discovery {
    /// Whether the service is gone, as it is today: every call is answered with 410. Default `false`.
    pub retired: bool,
    /// What it finds for users, by their names. One who is not named has a licence, and has consented to everything.
    pub users: BTreeMap<String, DiscoveryUser>,
    /// The address that `FirstSignIn` takes for typed, so that no page asks. Default: a page asks.
    pub auto: Option<String>,
    /// What `FirstSignIn` sends back in place of its answer, such as `access_denied`. Default: its answer.
    pub error: Option<String>,
    /// Whether version 1.0 spells its JSON members as the preview did, `ServiceName`. Default `false`.
    pub pascal_case: bool,
    /// Rows on a page. Default: all of them.
    pub page_size: Option<usize>,
    /// What it does to whoever reads it. Default: nothing.
    pub mischief: Option<DiscoveryMischief>,
    /// What the authority's metadata say of domains. Those of the tenant may be among them.
    pub domains: BTreeMap<String, DiscoveryDomain>,
}

/// What the service finds for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DiscoveryUser {
    /// Whether they have a licence. Without one the list is empty. Default `true`.
    pub licensed: bool,
    /// The capabilities that they consented to; with none of them they are refused. Default: all.
    pub consented: Option<Vec<String>>,
}

impl Default for DiscoveryUser {
    fn default() -> Self {
        Self { licensed: true, consented: None }
    }
}

/// What the authority says of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DiscoveryDomain {
    /// The cloud that its tenant lives in. Default: the sandbox.
    pub cloud: Option<DomainCloud>,
    /// Whether it is refused (AADSTS90038) in place of saying where it lives. Default `false`.
    pub refused: bool,
    /// `tenant_region_scope`. Default: that of the cloud.
    pub region_scope: Option<String>,
    /// `tenant_region_sub_scope`. Default: that of the cloud.
    pub region_sub_scope: Option<String>,
}

/// A cloud that a tenant may live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainCloud {
    /// The worldwide one.
    Global,
    /// The worldwide one, for governments.
    Gcc,
    /// Level 4 of the United States' government.
    GccHigh,
    /// Level 5.
    Dod,
    /// The one that 21Vianet operates.
    China,
}

/// What the service does to whoever reads it. What concerns one format leaves the others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscoveryMischief {
    /// Atom with a document type of another host.
    Doctype,
    /// Atom with entities that hold each other.
    Entities,
    /// Elements, or lists, that lie in each other a hundred thousand deep.
    Depth,
    /// Bytes that are no UTF-8.
    BadUtf8,
    /// Atom in an encoding that nobody knows.
    UnknownEncoding,
    /// Atom in ISO 8859-1 that says so, which is its right.
    Latin1,
    /// Atom in UTF-16 with its mark, which is its right too.
    Utf16,
    /// A body of five mebibytes.
    Large,
    /// JSON that calls itself Atom, and Atom that calls itself JSON.
    WrongType,
    /// A next page at another host.
    ForeignNext,
    /// A next page that is this one.
    LoopNext,
    /// Endpoints at another host than their audience.
    ForeignEndpoint,
    /// Endpoints and audiences at a host that is nobody's.
    ForeignResource,
    /// `FirstSignIn`: a `token_service` without TLS.
    HttpTokenService,
    /// `FirstSignIn`: a `token_service` at another host.
    ForeignTokenService,
    /// `FirstSignIn`: a `token_service` whose host only looks like the authority's.
    LookAlike,
    /// `FirstSignIn`: an `authorization_service` at another host.
    ForeignAuthorizationService,
    /// `FirstSignIn`: a `discovery_service` elsewhere.
    ForeignDiscoveryService,
    /// `FirstSignIn`: a way back whose path only begins like the right one.
    WrongRedirect,
    /// `FirstSignIn`: no `token_service`.
    MissingParameter,
    /// `FirstSignIn`: `token_service` twice, the second time at another host.
    DoubleParameter,
    /// `FirstSignIn`: a parameter that nobody knows, which is its right.
    ExtraParameter,
}

impl Discovery {
    /// What is known of a user.
    pub(crate) fn user(&self, name: &str) -> DiscoveryUser {
        let found = self.users.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or_else(DiscoveryUser::default, |(_, user)| user.clone())
    }

    /// What is known of a domain.
    pub(crate) fn domain(&self, name: &str) -> Option<&DiscoveryDomain> {
        self.domains.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, domain)| domain)
    }

    /// Refuses what cannot be; `place` is how the member is called where it was written.
    pub(crate) fn check(&self, place: &str) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(format!("{place}{what}")));
        if let Some(name) = self.users.keys().chain(&self.auto).find(|name| !name.contains('@')) {
            return wrong(format!("users, auto: {name:?} is not of the form name@domain"));
        }
        if let Some(name) = self.domains.keys().find(|name| name.contains('@') || !name.contains('.')) {
            return wrong(format!("domains: {name:?} is not a domain name"));
        }
        if let Some((name, _)) = self.domains.iter().find(|(_, said)| said.refused && said.cloud.is_none()) {
            return wrong(format!("domains: {name:?} is refused, and no cloud is said to have it"));
        }
        if self.page_size == Some(0) {
            return wrong("pageSize: must be at least 1".into());
        }
        if self.error.as_deref() == Some("") {
            return wrong("error: is empty".into());
        }
        Ok(())
    }
}
