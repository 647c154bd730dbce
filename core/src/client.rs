//! The client, its options, and the parts that all APIs share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::audit::{Audit, ContentType};
use crate::cloud::{Cloud, Hosts};
use crate::discovery::Tenants;
use crate::dispatch::HostFunctions;
use crate::error::{Error, Result};
use crate::http::{Clock, Concurrency, Corridor, Pace, Quota, Retry, Send, SendOptions, as_asked};
use crate::identity::{
    Callback, Credential, Environment, Identity, IdentityOptions, TokenCache, check_tenant, is_guid,
};
use crate::interval::Interval;
use crate::wire::{self, Wire};

/// Requests a minute: the documented baseline of the Management Activity API.
const RATE_LIMIT: f64 = 2_000.0;
const DEADLINE: Duration = Duration::from_secs(30 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No record that anybody has seen comes near it.
const MAX_RECORD_BYTES: u64 = 64 * 1024 * 1024;
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one tenant. Cheap to clone; clones share connections, tokens and pace.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    tenant: String,
    cloud: Cloud,
    wire: Wire,
    publisher_id: Option<String>,
    max_record_bytes: usize,
    corridor: Corridor,
    /// When this client started a subscription: the service asks for a pause before it is started again.
    starts: Mutex<HashMap<ContentType, Timestamp>>,
    tenants: Tenants,
}

/// What a client is made from. All but the tenant and the credential may be left out.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientOptions {
    /// The tenant: its directory id (GUID) or one of its domains, such as `contoso.onmicrosoft.com`.
    pub tenant: String,
    /// What the client proves its identity with.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub credential: Credential,
    /// Where tokens are kept. Default: in memory, for this client alone.
    #[serde(skip)]
    pub token_cache: TokenCache,
    /// Whether the client takes tokens that live for up to a day and may be revoked at any moment, which it then
    /// renews with the claims that the service demands (continuous access evaluation). Default: yes.
    #[serde(default)]
    pub continuous_access: Option<bool>,
    /// Whether the tenant's metadata is asked for and checked before the first token: that the tenant exists, and
    /// that its endpoints are the authority's own. Default: no, since they are known.
    #[serde(default)]
    pub validate_authority: Option<bool>,
    /// The cloud that the tenant lives in. Default: the worldwide commercial cloud.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub cloud: Cloud,
    /// The protocol to speak where there are two: Microsoft Graph, or the Office 365 API that came before it.
    /// Default: `graph`.
    #[serde(default)]
    pub wire: Option<Wire>,
    /// The directory id (GUID) of the organisation that wrote the calling software, sent with every
    /// request of the audit feed. Default: the tenant's own, which is right for who reads their own tenant.
    #[serde(default)]
    pub publisher_id: Option<String>,
    /// How many requests may be in flight at once. Default: as many as make it faster, between 4 and 128: it
    /// begins with 16 and adapts to how the service answers.
    #[serde(default)]
    pub concurrency: Option<u32>,
    /// How many requests may leave in a minute. Default: 2,000, the documented baseline of the audit feed.
    #[serde(default)]
    pub rate_limit: Option<f64>,
    /// How often a request that meets faults is sent, the first time included. Default: 6.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// How long one request may take in all, repetitions and waits included. Default: 30 minutes.
    #[serde(default)]
    pub deadline: Option<Interval>,
    /// How long making a connection may take. Default: 10 seconds.
    #[serde(default)]
    pub connect_timeout: Option<Interval>,
    /// How long nothing may arrive before an answer counts as stalled; its size does not matter.
    /// Default: 30 seconds.
    #[serde(default)]
    pub read_timeout: Option<Interval>,
    /// How long one audit record may be, in bytes. A longer one is reported in place of being delivered, and
    /// its siblings come. Default: 64 MiB.
    #[serde(default)]
    pub max_record_bytes: Option<u64>,
    /// The URL of a proxy for all requests. Default: what the environment names.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Certificate authorities to trust besides the system's, as PEM text.
    #[serde(default)]
    pub root_certificates: Option<String>,
    /// What the client calls itself to the services. Default: `m365kit/` and the version.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The variables in which a credential looks for what it was not told, such as `AZURE_CLIENT_ID`, in place of the
    /// process's own. Default: those of the process.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<HashMap<String, String>>"))]
    pub environment: Environment,
}

