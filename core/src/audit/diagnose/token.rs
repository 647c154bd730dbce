//! Whether a token can be had, and whether it is the right one.

use jiff::Timestamp;
use serde_json::Value;

use super::{FindingCode, Findings, Severity, patiently};
use crate::Client;
use crate::audit::ContentType;
use crate::cloud::{Cloud, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{is_guid, token_claims};

pub(super) const READ: &str = "ActivityFeed.Read";
pub(super) const READ_DLP: &str = "ActivityFeed.ReadDlp";
/// The Office 365 Management APIs, as tokens may name them in place of their host.
const MANAGEMENT_APP: &str = "c5393580-f805-4401-95e8-94b7a6ef2fc2";

/// What the token in hand says of itself. Nothing of it is ever printed but ids and the names of permissions.
#[derive(Default)]
pub(super) struct Told {
    /// Absent from tokens that cannot be read.
    permissions: Option<Vec<String>>,
    expires: Option<Timestamp>,
}

impl Told {
    /// Whether the token says that it lacks a permission.
    pub(super) fn lacks(&self, permission: &str) -> bool {
        let has = |permissions: &Vec<String>| permissions.iter().any(|p| p.eq_ignore_ascii_case(permission));
        self.permissions.as_ref().is_some_and(|permissions| !has(permissions))
    }

    /// By the service's clock, which an answer has told by now.
    pub(super) fn look_at_expiry(&self, client: &Client, findings: &mut Findings) {
        let now = client.corridor().now();
        if let Some(expires) = self.expires.filter(|expires| *expires <= now) {
            findings
                .add(FindingCode::TokenExpired, Severity::Problem, format!("the token ended at {expires:.0}"))
                .action(
                    "Use a credential that gets new tokens, such as a client secret, in place of a fixed token",
                );
        }
    }
}

/// Looks at the token; none if none can be had.
pub(super) async fn look(
    client: &Client,
    content_types: Option<&[ContentType]>,
    findings: &mut Findings,
) -> Result<Option<Told>> {
    let corridor = client.corridor();
    let token = match patiently(corridor.identity.token(corridor, &Service::Management)).await? {
        Ok(token) => token,
        Err(error) => {
            explain(&error, findings);
            return Ok(None);
        }
    };
    findings.add(FindingCode::Token, Severity::Ok, "a token was had");
    let tenant = match patiently(corridor.identity.tenant_id(corridor)).await? {
        Ok(tenant) => tenant,
        Err(error) => {
            explain(&error, findings);
            return Ok(None);
        }
    };
    let Some(claims) = token_claims(token.secret()) else {
        findings.add(
            FindingCode::Token,
            Severity::Info,
            "the token is not of the kind that can be read; what it says of itself was not looked at",
        );
        return Ok(Some(Told::default()));
    };
    look_at_audience(client, &claims, findings)?;
    if let Some(theirs) = claims["tid"].as_str().filter(|id| is_guid(id) && !id.eq_ignore_ascii_case(&tenant))
    {
        findings
            .add(
                FindingCode::WrongTenant,
                Severity::Problem,
                format!("the token is of the tenant {theirs}, and the client of {tenant}"),
            )
            .action("Make both the same: the client's tenant, and the one that the token is asked from");
    }
    let told = Told {
        permissions: Some(permissions(&claims)),
        expires: claims["exp"].as_i64().and_then(|exp| Timestamp::from_second(exp).ok()),
    };
    look_at_permissions(&told, content_types, findings);
    Ok(Some(told))
}

fn look_at_audience(client: &Client, claims: &Value, findings: &mut Findings) -> Result<()> {
    let expected = client.corridor().hosts.audience(&Service::Management)?;
    let Some(audience) = claims["aud"].as_str() else { return Ok(()) };
    let same =
        |one: &str, other: &str| one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'));
    if same(audience, &expected) || same(audience, MANAGEMENT_APP) {
        return Ok(());
    }
    let theirs = named_clouds().find(|(_, host)| same(audience, host));
    let what = match theirs {
        Some((cloud, host)) => format!("for {host}, the management host of the cloud {cloud}"),
        None => "for something else".to_owned(),
    };
    findings
        .add(
            FindingCode::WrongCloud,
            Severity::Problem,
            format!("the token is not for {expected}, the management host of the client's cloud, but {what}"),
        )
        .action(format!(
            "Choose the cloud that the tenant is in; a token of your own must be asked for with the scope \
             {expected}/.default"
        ));
    Ok(())
}

fn named_clouds() -> impl Iterator<Item = (Cloud, String)> {
    [Cloud::Public, Cloud::Gcc, Cloud::GccHigh, Cloud::Dod, Cloud::China].into_iter().filter_map(|cloud| {
        let host = cloud.resolve().ok()?.audience(&Service::Management).ok()?;
        Some((cloud, host))
    })
}

fn look_at_permissions(told: &Told, content_types: Option<&[ContentType]>, findings: &mut Findings) {
    if told.lacks(READ) {
        missing(READ, "nothing of the audit feed can be read", Severity::Problem, findings);
    }
    if told.lacks(READ_DLP) {
        let wanted = content_types.is_some_and(|types| types.contains(&ContentType::Dlp));
        let severity = if wanted { Severity::Problem } else { Severity::Info };
        missing(READ_DLP, "DLP.All cannot be read, nor the details of DLP records", severity, findings);
    }
}

pub(super) fn missing(permission: &str, so: &str, severity: Severity, findings: &mut Findings) {
    let finding = findings
        .add(
            FindingCode::PermissionMissing,
            severity,
            format!("the application lacks the permission {permission}: {so}"),
        )
        .action(format!(
            "Add the application permission {permission} of the Office 365 Management APIs to the application, \
             and have an administrator consent; a new token may take some minutes to show it"
        ));
    if permission == READ_DLP {
        finding.of(&ContentType::Dlp);
    }
}

/// Why no token can be had.
fn explain(error: &Error, findings: &mut Findings) {
    let (code, message, action) = match error.code().unwrap_or_default() {
        "AADSTS7000222" => (
            FindingCode::SecretExpired,
            "the secret of the application has expired",
            "Add a new client secret to the application's registration, and give the client its value",
        ),
        "AADSTS7000215" => (
            FindingCode::SecretWrong,
            "the secret is not one of the application's",
            "Give the client the secret's value; its id, which stands beside it, is something else",
        ),
        "AADSTS700016" => (
            FindingCode::ApplicationUnknown,
            "the tenant does not know the application: the client id is wrong, or the tenant is",
            "Check the client id and the tenant; an application of another organisation needs the consent of an \
             administrator of this tenant first",
        ),
        "AADSTS7000112" => (
            FindingCode::ApplicationDisabled,
            "the application is disabled in the tenant",
            "Enable users to sign in to it, in Entra ID under Enterprise applications",
        ),
        "AADSTS90002" | "AADSTS900023" => (
            FindingCode::WrongTenant,
            "the tenant is not known to the cloud's directory: its name is wrong, or it is in another cloud",
            "Check the tenant's domain or directory id, and the cloud",
        ),
        "AADSTS90038" | "AADSTS900382" | "AADSTS900439" => (
            FindingCode::WrongCloud,
            "the tenant is in another national cloud than the client",
            "Choose the cloud that the tenant is in, such as gcc_high",
        ),
        "AADSTS500011" => (
            FindingCode::WrongCloud,
            "the tenant's directory does not know the management host of the client's cloud",
            "Choose the cloud that the tenant is in; if it is the right one, add the Office 365 Management APIs to \
             the application's permissions and have an administrator consent",
        ),
        "AADSTS65001" | "AADSTS650052" => (
            FindingCode::ConsentMissing,
            "no administrator has consented to the application's permissions",
            "Have an administrator of the tenant consent to the application",
        ),
        _ if error.is_retryable() || matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Network) => {
            findings
                .add(
                    FindingCode::Unreachable,
                    Severity::Problem,
                    format!("the authority cannot be reached, or is in trouble: {}", error.message()),
                )
                .action("Check the network, the proxy and the firewall, and try again later");
            return;
        }
        _ if error.kind() == ErrorKind::NotFound => (
            FindingCode::WrongTenant,
            "the authority does not know the tenant",
            "Check the tenant's domain or directory id, and the cloud",
        ),
        _ => {
            let finding = findings.add(
                FindingCode::Token,
                Severity::Problem,
                format!("no token can be had: {}", error.message()),
            );
            if let Some(hint) = error.hint() {
                finding.action(hint);
            }
            return;
        }
    };
    findings.add(code, Severity::Problem, message).action(action);
}

