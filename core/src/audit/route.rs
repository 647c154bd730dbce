//! The addresses of the feed: the service's own links are used only if they lead where they should.

use reqwest::Method;
use url::Url;

use crate::Client;
use crate::cloud::Service;
use crate::error::Result;
use crate::http::{Corridor, Limit, Request};

use super::codes;

const PUBLISHER: &str = "PublisherIdentifier";

/// Where the feed of a tenant is, and in whose name it is read.
#[derive(Debug, Clone)]
pub(super) struct Route {
    root: Url,
    tenant: String,
    publisher: String,
}

impl Route {
    pub(super) async fn of(client: &Client) -> Result<Route> {
        let corridor = client.corridor();
        let tenant = corridor.identity.tenant_id(corridor).await?;
        let publisher = client.publisher_id().unwrap_or(&tenant).to_owned();
        let mut root = corridor.hosts.service(&Service::Management)?.clone();
        root.set_path(&format!("/api/v1.0/{tenant}/activity/feed/"));
        Ok(Route { root, tenant, publisher })
    }

    /// The directory id of the tenant.
    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// A request to one of the operations.
    pub(super) fn operation(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Request {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{path}", self.root.path()));
        url.query_pairs_mut().extend_pairs(query);
        self.request(method, url)
    }

    /// The content at the address that the service gave, or at the one rebuilt from its id.
    pub(super) fn content(&self, corridor: &Corridor, id: &str, uri: Option<&str>) -> Request {
        let given =
            uri.and_then(|uri| Url::parse(uri).ok()).filter(|url| self.leads_to_content(corridor, url));
        self.request(Method::GET, given.unwrap_or_else(|| self.rebuilt(id)))
    }

    /// The content at the address rebuilt from its id; none if the given one is the same.
    pub(super) fn content_anew(&self, id: &str, tried: &Request) -> Option<Request> {
        let request = self.request(Method::GET, self.rebuilt(id));
        (request.url != tried.url).then_some(request)
    }

    /// The next page. A link to another host is not followed: its parameters are asked for here.
    pub(super) fn next_page(&self, corridor: &Corridor, link: &str, path: &str) -> Option<Request> {
        let mut url = self.root.join(link.trim()).ok()?;
        if !corridor.hosts.trusts(&Service::Management, &url) {
            let query = url.query()?.to_owned();
            url = self.root.clone();
            url.set_path(&format!("{}{path}", self.root.path()));
            url.set_query(Some(&query));
        }
        Some(self.request(Method::GET, url))
    }

    fn leads_to_content(&self, corridor: &Corridor, url: &Url) -> bool {
        let path = url.path().to_ascii_lowercase();
        corridor.hosts.trusts(&Service::Management, url)
            && path.starts_with("/api/v1")
            && path.contains(&format!("/{}/activity/feed/audit/", self.tenant))
    }

    fn rebuilt(&self, id: &str) -> Url {
        let mut url = self.root.clone();
        // An address is read without them, so that a `..` with a tab in it would lead out of the feed.
        let id = id.replace(|c: char| c.is_ascii_control(), "");
        if let Ok(mut segments) = url.path_segments_mut() {
            // `$` stays as it is, which matters: nobody has seen the service accept it escaped.
            segments.pop_if_empty().push("audit").push(&id);
        }
        url
    }

    fn request(&self, method: Method, mut url: Url) -> Request {
        let named = |(name, _): (std::borrow::Cow<'_, str>, _)| name.eq_ignore_ascii_case(PUBLISHER);
        if !url.query_pairs().any(named) {
            // As text, so that what the service wrote stays as it wrote it.
            let query = url.query().map(|q| format!("{q}&")).unwrap_or_default();
            url.set_query(Some(&format!("{query}{PUBLISHER}={}", self.publisher)));
        }
        Request::new(method, url).bearer(Service::Management).limit(Limit::Tenant).judge(codes::judge)
    }
}