impl Client {
    /// Begins a client of a tenant: its directory id (GUID) or one of its domains.
    pub fn builder(tenant: impl Into<String>) -> ClientBuilder {
        ClientBuilder { options: ClientOptions::new(tenant.into(), Callback::missing().into()) }
    }

    /// A client from its options.
    pub fn new(options: ClientOptions) -> Result<Client> {
        check_tenant(&options.tenant, options.credential.takes_aliases())?;
        options.credential.check()?;
        let hosts: Hosts = options.cloud.resolve()?;
        hosts.authority()?;
        if let Some(publisher) = &options.publisher_id
            && !is_guid(publisher)
        {
            return Err(Error::invalid(format!("publisher_id {publisher:?} is not a directory id (GUID)")));
        }
        let wire = wire::chosen(options.wire)?;
        let concurrency = options.concurrency.map(|fixed| positive("concurrency", fixed)).transpose()?;
        let rate = options.rate_limit.unwrap_or(RATE_LIMIT);
        if !rate.is_finite() || rate <= 0.0 {
            return Err(Error::invalid(format!(
                "rate_limit {rate} is not a positive number of requests a minute"
            )));
        }
        let max_record_bytes = options.max_record_bytes.unwrap_or(MAX_RECORD_BYTES);
        if max_record_bytes == 0 {
            return Err(Error::invalid("max_record_bytes is 0: it must be at least 1"));
        }
        let corridor = Corridor {
            hosts,
            identity: Identity::new(
                options.tenant.clone(),
                options.credential,
                IdentityOptions {
                    cache: options.token_cache,
                    continuous_access: options.continuous_access.unwrap_or(true),
                    validate_authority: options.validate_authority.unwrap_or(false),
                    environment: options.environment,
                },
            ),
            concurrency: Concurrency::new(concurrency.map(|fixed| fixed as usize)),
            pace: Pace::new(rate),
            announcements: Quota::service_announcements(),
            retry: Retry {
                attempts: positive("attempts", options.attempts.unwrap_or(Retry::USUAL_ATTEMPTS))?,
                deadline: some_time("deadline", options.deadline, DEADLINE)?,
                wait: as_asked,
            },
            send: Send::new(SendOptions {
                connect_timeout: some_time("connect_timeout", options.connect_timeout, CONNECT_TIMEOUT)?,
                read_timeout: some_time("read_timeout", options.read_timeout, READ_TIMEOUT)?,
                proxy: options.proxy.map(|proxy| check_proxy(&proxy).map(|()| proxy)).transpose()?,
                root_certificates: options.root_certificates,
                user_agent: options
                    .user_agent
                    .unwrap_or_else(|| concat!("m365kit/", env!("CARGO_PKG_VERSION")).into()),
            })?,
            clock: Clock::default(),
            closed: CancellationToken::new(),
        };
        Ok(Client {
            shared: Arc::new(Shared {
                tenant: options.tenant,
                cloud: options.cloud,
                wire,
                publisher_id: options.publisher_id,
                max_record_bytes: usize::try_from(max_record_bytes).unwrap_or(usize::MAX),
                corridor,
                starts: Mutex::default(),
                tenants: Tenants::default(),
            }),
        })
    }

    /// The Office 365 Management Activity API: the audit feed.
    pub fn audit(&self) -> Audit {
        Audit::new(self.clone())
    }

    /// Ends everything that is under way, and all later calls, with the kind `Cancelled`.
    pub fn close(&self) {
        self.shared.corridor.closed.cancel();
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.shared.tenant
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.shared.cloud
    }