/// An application's permissions, and those that a user delegated to one.
fn permissions(claims: &Value) -> Vec<String> {
    let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let scopes = claims["scp"].as_str().into_iter().flat_map(str::split_whitespace);
    roles.chain(scopes).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StaticToken;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::json;

    const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";

    fn token(claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256"})), part(claims))
    }

    async fn found(token: &str, content_types: Option<&[ContentType]>) -> Vec<(FindingCode, Severity)> {
        let client = Client::builder(TENANT).credential(StaticToken::new(token)).build().unwrap();
        let mut findings = Findings::default();
        let told = look(&client, content_types, &mut findings).await.unwrap();
        told.unwrap().look_at_expiry(&client, &mut findings);
        let Findings(findings) = findings;
        for finding in &findings {
            assert!(!finding.message.contains("payload-mark"), "{}", finding.message);
        }
        findings.into_iter().filter(|f| f.severity != Severity::Ok).map(|f| (f.code, f.severity)).collect()
    }

    fn good() -> Value {
        json!({"aud": "https://manage.office.com", "tid": TENANT, "roles": [READ, READ_DLP], "exp": 4_000_000_000_i64,
            "upn": "payload-mark"})
    }

    #[tokio::test]
    async fn what_a_token_says_of_itself_names_the_cause() {
        assert_eq!(found(&token(&good()), None).await, []);
        let changed = |name: &str, value: Value| {
            let mut claims = good();
            claims[name] = value;
            token(&claims)
        };
        for (name, value, code) in [
            ("aud", json!("https://manage-gcc.office.com/"), FindingCode::WrongCloud),
            ("aud", json!("payload-mark"), FindingCode::WrongCloud),
            ("tid", json!("00000000-0000-0000-0000-000000000001"), FindingCode::WrongTenant),
            ("exp", json!(1_000_000_000), FindingCode::TokenExpired),
            ("roles", json!([READ_DLP]), FindingCode::PermissionMissing),
            ("roles", json!("payload-mark"), FindingCode::PermissionMissing),
        ] {
            let found = found(&changed(name, value), None).await;
            assert_eq!(found[0], (code, Severity::Problem), "{name}: {found:?}");
        }
        assert_eq!(found(&changed("aud", json!(MANAGEMENT_APP)), None).await, []);
        let without_dlp = changed("roles", json!([READ]));
        let dlp = [ContentType::Dlp];
        assert_eq!(found(&without_dlp, None).await, [(FindingCode::PermissionMissing, Severity::Info)]);
        assert_eq!(
            found(&without_dlp, Some(&dlp)).await,
            [(FindingCode::PermissionMissing, Severity::Problem)]
        );
        let mut delegated = good();
        delegated["roles"] = Value::Null;
        delegated["scp"] = json!("user_impersonation activityfeed.read ActivityFeed.ReadDlp");
        assert_eq!(found(&token(&delegated), None).await, []);
        assert_eq!(found("opaque", None).await, [(FindingCode::Token, Severity::Info)]);
    }

    #[test]
    fn why_there_is_no_token_names_the_cause() {
        for (number, code) in [
            ("AADSTS7000222", FindingCode::SecretExpired),
            ("AADSTS7000215", FindingCode::SecretWrong),
            ("AADSTS700016", FindingCode::ApplicationUnknown),
            ("AADSTS90002", FindingCode::WrongTenant),
            ("AADSTS90038", FindingCode::WrongCloud),
            ("AADSTS65001", FindingCode::ConsentMissing),
            ("AADSTS12345", FindingCode::Token),
        ] {
            let mut findings = Findings::default();
            explain(&Error::new(ErrorKind::Auth, "no").with_code(Some(number.into())), &mut findings);
            assert_eq!(
                (&findings.0[0].code, &findings.0[0].severity),
                (&code, &Severity::Problem),
                "{number}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_token_is_read_or_not_without_a_panic(token in "[a-zA-Z0-9_=-]{0,20}(\\.[a-zA-Z0-9_=-]{0,40}){0,3}|.{0,30}") {
            let _ = token_claims(&token.into());
        }
    }
}
