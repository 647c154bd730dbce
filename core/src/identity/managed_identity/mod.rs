//! The identity that Azure gives a machine, an app or a job.
//!
//! Source: "How to use managed identities on a virtual machine to acquire an access token"; "How to use managed
//! identities for App Service and Azure Functions"; "Authenticate against Azure resources with Azure Arc-enabled
//! servers"; "How to leverage a Service Fabric application's managed identity".

mod arc;
mod host;

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;

use super::ask::Ask;
use super::authority::PATIENCE;
use super::token::{Grant, read_token};
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::http::{Patience, Refusal, Request, Retry};
use host::{Host, Kind};

/// A virtual machine's endpoint is restarted under its users, and takes up to 70 s for it.
static MACHINE_PATIENCE: Patience = Patience {
    retry: Retry { attempts: 7, deadline: Duration::from_secs(180), wait: machine_wait },
    timeout: Duration::from_secs(30),
};
/// Enough to tell whether anybody is there.
static PROBE: Patience = Patience {
    retry: Retry { attempts: 1, deadline: Duration::from_secs(2), wait: |_, _| None },
    timeout: Duration::from_secs(1),
};

/// The identity that Azure gives to what runs there: a virtual machine, App Service, Functions, Container Apps,
/// Service Fabric, Machine Learning, a server with Azure Arc, or Cloud Shell.
///
/// Which of them it is, is told by the environment. With several user-assigned identities, one id says which:
/// exactly one of the three. The requests never go through a proxy.
///
/// Source: "Managed identities for Azure resources".
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManagedIdentity {
    /// The client id of a user-assigned identity.
    #[serde(default)]
    client_id: Option<String>,
    /// The object (principal) id of a user-assigned identity.
    #[serde(default)]
    object_id: Option<String>,
    /// The resource id of a user-assigned identity, such as `/subscriptions/…/userAssignedIdentities/name`.
    #[serde(default)]
    resource_id: Option<String>,
    /// Whether Cloud Shell may be asked, which gives tokens of its user and not of an application.
    #[serde(default)]
    allow_user: bool,
}

impl ManagedIdentity {
    /// The system-assigned identity, or the only one there is.
    pub fn new() -> Self {
        ManagedIdentity::default()
    }

    /// The user-assigned identity with this client id.
    pub fn with_client_id(id: impl Into<String>) -> Self {
        ManagedIdentity { client_id: Some(id.into()), ..ManagedIdentity::default() }
    }

    /// The user-assigned identity with this object (principal) id.
    pub fn with_object_id(id: impl Into<String>) -> Self {
        ManagedIdentity { object_id: Some(id.into()), ..ManagedIdentity::default() }
    }

    /// The user-assigned identity with this resource id.
    pub fn with_resource_id(id: impl Into<String>) -> Self {
        ManagedIdentity { resource_id: Some(id.into()), ..ManagedIdentity::default() }
    }

    /// Lets Cloud Shell be asked, which gives tokens of its user. Default: no.
    #[must_use]
    pub fn allow_user(mut self, allow: bool) -> Self {
        self.allow_user = allow;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let ids = [&self.client_id, &self.object_id, &self.resource_id];
        if ids.iter().filter(|id| id.is_some()).count() > 1 {
            return Err(Error::invalid("a managed identity has one id: client_id, object_id or resource_id"));
        }
        if ids.iter().copied().flatten().any(|id| id.trim().is_empty()) {
            return Err(Error::invalid("the id of the managed identity is empty"));
        }
        Ok(())
    }

    /// What its tokens are kept under.
    pub(super) fn principal(&self) -> String {
        let named = |kind: &str, id: &Option<String>| {
            id.as_ref().map(|id| format!("{kind}:{}", id.to_ascii_lowercase()))
        };
        named("client", &self.client_id)
            .or_else(|| named("object", &self.object_id))
            .or_else(|| named("resource", &self.resource_id))
            .unwrap_or_else(|| "system".to_owned())
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        let host = Host::detect(ask.environment, arc::is_installed(ask.environment))?;
        self.token_of(ask, &host).await
    }

