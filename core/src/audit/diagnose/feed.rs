//! Whether the feed gives what it should: the subscriptions, their webhooks, and a first listing of each.

use futures::future::join_all;

use super::token::{READ, READ_DLP, Told, missing};
use super::{FindingCode, Findings, Severity, patiently};
use crate::Client;
use crate::audit::content::ListContent;
use crate::audit::content_type::ContentType;
use crate::audit::notifications::{ListNotifications, Notification, NotificationStatus};
use crate::audit::subscriptions::{ListSubscriptions, Subscription, SubscriptionStatus, Webhook};
use crate::dispatch::{Call, Listing};
use crate::error::{Error, ErrorKind, Result};
use crate::page::Page;

const SWITCH_ON: &str = "Have an administrator look with Get-AdminAuditLogConfig whether \
    UnifiedAuditLogIngestionEnabled is true, and else switch auditing on, in the Purview portal or with \
    Set-AdminAuditLogConfig; it takes an hour to act, at times a day, and nothing from before is delivered";

/// Looks at the subscriptions and what they give.
pub(super) async fn look(
    client: &Client,
    wanted: Option<&[ContentType]>,
    told: &Told,
    findings: &mut Findings,
) -> Result<()> {
    let subscriptions = match patiently(ListSubscriptions {}.send(client.clone(), None)).await? {
        Ok(subscriptions) => subscriptions,
        Err(error) => {
            explain(&error, None, told, findings);
            return Ok(());
        }
    };
    let enabled = look_at_subscriptions(&subscriptions, wanted, told, findings);
    for subscription in &subscriptions {
        let Some(webhook) = &subscription.webhook else { continue };
        look_at_webhook(client, &subscription.content_type, webhook, findings).await?;
    }
    let listings = enabled.iter().map(|of| patiently(first_page(client, of)));
    let mut any_content = enabled.is_empty();
    for (of, listing) in enabled.iter().zip(join_all(listings).await) {
        match listing? {
            Ok(0) => {
                findings
                    .add(
                        FindingCode::NoContent,
                        Severity::Info,
                        format!("{of}: no content in the last 24 hours"),
                    )
                    .of(of)
                    .action("Normal for up to 12 hours after the first start, and where nothing happens");
            }
            Ok(count) => {
                any_content = true;
                let message =
                    format!("{of}: the first page of the last 24 hours names {count} blobs of content");
                findings.add(FindingCode::Listing, Severity::Ok, message).of(of);
            }
            Err(error) => {
                any_content = true;
                explain(&error, Some(of), told, findings);
            }
        }
    }
    if !any_content {
        findings
            .add(
                FindingCode::AuditingOff,
                Severity::Warning,
                "unified auditing may be off: no subscription had any content in the last 24 hours",
            )
            .action(SWITCH_ON);
    }
    Ok(())
}

/// Gives the content types that can be listed.
fn look_at_subscriptions(
    subscriptions: &[Subscription],
    wanted: Option<&[ContentType]>,
    told: &Told,
    findings: &mut Findings,
) -> Vec<ContentType> {
    let all = ContentType::KNOWN.iter().chain(subscriptions.iter().map(|s| &s.content_type));
    let mut types: Vec<ContentType> = Vec::new();
    for of in wanted.map_or_else(|| all.cloned().collect(), <[ContentType]>::to_vec) {
        if !types.contains(&of) {
            types.push(of);
        }
    }
    let mut enabled = Vec::new();
    for of in types {
        match subscriptions.iter().find(|s| s.content_type == of) {
            Some(subscription) if subscription.is_enabled() => {
                findings.add(FindingCode::Subscription, Severity::Ok, format!("{of} is subscribed")).of(&of);
                if of == ContentType::Dlp && wanted.is_none() && told.lacks(READ_DLP) {
                    missing(
                        READ_DLP,
                        "DLP.All is subscribed and cannot be read",
                        Severity::Problem,
                        findings,
                    );
                }
                enabled.push(of);
            }
            Some(_) => {
                findings
                    .add(FindingCode::SubscriptionDisabled, Severity::Problem, format!("the subscription to {of} is disabled"))
                    .of(&of)
                    .action("Start it again with audit.start, once; if it does not last, an administrator has switched it off");
            }
            None => {
                let severity = if wanted.is_some() { Severity::Problem } else { Severity::Info };
                findings
                    .add(FindingCode::SubscriptionMissing, severity, format!("{of} is not subscribed: its records do not come"))
                    .of(&of)
                    .action("Start it with audit.start; the first content comes within 12 hours, and nothing from before");
            }
        }
    }
    if subscriptions.is_empty() {
        if wanted.is_none() {
            findings
                .add(
                    FindingCode::SubscriptionMissing,
                    Severity::Problem,
                    "nothing is subscribed: no record can come",
                )
                .action("Start what you want with audit.start");
        }
        findings
            .add(
                FindingCode::AuditingOff,
                Severity::Warning,
                "unified auditing may be off: nothing is subscribed, and while it is off nothing can be; audit.start \
                 is then refused with \"Tenant ... does not exist\"",
            )
            .action(SWITCH_ON);
    }
    enabled
}

