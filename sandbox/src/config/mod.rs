//! What a sandbox is made of.

mod discovery;
mod growth;
mod identity;
mod service_health;
mod webhooks;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::audit::ContentType;
use crate::clock;
use crate::identity::CredentialState;
use crate::random;

pub use discovery::{Discovery, DiscoveryDomain, DiscoveryMischief, DiscoveryUser, DomainCloud};
pub use growth::{ClockFile, ClockSource, Late, Live};
pub use identity::{
    App, ArcChallenge, Assigned, Behaviour, DeviceStep, Identity, Managed, RedirectUris, Replay, Secret,
    SignIn, SubjectName, Trust, User,
};
pub use service_health::{Dialect, Limits, Redirect, Retired, ServiceHealth, Stock, Unfolding, Windows};
pub use webhooks::{Mischief, WebhookFaults};

/// Everything that can be chosen about a sandbox. In JSON the names are in camelCase, every member may be left out,
/// and an unknown member is refused with its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches that have nothing to do with each other"
)]
pub struct Config {
    /// What everything random is made from. The same seed and the same `now` give the same bytes. Default 1.
    pub seed: u64,
    /// How many days the feed reaches back from the start of the clock. Default 1.
    pub days: f64,
    /// The content types that have a feed. Default: all five.
    pub content_types: Vec<ContentType>,
    /// Blobs over all content types and days. Default 60.
    pub blobs: usize,
    /// Mean number of records in a blob; blobs vary between half and one and a half of it. Default 20.
    pub records: usize,
    /// Mean size of a record in bytes: records are padded to it, never cut. Default: as they come, about 1 KB.
    pub record_bytes: Option<usize>,
    /// Items on a page of a listing. Default 200.
    pub page_size: usize,
    /// How the feed grows while the clock runs. Default: not at all.
    pub live: Option<Live>,
    /// Which content is listed some time after it became available. Default: none.
    pub late: Option<Late>,
    /// Where the clock starts (RFC 3339). Default: the real time. A clock that is in a file already stays as it is.
    pub now: Option<String>,
    /// Which clock it is. Default: one of its own.
    pub clock: ClockSource,
    /// Seconds by which the `Date` header is off from the beginning. Default 0.
    pub skew: f64,
    /// Which subscriptions are enabled from the beginning: `true` (all), `false` (none), or a list. Default `true`.
    pub subscribed: Subscribed,
    /// Seconds a token lives. Default 3,599.
    pub token_lifetime: i64,
    /// Whether to speak TLS, with a certificate the sandbox makes. Default `false`.
    pub https: bool,
    /// The port to listen on; 0 takes any. Default 0.
    pub port: u16,
    /// A limit on requests a minute. Default: none.
    pub rate_limit: Option<RateLimit>,
    /// How listings are paged.
    pub paging: Paging,
    /// What comes more than once.
    pub duplicates: Duplicates,
    /// Whether the records of a blob are in no order. Default `false`.
    pub shuffle: bool,
    /// Whether the tenant in the path must be that of the token (AF20010). Default `true`.
    pub strict_tenant: bool,
    /// Whether a listing may start 7 days back and not a second more; the service tolerates about an hour.
    /// Default `false`.
    pub strict_window: bool,
    /// Directory id of the tenant, a GUID. Default: made from the seed.
    pub tenant: Option<String>,
    /// Verified domain of the tenant. Default `contoso.onmicrosoft.com`.
    pub domain: String,
    /// Application id of the registered client. Default: made from the seed.
    pub client_id: Option<String>,
    /// Secret of the registered client. Default: made from the seed.
    pub client_secret: Option<String>,
    /// Application roles that tokens carry. Default: the three of the management API, and of Graph
    /// `AuditLogsQuery.Read.All`, `ServiceHealth.Read.All` and `ServiceMessage.Read.All`.
    pub roles: Vec<String>,
    /// Seconds from the start of a subscription until content is listed. Default 0.
    pub first_content_delay: i64,
    /// Records in one extra blob. Default: no such blob.
    pub large_blob: Option<usize>,
    /// What bodies are compressed with when the client asks for it. Default `true`: gzip or brotli.
    pub compression: Compression,
    /// Whether webhooks on `http://` addresses of this machine are taken; the service takes `https` only.
    /// Default `false`.
    pub webhook_http: bool,
    /// Seconds from one attempt at a delivery to the next; the last repeats. Default 1, 2, 4, 8, 16.
    pub webhook_retry: Vec<f64>,
    /// Which deliveries go wrong. Default: none.
    pub webhook_faults: Option<WebhookFaults>,
    /// Connections that may be open at a time, over both ports; further ones are closed as they come. Default: any
    /// number.
    pub max_connections: Option<usize>,
    /// Whether unified auditing is on. While it is off, `start` fails with free text; a sandbox that begins so has no
    /// subscriptions. Default `true`.
    pub auditing: bool,
    /// What the authority thinks of the client. Default `"ok"`.
    pub credential_state: CredentialState,
    /// Seconds from the creation of an audit log query until it has succeeded. Default 0.2.
    pub search_delay: f64,
    /// Days before the feed that audit log queries know records of. Default 90.
    pub archive_days: u32,
    /// Records on each of those days. Default 20.
    pub archive_per_day: u32,
    /// Requests that the ledger keeps; the oldest are forgotten first. Default 200,000.
    pub ledger: usize,
    /// Seconds before every answer of the APIs, as if the service were far away. Default 0.
    pub latency: f64,
    /// Bytes of bodies that are kept once they were made, compressed ones too; the oldest make room. Default 0: a body is
    /// made each time it is asked for.
    pub keep_bytes: usize,
    /// Blobs of each content type whose bodies differ; further ones repeat them, with the ids and times of their records.
    /// Default: all.
    pub distinct_blobs: Option<usize>,
    /// Applications, users, and how the authority behaves.
    pub identity: Identity,
    /// What the Discovery Service finds for whom, and what the directory says of other domains.
    pub discovery: Discovery,
    /// Services, their issues, and messages about them.
    pub service_health: ServiceHealth,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            days: 1.0,
            content_types: ContentType::ALL.to_vec(),
            blobs: 60,
            records: 20,
            record_bytes: None,
            page_size: 200,
            live: None,
            late: None,
            now: None,
            clock: ClockSource::Process,
            skew: 0.0,
            subscribed: Subscribed::All(true),
            token_lifetime: 3599,
            https: false,
            port: 0,
            rate_limit: None,
            paging: Paging::default(),
            duplicates: Duplicates::default(),
            shuffle: false,
            strict_tenant: true,
            strict_window: false,
            tenant: None,
            domain: "contoso.onmicrosoft.com".into(),
            client_id: None,
            client_secret: None,
            roles: [
                "ActivityFeed.Read",
                "ActivityFeed.ReadDlp",
                "ServiceHealth.Read",
                "AuditLogsQuery.Read.All",
                "ServiceHealth.Read.All",
                "ServiceMessage.Read.All",
            ]
            .map(String::from)
            .into(),
            first_content_delay: 0,
            large_blob: None,
            compression: Compression::Any(true),
            webhook_http: false,
            webhook_retry: vec![1.0, 2.0, 4.0, 8.0, 16.0],
            webhook_faults: None,
            max_connections: None,
            auditing: true,
            credential_state: CredentialState::Ok,
            search_delay: 0.2,
            archive_days: 90,
            archive_per_day: 20,
            ledger: 200_000,
            latency: 0.0,
            keep_bytes: 0,
            distinct_blobs: None,
            identity: Identity::default(),
            discovery: Discovery::default(),
            service_health: ServiceHealth::default(),
        }
    }
}

