//! `client.request(...)`: any call to any of the services, for what has no operation yet.

use std::collections::BTreeMap;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::Client;
use crate::audit;
use crate::cloud::Service;
use crate::dispatch::{Call, IntoReply, Operation, Reply};
use crate::error::{Error, Result};
use crate::http::{Limit, Request, by_status};

/// Sends any request to Microsoft Graph or another service, through the same authorization, pacing,
/// retries and errors as every operation, and gives back JSON or bytes.
///
/// Only what HTTP calls idempotent is repeated after a fault: a `POST` or `PATCH` is not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// The HTTP method, such as `GET`.
    pub method: String,
    /// The path at the service, such as `/v1.0/users`, or a whole URL on its host.
    pub path: String,
    /// The service whose host and token are used. Default: `graph`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Parameters to add to the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<BTreeMap<String, String>>,
    /// Headers to add; `Authorization` is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// A body to send as JSON. Bytes are sent instead where the caller passes some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
}

/// What a service answered: JSON where it said so, bytes otherwise.
#[derive(Debug, Clone)]
pub enum AnswerBody {
    /// JSON, byte for byte as it came.
    Json(Box<RawValue>),
    /// Anything else; empty where there was no body.
    Bytes(Bytes),
}

impl SendRequest {
    /// A request to Microsoft Graph.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        SendRequest {
            method: method.into(),
            path: path.into(),
            service: None,
            query: None,
            headers: None,
            json: None,
        }
    }
}

impl Client {
    /// Sends any request, with a body of bytes if one is given.
    pub async fn request(&self, request: SendRequest, body: Option<Bytes>) -> Result<AnswerBody> {
        request.send(self.clone(), body).await
    }
}

impl Operation for SendRequest {
    const NAME: &'static str = "request";
}

impl Call for SendRequest {
    type Output = AnswerBody;
    const TAKES_PAYLOAD: bool = true;

    async fn send(self, client: Client, payload: Option<Bytes>) -> Result<AnswerBody> {
        let corridor = client.corridor();
        let service = self.service.clone().unwrap_or(Service::Graph);
        let method = Method::from_bytes(self.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| Error::invalid(format!("{:?} is not an HTTP method", self.method)))?;
        let url = address(corridor.hosts.service(&service)?, &self.path, self.query.as_ref())?;
        let judge = if service == Service::Management { audit::judge } else { by_status };
        let mut request = Request::new(method, url).bearer(service).limit(Limit::Tenant).judge(judge);
        match (payload, &self.json) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid("a request has one body: pass json or bytes, not both"));
            }
            (Some(bytes), None) => request = request.body("application/octet-stream", bytes),
            (None, Some(json)) => request = request.body("application/json", json.to_string()),
            (None, None) => {}
        }
        for (name, value) in self.headers.iter().flatten() {
            let (name, value) = header(name, value)?;
            request.headers.insert(name, value);
        }
        corridor
            .exchange(&request, |answer| {
                let declared =
                    answer.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
                if answer.body.is_empty() || !declared.to_ascii_lowercase().contains("json") {
                    return Ok(AnswerBody::Bytes(answer.body.clone()));
                }
                serde_json::from_slice(&answer.body)
                    .map(AnswerBody::Json)
                    .map_err(|e| Error::decode("the answer says that it is JSON and is not").with_source(e))
            })
            .await
    }
}

/// The address of a path at a service, or of what was written out as a whole.
pub(crate) fn address(base: &Url, path: &str, query: Option<&BTreeMap<String, String>>) -> Result<Url> {
    let wrong = |why: &str| Error::invalid(format!("path {path:?} {why}"));
    if path.starts_with("//") || !(path.starts_with('/') || path.contains("://")) {
        return Err(wrong("must begin with / or be a whole URL"));
    }
    let mut url = base.join(path).map_err(|e| wrong("is no address").with_source(e))?;
    if let Some(query) = query {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// A header that a caller may add.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid(format!("{name:?} is not the name of a header")))?;
    if parsed == reqwest::header::AUTHORIZATION {
        return Err(Error::invalid(
            "the Authorization header is the client's own: give it a credential instead",
        ));
    }
    let value = HeaderValue::from_str(value).map_err(|_| {
        Error::invalid(format!("the value of header {name} holds characters that no header may hold"))
    })?;
    Ok((parsed, value))
}

impl IntoReply for AnswerBody {
    fn into_reply(self) -> Result<Reply> {
        Ok(match self {
            AnswerBody::Json(json) => {
                Reply { json: Box::<str>::from(json).into_string().into(), payload: Bytes::new() }
            }
            AnswerBody::Bytes(payload) => Reply { json: Bytes::from_static(b"null"), payload },
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for AnswerBody {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"x-m365-body": true})
    }
}
