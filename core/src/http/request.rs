//! A request as the API modules describe it, before anything is known about tokens or pace.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use super::Retry;
use super::check::{Judge, by_status};
use crate::cloud::Service;

/// One request, and what the corridor must know to send it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The service whose token it carries; none for requests that carry no token.
    pub(crate) bearer: Option<Service>,
    /// Which limit it counts against.
    pub(crate) limit: Limit,
    /// Whether sending it twice is the same as sending it once.
    pub(crate) repeatable: bool,
    /// What its API makes of a refusal.
    pub(crate) judge: Judge,
    /// A status that is an answer here and no refusal.
    pub(crate) expected: Option<StatusCode>,
    /// Bounds of its own, for requests that are not as patient as the client's.
    pub(crate) patience: Option<&'static Patience>,
    /// The way that it takes to its host.
    pub(crate) route: Route,
}

/// How long a request may take that does not follow the client's options.
#[derive(Debug)]
pub(crate) struct Patience {
    pub(crate) retry: Retry,
    /// How long one attempt may take, from the connection to the last byte.
    pub(crate) timeout: Duration,
}

/// How a host is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// As the client's options say.
    #[default]
    Usual,
    /// Never by a proxy, and in plain http to an address of this machine or its link: managed identities.
    Local,
    /// Never by a proxy, to a host whose certificate has this SHA-1 thumbprint: Service Fabric.
    Pinned([u8; 20]),
}

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Body {
    /// Nothing, and no header about it.
    None,
    /// Bytes, possibly none; `Content-Length` is always sent.
    Bytes(Bytes),
}

impl fmt::Debug for Body {
    // Bodies carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::None => f.write_str("None"),
            Body::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

/// The limits that requests count against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Not counted: token endpoints and the like.
    Free,
    /// The limit of the tenant and publisher.
    Tenant,
    /// What Microsoft Graph grants an application in a tenant for service announcements.
    ServiceAnnouncements,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let repeatable = method.is_idempotent();
        // Some servers answer 411 to a POST that does not say how long it is.
        let body = if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            Body::Bytes(Bytes::new())
        } else {
            Body::None
        };
        Request {
            method,
            url,
            headers,
            body,
            bearer: None,
            limit: Limit::Free,
            repeatable,
            judge: by_status,
            expected: None,
            patience: None,
            route: Route::Usual,
        }
    }

    pub(crate) fn bearer(mut self, service: Service) -> Self {
        self.bearer = Some(service);
        self
    }

    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Says that sending it twice does no harm although its method does not promise that.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Takes this status for an answer.
    pub(crate) fn expecting(mut self, status: StatusCode) -> Self {
        self.expected = Some(status);
        self
    }

    /// Gives it bounds of its own.
    pub(crate) fn patience(mut self, patience: &'static Patience) -> Self {
        self.patience = Some(patience);
        self
    }

    pub(crate) fn route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    pub(crate) fn judge(mut self, judge: Judge) -> Self {
        self.judge = judge;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Body::Bytes(bytes.into());
        self
    }
}
