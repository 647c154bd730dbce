//! `diagnose(...)`: what a person would check by hand when records do not come, and what to do about it.
//!
//! Nothing in the tenant is changed: no subscription is ever started here.

mod feed;
mod token;

use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::content_type::ContentType;
use crate::Client;
use crate::cloud::Service;
use crate::dispatch::{Call, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;

/// How long one check may take, the client's own repetitions included.
const PATIENCE: Duration = Duration::from_secs(60);

text_enum! {
    /// How much a finding matters.
    Severity {
        /// As it should be.
        Ok = "ok",
        /// Worth knowing; may well be meant so.
        Info = "info",
        /// Records come, but something should be seen to.
        Warning = "warning",
        /// Records or notifications do not come because of it.
        Problem = "problem",
    }
}

text_enum! {
    /// What a finding is about.
    FindingCode {
        /// Whether a token can be had.
        Token = "token",
        /// The application's secret has expired.
        SecretExpired = "secret_expired",
        /// The secret is not the application's.
        SecretWrong = "secret_wrong",
        /// The tenant does not know the application.
        ApplicationUnknown = "application_unknown",
        /// The application was disabled.
        ApplicationDisabled = "application_disabled",
        /// No administrator has consented to the application's permissions.
        ConsentMissing = "consent_missing",
        /// The tenant does not exist, or the token is another tenant's.
        WrongTenant = "wrong_tenant",
        /// The tenant is in another cloud, or the token is for another host.
        WrongCloud = "wrong_cloud",
        /// The token's time is over.
        TokenExpired = "token_expired",
        /// The service refuses the token, though nothing can be seen to be wrong with it.
        TokenRefused = "token_refused",
        /// The application lacks a permission.
        PermissionMissing = "permission_missing",
        /// The clock of this machine is wrong.
        ClockSkew = "clock_skew",
        /// In whose name requests are sent.
        PublisherId = "publisher_id",
        /// Unified auditing is off, or seems to be.
        AuditingOff = "auditing_off",
        /// A subscription that is as it should be.
        Subscription = "subscription",
        /// A content type that is not subscribed.
        SubscriptionMissing = "subscription_missing",
        /// A subscription that is disabled.
        SubscriptionDisabled = "subscription_disabled",
        /// A webhook that is as it should be.
        Webhook = "webhook",
        /// A webhook that the service has disabled, after too many failed deliveries.
        WebhookDisabled = "webhook_disabled",
        /// A webhook whose expiration has passed.
        WebhookExpired = "webhook_expired",
        /// A webhook of whose deliveries some fail.
        WebhookFailing = "webhook_failing",
        /// What a first listing gave.
        Listing = "listing",
        /// A subscription without content in the last 24 hours.
        NoContent = "no_content",
        /// The authority or the service cannot be reached, or is in trouble.
        Unreachable = "unreachable",
    }
}

/// One thing that was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is about.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, in plain words.
    pub message: String,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The content type that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// What was found when everything was looked at that the audit feed depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// Whether no finding is a problem.
    pub healthy: bool,
    /// The findings, in the order in which one thing depends on another.
    pub findings: Vec<Finding>,
}

/// Looks at everything that the audit feed depends on, and says in plain words what is wrong and what to do.
///
/// The token and its permissions, tenant and cloud, the clock, the subscriptions and their webhooks, and a
/// first listing of each. Nothing in the tenant is changed. What is broken is a finding, not an error.
///
/// Source: "Office 365 Management Activity API reference" and "... troubleshooting".
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Diagnose {
    /// The content types that should come. Default: those that are subscribed.
    #[serde(default)]
    pub content_types: Option<Vec<ContentType>>,
}

impl Operation for Diagnose {
    const NAME: &'static str = "audit.diagnose";
}

impl Call for Diagnose {
    type Output = Diagnosis;

    async fn send(self, client: Client, _: Option<Bytes>) -> Result<Diagnosis> {
        if let Some(types) = &self.content_types {
            if types.is_empty() {
                return Err(Error::invalid(
                    "content_types is empty: leave it out to look at what is subscribed",
                ));
            }
            types.iter().try_for_each(ContentType::check)?;
        }
        client.corridor().hosts.service(&Service::Management)?;
        let mut findings = Findings::default();
        let told = token::look(&client, self.content_types.as_deref(), &mut findings).await?;
        if let Some(told) = &told {
            feed::look(&client, self.content_types.as_deref(), told, &mut findings).await?;
            told.look_at_expiry(&client, &mut findings);
        }
        look_at_clock(&client, &mut findings);
        look_at_publisher(&client, &mut findings);
        let Findings(findings) = findings;
        let healthy = findings.iter().all(|finding| finding.severity != Severity::Problem);
        Ok(Diagnosis { healthy, findings })
    }
}

/// Asks for a diagnosis: awaited, it gives one; see [`Diagnose`].
#[derive(Debug, Clone)]
#[must_use = "nothing is looked at until it is awaited"]
pub struct DiagnoseBuilder {
    pub(super) client: Client,
    pub(super) request: Diagnose,
}

impl DiagnoseBuilder {
    /// The content types that should come.
    pub fn content_types(mut self, content_types: impl IntoIterator<Item = ContentType>) -> Self {
        self.request.content_types = Some(content_types.into_iter().collect());
        self
    }
}

impl IntoFuture for DiagnoseBuilder {
    type Output = Result<Diagnosis>;
    type IntoFuture = BoxFuture<'static, Result<Diagnosis>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.request.send(self.client, None))
    }
}

/// The findings so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: FindingCode, severity: Severity, message: impl Into<String>) -> &mut Finding {
        let finding = Finding { code, severity, message: message.into(), action: None, content_type: None };
        self.0.push(finding);
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn has_problem(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Problem)
    }
}

impl Finding {
    fn action(&mut self, action: impl Into<String>) -> &mut Self {
        self.action = Some(action.into());
        self
    }

    fn of(&mut self, content_type: &ContentType) -> &mut Self {
        self.content_type = Some(content_type.to_string());
        self
    }
}

/// A check that may fail but not hang; closing the client is the one error that ends the diagnosis.
async fn patiently<T>(check: impl Future<Output = Result<T>>) -> Result<Result<T>> {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Err(error)) if error.kind() == ErrorKind::Cancelled => Err(error),
        Ok(outcome) => Ok(outcome),
        Err(_) => Ok(Err(Error::new(
            ErrorKind::Timeout,
            format!("no success within {} seconds", PATIENCE.as_secs()),
        ))),
    }
}

fn look_at_clock(client: &Client, findings: &mut Findings) {
    let Some(ahead) = client.corridor().clock.skew() else { return };
    let (seconds, direction) = (ahead.unsigned_abs(), if ahead > 0 { "behind" } else { "ahead of" });
    findings
        .add(
            FindingCode::ClockSkew,
            Severity::Warning,
            format!("the clock of this machine is {seconds} seconds {direction} the service's; the feed allows for it"),
        )
        .action("Set the clock, by NTP for instance: certificates and other programs do not allow for it");
}

fn look_at_publisher(client: &Client, findings: &mut Findings) {
    if client.publisher_id().is_none() {
        findings
            .add(
                FindingCode::PublisherId,
                Severity::Info,
                "no publisher_id is set: requests are sent in the tenant's own name, which is right for who reads \
                 their own tenant",
            )
            .action("Who reads the tenants of customers passes the directory id of their own organisation");
    }
}
