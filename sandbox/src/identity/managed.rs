//! The endpoints that a machine has for its managed identities, each with the rules of its kind of host (identity, 5.4).

use bytes::Bytes;
use hyper::header::{HeaderName, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::arc;
use super::target::check_resource;
use super::tokens::Wish;
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::SECOND;
use crate::config::Assigned;
use crate::random::{guid, hash_text};
use crate::tenant::Tenant;

const METADATA: HeaderName = HeaderName::from_static("metadata");
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
const IDENTITY_HEADER: HeaderName = HeaderName::from_static("x-identity-header");
const SECRET: HeaderName = HeaderName::from_static("secret");

/// The names that user-assigned identities are called by, on one host or another.
const NAMES: [&str; 6] = ["client_id", "clientid", "object_id", "principal_id", "mi_res_id", "msi_res_id"];

/// The kinds of hosts that have such an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Imds,
    AppService,
    MachineLearning,
    Arc,
    ServiceFabric,
    CloudShell,
}

/// Why there is no token, as each kind of host says it in its own way.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    text: String,
}

/// What a request asks for.
struct Asked<'a> {
    tenant: &'a Tenant,
    call: &'a Call,
    host: Host,
    form: Vec<(String, String)>,
}

impl Host {
    const ALL: [Self; 6] = [
        Self::Imds,
        Self::AppService,
        Self::MachineLearning,
        Self::Arc,
        Self::ServiceFabric,
        Self::CloudShell,
    ];

    /// The endpoint at a path. A slash at its end is tolerated, as by the services: MSAL for Node writes one.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::ALL.into_iter().find(|host| host.path() == path)
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Imds => "/metadata/identity/oauth2/token",
            Self::AppService => "/msi/app-service/token",
            Self::MachineLearning => "/msi/machine-learning/token",
            Self::Arc => "/msi/arc/metadata/identity/oauth2/token",
            Self::ServiceFabric => "/msi/service-fabric/token",
            Self::CloudShell => "/msi/cloud-shell/token",
        }
    }

    /// As the ledger calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Imds => "imds",
            Self::AppService => "app_service",
            Self::MachineLearning => "machine_learning",
            Self::Arc => "arc",
            Self::ServiceFabric => "service_fabric",
            Self::CloudShell => "cloud_shell",
        }
    }

    /// The versions it takes, the usual one first. Cloud Shell asks for none.
    const fn versions(self) -> &'static [&'static str] {
        match self {
            Self::Imds => &["2018-02-01", "2019-08-01", "2021-02-01"],
            Self::AppService => &["2019-08-01", "2017-09-01"],
            Self::MachineLearning => &["2017-09-01"],
            Self::Arc => &["2020-06-01", "2019-11-01"],
            Self::ServiceFabric => &["2019-07-01-preview"],
            Self::CloudShell => &[],
        }
    }

    /// The parameters that name a user-assigned identity: by client, object and resource.
    const fn parameters(self) -> [&'static [&'static str]; 3] {
        match self {
            Self::Imds => [&["client_id"], &["object_id"], &["msi_res_id"]],
            Self::AppService => [&["client_id"], &["object_id", "principal_id"], &["mi_res_id"]],
            Self::MachineLearning => [&["clientid"], &[], &[]],
            Self::Arc | Self::ServiceFabric | Self::CloudShell => [&[], &[], &[]],
        }
    }
}

/// Answers a request to a machine's endpoint.
pub(super) fn answer(tenant: &Tenant, call: &Call, host: Host) -> Answer {
    let form = form_urlencoded::parse(&call.body).into_owned().collect();
    let asked = Asked { tenant, call, host, form };
    if host == Host::Arc && call.header(&METADATA) == Some("true") {
        match arc::check(tenant, call) {
            arc::Shown::Right => {}
            arc::Shown::Nothing(challenge) => {
                return refusal(host, StatusCode::UNAUTHORIZED, "unauthorized_client", "The key is missing.")
                    .with(WWW_AUTHENTICATE, &challenge);
            }
            arc::Shown::Wrong => {
                return refusal(host, StatusCode::UNAUTHORIZED, "unauthorized_client", "The key is wrong.");
            }
        }
    }
    match asked.token() {
        Ok(body) => Answer::json(StatusCode::OK, &body),
        Err(Refusal { status, code, text }) => refusal(host, status, code, &text),
    }
}

