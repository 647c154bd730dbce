//! The way back to a client: which addresses are good, and how an answer travels there.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, LOCATION};

use super::pages;
use super::refusal::{Refused, numbered};
use crate::answer::Answer;
use crate::call::Call;
use crate::config::App;
use crate::tenant::Tenant;

/// What is at a redirect address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A server, which has credentials.
    Server,
    /// A program on somebody's machine.
    Program,
    /// A page in a browser.
    Page,
}

/// How an answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// What a browser sends: the query, and the form of a page.
pub(super) struct Parameters(pub(super) Vec<(String, String)>);

/// The way back.
pub(super) struct Return {
    uri: String,
    mode: Mode,
    state: Option<String>,
}

impl Parameters {
    /// Reads a request.
    pub(super) fn of(call: &Call) -> Self {
        let form = form_urlencoded::parse(&call.body).into_owned();
        Self(call.query.iter().cloned().chain(form).collect())
    }

    /// A parameter that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

impl Return {
    /// The way back to a registered address.
    pub(super) fn new(uri: &str, parameters: &Parameters) -> Result<Self, Refused> {
        let mode = match parameters.get("response_mode") {
            None | Some("query") => Mode::Query,
            Some("fragment") => Mode::Fragment,
            Some("form_post") => Mode::FormPost,
            Some(other) => {
                return Err(numbered(9_002_313).because(format!("'{other}' is no 'response_mode'.")));
            }
        };
        Ok(Self { uri: uri.to_owned(), mode, state: parameters.get("state").map(str::to_owned) })
    }

    /// Sends a browser back with these and the state.
    pub(super) fn send(&self, pairs: &[(&str, String)]) -> Answer {
        let state = self.state.iter().map(|state| ("state", state.clone()));
        let pairs: Vec<_> = pairs.iter().cloned().chain(state).collect();
        if self.mode == Mode::FormPost {
            return pages::post_back(&self.uri, &pairs);
        }
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let mark = match self.mode {
            Mode::Fragment => '#',
            _ if self.uri.contains('?') => '&',
            _ => '?',
        };
        Answer::whole(StatusCode::FOUND, "text/html; charset=utf-8", Bytes::new())
            .with(LOCATION, &format!("{}{mark}{text}", self.uri))
            .with(CACHE_CONTROL, "no-store, no-cache")
    }

    /// Sends a browser back with a refusal.
    pub(super) fn refuse(&self, tenant: &Tenant, refusal: &Refused) -> Answer {
        let body = refusal.body(tenant, &tenant.urls.main, "");
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let mut pairs = vec![("error", text("error")), ("error_description", text("error_description"))];
        pairs.push(("error_uri", text("error_uri")));
        if refusal.suberror.is_some() {
            pairs.push(("error_subcode", text("suberror")));
        }
        self.send(&pairs)
    }
}

/// What is at an address, if it is registered.
pub(super) fn kind_of(app: &App, uri: &str) -> Option<Kind> {
    let any = |known: &[String]| known.iter().any(|known| same(known, uri));
    let uris = &app.redirect_uris;
    // The most exact list first: the same address may be in several.
    if uri.is_empty() {
        None
    } else if any(&uris.web) {
        Some(Kind::Server)
    } else if any(&uris.spa) {
        Some(Kind::Page)
    } else if any(&uris.native) {
        Some(Kind::Program)
    } else {
        None
    }
}

/// Whether an address is the registered one. On loopback the port does not matter, and an empty path is that of a slash.
fn same(known: &str, uri: &str) -> bool {
    if known == uri {
        return true;
    }
    ["http://localhost", "http://127.0.0.1"].into_iter().any(|host| {
        matches!((loopback(known, host), loopback(uri, host)), (Some(known), Some(uri)) if known == uri)
    })
}

/// The path of an address on a loopback host.
fn loopback<'a>(uri: &'a str, host: &str) -> Option<&'a str> {
    let rest = uri.strip_prefix(host)?;
    let path = match rest.strip_prefix(':') {
        None => rest,
        Some(port) => port.trim_start_matches(|digit: char| digit.is_ascii_digit()),
    };
    match path {
        "" => Some("/"),
        path if path.starts_with('/') => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        assert!(same("http://localhost", "http://localhost:8080/"));
        assert!(same("http://localhost/web", "http://localhost:1/web"));
        assert!(same("https://a.example/x", "https://a.example/x"));
        assert!(!same("http://localhost", "http://localhost:8080/web"));
        assert!(!same("http://localhost", "http://localhost.evil.example/"));
        assert!(!same("http://localhost", "http://localhost:80@evil.example/"));
        assert!(!same("http://localhost", "http://127.0.0.1:8080/"));
        assert!(!same("https://a.example/x", "https://a.example:444/x"));
    }
}