    /// What was found out about tenants.
    pub(crate) fn tenants(&self) -> &Tenants {
        &self.shared.tenants
    }

    pub(crate) fn shared_wire(&self) -> &Wire {
        &self.shared.wire
    }

    pub(crate) fn corridor(&self) -> &Corridor {
        &self.shared.corridor
    }

    /// The most requests that may ever be in flight. How many are is for the corridor to say: it may be fewer.
    pub(crate) fn concurrency(&self) -> usize {
        self.shared.corridor.concurrency.most()
    }

    /// How long a record may be.
    pub(crate) fn max_record_bytes(&self) -> usize {
        self.shared.max_record_bytes
    }

    pub(crate) fn started_at(&self, of: &ContentType) -> Option<Timestamp> {
        self.shared.starts.lock().unwrap_or_else(PoisonError::into_inner).get(of).copied()
    }

    pub(crate) fn note_start(&self, of: &ContentType, at: Timestamp) {
        self.shared.starts.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone(), at);
    }

    pub(crate) fn publisher_id(&self) -> Option<&str> {
        self.shared.publisher_id.as_deref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("tenant", &self.shared.tenant)
            .field("cloud", &self.shared.cloud)
            .field("identity", &self.shared.corridor.identity)
            .finish_non_exhaustive()
    }
}

impl ClientOptions {
    fn new(tenant: String, credential: Credential) -> Self {
        ClientOptions {
            tenant,
            credential,
            cloud: Cloud::Public,
            wire: None,
            publisher_id: None,
            concurrency: None,
            rate_limit: None,
            attempts: None,
            deadline: None,
            connect_timeout: None,
            read_timeout: None,
            max_record_bytes: None,
            proxy: None,
            root_certificates: None,
            user_agent: None,
            token_cache: TokenCache::new(),
            continuous_access: None,
            validate_authority: None,
            environment: Environment::default(),
        }
    }

    /// Options from their JSON form, and the functions of the caller's that their credential needs.
    pub fn from_json(json: &[u8], functions: Option<&HostFunctions>) -> Result<Self> {
        let mut options: ClientOptions = crate::dispatch::read("option", json)?;
        if let Some(functions) = functions {
            functions.complete(&mut options.credential);
        }
        Ok(options)
    }
}

/// Puts a client together; what each part means is said at [`ClientOptions`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    options: ClientOptions,
}

macro_rules! setters {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty;)+) => {
        $($(#[doc = $doc])+
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$type>) -> Self {
            self.options.$field = Some($field.into());
            self
        })+
    };
}

impl ClientBuilder {
    /// What the client proves its identity with. Must be given.
    #[must_use]
    pub fn credential(mut self, credential: impl Into<Credential>) -> Self {
        self.options.credential = credential.into();
        self
    }

    /// The cloud that the tenant lives in.
    #[must_use]
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.options.cloud = cloud;
        self
    }

    /// Where tokens are kept: given to several clients, they share what they have in common.
    #[must_use]
    pub fn token_cache(mut self, cache: TokenCache) -> Self {
        self.options.token_cache = cache;
        self
    }

    /// The variables in which a credential looks for what it was not told, in place of the process's own.
    #[must_use]
    pub fn environment<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.options.environment = variables.into_iter().collect();
        self
    }

    setters! {
        /// The protocol to speak where there are two.
        wire: Wire;
        /// Whether the client takes tokens that may be revoked at any moment.
        continuous_access: bool;
        /// Whether the tenant's metadata is checked before the first token.
        validate_authority: bool;
        /// The directory id of the organisation that wrote the calling software.
        publisher_id: String;
        /// How many requests may be in flight at once. Left out, that adapts to the service.
        concurrency: u32;
        /// How many requests may leave in a minute.
        rate_limit: f64;
        /// How often a request that meets faults is sent.
        attempts: u32;
        /// How long one request may take in all.
        deadline: Interval;
        /// How long making a connection may take.
        connect_timeout: Interval;
        /// How long nothing may arrive before an answer counts as stalled.
        read_timeout: Interval;
        /// How long one audit record may be, in bytes.
        max_record_bytes: u64;
        /// The URL of a proxy for all requests.
        proxy: String;
        /// Certificate authorities to trust besides the system's, as PEM text.
        root_certificates: String;
        /// What the client calls itself to the services.
        user_agent: String;
    }

    /// Checks everything and makes the client.
    pub fn build(self) -> Result<Client> {
        Client::new(self.options)
    }
}

