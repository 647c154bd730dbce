//! Broken set-ups in the sandbox: the diagnosis of each names its cause, and changes nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use m365kit::audit::{ContentType, Diagnosis, Finding, FindingCode, Severity};
use m365kit::{Client, ClientBuilder, ErrorKind, StaticToken};
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};

fn sandbox(config: &Value) -> Sandbox {
    Sandbox::start_json(config.to_string().as_bytes()).unwrap()
}

fn builder(sandbox: &Sandbox) -> ClientBuilder {
    client_of(&sandbox.describe()).rate_limit(60_000.0)
}

async fn diagnose(client: Client) -> Diagnosis {
    let diagnosis = client.audit().diagnose().await.unwrap();
    for finding in &diagnosis.findings {
        assert!(!finding.message.is_empty() && !finding.message.contains("eyJ"), "{finding:?}");
        assert!(finding.action.is_some() || finding.severity != Severity::Problem, "{finding:?}");
    }
    diagnosis
}

fn problems(diagnosis: &Diagnosis) -> Vec<&FindingCode> {
    let problem = |finding: &&Finding| finding.severity == Severity::Problem;
    diagnosis.findings.iter().filter(problem).map(|finding| &finding.code).collect()
}

fn only_asked(sandbox: &Sandbox) {
    let ledger = sandbox.control("ledger", json!({"path": "/activity/feed/"})).unwrap();
    let methods: Vec<_> =
        ledger["requests"].as_array().unwrap().iter().map(|r| r["method"].clone()).collect();
    assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");
}

#[tokio::test]
async fn a_good_set_up_is_healthy() {
    let sandbox = sandbox(&json!({"blobs": 30, "records": 2}));
    let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
    assert!(diagnosis.healthy, "{diagnosis:?}");
    let ok = diagnosis.findings.iter().filter(|finding| finding.severity == Severity::Ok).count();
    // The token, and a subscription and a listing of each of five.
    assert_eq!((ok, &diagnosis.findings.last().unwrap().code), (11, &FindingCode::PublisherId));
    only_asked(&sandbox);
}

#[tokio::test]
async fn a_missing_role_is_named() {
    let sandbox = sandbox(&json!({"blobs": 5, "roles": ["ActivityFeed.ReadDlp"]}));
    let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
    assert_eq!(problems(&diagnosis), [&FindingCode::PermissionMissing]);
    assert!(diagnosis.findings.iter().any(|finding| finding.message.contains("ActivityFeed.Read:")));

    sandbox.control("set_roles", json!({"roles": ["ActivityFeed.Read"]})).unwrap();
    let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
    assert_eq!(problems(&diagnosis), [&FindingCode::PermissionMissing]);
    let finding = diagnosis.findings.iter().rfind(|finding| finding.severity == Severity::Problem).unwrap();
    assert_eq!(finding.content_type.as_deref(), Some("DLP.All"));
}

