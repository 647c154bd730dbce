//! A request as the API modules describe it, before anything is known about tokens or pace.

use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

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
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Nothing, and no header about it.
    None,
    /// Bytes, possibly none; `Content-Length` is always sent.
    Bytes(Bytes),
}

/// The limits that requests count against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Not counted: token endpoints and the like.
    Free,
    /// The limit of the tenant and publisher.
    Tenant,
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
        Request { method, url, headers, body, bearer: None, limit: Limit::Free, repeatable, judge: by_status }
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