impl Config {
    /// Reads a configuration from JSON; an empty text is the default.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        if json.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(json).map_err(|error| ConfigError(error.to_string()))
    }

    /// Fills in what is made from the seed and refuses what cannot be.
    pub(crate) fn settle(mut self) -> Result<Self, ConfigError> {
        let made = |salt: u64| random::guid(random::hash(&[self.seed, salt]));
        let (tenant, client, secret) = (made(1), made(2), made(3).replace('-', "~"));
        let tenant = self.tenant.take().unwrap_or(tenant).to_ascii_lowercase();
        self.client_id.get_or_insert(client);
        self.client_secret.get_or_insert(secret);
        let wrong = |what: String| Err(ConfigError(what));
        if !random::is_guid(&tenant) {
            return wrong(format!("tenant: {tenant:?} is not a GUID"));
        }
        self.tenant = Some(tenant);
        if !(self.days > 0.0 && self.days <= 365.0) {
            return wrong(format!("days: {} is not above 0 and at most 365", self.days));
        }
        if self.page_size == 0 {
            return wrong("pageSize: must be at least 1".into());
        }
        if self.records == 0 || self.records > 1_000_000 {
            return wrong(format!("records: {} is not between 1 and 1,000,000", self.records));
        }
        if self.blobs > 900_000 {
            return wrong(format!("blobs: {} is more than 900,000", self.blobs));
        }
        if self.content_types.is_empty() {
            return wrong("contentTypes: must name at least one".into());
        }
        if self.content_types.iter().collect::<BTreeSet<_>>().len() != self.content_types.len() {
            return wrong("contentTypes: names one twice".into());
        }
        if self.token_lifetime <= 0 {
            return wrong(format!("tokenLifetime: {} is not above 0", self.token_lifetime));
        }
        if self.first_content_delay < 0 {
            return wrong(format!("firstContentDelay: {} is negative", self.first_content_delay));
        }
        if self.domain.is_empty() || !self.domain.contains('.') {
            return wrong(format!("domain: {:?} is not a domain name", self.domain));
        }
        if self.client_secret.as_deref() == Some("") {
            return wrong("clientSecret: is empty".into());
        }
        if let Some(now) = &self.now
            && clock::parse(now).is_none()
        {
            return wrong(format!("now: {now:?} is not a time (RFC 3339)"));
        }
        if let Some(limit) = &self.rate_limit {
            limit.check()?;
        }
        if !(0.0..=3_600.0).contains(&self.latency) {
            return wrong(format!("latency: {} is not between 0 and 3,600", self.latency));
        }
        if self.distinct_blobs == Some(0) {
            return wrong("distinctBlobs: must be at least 1".into());
        }
        if self.distinct_blobs.is_some() && self.duplicates.across_blobs > 0 {
            return wrong("distinctBlobs: goes with no duplicates.acrossBlobs".into());
        }
        self.check_growth()?;
        self.identity.check()?;
        self.discovery.check("discovery.")?;
        self.service_health.check()?;
        Ok(self)
    }

    /// Refuses what cannot be of the feed's growth, the webhooks and the search.
    fn check_growth(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(what));
        if let Some(live) = &self.live {
            live.check("live.")?;
        }
        if let Some(late) = &self.late {
            late.check()?;
        }
        if let Some(faults) = &self.webhook_faults {
            faults.check("webhookFaults.")?;
        }
        if self.webhook_retry.is_empty()
            || self.webhook_retry.iter().any(|gap| !(0.001..=86_400.0).contains(gap))
        {
            return wrong("webhookRetry: takes at least one gap, of 0.001 to 86,400 seconds each".into());
        }
        if !(0.0..=3_600.0).contains(&self.search_delay) {
            return wrong(format!("searchDelay: {} is not between 0 and 3,600", self.search_delay));
        }
        if !(-3.2e9..=3.2e9).contains(&self.skew) {
            return wrong(format!("skew: {} is out of range", self.skew));
        }
        if self.max_connections == Some(0) {
            return wrong("maxConnections: must be at least 1".into());
        }
        if self.archive_days > 3_650 || self.archive_per_day > 100_000 {
            return wrong("archiveDays, archivePerDay: are at most 3,650 and 100,000".into());
        }
        Ok(())
    }

    /// Where the clock starts, if that was said.
    pub(crate) fn start_time(&self) -> Option<i64> {
        self.now.as_deref().and_then(clock::parse)
    }
}