async fn look_at_webhook(
    client: &Client,
    of: &ContentType,
    webhook: &Webhook,
    findings: &mut Findings,
) -> Result<()> {
    let now = client.corridor().now();
    let expired = webhook.expiration.is_some_and(|expiration| expiration <= now);
    match &webhook.status {
        Some(SubscriptionStatus::Expired) => look_at_expired(of, findings),
        _ if expired => look_at_expired(of, findings),
        Some(SubscriptionStatus::Disabled) => {
            findings
                .add(
                    FindingCode::WebhookDisabled,
                    Severity::Problem,
                    format!("the webhook of {of} is disabled: too many deliveries have failed; polling goes on working"),
                )
                .of(of)
                .action(
                    "See to it that the address can be reached over https and answers 200 at once, then start the \
                     subscription again with the webhook",
                );
        }
        _ => {
            let request = ListNotifications {
                content_type: of.clone(),
                start: None,
                end: None,
                last: None,
                token: None,
            };
            let page = patiently(async {
                let mut pages = request.open(client.clone())?;
                pages.next_page().await
            });
            // What cannot be listed says nothing about the webhook.
            let page = page.await?.ok().flatten();
            look_at_deliveries(of, page.as_ref(), findings);
        }
    }
    Ok(())
}

fn look_at_expired(of: &ContentType, findings: &mut Findings) {
    findings
        .add(
            FindingCode::WebhookExpired,
            Severity::Problem,
            format!("the webhook of {of} has expired; polling goes on working"),
        )
        .of(of)
        .action("Start the subscription again with the webhook and a later expiration, or none");
}

fn look_at_deliveries(of: &ContentType, page: Option<&Page<Notification>>, findings: &mut Findings) {
    let sent = page.map_or(&[][..], |page| &page.items);
    let failed = sent.iter().filter(|n| n.notification_status == Some(NotificationStatus::Failed)).count();
    if failed == 0 {
        findings.add(FindingCode::Webhook, Severity::Ok, format!("the webhook of {of} is enabled")).of(of);
        return;
    }
    findings
        .add(
            FindingCode::WebhookFailing,
            Severity::Warning,
            format!("{failed} of {} deliveries to the webhook of {of} have failed lately", sent.len()),
        )
        .of(of)
        .action(
            "The address must be reachable over https and answer 200 at once; otherwise it will be disabled",
        );
}

async fn first_page(client: &Client, of: &ContentType) -> Result<usize> {
    let request = ListContent { content_type: of.clone(), start: None, end: None, last: None, token: None };
    let page = request.open(client.clone())?.next_page().await?;
    Ok(page.map_or(0, |page| page.items.len()))
}

