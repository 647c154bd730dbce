//! How the authority refuses, and whom (identity, 6).

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::{HeaderName, WWW_AUTHENTICATE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::known;
use crate::answer::Answer;
use crate::call::Call;
use crate::clock;
use crate::feed::request_id;
use crate::random::{guid, hash_text, is_guid, salt};
use crate::tenant::Tenant;

/// What the authority thinks of the registered client (identity, 5.1 and 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// It gets its tokens.
    #[default]
    Ok,
    /// Its secret has expired: AADSTS7000222.
    Expired,
    /// The secret it shows is not its own: AADSTS7000215.
    WrongSecret,
    /// There is no such application in the directory: AADSTS700016.
    UnknownApp,
    /// The application was disabled: AADSTS7000112.
    DisabledApp,
    /// There is no such directory: AADSTS90002.
    UnknownTenant,
    /// The directory is in another national cloud: AADSTS90038.
    OtherCloud,
    /// The API is not known in the directory: AADSTS500011.
    UnknownResource,
    /// The authority is busy: 503 with `temporarily_unavailable`, AADSTS90033.
    Unavailable,
    /// Tokens are given out, and are those of another directory: AF20010 from the API.
    OtherTenant,
}

/// A refusal of the authority.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) error: Cow<'static, str>,
    pub(crate) number: u32,
    pub(crate) text: String,
    pub(crate) suberror: Option<String>,
    /// Claims that another request would have to ask for.
    pub(crate) claims: Option<Box<Value>>,
}

pub(super) fn refused(error: &'static str, number: u32, text: impl Into<String>) -> Refused {
    Refused {
        status: status_of(error),
        error: Cow::Borrowed(error),
        number,
        text: text.into(),
        suberror: None,
        claims: None,
    }
}

/// The refusal that the catalogue has under a number.
pub(crate) fn numbered(number: u32) -> Refused {
    let (error, text) =
        known(number).map_or(("invalid_request", "Something is wrong."), |known| (known.error, known.text));
    refused(error, number, text)
}

/// A parameter that has to be there and is not.
pub(super) fn missing(name: &str) -> Refused {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    refused("invalid_request", 900_144, text)
}

/// The status that an error comes with.
pub(crate) fn status_of(error: &str) -> StatusCode {
    match error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        "too_many_requests" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Refuses a client that tests want refused.
pub(super) fn check_standing(
    tenant: &Tenant,
    standing: CredentialState,
    directory: &str,
) -> Result<(), Refused> {
    let client = tenant.config.client_id.as_deref().unwrap_or_default();
    let (error, number, text) = match standing {
        CredentialState::Ok | CredentialState::OtherTenant => return Ok(()),
        CredentialState::Expired => (
            "invalid_client",
            7_000_222,
            format!("The provided client secret keys for app '{client}' are expired."),
        ),
        CredentialState::WrongSecret => return Err(wrong_secret(client)),
        CredentialState::UnknownApp => return Err(unknown_app(client, directory)),
        CredentialState::DisabledApp => {
            ("unauthorized_client", 7_000_112, format!("Application '{client}' is disabled."))
        }
        CredentialState::UnknownTenant => return Err(unknown_tenant(directory)),
        CredentialState::OtherCloud => (
            "invalid_request",
            90_038,
            format!(
                "Tenant '{directory}' request is being redirected to the National Cloud 'MicrosoftOnline.us'."
            ),
        ),
        CredentialState::UnknownResource => return Err(unknown_resource(&tenant.urls.main, tenant)),
        CredentialState::Unavailable => (
            "temporarily_unavailable",
            90_033,
            "A transient error has occurred. Please try again.".to_owned(),
        ),
    };
    Err(refused(error, number, text))
}

pub(super) fn unknown_app(client: &str, directory: &str) -> Refused {
    let text =
        format!("Application with identifier '{client}' was not found in the directory '{directory}'.");
    refused("unauthorized_client", 700_016, text)
}

pub(super) fn wrong_secret(client: &str) -> Refused {
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
         the client secret ID, for a secret added to app '{client}'."
    );
    refused("invalid_client", 7_000_215, text)
}

pub(super) fn unknown_tenant(directory: &str) -> Refused {
    let text = format!(
        "Tenant '{directory}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud."
    );
    refused("invalid_request", 90_002, text)
}

pub(super) fn unknown_resource(resource: &str, tenant: &Tenant) -> Refused {
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named {}.",
        tenant.config.domain
    );
    refused("invalid_resource", 500_011, text)
}

impl Refused {
    /// Says more than the catalogue does.
    pub(super) fn because(mut self, text: impl AsRef<str>) -> Self {
        self.text = format!("{} {}", self.text, text.as_ref());
        self
    }

    /// Adds what clients may act on.
    pub(super) fn sub(mut self, suberror: &str) -> Self {
        self.suberror = Some(suberror.to_owned());
        self
    }

    pub(crate) fn answer(&self, tenant: &Tenant, call: &Call) -> Answer {
        const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
        const MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
        let correlation = call.header(&CLIENT_REQUEST_ID).filter(|id| is_guid(id)).unwrap_or_default();
        let body = self.body(tenant, &tenant.urls.main, correlation);
        // The service calls the request and its trace by the same id.
        let answer = Answer::json(self.status, &body)
            .with(MS_REQUEST_ID, body["trace_id"].as_str().unwrap_or_default());
        if self.status == StatusCode::UNAUTHORIZED {
            return answer
                .with(WWW_AUTHENTICATE, &format!("Bearer authorization_uri=\"{}\"", tenant.urls.main));
        }
        answer
    }

    pub(crate) fn body(&self, tenant: &Tenant, authority: &str, correlation: &str) -> Value {
        let trace = request_id(tenant.config.seed ^ salt("trace"), tenant.next_request());
        let correlation =
            if correlation.is_empty() { guid(hash_text(3, &trace)) } else { correlation.to_owned() };
        let timestamp = clock::seconds(tenant.clock.now()).replace('T', " ") + "Z";
        let number = self.number;
        let gap = if tenant.identity.book().behaviour.error_lines { "\r\n" } else { " " };
        let mut body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{number}: {}{gap}Trace ID: {trace}{gap}Correlation ID: {correlation}{gap}Timestamp: {timestamp}",
                self.text
            ),
            "error_codes": [number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{authority}/error?code={number}"),
        });
        if let Some(suberror) = &self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = &self.claims {
            // Text with JSON in it, as the service has it.
            body["claims"] = json!(claims.to_string());
        }
        body
    }
}