/// Which subscriptions exist from the beginning.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "subscribed: takes `true`, `false` or a list of content types")]
pub enum Subscribed {
    /// All content types of the feed, or none.
    All(bool),
    /// These.
    Only(Vec<ContentType>),
}

impl Subscribed {
    /// Whether `content_type` is one of them.
    pub(crate) fn has(&self, content_type: ContentType) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Only(some) => some.contains(&content_type),
        }
    }
}

/// What bodies may be compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "compression: takes `true`, `false`, `\"gzip\"` or `\"br\"`")]
pub enum Compression {
    /// Whatever the client asks for (gzip first), or nothing.
    Any(bool),
    /// One coding only.
    Only(Coding),
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Coding {
    /// gzip, fast.
    #[serde(rename = "gzip")]
    Gzip,
    /// Brotli, fast.
    #[serde(rename = "br")]
    Brotli,
}

/// A limit on requests, per tenant and publisher (management-activity, 7.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a minute.
    pub per_minute: f64,
    /// Requests that may come at once. Default: one second's worth, at least 1.
    #[serde(default)]
    pub burst: Option<f64>,
    /// How a refusal looks. Default `"429"`.
    #[serde(default)]
    pub shape: Shape,
    /// What `Retry-After` says. Default: there is none.
    #[serde(default)]
    pub retry_after: Option<RetryAfter>,
    /// Whether a refused request counts too. Default `false`.
    #[serde(default)]
    pub count_refused: bool,
}

