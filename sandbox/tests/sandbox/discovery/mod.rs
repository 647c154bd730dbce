//! The Discovery Service as a client of its time sees it, and what replaced it.

mod access;
mod bodies;
mod first_sign_in;
mod mischief;
mod options;
mod successors;
mod xml;

use serde_json::{Value, json};

use crate::visitor::{Answer, Visitor, send};

const VERBOSE: &str = "application/json;odata=verbose";
const ATOM: &str = "application/atom+xml";
const JSON: &str = "application/json";

/// A user of the Discovery Service.
pub(crate) struct Finder {
    pub(crate) visitor: Visitor,
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Finder {
    pub(crate) fn new(discovery: Value) -> Self {
        let visitor =
            Visitor::new(json!({"blobs": 0, "discovery": discovery, "now": "2026-11-20T09:15:00Z"}));
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let url = visitor.sandbox.url().to_owned();
        let mut finder = Self { visitor, http, url, token: String::new() };
        finder.token = finder.token_of("sadie.lund@contoso.onmicrosoft.com");
        finder
    }

    pub(crate) fn usual() -> Self {
        Self::new(json!({}))
    }

    fn audience(&self) -> String {
        format!("{}/discovery/", self.url)
    }

    fn token_of(&self, user: &str) -> String {
        self.visitor.issue(json!({"audience": self.audience(), "user": user}))
    }

    /// Somebody else.
    fn signed_in(mut self, user: &str) -> Self {
        self.token = self.token_of(user);
        self
    }

    fn set(&self, changes: Value) -> Value {
        self.visitor.control("set_discovery", changes)
    }

    /// A GET below `/discovery` with the token.
    async fn get(&self, path: &str, accept: &str) -> Answer {
        let request = self.http.get(format!("{}/discovery/{path}", self.url)).bearer_auth(&self.token);
        let request = if accept.is_empty() { request } else { request.header("accept", accept) };
        send(request).await.unwrap()
    }

    /// A GET without a token.
    async fn anonymous(&self, path: &str, accept: &str) -> Answer {
        let request = self.http.get(format!("{}/{path}", self.url));
        let request = if accept.is_empty() { request } else { request.header("accept", accept) };
        send(request).await.unwrap()
    }

    /// The rows of a list in JSON.
    async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path, JSON).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["value"].as_array().unwrap().clone()
    }
}

/// One member of each row, as text.
fn each(rows: &[Value], member: &str) -> Vec<String> {
    rows.iter().map(|row| row[member].as_str().unwrap_or_else(|| panic!("{row}")).to_owned()).collect()
}
