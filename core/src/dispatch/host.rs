//! Functions of a host language's users: what credentials and caches need, and JSON cannot hold.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::identity::{
    AccessToken, Application, AssertionSigner, AssertionSource, Callback, ClientCertificate,
    ConfidentialClient, Credential, DeviceCodeDisplay, DeviceCodePrompt, StoreError, TokenRequest,
    TokenSource, TokenStore, WorkloadIdentity,
};

/// Why a function gave no answer: the source of the error that this becomes.
pub type HostError = Box<dyn StdError + Send + Sync>;

/// A language that calls functions of its users.
pub trait Host: Send + Sync + 'static {
    /// Asks one of the functions. Question and answer are JSON, and may hold secrets.
    fn ask(
        &self,
        function: &'static str,
        question: SecretString,
    ) -> BoxFuture<'static, Result<SecretString, HostError>>;
}

/// What a host can be asked, and the JSON of question and answer.
pub mod function {
    /// A `TokenRequest`; gives `{token, expires_on}`.
    pub const TOKEN: &str = "token";
    /// A `DeviceCodePrompt`; gives null once it is shown.
    pub const DEVICE_CODE: &str = "device_code";
    /// Null; gives the assertion.
    pub const ASSERTION: &str = "assertion";
    /// The message in base64; gives the signature in base64.
    pub const SIGN: &str = "sign";
    /// An address; gives null once it is opened.
    pub const OPEN_BROWSER: &str = "open_browser";
    /// Null; gives what was saved last in base64, or null.
    pub const LOAD_CACHE: &str = "load_cache";
    /// What is to be kept, in base64; gives null once it is.
    pub const SAVE_CACHE: &str = "save_cache";

    pub(super) const ALL: [&str; 7] =
        [TOKEN, DEVICE_CODE, ASSERTION, SIGN, OPEN_BROWSER, LOAD_CACHE, SAVE_CACHE];
}

/// The functions that a user gave for one client, sign-in or cache.
#[derive(Clone)]
pub struct HostFunctions {
    host: Arc<dyn Host>,
    given: Arc<[String]>,
}

impl HostFunctions {
    /// The functions of these names, as [`function`] lists them.
    pub fn new<S: Into<String>>(host: Arc<dyn Host>, given: impl IntoIterator<Item = S>) -> Result<Self> {
        let given: Arc<[String]> = given.into_iter().map(Into::into).collect();
        if let Some(unknown) = given.iter().find(|name| !function::ALL.contains(&name.as_str())) {
            return Err(Error::invalid(format!("there is no function {unknown:?}")));
        }
        Ok(HostFunctions { host, given })
    }

    /// Gives a credential the functions that it came without.
    pub(crate) fn complete(&self, credential: &mut Credential) {
        match credential {
            Credential::Callback(callback) => {
                if let Some(source) = self.giving(function::TOKEN) {
                    *callback = Callback::from_source(source);
                }
            }
            Credential::DeviceCode(code) => {
                if let Some(display) = self.giving(function::DEVICE_CODE) {
                    code.set_display(display);
                }
            }
            Credential::ClientCertificate(client) => self.complete_certificate(client),
            Credential::WorkloadIdentity(client) => self.complete_workload(client),
            Credential::OnBehalfOf(credential) => self.complete_client(credential.client_mut()),
            Credential::RefreshToken(credential) => self.complete_application(credential.client_mut()),
            Credential::AuthorizationCode(credential) => self.complete_application(credential.client_mut()),
            _ => {}
        }
    }

    fn complete_application(&self, application: &mut Application) {
        if let Application::Confidential(client) = application {
            self.complete_client(client);
        }
    }

    fn complete_client(&self, client: &mut ConfidentialClient) {
        match client {
            ConfidentialClient::ClientCertificate(client) => self.complete_certificate(client),
            ConfidentialClient::WorkloadIdentity(client) => self.complete_workload(client),
            ConfidentialClient::ClientSecret(_) => {}
        }
    }

    fn complete_certificate(&self, client: &mut ClientCertificate) {
        if let Some(signer) = self.giving(function::SIGN) {
            client.set_signer(signer);
        }
    }

    fn complete_workload(&self, client: &mut WorkloadIdentity) {
        if let Some(source) = self.giving(function::ASSERTION) {
            client.set_source(source);
        }
    }

    /// Itself, if that function was given: it is a source of tokens, a display, a signer and a store.
    pub(crate) fn giving(&self, function: &str) -> Option<Arc<Self>> {
        self.given.iter().any(|given| given == function).then(|| Arc::new(self.clone()))
    }

    /// Opens an address by the host's function.
    pub(crate) fn open_browser(&self, url: &str) -> BoxFuture<'static, io::Result<()>> {
        let asked = self.ask(function::OPEN_BROWSER, &url);
        async { asked.await.map_err(io::Error::other) }.boxed()
    }

    fn ask<A: DeserializeOwned + Send + 'static>(
        &self,
        function: &'static str,
        question: &impl Serialize,
    ) -> BoxFuture<'static, Result<A, HostError>> {
        let question = serde_json::to_string(question).map(SecretString::from);
        let host = Arc::clone(&self.host);
        async move {
            let answer = host.ask(function, question?).await?;
            // What serde says of a text may quote it.
            serde_json::from_str(answer.expose_secret()).map_err(|_| {
                HostError::from(format!("the function {function:?} gave something else than it should"))
            })
        }
        .boxed()
    }
}

impl fmt::Debug for HostFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunctions").field("given", &self.given).finish_non_exhaustive()
    }
}

impl TokenSource for HostFunctions {
    fn token(&self, request: TokenRequest) -> BoxFuture<'static, Result<AccessToken, HostError>> {
        #[derive(Deserialize)]
        struct Given {
            token: String,
            expires_on: Option<Timestamp>,
        }
        let asked = self.ask(function::TOKEN, &request);
        async move { asked.await.map(|given: Given| AccessToken::new(given.token, given.expires_on)) }.boxed()
    }
}

impl DeviceCodeDisplay for HostFunctions {
    fn show(&self, prompt: DeviceCodePrompt) -> BoxFuture<'static, Result<(), HostError>> {
        self.ask(function::DEVICE_CODE, &prompt)
    }
}

impl AssertionSource for HostFunctions {
    fn assertion(&self) -> BoxFuture<'static, Result<String, HostError>> {
        self.ask(function::ASSERTION, &())
    }
}

impl AssertionSigner for HostFunctions {
    fn sign(&self, message: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, HostError>> {
        let asked = self.ask(function::SIGN, &STANDARD.encode(message));
        async move { Ok(STANDARD.decode(asked.await.map(|signature: String| signature)?)?) }.boxed()
    }
}

impl TokenStore for HostFunctions {
    fn load(&self) -> BoxFuture<'_, Result<Option<Zeroizing<Vec<u8>>>, StoreError>> {
        let asked = self.ask(function::LOAD_CACHE, &());
        async move {
            let kept: Option<SecretString> = asked.await?;
            let decoded = kept.map(|kept| STANDARD.decode(kept.expose_secret()).map(Zeroizing::new));
            Ok(decoded.transpose()?)
        }
        .boxed()
    }

    fn save(&self, cache: SecretSlice<u8>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.ask(function::SAVE_CACHE, &*Zeroizing::new(STANDARD.encode(cache.expose_secret())))
    }
}