impl RateLimit {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !(self.per_minute > 0.0 && self.per_minute.is_finite()) {
            return Err(ConfigError(format!("rateLimit.perMinute: {} is not above 0", self.per_minute)));
        }
        if self.burst.is_some_and(|burst| burst < 1.0) {
            return Err(ConfigError("rateLimit.burst: must be at least 1".into()));
        }
        Ok(())
    }
}

/// How a throttled request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// 429 with a JSON body.
    #[default]
    #[serde(rename = "429")]
    Json429,
    /// 403 with a JSON body.
    #[serde(rename = "403")]
    Json403,
    /// 403 with single-quoted text that looks like JSON.
    #[serde(rename = "403-text")]
    Text403,
    /// 429 without a body.
    #[serde(rename = "429-empty")]
    Empty429,
}

/// The form of `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "retryAfter: takes whole seconds, `\"fraction\"` or `\"date\"`")]
pub enum RetryAfter {
    /// These seconds, whatever the bucket holds.
    Seconds(u64),
    /// The wait until there is room, in a form of choice.
    Computed(WaitForm),
}

/// How a computed wait is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitForm {
    /// `0.412`
    Fraction,
    /// An HTTP date.
    Date,
}

/// How listings are paged (management-activity, 4.6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Paging {
    /// Name of the header with the next page. Default `NextPageUri`. Over HTTP/1 `"nextpageuri"` also puts all header
    /// names in lower case; over HTTP/2 they always are.
    pub header: PageHeader,
    /// Whether the link spells its parameters in lower case, as the service has since 2025. Default `true`.
    pub lower_case: bool,
    /// Whether the link says `/api/v1/` in place of `/api/v1.0/`. Default `false`.
    pub v1: bool,
    /// Empty pages with a link, after the first page of each listing. Default 0.
    pub empty_pages: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self { header: PageHeader::NextPageUri, lower_case: true, v1: false, empty_pages: 0 }
    }
}

/// Spellings of the header with the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageHeader {
    /// As in the reference.
    NextPageUri,
    /// As on the troubleshooting page.
    NextPageUrl,
    /// As in the reference, in lower case.
    #[serde(rename = "nextpageuri")]
    Lower,
}

/// What comes more than once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Duplicates {
    /// Records of each blob that are in it twice. Default 0.
    pub within_blob: usize,
    /// Records of each blob that the next blob of the type has too. Default 0.
    pub across_blobs: usize,
    /// Items of each page that are on it twice. Default 0.
    pub listing: usize,
}

/// A configuration that cannot be; says which member and why.
#[derive(Clone, Debug)]
pub struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sandbox configuration: {}", self.0)
    }
}

impl std::error::Error for ConfigError {}