    /// The same where nobody knows whether there is a managed identity; none if there is not.
    pub(super) async fn token_if_any(&self, ask: &Ask<'_>) -> Result<Option<Grant>> {
        let host = Host::detect(ask.environment, arc::is_installed(ask.environment))?;
        if host.kind == Kind::CloudShell && !self.allow_user {
            return Ok(None);
        }
        if host.kind == Kind::Machine {
            // Without its header the endpoint refuses at once, which is answer enough.
            let probe = Request::new(Method::GET, host.url(ask, self))
                .route(host.route())
                .patience(&PROBE)
                .judge(judge);
            let outcome = Box::pin(ask.corridor.exchange(&probe, |_| Ok(()))).await;
            if outcome.is_err_and(|error| error.status().is_none()) {
                return Ok(None);
            }
        }
        self.token_of(ask, &host).await.map(Some)
    }

    async fn token_of(&self, ask: &Ask<'_>, host: &Host) -> Result<Grant> {
        host.check(self)?;
        let request = host.request(ask, self)?;
        let grant = if host.kind == Kind::Arc {
            arc::token(ask, request).await?
        } else {
            Box::pin(ask.corridor.exchange(&request, read_token)).await?
        };
        if let (Some(asked), Some(given)) = (&self.client_id, &grant.client_id)
            && !asked.eq_ignore_ascii_case(given)
        {
            return Err(Error::new(
                ErrorKind::Auth,
                format!("the identity {asked:?} was asked for, and {given:?} answered"),
            )
            .with_hint("Assign the identity to this machine or app"));
        }
        // There is no refresh token and no early hint, but these tokens live long.
        Ok(Grant { token: grant.token.renew_at_half_life(), refresh: None, ..grant })
    }
}

/// What a refusal of a managed identity's endpoint means.
fn judge(refusal: &Refusal) -> Error {
    let status = refusal.status.as_u16();
    let (kind, repeat) = match status {
        429 => (ErrorKind::Throttled, Repeat::Throttled),
        // It is restarted, or is not up yet.
        404 | 408 | 410 | 500..=599 => (ErrorKind::Service, Repeat::Fault),
        _ => (ErrorKind::Auth, Repeat::Never),
    };
    let error = refusal.error(kind, repeat);
    match status {
        502 | 504 => error.with_hint("A proxy may stand before the endpoint: it must be reached directly"),
        400 | 403 => error.with_hint("Assign the identity to this machine or app, and check its id"),
        _ => error,
    }
}

/// The waits that the reference gives; one more for an upgrade.
fn machine_wait(error: &Error, failures: u32) -> Option<Duration> {
    let seconds = match failures {
        1 => 0,
        2 => 2,
        3 => 6,
        4 => 14,
        5 => 30,
        6 if error.status() == Some(410) => 30,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_one_id() {
        assert!(ManagedIdentity::new().check().is_ok());
        let both = ManagedIdentity { object_id: Some("o".into()), ..ManagedIdentity::with_client_id("c") };
        assert!(both.check().is_err());
        assert!(ManagedIdentity::with_client_id(" ").check().is_err());
        assert_eq!(ManagedIdentity::with_object_id("O").principal(), "object:o");
    }

    #[test]
    fn a_machine_is_given_the_time_of_an_upgrade() {
        let gone = Error::new(ErrorKind::Service, "x").with_status(410);
        let waits: u64 = (1..=6).filter_map(|n| machine_wait(&gone, n)).map(|wait| wait.as_secs()).sum();
        assert!(waits >= 70);
        let missing = Error::new(ErrorKind::Service, "x").with_status(404);
        assert_eq!(machine_wait(&missing, 6), None);
    }
}
