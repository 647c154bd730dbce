//! Who asks for a token: an application that can prove who it is, or a public one that cannot.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::ask::Ask;
use super::authority::{Form, Redeem, redeem};
use super::environment::Environment;
use super::token::Grant;
use super::{ClientCertificate, ClientSecret, TokenEndpoint, WorkloadIdentity};
use crate::error::{Error, Result};

/// What an application proves its identity with.
pub(super) trait Proof {
    fn client_id(&self, environment: &Environment) -> Result<String>;

    /// The token endpoint that the application asks for tokens of its own.
    fn endpoint(&self) -> &TokenEndpoint;

    /// Adds the application's id and its proof to a form.
    fn prove(
        &self,
        ask: &Ask<'_>,
        endpoint: &TokenEndpoint,
        form: Form,
    ) -> impl Future<Output = Result<Form>> + Send;
}

/// A token of the application's own: the client credentials grant.
pub(super) async fn app_token(ask: &Ask<'_>, proof: &impl Proof) -> Result<Grant> {
    let endpoint = proof.endpoint();
    let form = proof.prove(ask, endpoint, Form::new("client_credentials")).await?;
    let refused = redeem(ask, endpoint, form.target(ask, endpoint), Redeem::Often).await;
    // Nobody is there who could be asked to sign in.
    refused.map_err(|error| error.with_sign_in(|told| told.interaction_required = false))
}

/// An application that can prove who it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfidentialClient {
    /// With a secret.
    ClientSecret(ClientSecret),
    /// With a certificate.
    ClientCertificate(ClientCertificate),
    /// With an assertion of another issuer.
    WorkloadIdentity(WorkloadIdentity),
}

impl ConfidentialClient {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            ConfidentialClient::ClientSecret(client) => client.check(),
            ConfidentialClient::ClientCertificate(client) => client.check(),
            ConfidentialClient::WorkloadIdentity(client) => client.check(),
        }
    }
}

impl Proof for ConfidentialClient {
    fn client_id(&self, environment: &Environment) -> Result<String> {
        match self {
            ConfidentialClient::ClientSecret(client) => client.client_id(environment),
            ConfidentialClient::ClientCertificate(client) => client.client_id(environment),
            ConfidentialClient::WorkloadIdentity(client) => client.client_id(environment),
        }
    }

    fn endpoint(&self) -> &TokenEndpoint {
        match self {
            ConfidentialClient::ClientSecret(client) => client.endpoint(),
            ConfidentialClient::ClientCertificate(client) => client.endpoint(),
            ConfidentialClient::WorkloadIdentity(client) => client.endpoint(),
        }
    }

    async fn prove(&self, ask: &Ask<'_>, endpoint: &TokenEndpoint, form: Form) -> Result<Form> {
        match self {
            ConfidentialClient::ClientSecret(client) => client.prove(ask, endpoint, form).await,
            ConfidentialClient::ClientCertificate(client) => client.prove(ask, endpoint, form).await,
            ConfidentialClient::WorkloadIdentity(client) => client.prove(ask, endpoint, form).await,
        }
    }
}

/// The application that a user signs in to: a public one by its id alone, a confidential one with its proof.
///
/// As JSON a text, or an object as for a credential.
#[derive(Debug, Clone)]
pub enum Application {
    /// An application on a device of its user's, which can keep no secret.
    Public(String),
    /// An application on a server.
    Confidential(ConfidentialClient),
}

impl<'de> Deserialize<'de> for Application {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Application;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a client id, or a credential of kind client_secret, client_certificate or workload_identity",
        )
    }

    fn visit_str<E: de::Error>(self, client_id: &str) -> Result<Application, E> {
        Ok(client_id.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Application, A::Error> {
        ConfidentialClient::deserialize(MapAccessDeserializer::new(fields)).map(Application::Confidential)
    }
}

impl Application {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Application::Public(client_id) => check_client_id(client_id),
            Application::Confidential(client) => client.check(),
        }
    }
}

impl Proof for Application {
    fn client_id(&self, environment: &Environment) -> Result<String> {
        match self {
            Application::Public(client_id) => Ok(client_id.clone()),
            Application::Confidential(client) => client.client_id(environment),
        }
    }

    fn endpoint(&self) -> &TokenEndpoint {
        &TokenEndpoint::V2
    }

    async fn prove(&self, ask: &Ask<'_>, endpoint: &TokenEndpoint, form: Form) -> Result<Form> {
        match self {
            // A public client that sends a proof is refused.
            Application::Public(client_id) => Ok(form.with("client_id", client_id)),
            Application::Confidential(client) => client.prove(ask, endpoint, form).await,
        }
    }
}

macro_rules! confidential {
    ($($credential:ident),+) => {
        $(impl From<$credential> for ConfidentialClient {
            fn from(client: $credential) -> Self {
                ConfidentialClient::$credential(client)
            }
        }

        impl From<$credential> for Application {
            fn from(client: $credential) -> Self {
                Application::Confidential(client.into())
            }
        })+
    };
}

confidential!(ClientSecret, ClientCertificate, WorkloadIdentity);

impl From<String> for Application {
    fn from(client_id: String) -> Self {
        Application::Public(client_id)
    }
}

impl From<&str> for Application {
    fn from(client_id: &str) -> Self {
        Application::Public(client_id.to_owned())
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Application, ConfidentialClient};

    impl JsonSchema for ConfidentialClient {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "ConfidentialClient".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "x-m365-client": "confidential" })
        }
    }

    impl JsonSchema for Application {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> Cow<'static, str> {
            "Application".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "x-m365-client": "any" })
        }
    }
}

pub(super) fn check_client_id(client_id: &str) -> Result<()> {
    if client_id.trim().is_empty() {
        return Err(Error::invalid("the client id is empty"));
    }
    if client_id.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid(format!(
            "the client id {client_id:?} holds spaces: pass it as it is shown"
        )));
    }
    Ok(())
}