/// What an endpoint of this kind says with a status when nothing else is said.
pub(crate) fn usual(host: Host, status: StatusCode) -> Answer {
    let text = match status {
        StatusCode::GONE => "The identity service is being upgraded. Try again within 70 seconds.",
        StatusCode::NOT_FOUND => "The identity service is being updated.",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests.",
        _ => "Failed to retrieve token from the Active directory.",
    };
    let code = if status == StatusCode::TOO_MANY_REQUESTS { "too_many_requests" } else { "unknown" };
    refusal(host, status, code, text)
}

fn refusal(host: Host, status: StatusCode, code: &str, text: &str) -> Answer {
    match host {
        Host::AppService => Answer::json(status, &json!({"statusCode": status.as_u16(), "message": text})),
        Host::ServiceFabric => {
            let code = match code {
                "no_secret" => "SecretHeaderNotFound",
                "no_identity" => "ManagedIdentityNotFound",
                _ => "ArgumentNullOrEmpty",
            };
            Answer::json(
                status,
                &json!({"error": {"correlationId": guid(hash_text(9, text)), "code": code, "message": text}}),
            )
        }
        Host::MachineLearning => {
            Answer::whole(status, "text/plain; charset=utf-8", Bytes::from(text.to_owned()))
        }
        Host::CloudShell => Answer::json(status, &json!({"error": {"code": code, "message": text}})),
        Host::Imds | Host::Arc => {
            let code = if matches!(code, "no_secret" | "no_identity") { "invalid_request" } else { code };
            Answer::json(status, &json!({"error": code, "error_description": text}))
        }
    }
}

fn refuse(code: &'static str, text: impl Into<String>) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code, text: text.into() }
}

