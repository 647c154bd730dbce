//! Last step: what an answer means, by the API's own code first and by its status second.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::{Answer, Request, challenge};
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::masked::masked;

/// The longest `Retry-After` that is obeyed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);
/// How much of an answer that nobody understands is kept in the error.
const KEPT_TEXT: usize = 2048;

/// How an API turns a refusal into an error.
pub(crate) type Judge = fn(&Refusal) -> Error;

/// An answer that is not a success, taken apart as far as it goes.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The service's code, as it stands in the body.
    pub(crate) code: Option<String>,
    /// The service's message, as it stands in the body.
    pub(crate) message: Option<String>,
    /// The body, if it is JSON.
    pub(crate) json: Option<Value>,
    /// The body as text, at most 2 KB of it.
    pub(crate) text: String,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The claims that a token has to satisfy before it is taken again, as JSON text.
    pub(crate) claims: Option<String>,
}

/// Lets a success through and makes an error of anything else.
pub(super) fn check(request: &Request, mut answer: Answer) -> Result<Answer> {
    if let Some(rest) = answer.body.strip_prefix(b"\xef\xbb\xbf") {
        answer.body = answer.body.slice_ref(rest);
    }
    if answer.status.is_success() || request.expected == Some(answer.status) {
        return Ok(answer);
    }
    let refusal = Refusal::new(answer.status, &answer.headers, &answer.body);
    let error = (request.judge)(&refusal);
    Err(match refusal.claims {
        // Whatever the API makes of it: the service says that a token with these claims will do.
        Some(claims) if request.bearer.is_some() => {
            error.with_sign_in(|refused| refused.claims = Some(claims)).with_repeat(Repeat::WithNewToken)
        }
        _ => error,
    })
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Self {
        let text = masked(&String::from_utf8_lossy(&body[..body.len().min(KEPT_TEXT)])).into_owned();
        let json = serde_json::from_slice(body).ok();
        let (code, message) = json.as_ref().map(from_json).unwrap_or_default();
        // Some services quote what they refuse.
        let message = message.map(|message| masked(&message).into_owned());
        Refusal {
            status,
            code,
            message,
            json,
            text,
            request_id: request_id(headers),
            retry_after: headers.get(RETRY_AFTER).and_then(|v| retry_after(v.to_str().ok()?, headers)),
            claims: (status == StatusCode::UNAUTHORIZED).then(|| challenge::claims(headers)).flatten(),
        }
    }

    /// The error for this refusal, with all that the answer said.
    pub(crate) fn error(&self, kind: ErrorKind, repeat: Repeat) -> Error {
        let message = match (&self.message, self.text.trim()) {
            (Some(message), _) => message.clone(),
            (None, "") => format!("the service answered {} and nothing else", self.status),
            (None, text) => text.to_owned(),
        };
        Error::new(kind, message)
            .with_status(self.status.as_u16())
            .with_code(self.code.clone())
            .with_request_id(self.request_id.clone())
            .with_retry_after(self.retry_after)
            .with_repeat(repeat)
    }
}

/// What a status means where the API has no codes of its own.
pub(crate) fn by_status(refusal: &Refusal) -> Error {
    let (kind, repeat) = match refusal.status.as_u16() {
        401 => (ErrorKind::Auth, Repeat::WithNewToken),
        403 => (ErrorKind::PermissionDenied, Repeat::Never),
        404 => (ErrorKind::NotFound, Repeat::Never),
        408 => (ErrorKind::Timeout, Repeat::Fault),
        409 | 412 => (ErrorKind::Conflict, Repeat::Never),
        410 => (ErrorKind::Gone, Repeat::Never),
        429 => (ErrorKind::Throttled, Repeat::Throttled),
        500 | 502 | 503 | 504 => (ErrorKind::Service, Repeat::Fault),
        300..=399 | 500.. => (ErrorKind::Service, Repeat::Never),
        _ => (ErrorKind::InvalidRequest, Repeat::Never),
    };
    let error = refusal.error(kind, repeat);
    if refusal.status.is_redirection() {
        return error
            .with_hint("Redirects are not followed, because a token would go with them; check the host");
    }
    error
}

/// Code and message of the shapes in use: OData, OAuth, the gateway's, and free ones.
fn from_json(json: &Value) -> (Option<String>, Option<String>) {
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    match json.get("error").or_else(|| json.get("odata.error")) {
        Some(Value::String(code)) => (Some(code.clone()), text(json.get("error_description"))),
        Some(error @ Value::Object(_)) => {
            let message = error.get("message");
            (text(error.get("code")), text(message).or_else(|| text(message?.get("value"))))
        }
        _ => {
            let either = |a: &str, b: &str| text(json.get(a)).or_else(|| text(json.get(b)));
            (either("code", "Code"), either("message", "Message"))
        }
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    ["request-id", "x-ms-request-id", "x-activity-id", "client-request-id", "x-ms-correlation-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
}

/// Seconds, fractions of seconds, or a date.
fn retry_after(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let seconds = if let Ok(seconds) = text.trim().parse::<f64>() {
        seconds
    } else {
        let now = service_time(headers).unwrap_or_else(Timestamp::now);
        http_date(text)?.duration_since(now).as_secs_f64()
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok().map(|wait| wait.min(LONGEST_RETRY_AFTER))
}

/// The service's own clock at the time of the answer, to the second.
pub(crate) fn service_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn refusal(status: u16, body: &str) -> Refusal {
        Refusal::new(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &Bytes::from(body.to_owned()))
    }

    #[test]
    fn every_shape_of_error_body_gives_its_code_and_message() {
        for (body, code, message) in [
            (
                r#"{"error":{"code":"AF20022","message":"No subscription"}}"#,
                Some("AF20022"),
                Some("No subscription"),
            ),
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: x"}"#,
                Some("invalid_client"),
                Some("AADSTS7000215: x"),
            ),
            (r#"{"Message":"Authorization has been denied"}"#, None, Some("Authorization has been denied")),
            (r#"{"odata.error":{"code":"x","message":{"lang":"en","value":"y"}}}"#, Some("x"), Some("y")),
            ("<html>gateway</html>", None, None),
            ("", None, None),
            ("[1,2]", None, None),
        ] {
            let refusal = refusal(400, body);
            assert_eq!((refusal.code.as_deref(), refusal.message.as_deref()), (code, message), "{body}");
        }
    }

    #[test]
    fn retry_after_is_read_in_each_of_its_forms() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static("Fri, 20 Nov 2026 10:00:00 GMT"));
        for (text, seconds) in [
            ("5", Some(5.0)),
            ("299.997", Some(299.997)),
            ("Fri, 20 Nov 2026 10:00:07 GMT", Some(7.0)),
            ("Fri, 20 Nov 2026 09:59:00 GMT", Some(0.0)),
            ("86400", Some(900.0)),
            ("-3", Some(0.0)),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, &headers).map(|w| w.as_secs_f64()), seconds, "{text}");
        }
    }

    #[test]
    fn what_nobody_understands_is_kept_in_part() {
        let error = by_status(&refusal(502, &"x".repeat(5000)));
        assert_eq!(error.message().len(), KEPT_TEXT);
        assert!(error.is_retryable());
    }
}
