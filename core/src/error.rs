//! One error for everything that can go wrong, with what a caller needs to decide what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident => $name:literal,)+) => {
        /// What went wrong, in the same words in every language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$variant,)+];

            /// The stable name: that of the exception class in the other languages.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorKind::$variant => $name,)+ }
            }

            /// One sentence on when it is raised.
            pub fn doc(self) -> &'static str {
                match self { $(ErrorKind::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

error_kinds! {
    /// No token could be had, or the service refused the one that was sent.
    Auth => "AuthError",
    /// The token is good but lacks a permission, or an administrator has switched the thing off.
    PermissionDenied => "PermissionDenied",
    /// The thing asked for does not exist.
    NotFound => "NotFound",
    /// The service refused because of its rate limits, and went on doing so until the deadline.
    Throttled => "Throttled",
    /// The request cannot be right: refused before it was sent, or by the service.
    InvalidRequest => "InvalidRequest",
    /// The request clashes with the present state of the thing.
    Conflict => "Conflict",
    /// The thing existed and is no longer kept, such as content older than seven days.
    Gone => "Gone",
    /// The service failed, or answered something that nobody could make sense of.
    Service => "ServiceError",
    /// The connection failed: name not found, refused, reset, cut, or not trusted.
    Network => "NetworkError",
    /// Nothing arrived for too long, or the deadline of the call has passed.
    Timeout => "Timeout",
    /// An answer arrived whole but has not the shape that it should have.
    Decode => "DecodeError",
    /// A file of this machine, such as the state of a follower, could not be read or written.
    Storage => "StorageError",
    /// The operation does not exist on the wire that the client speaks.
    UnsupportedOnWire => "UnsupportedOnWire",
    /// The client was closed while the call was under way.
    Cancelled => "Cancelled",
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the corridor may do about a failure; see `http::retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Repeat {
    /// The same request would fail the same way.
    #[default]
    Never,
    /// Trouble on the way or in the service: again, after a back-off, if the request may be repeated.
    Fault,
    /// No connection came about, so nothing was sent: again, after a back-off, whatever the request is.
    Unsent,
    /// The service did not take the request: again, when the pace allows.
    Throttled,
    /// The token was refused: again once, with a new one.
    WithNewToken,
}

/// An error of this library: its kind, and everything that was learned about it.
///
/// Cheap to clone. Neither `Display` nor `Debug` ever contains a secret or a token.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    repeat: Repeat,
    retry_after: Option<Duration>,
    hint: Option<String>,
    place: Place,
    sign_in: SignInRefusal,
    errors: Vec<Error>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Where in a feed an error arose; each part is absent where it does not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The content type that was being read.
    pub content_type: Option<String>,
    /// The content (blob) that was being read.
    pub content_id: Option<String>,
    /// The position of the record within its content, counted from zero.
    pub index: Option<usize>,
    /// The beginning of the span that was being listed.
    pub start: Option<Timestamp>,
    /// The end of the span that was being listed.
    pub end: Option<Timestamp>,
}

/// What the sign-in service said when it refused a token; each part is absent where it said nothing of it.
///
/// Source: "Microsoft identity platform and OAuth 2.0 authorization code flow", error response; "Claims
/// challenges".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInRefusal {
    /// The OAuth error, such as `invalid_grant`.
    pub error: Option<String>,
    /// What narrows it down, such as `bad_token` or `consent_required`.
    pub suberror: Option<String>,
    /// Whether a person has to sign in, or consent, before there can be a token.
    pub interaction_required: bool,
    /// The claims that a new token has to satisfy, as JSON text: for the sign-in that comes next.
    pub claims: Option<String>,
    /// The id of the refusal in the service's own logs.
    pub trace_id: Option<String>,
    /// The id of the sign-in that it belongs to, for the service's support.
    pub correlation_id: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Arc::new(Inner {
            kind,
            message: message.into(),
            status: None,
            code: None,
            request_id: None,
            repeat: Repeat::Never,
            retry_after: None,
            hint: None,
            place: Place::default(),
            sign_in: SignInRefusal::default(),
            errors: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    pub(crate) fn decode(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, message).with_repeat(Repeat::Fault)
    }

    fn edit(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn with_message(self, message: impl Into<String>) -> Self {
        self.edit(|e| e.message = message.into())
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.edit(|e| e.status = Some(status))
    }

    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        self.edit(|e| e.code = code)
    }

    pub(crate) fn with_request_id(self, id: Option<String>) -> Self {
        self.edit(|e| e.request_id = id)
    }

    pub(crate) fn with_repeat(self, repeat: Repeat) -> Self {
        self.edit(|e| e.repeat = repeat)
    }

    pub(crate) fn with_retry_after(self, wait: Option<Duration>) -> Self {
        self.edit(|e| e.retry_after = wait)
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        self.edit(|e| e.hint = Some(hint.into()))
    }

    pub(crate) fn with_hint_if_none(self, hint: impl Into<String>) -> Self {
        if self.0.hint.is_some() { self } else { self.with_hint(hint) }
    }

    pub(crate) fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.edit(|e| e.source = Some(Arc::from(source.into())))
    }

    pub(crate) fn with_errors(self, errors: Vec<Error>) -> Self {
        self.edit(|e| e.errors = errors)
    }

    pub(crate) fn at(self, place: impl FnOnce(&mut Place)) -> Self {
        self.edit(|e| place(&mut e.place))
    }

    pub(crate) fn with_sign_in(self, refusal: impl FnOnce(&mut SignInRefusal)) -> Self {
        self.edit(|e| refusal(&mut e.sign_in))
    }

    pub(crate) fn repeat(&self) -> Repeat {
        self.0.repeat
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong, in words; the service's own where it gave any.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own code, such as `AF20022` or `AADSTS7000215`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The id under which the service's support finds the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.repeat, Repeat::Fault | Repeat::Unsent | Repeat::Throttled)
    }

    /// How long the service asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What to do about it, where the cause is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where in a feed it arose.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// What the sign-in service said; all of it absent from errors that are not about a token.
    pub fn sign_in(&self) -> &SignInRefusal {
        &self.0.sign_in
    }

    /// The single failures of which this error is the summary; empty for all others.
    pub fn errors(&self) -> &[Error] {
        &self.0.errors
    }

    /// The error as JSON: the form in which it crosses into the other languages.
    pub fn to_json(&self) -> Vec<u8> {
        self.to_value().to_string().into_bytes()
    }

    pub(crate) fn to_value(&self) -> Value {
        let e = &*self.0;
        let mut out = Map::new();
        out.insert("kind".into(), json!(e.kind.as_str()));
        out.insert("message".into(), json!(e.message));
        out.insert("retryable".into(), json!(self.is_retryable()));
        out.insert("causes".into(), json!(self.causes()));
        let mut some = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.into(), value);
            }
        };
        some("status", e.status.map(Value::from));
        some("code", e.code.as_deref().map(Value::from));
        some("requestId", e.request_id.as_deref().map(Value::from));
        some("retryAfter", e.retry_after.map(|wait| json!(wait.as_secs_f64())));
        some("hint", e.hint.as_deref().map(Value::from));
        some("oauthError", e.sign_in.error.as_deref().map(Value::from));
        some("suberror", e.sign_in.suberror.as_deref().map(Value::from));
        some("interactionRequired", e.sign_in.interaction_required.then_some(Value::Bool(true)));
        some("claims", e.sign_in.claims.as_deref().map(Value::from));
        some("traceId", e.sign_in.trace_id.as_deref().map(Value::from));
        some("correlationId", e.sign_in.correlation_id.as_deref().map(Value::from));
        some("contentType", e.place.content_type.as_deref().map(Value::from));
        some("contentId", e.place.content_id.as_deref().map(Value::from));
        some("index", e.place.index.map(Value::from));
        some("start", e.place.start.map(|t| json!(t.to_string())));
        some("end", e.place.end.map(|t| json!(t.to_string())));
        if !e.errors.is_empty() {
            some("errors", Some(e.errors.iter().map(Error::to_value).collect()));
        }
        Value::Object(out)
    }

    fn causes(&self) -> Vec<String> {
        std::iter::successors(StdError::source(self), |cause| (*cause).source())
            .map(ToString::to_string)
            .collect()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        write!(f, "{}: {}", e.kind, e.message)?;
        match (e.status, &e.code) {
            (Some(status), Some(code)) => write!(f, " (HTTP {status}, {code})")?,
            (Some(status), None) => write!(f, " (HTTP {status})")?,
            (None, Some(code)) => write!(f, " ({code})")?,
            (None, None) => {}
        }
        if let Some(hint) = &e.hint {
            write!(f, ". {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")?;
        for cause in self.causes() {
            write!(f, " <- {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_carries_what_is_known_and_leaves_out_the_rest() {
        let error = Error::new(ErrorKind::Throttled, "Too many requests")
            .with_status(403)
            .with_code(Some("AF429".into()))
            .with_repeat(Repeat::Throttled)
            .with_source(std::io::Error::other("reset"));
        let value: Value = serde_json::from_slice(&error.to_json()).unwrap();
        assert_eq!(
            value,
            json!({"kind": "Throttled", "message": "Too many requests", "status": 403, "code": "AF429",
                   "retryable": true, "causes": ["reset"]})
        );
    }

    #[test]
    fn every_kind_has_a_name_and_a_sentence() {
        for kind in ErrorKind::ALL {
            assert!(kind.doc().ends_with('.'), "{kind}");
        }
    }
}
