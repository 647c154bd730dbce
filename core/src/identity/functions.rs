//! Functions of the caller's, for credentials that came as JSON and cannot hold any.

use std::sync::Arc;

use super::application::Application;
use super::{
    AssertionSource, Callback, ConfidentialClient, Credential, DeviceCodeDisplay, TokenCache, TokenSource,
};

/// What options cannot say in JSON. Each is used by the credential that needs it.
#[derive(Clone, Default)]
pub struct Functions {
    /// Gives the tokens of a `Callback`.
    pub tokens: Option<Arc<dyn TokenSource>>,
    /// Shows the codes of a `DeviceCode`.
    pub display: Option<Arc<dyn DeviceCodeDisplay>>,
    /// Gives the assertions of a `WorkloadIdentity`.
    pub assertions: Option<Arc<dyn AssertionSource>>,
    /// Keeps the tokens.
    pub cache: Option<TokenCache>,
}

impl Functions {
    /// Gives a credential the functions that it lacks.
    pub(crate) fn complete(&self, credential: &mut Credential) {
        match credential {
            Credential::Callback(callback) => {
                if let Some(source) = &self.tokens {
                    *callback = Callback::from_source(Arc::clone(source));
                }
            }
            Credential::DeviceCode(code) => {
                if let Some(display) = &self.display {
                    *code = code.clone().display(Arc::clone(display));
                }
            }
            Credential::WorkloadIdentity(identity) => {
                if let Some(source) = &self.assertions {
                    *identity = identity.clone().source(Arc::clone(source));
                }
            }
            Credential::OnBehalfOf(credential) => self.complete_client(credential.client_mut()),
            Credential::RefreshToken(credential) => self.complete_application(&mut credential.client),
            Credential::AuthorizationCode(credential) => self.complete_application(&mut credential.client),
            _ => {}
        }
    }

    fn complete_application(&self, application: &mut Application) {
        if let Application::Confidential(client) = application {
            self.complete_client(client);
        }
    }

    fn complete_client(&self, client: &mut ConfidentialClient) {
        if let (ConfidentialClient::WorkloadIdentity(identity), Some(source)) = (client, &self.assertions) {
            *identity = identity.clone().source(Arc::clone(source));
        }
    }
}
