//! Answers that stand in for those of the service.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName};
use serde_json::Value;

use crate::answer::Answer;
use crate::audit;
use crate::call::{Call, Operation};
use crate::discovery;
use crate::graph;
use crate::identity::{self, Host, Refused};
use crate::service_health;
use crate::tenant::Tenant;
use crate::throttle::{Look, Refusal};

/// An answer that stands in for that of the service.
#[derive(Clone)]
pub(crate) enum Canned {
    Status {
        status: StatusCode,
        body: Option<Value>,
        headers: BTreeMap<String, String>,
    },
    /// An error with a code of the service.
    Code {
        code: String,
        status: StatusCode,
        message: Option<String>,
    },
    /// A refusal of the authority.
    Authority {
        refused: Refused,
        headers: BTreeMap<String, String>,
    },
    Html,
    ObjectBody,
    Empty,
    Throttle(Look),
}

impl Canned {
    /// The answer.
    pub(crate) fn answer(&self, tenant: &Tenant, call: &Call) -> Answer {
        match self {
            Self::Html => {
                let page = "<html><body><h1>Our services aren't available right now</h1></body></html>";
                Answer::whole(StatusCode::OK, "text/html", Bytes::from_static(page.as_bytes()))
            }
            Self::ObjectBody => {
                audit::code(StatusCode::OK, "AF50000", "An internal error occurred. Retry the request.")
            }
            Self::Empty => Answer::whole(StatusCode::OK, "application/json; charset=utf-8", Bytes::new()),
            Self::Code { code, status, message } => {
                let message = message.as_deref().unwrap_or("This is what the sandbox was told to say.");
                if call.operation == Operation::ServiceComms {
                    return service_health::legacy_error(tenant, *status, code, message);
                }
                audit::code(*status, code, message)
            }
            Self::Throttle(look) => Refusal { look: *look, wait: 500 }.answer(
                audit::operation_name(call.operation),
                call.param("PublisherIdentifier"),
                tenant.clock.now(),
            ),
            Self::Authority { refused, headers } => add(identity::refuse(tenant, call, refused), headers),
            Self::Status { status, body, headers } => {
                let mut answer = match body {
                    None if call.operation == Operation::Discovery => discovery::usual(call, *status),
                    None if call.is_graph() && call.operation != Operation::Other => {
                        graph::usual(tenant, *status)
                    }
                    None => usual(*status, call),
                    Some(Value::String(text)) => {
                        let json = text.trim_start().starts_with(['{', '[', '\'', '\u{feff}']);
                        let content_type = if json { "application/json; charset=utf-8" } else { "text/html" };
                        Answer::whole(*status, content_type, Bytes::from(text.clone()))
                    }
                    Some(json) => Answer::json(*status, json),
                };
                if matches!(body, Some(Value::String(text)) if text.is_empty()) {
                    answer.headers.remove(CONTENT_TYPE);
                }
                add(answer, headers)
            }
        }
    }
}

fn add(answer: Answer, headers: &BTreeMap<String, String>) -> Answer {
    headers.iter().fold(answer, |answer, (name, value)| match name.parse::<HeaderName>() {
        Ok(name) => answer.with(name, value),
        Err(_) => answer,
    })
}

/// What the service or its gateway would say with this status.
fn usual(status: StatusCode, call: &Call) -> Answer {
    if let Some(host) = Host::at(&call.path) {
        return identity::usual(host, status);
    }
    match status {
        StatusCode::UNAUTHORIZED => audit::gateway_refusal(),
        StatusCode::INTERNAL_SERVER_ERROR => {
            audit::code(status, "AF50000", "An internal error occurred. Retry the request.")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let operation = audit::operation_name(call.operation);
            audit::code(status, "AF429", &format!("Too many requests. Method={operation}, PublisherId="))
        }
        _ if status.is_server_error() => Answer::html(status),
        _ => Answer::empty(status),
    }
}

/// The status that a code of the service comes with, as far as one was ever seen (management-activity, 7.2).
pub(super) fn status_of(code: &str) -> StatusCode {
    match code {
        "AF10001" => StatusCode::UNAUTHORIZED,
        "AF20010" | "AF20012" => StatusCode::FORBIDDEN,
        "AF20011" | "AF20050" => StatusCode::NOT_FOUND,
        "AF20051" => StatusCode::GONE,
        "AF429" => StatusCode::TOO_MANY_REQUESTS,
        _ if code.starts_with("AF5") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}