impl Asked<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        if self.host == Host::CloudShell {
            return self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        }
        self.call.param(name)
    }

    /// The token, or why there is none.
    fn token(&self) -> Result<Value, Refusal> {
        self.check_headers()?;
        let versions = self.host.versions();
        match self.get("api-version") {
            _ if versions.is_empty() => {}
            Some(version) if versions.contains(&version) => {}
            version => {
                let text =
                    format!("api-version: {:?} is not one of {versions:?}.", version.unwrap_or_default());
                return Err(refuse("invalid_request", text));
            }
        }
        let resource = self.get("resource").filter(|resource| !resource.is_empty());
        let resource =
            resource.ok_or_else(|| refuse("invalid_request", "The parameter 'resource' is missing."))?;
        check_resource(self.tenant, resource).map_err(|_| {
            let text =
                format!("AADSTS500011: The resource principal named {resource} was not found in the tenant.");
            refuse("invalid_resource", text)
        })?;
        let identity = self.identity()?;
        Ok(self.issue(resource, identity))
    }

    fn check_headers(&self) -> Result<(), Refusal> {
        let header = |name: &HeaderName| self.call.header(name);
        let shell = self.host == Host::CloudShell;
        if self.call.method != if shell { Method::POST } else { Method::GET } {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Err(Refusal {
                status,
                code: "invalid_request",
                text: "The method is not allowed.".into(),
            });
        }
        if self.host == Host::Imds && self.call.headers.contains_key(&FORWARDED) {
            return Err(refuse("invalid_request", "Requests with an X-Forwarded-For header are not taken."));
        }
        let needs_metadata = matches!(self.host, Host::Imds | Host::Arc | Host::CloudShell);
        // In lower case exactly.
        if needs_metadata && header(&METADATA) != Some("true") {
            return Err(refuse("bad_request_102", "Required metadata header not specified."));
        }
        let old = self.get("api-version") == Some("2017-09-01");
        let shown = match self.host {
            Host::AppService if !old => header(&IDENTITY_HEADER),
            Host::AppService | Host::MachineLearning | Host::ServiceFabric => header(&SECRET),
            Host::Imds | Host::Arc | Host::CloudShell => return Ok(()),
        };
        if shown == Some(self.tenant.identity.machine_secret.as_str()) {
            return Ok(());
        }
        let status = StatusCode::UNAUTHORIZED;
        Err(Refusal { status, code: "no_secret", text: "The secret header is missing or wrong.".into() })
    }

    /// The identity that is asked for; the system's own is `None`.
    fn identity(&self) -> Result<Option<&Assigned>, Refusal> {
        let managed = &self.tenant.identity.managed;
        let parameters = self.host.parameters();
        // The service passes over a name that is another host's, and gives the token of another identity.
        let other = NAMES.iter().find(|name| self.get(name).is_some() && !parameters.concat().contains(name));
        if let Some(other) = other {
            return Err(refuse("invalid_request", format!("The parameter '{other}' is not known here.")));
        }
        let [client, object, resource] = parameters;
        let named = |names: &[&str]| names.iter().find_map(|name| self.get(name));
        let (client, object, resource) = (named(client), named(object), named(resource));
        if [client, object, resource].into_iter().flatten().count() > 1 {
            return Err(refuse(
                "invalid_request",
                "Only one of the parameters that name an identity may be given.",
            ));
        }
        if client.or(object).or(resource).is_none() {
            return match managed.user.as_slice() {
                _ if managed.system => Ok(None),
                // As on a machine that has only the one.
                [only] if self.host == Host::Imds => Ok(Some(only)),
                _ => Err(refuse("no_identity", "Identity not found")),
            };
        }
        let is =
            |asked: Option<&str>, known: &str| asked.is_some_and(|asked| asked.eq_ignore_ascii_case(known));
        let found = managed.user.iter().find(|identity| {
            is(client, &identity.client_id)
                || is(object, &identity.object_id)
                || is(resource, &identity.resource_id)
        });
        found.map(Some).ok_or_else(|| refuse("no_identity", "Identity not found"))
    }

    fn issue(&self, resource: &str, identity: Option<&Assigned>) -> Value {
        let Self { tenant, host, .. } = *self;
        let now = tenant.clock.now();
        let made = |part: &str| guid(hash_text(tenant.config.seed, part));
        let client = identity.map_or_else(|| made("system client"), |identity| identity.client_id.clone());
        let object = identity.map_or_else(|| made("system object"), |identity| identity.object_id.clone());
        let lifetime = tenant.identity.managed.lifetime;
        let capable = matches!(host, Host::AppService | Host::ServiceFabric)
            && self.get("xms_cc").is_some_and(|values| values.split(',').any(|value| value == "cp1"));
        let mut wish = Wish {
            resource: resource.to_owned(),
            tenant: tenant.id.clone(),
            app: client.clone(),
            roles: tenant.state().roles.clone(),
            lifetime,
            object: Some(object),
            strength: 2,
            capable,
            machine: identity.map(|identity| identity.resource_id.clone()),
            ..Wish::default()
        };
        if host == Host::CloudShell {
            // It is the person at the shell who gets a token here.
            (wish.user, wish.object) =
                (tenant.identity.book().user(None, |personal| !personal).cloned(), None);
        }
        let token = tenant.tokens.issue(&wish, &tenant.urls, tenant.config.seed, now);
        let expires_on = now / SECOND + lifetime;
        let mut body = json!({
            "access_token": token,
            "token_type": "Bearer",
            "resource": resource,
            "expires_on": expires_on.to_string(),
        });
        match host {
            Host::Imds | Host::Arc | Host::CloudShell => {
                body["refresh_token"] = json!("");
                body["expires_in"] = json!(lifetime.to_string());
                body["not_before"] = json!((now / SECOND - 300).to_string());
                body["client_id"] = json!(client);
            }
            Host::AppService => {
                body["client_id"] = json!(client);
                if !tenant.identity.managed.app_service_expires_on_only {
                    body["expires_in"] = json!(lifetime.to_string());
                }
            }
            Host::ServiceFabric => body["expires_on"] = json!(expires_on),
            Host::MachineLearning => {}
        }
        if self.get("api-version") == Some("2017-09-01") && host == Host::AppService {
            body["expires_on"] = json!(formatted(expires_on * SECOND));
        }
        body
    }
}

/// A time as the oldest endpoint writes it: `11/20/2026 10:09:48 AM +00:00`.
fn formatted(instant: i64) -> String {
    let at = crate::clock::civil(instant);
    let (hour, half) = (at.hour % 12, if at.hour < 12 { "AM" } else { "PM" });
    format!(
        "{}/{}/{:04} {}:{:02}:{:02} {half} +00:00",
        at.month,
        at.day,
        at.year,
        if hour == 0 { 12 } else { hour },
        at.minute,
        at.second
    )
}
