//! Errors of the service, in the format of the request (discovery-service, 8).

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use serde_json::json;

use super::atom::{METADATA, escape};
use super::format::Format;
use super::place::Base;
use crate::answer::Answer;

/// A refusal.
#[derive(Debug)]
pub(super) struct Error {
    status: StatusCode,
    code: String,
    message: String,
    /// A refusal that says nothing but its status.
    bare: bool,
}

impl Error {
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.into(), message: message.into(), bare: false }
    }

    /// A request that cannot be.
    pub(super) fn bad(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message.as_ref())
    }

    /// No token at all.
    pub(super) fn no_token() -> Self {
        Self { bare: true, ..Self::new(StatusCode::UNAUTHORIZED, "", "") }
    }

    /// The message.
    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn answer(&self, format: Format, base: Base) -> Answer {
        let answer = if self.bare { Answer::empty(self.status) } else { self.said(format, base) };
        if self.status == StatusCode::UNAUTHORIZED {
            return answer.with(WWW_AUTHENTICATE, "Bearer");
        }
        answer
    }

    fn said(&self, format: Format, base: Base) -> Answer {
        let Self { code, message, .. } = self;
        let old = || json!({"code": code, "message": {"lang": "en-US", "value": message}});
        let (content_type, body) = match format {
            Format::Json(_) if base == Base::Preview => {
                ("application/json;charset=utf-8", json!({"odata.error": old()}).to_string())
            }
            Format::Json(_) => (
                "application/json;charset=utf-8",
                json!({"error": {"code": code, "message": message}}).to_string(),
            ),
            Format::Verbose => {
                ("application/json;odata=verbose;charset=utf-8", json!({"error": old()}).to_string())
            }
            Format::Atom => (
                "application/xml;charset=utf-8",
                format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?><m:error xmlns:m=\"{METADATA}\"><m:code>{}</m:code>\
                     <m:message xml:lang=\"en-US\">{}</m:message></m:error>",
                    escape(code),
                    escape(message)
                ),
            ),
        };
        format.answer(self.status, base, content_type, body.into_bytes())
    }
}