fn positive(name: &str, value: u32) -> Result<u32> {
    if value == 0 {
        return Err(Error::invalid(format!("{name} is 0: it must be at least 1")));
    }
    Ok(value)
}

fn some_time(name: &str, value: Option<Interval>, default: Duration) -> Result<Duration> {
    match value {
        Some(Interval(Duration::ZERO)) => Err(Error::invalid(format!("{name} is 0: it must be longer"))),
        Some(Interval(length)) => Ok(length),
        None => Ok(default),
    }
}

fn check_proxy(proxy: &str) -> Result<()> {
    // A password in the URL must not turn up in the message.
    let url = url::Url::parse(proxy).map_err(|e| Error::invalid(format!("the proxy is not a URL: {e}")))?;
    match url.scheme() {
        "http" | "https" => Ok(()),
        other => Err(Error::invalid(format!("the proxy's scheme {other:?} is neither http nor https"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ClientSecret;

    fn builder() -> ClientBuilder {
        Client::builder("contoso.onmicrosoft.com").credential(ClientSecret::new("app", "s3cret"))
    }

    #[test]
    fn options_that_cannot_be_right_are_refused_by_name() {
        for (bad, named) in [
            (builder().concurrency(0u32), "concurrency"),
            (builder().rate_limit(0.0), "rate_limit"),
            (builder().rate_limit(-1.0), "rate_limit"),
            (builder().rate_limit(f64::NAN), "rate_limit"),
            (builder().attempts(0u32), "attempts"),
            (builder().deadline(Duration::ZERO), "deadline"),
            (builder().max_record_bytes(0u64), "max_record_bytes"),
            (builder().publisher_id("me"), "publisher_id"),
            (builder().proxy("socks9"), "proxy"),
            (builder().root_certificates("not pem"), "root_certificates"),
            (builder().credential(ClientSecret::new("app", "  ")), "secret"),
            (Client::builder("contoso.onmicrosoft.com"), "credential"),
        ] {
            let error = bad.build().unwrap_err();
            assert!(error.message().contains(named), "{named}: {error}");
        }
    }

    #[test]
    fn a_credential_of_the_wrong_shape_is_named_and_not_quoted() {
        for (credential, named) in [
            (r#"{"kind":"client_secret","client_id":"a","secret":271828}"#, "expected a string"),
            (r#"{"kind":"refresh_token","client":271828,"token":"t"}"#, "client id"),
            (
                r#"{"kind":"refresh_token","client":{"kind":"client_secret","client_id":"a","secret":[271828]},"token":"t"}"#,
                "expected a string",
            ),
            (r#"{"kind":"refresh_token","client":{"kind":"azure_cli"},"token":"t"}"#, "azure_cli"),
        ] {
            let options = format!(r#"{{"tenant":"contoso.com","credential":{credential}}}"#);
            let error = ClientOptions::from_json(options.as_bytes(), None).unwrap_err();
            assert!(error.message().contains(named) && !error.message().contains("271828"), "{error}");
        }
    }

    #[test]
    fn nothing_that_can_be_printed_shows_the_secret() {
        let client = builder().build().unwrap();
        assert!(!format!("{client:?}{:?}", builder()).contains("s3cret"));
    }
}
