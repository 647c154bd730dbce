//! A federated identity: an assertion of another issuer in place of a secret.
//!
//! Source: "Microsoft Entra Workload ID"; "Workload identity federation".

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::application::{self, Proof};
use super::ask::Ask;
use super::authority::Form;
use super::environment::Environment;
use super::token::Grant;
use super::{ASSERTION_TYPE, TokenEndpoint, discovery};
use crate::cloud::alias_group;
use crate::error::{Error, ErrorKind, Result};

/// Whatever can give an assertion: asked anew for each token, since assertions are short-lived.
pub trait AssertionSource: Send + Sync + 'static {
    /// Gives an assertion: the JWT, with nothing around it.
    fn assertion(&self) -> BoxFuture<'static, Result<String, Box<dyn StdError + Send + Sync>>>;
}

impl<F, R> AssertionSource for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    fn assertion(&self) -> BoxFuture<'static, Result<String, Box<dyn StdError + Send + Sync>>> {
        Box::pin(self())
    }
}

/// A federated identity, such as that of a pod in Kubernetes or of a job in CI.
///
/// The assertion is read from a file, anew for each token because it rotates, or asked from a function. What is
/// left out comes from the environment that Entra Workload ID sets up: `AZURE_CLIENT_ID` and
/// `AZURE_FEDERATED_TOKEN_FILE`; the tenant is the client's. With `AZURE_AUTHORITY_HOST` set, the client's cloud
/// must be the one that it names.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    schemars(extend("x-m365-function" = {
        "name": "assertion",
        "asks": "assertion",
        "doc": "Called for each token, in place of a file; gives the assertion. It may be asynchronous."
    }))
)]
pub struct WorkloadIdentity {
    /// The application (client) id. Default: `AZURE_CLIENT_ID`.
    #[serde(default)]
    client_id: Option<String>,
    /// The file with the assertion. Default: `AZURE_FEDERATED_TOKEN_FILE`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "path")))]
    token_file: Option<PathBuf>,
    #[serde(skip)]
    source: Option<Arc<dyn AssertionSource>>,
}

impl WorkloadIdentity {
    /// The identity that the environment describes.
    pub fn new() -> Self {
        WorkloadIdentity::default()
    }

    /// An identity whose assertions a function gives, such as an async closure.
    pub fn from_source(client_id: impl Into<String>, source: impl AssertionSource) -> Self {
        WorkloadIdentity { source: Some(Arc::new(source)), ..WorkloadIdentity::new().client_id(client_id) }
    }

    /// The application (client) id.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The file with the assertion.
    #[must_use]
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    pub(crate) fn set_source(&mut self, source: Arc<dyn AssertionSource>) {
        self.source = Some(source);
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.source.is_some() && self.token_file.is_some() {
            return Err(Error::invalid("pass one source of assertions: token_file or a function"));
        }
        self.client_id.as_deref().map_or(Ok(()), application::check_client_id)
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        application::app_token(ask, self).await
    }

    async fn assertion(&self, ask: &Ask<'_>) -> Result<SecretString> {
        let (text, from) = if let Some(source) = &self.source {
            let text = source.assertion().await.map_err(|e| {
                Error::new(ErrorKind::Auth, format!("the assertion callback failed: {e}")).with_source(e)
            })?;
            (SecretString::from(text), "the assertion callback".to_owned())
        } else {
            let path = self.token_file.clone().or_else(|| ask.environment.path("AZURE_FEDERATED_TOKEN_FILE"));
            let path = path.ok_or_else(|| {
                Error::invalid("there is no assertion: pass token_file, or set AZURE_FEDERATED_TOKEN_FILE")
            })?;
            let unreadable = |e: std::io::Error| {
                let message = format!("the assertion cannot be read from {}: {e}", path.display());
                Error::new(ErrorKind::Auth, message).with_source(e)
            };
            let text = tokio::fs::read_to_string(&path).await.map_err(unreadable)?;
            (SecretString::from(text), path.display().to_string())
        };
        let trimmed = text.expose_secret().trim();
        if trimmed.is_empty() {
            return Err(Error::new(ErrorKind::Auth, format!("{from} gave an empty assertion")));
        }
        Ok(SecretString::from(trimmed.to_owned()))
    }
}

impl Proof for WorkloadIdentity {
    fn client_id(&self, environment: &Environment) -> Result<String> {
        self.client_id
            .clone()
            .or_else(|| environment.text("AZURE_CLIENT_ID"))
            .ok_or_else(|| Error::invalid("there is no client id: pass client_id, or set AZURE_CLIENT_ID"))
    }

    fn endpoint(&self) -> &TokenEndpoint {
        &TokenEndpoint::V2
    }

    async fn prove(&self, ask: &Ask<'_>, _: &TokenEndpoint, form: Form) -> Result<Form> {
        // The environment says where its assertion is meant for; it goes nowhere else.
        if self.source.is_none()
            && self.token_file.is_none()
            && let Some(host) = ask.environment.text("AZURE_AUTHORITY_HOST")
        {
            check_authority(ask, &host).await?;
        }
        let assertion = self.assertion(ask).await?;
        Ok(form
            .with("client_id", &Proof::client_id(self, ask.environment)?)
            .with("client_assertion_type", ASSERTION_TYPE)
            .secret("client_assertion", &assertion))
    }
}

/// Whether the authority that the environment names is the client's. One that the caller has declared is trusted
/// whatever the environment says.
pub(super) async fn check_authority(ask: &Ask<'_>, named: &str) -> Result<()> {
    let own = ask.corridor.hosts.authority()?;
    if own.host_str().and_then(alias_group).is_none() {
        return Ok(());
    }
    let full = if named.contains("://") { named.to_owned() } else { format!("https://{named}") };
    let host = Url::parse(&full).ok().filter(|url| url.scheme() == "https");
    let host = host.as_ref().and_then(Url::host_str);
    let host =
        host.ok_or_else(|| Error::invalid(format!("AZURE_AUTHORITY_HOST {named:?} is not an https host")))?;
    if ask.corridor.hosts.is_authority(host) || discovery::is_alias(ask.corridor, host).await? {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "AZURE_AUTHORITY_HOST names {host}, and the client's cloud signs in at {own}: choose the cloud that the \
         environment is of"
    )))
}

impl fmt::Debug for WorkloadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadIdentity")
            .field("client_id", &self.client_id)
            .field("token_file", &self.token_file)
            .finish_non_exhaustive()
    }
}