/// Why the service does not answer as it should.
fn explain(error: &Error, of: Option<&ContentType>, told: &Told, findings: &mut Findings) {
    let auditing_is_off = error.code() == Some("AF20012")
        || error.hint().is_some_and(|hint| hint.contains("nified auditing is off"));
    let (code, message, action) = match error.code() {
        _ if auditing_is_off => (
            FindingCode::AuditingOff,
            format!("unified auditing is off for the tenant: {}", error.message()),
            SWITCH_ON,
        ),
        Some("AF10001") => {
            let permission = if of == Some(&ContentType::Dlp) { READ_DLP } else { READ };
            // What the token said of itself was told before.
            if !told.lacks(permission) {
                missing(permission, "the service says so", Severity::Problem, findings);
            }
            return;
        }
        Some("AF20010" | "AF20011" | "AF20013") => (
            FindingCode::WrongTenant,
            error.message().to_owned(),
            "Check the client's tenant and the token's",
        ),
        Some("AF20022") => (
            FindingCode::SubscriptionMissing,
            "the subscription is listed and yet does not exist".to_owned(),
            "Start it with audit.start",
        ),
        Some("AF20023") => (
            FindingCode::SubscriptionDisabled,
            error.message().to_owned(),
            "Start it again with audit.start, once; if it does not last, an administrator has switched it off",
        ),
        // A token that is known to be wrong is refused for that.
        _ if error.kind() == ErrorKind::Auth && findings.has_problem() => return,
        _ if error.kind() == ErrorKind::Auth => (
            FindingCode::TokenRefused,
            format!("the service refuses the token: {}", error.message()),
            "Check that the cloud and the tenant are the right ones, and that the token is fresh",
        ),
        _ if error.is_retryable() || matches!(error.kind(), ErrorKind::Network | ErrorKind::Timeout) => (
            FindingCode::Unreachable,
            format!("the service cannot be reached, or is in trouble: {}", error.message()),
            "Check the network, the proxy and the firewall, and try again later",
        ),
        _ => (
            FindingCode::Listing,
            format!("the service refuses: {}", error.message()),
            error.hint().unwrap_or("Send the message and the request id to the service's support"),
        ),
    };
    let finding = findings.add(code, Severity::Problem, message);
    finding.action(action);
    if let Some(of) = of {
        finding.of(of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn subscriptions(json: &Value) -> Vec<Subscription> {
        serde_json::from_value(json.clone()).unwrap()
    }

    fn found(json: &Value, wanted: Option<&[ContentType]>) -> Vec<(FindingCode, Severity, Option<String>)> {
        let mut findings = Findings::default();
        look_at_subscriptions(&subscriptions(json), wanted, &Told::default(), &mut findings);
        findings.0.into_iter().map(|f| (f.code, f.severity, f.content_type)).collect()
    }

    #[test]
    fn only_what_is_wanted_is_missed() {
        let exchange = json!([{"contentType": "Audit.Exchange", "webhook": null}]);
        let all = found(&exchange, None);
        assert_eq!(all.len(), ContentType::KNOWN.len());
        assert!(all.iter().all(|(_, severity, _)| *severity != Severity::Problem));
        let wanted = [ContentType::General, ContentType::General];
        assert_eq!(
            found(&exchange, Some(&wanted)),
            [(FindingCode::SubscriptionMissing, Severity::Problem, Some("Audit.General".into()))]
        );
    }

    #[test]
    fn where_nothing_is_subscribed_auditing_is_suspected() {
        let found = found(&json!([]), None);
        let last: Vec<_> = found.iter().rev().take(2).map(|(code, severity, _)| (code, severity)).collect();
        assert_eq!(
            last,
            [
                (&FindingCode::AuditingOff, &Severity::Warning),
                (&FindingCode::SubscriptionMissing, &Severity::Problem)
            ]
        );
    }

    #[test]
    fn a_refusal_names_its_cause() {
        for (code, kind, expected) in [
            (Some("AF20012"), ErrorKind::PermissionDenied, FindingCode::AuditingOff),
            (Some("AF10001"), ErrorKind::PermissionDenied, FindingCode::PermissionMissing),
            (Some("AF20010"), ErrorKind::PermissionDenied, FindingCode::WrongTenant),
            (Some("AF20023"), ErrorKind::PermissionDenied, FindingCode::SubscriptionDisabled),
            (None, ErrorKind::Auth, FindingCode::TokenRefused),
            (None, ErrorKind::Network, FindingCode::Unreachable),
            (Some("AF29999"), ErrorKind::InvalidRequest, FindingCode::Listing),
        ] {
            let mut findings = Findings::default();
            let error = Error::new(kind, "no").with_code(code.map(str::to_owned));
            explain(&error, Some(&ContentType::Exchange), &Told::default(), &mut findings);
            assert_eq!(findings.0[0].code, expected, "{code:?}");
            assert!(findings.0[0].action.is_some());
        }
    }
}