#[tokio::test]
async fn auditing_that_is_off_is_named() {
    let off = sandbox(&json!({"blobs": 0, "auditing": false}));
    let diagnosis = diagnose(builder(&off).build().unwrap()).await;
    assert!(!diagnosis.healthy);
    assert!(
        diagnosis.findings.iter().any(|finding| finding.code == FindingCode::AuditingOff),
        "{diagnosis:?}"
    );
    only_asked(&off);

    let refused = sandbox(&json!({"blobs": 0}));
    let code = json!({"match": {"operation": "subscriptions"}, "action": {"status": 403,
        "body": r#"{"error":{"code":"AF20012","message":"The tenant is not configured"}}"#}, "when": "always"});
    refused.control("fault", code).unwrap();
    assert_eq!(problems(&diagnose(builder(&refused).build().unwrap()).await), [&FindingCode::AuditingOff]);
}

#[tokio::test]
async fn subscriptions_and_webhooks_that_are_off_are_named() {
    let sandbox = sandbox(&json!({"blobs": 30, "webhookHttp": true}));
    let change = |args: Value| sandbox.control("set_subscription", args).unwrap();
    change(json!({"contentType": "Audit.Exchange", "status": "disabled"}));
    change(json!({"contentType": "Audit.General", "status": "enabled", "webhook":
        {"status": "disabled", "address": "https://hooks.example.net/m365"}}));
    change(json!({"contentType": "Audit.SharePoint", "status": "enabled", "webhook":
        {"status": "expired", "address": "https://hooks.example.net/m365"}}));
    change(json!({"contentType": "DLP.All", "status": "absent"}));
    let client = builder(&sandbox).build().unwrap();
    let diagnosis = diagnose(client.clone()).await;
    let found: Vec<_> = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Problem)
        .map(|finding| (&finding.code, finding.content_type.as_deref().unwrap()))
        .collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for expected in [
        (&FindingCode::SubscriptionDisabled, "Audit.Exchange"),
        (&FindingCode::WebhookDisabled, "Audit.General"),
        (&FindingCode::WebhookExpired, "Audit.SharePoint"),
    ] {
        assert!(found.contains(&expected), "{expected:?}");
    }
    let wanted = client.audit().diagnose().content_types([ContentType::Dlp]).await.unwrap();
    assert!(problems(&wanted).contains(&&FindingCode::SubscriptionMissing));
    only_asked(&sandbox);
}

#[tokio::test]
async fn why_there_is_no_token_is_named() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    for (state, code) in [
        ("expired", FindingCode::SecretExpired),
        ("wrong_secret", FindingCode::SecretWrong),
        ("unknown_app", FindingCode::ApplicationUnknown),
        ("disabled_app", FindingCode::ApplicationDisabled),
        ("unknown_tenant", FindingCode::WrongTenant),
        ("other_cloud", FindingCode::WrongCloud),
        ("unknown_resource", FindingCode::WrongCloud),
    ] {
        sandbox.control("credential_state", json!({"state": state})).unwrap();
        let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
        assert_eq!(problems(&diagnosis), [&code], "{state}");
    }
    sandbox.control("credential_state", json!({"state": "other_tenant"})).unwrap();
    let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
    assert!(problems(&diagnosis).iter().all(|code| **code == FindingCode::WrongTenant), "{diagnosis:?}");
    assert!(!diagnosis.healthy);
}

#[tokio::test]
async fn a_token_for_another_cloud_or_one_that_has_ended_is_named() {
    let sandbox = sandbox(&json!({"blobs": 5}));
    let token = |args: Value| {
        let issued = sandbox.control("issue_token", args).unwrap();
        StaticToken::new(issued["token"].as_str().unwrap())
    };
    let gcc = token(json!({"audience": "https://manage-gcc.office.com"}));
    let diagnosis = diagnose(builder(&sandbox).credential(gcc).build().unwrap()).await;
    assert_eq!(problems(&diagnosis)[0], &FindingCode::WrongCloud);
    assert!(
        diagnosis.findings.iter().any(|finding| finding.message.contains("the cloud gcc")),
        "{diagnosis:?}"
    );

    let ended = token(json!({"lifetime": 1}));
    sandbox.control("advance", json!({"seconds": 7_200})).unwrap();
    let diagnosis = diagnose(builder(&sandbox).credential(ended).build().unwrap()).await;
    assert!(problems(&diagnosis).contains(&&FindingCode::TokenExpired), "{diagnosis:?}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named_and_does_no_harm() {
    let sandbox = sandbox(&json!({"blobs": 30}));
    sandbox.control("skew", json!({"seconds": 900})).unwrap();
    let diagnosis = diagnose(builder(&sandbox).build().unwrap()).await;
    let skew = diagnosis.findings.iter().find(|finding| finding.code == FindingCode::ClockSkew).unwrap();
    assert_eq!(skew.severity, Severity::Warning);
    assert!(skew.message.contains("seconds behind"), "{}", skew.message);
}

#[tokio::test]
async fn only_bad_input_and_closing_end_a_diagnosis() {
    let sandbox = sandbox(&json!({"blobs": 0}));
    let client = builder(&sandbox).build().unwrap();
    let unknown = client.audit().diagnose().content_types([ContentType::from("Audit.Nothing")]).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::InvalidRequest);
    let unreachable = builder(&sandbox).attempts(1u32).build().unwrap();
    drop(sandbox);
    assert_eq!(problems(&diagnose(unreachable).await), [&FindingCode::Unreachable]);
    client.close();
    assert_eq!(client.audit().diagnose().await.unwrap_err().kind(), ErrorKind::Cancelled);
}
