//! The Discovery Service itself, as long as something speaks it: a proxy, a recording, the sandbox.
//!
//! Source: "Discovery Service REST API reference".

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use url::Url;

use super::model::{DiscoveryFormat, DiscoveryVersion, ServiceInfo};
use super::read::{Read, read};
use super::{atom, graph};
use crate::Client;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::http::{Limit, Refusal, Request, by_status};
use crate::odata::Query;
use crate::page::{Page, Paged, Warning, WarningCode};

/// Where the service was. Wherever else it is, somebody keeps it up.
const RETIRED_HOST: &str = "api.office.com";
const RETIRED: &str = "The Discovery Service was switched off on 1 November 2019. Make the client with wire \"graph\": \
                       `discovery.services` then gives what took its place, and `discovery.find_tenant` tells the cloud";
/// What an empty list means, since it never said.
pub(super) const NO_SERVICES: &str = "The account has no licence yet (it takes hours to arrive) or no longer, its token \
                                      is for another audience, or the service is disturbed";

/// What is asked of the service.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) what: What,
    pub(super) version: DiscoveryVersion,
    pub(super) format: DiscoveryFormat,
    pub(super) query: Query,
}

/// Whose services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Those of the user.
    Services,
    /// One of them, by its key.
    Service(String),
    /// All that there are for anybody: asked without a token.
    Catalogue,
}

impl Ask {
    /// What is asked, if there are such a version and such a format.
    pub(super) fn new(
        what: What,
        version: Option<DiscoveryVersion>,
        format: Option<DiscoveryFormat>,
        query: Query,
    ) -> Result<Self> {
        let version = version.unwrap_or(DiscoveryVersion::V2);
        if let DiscoveryVersion::Unknown(version) = &version {
            return Err(Error::invalid(format!(
                "version {version:?} is none of the Discovery Service: use v1.0 or v2.0"
            )));
        }
        let format = format.unwrap_or(DiscoveryFormat::Json);
        if let DiscoveryFormat::Unknown(format) = &format {
            return Err(Error::invalid(format!("format {format:?} is not known: use json, verbose or atom")));
        }
        query.check(&[])?;
        Ok(Ask { what, version, format, query })
    }

    fn request(&self, client: &Client) -> Result<Request> {
        let mut url = client.corridor().hosts.service(&Service::Discovery)?.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(["discovery", self.version.as_str(), "me"]);
            match &self.what {
                What::Services => path.push("Services"),
                What::Service(key) => path.push(&format!("Services('{}')", key.replace('\'', "''"))),
                What::Catalogue => path.push("AllServices"),
            };
        }
        self.query.apply(&mut url);
        Ok(self.to(url))
    }

    fn to(&self, url: Url) -> Request {
        let accept = match self.format {
            DiscoveryFormat::Verbose => "application/json;odata=verbose",
            DiscoveryFormat::Atom => "application/atom+xml",
            _ => "application/json;odata.metadata=minimal",
        };
        let request = Request::new(Method::GET, url)
            .header(ACCEPT.as_str(), HeaderValue::from_static(accept))
            .limit(Limit::Tenant)
            .judge(judge);
        if self.what == What::Catalogue { request } else { request.bearer(Service::Discovery) }
    }
}

/// Lists services; nothing is sent before the first page is asked for.
pub(super) fn list(client: Client, ask: Ask) -> Result<Paged<ServiceInfo>> {
    let request = ask.request(&client)?;
    let walk = Walk {
        client,
        left: ask.query.top.map(|top| top as usize),
        ask: Arc::new(ask),
        next: Some(request),
        followed: HashSet::new(),
        given: 0,
    };
    Ok(Paged::new(stream::unfold(walk, |mut walk| async move {
        let page = walk.next_page().await?;
        Some((page, walk))
    })))
}

/// One service, by its key.
pub(super) async fn get(client: &Client, ask: &Ask) -> Result<ServiceInfo> {
    let Read { services, .. } = exchange(client, &ask.request(client)?).await?;
    graph::best(services).ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no service with this key"))
}

/// All services of the user, or of the catalogue.
pub(super) async fn all(client: &Client, ask: Ask) -> Result<Vec<ServiceInfo>> {
    let mut paged = list(client.clone(), ask)?;
    let mut services = Vec::new();
    while let Some(page) = paged.next_page().await? {
        services.extend(page.items);
    }
    Ok(services)
}

struct Walk {
    client: Client,
    ask: Arc<Ask>,
    next: Option<Request>,
    left: Option<usize>,
    followed: HashSet<String>,
    given: usize,
}

impl Walk {
    async fn next_page(&mut self) -> Option<Result<Page<ServiceInfo>>> {
        let request = self.next.take()?;
        let Read { mut services, next } = match exchange(&self.client, &request).await {
            Ok(read) => read,
            Err(error) => return Some(Err(error)),
        };
        if let Some(left) = &mut self.left {
            services.truncate(*left);
            *left -= services.len();
        }
        self.given += services.len();
        let mut page = Page::of(services);
        if let Some(link) = next.filter(|_| self.left != Some(0)) {
            if self.followed.insert(link.clone()) {
                match self.follow(&request.url, &link) {
                    Ok(request) => self.next = Some(request),
                    Err(error) => return Some(Err(error)),
                }
            } else {
                let message = "the link to the next page leads back; stopped there";
                page.warnings.push(Warning::new(WarningCode::LoopingLink, message));
            }
        }
        if self.next.is_none() && self.given == 0 {
            page.warnings.push(no_services("the list of services is empty"));
        }
        Some(Ok(page))
    }

    /// The next page, on the same host only.
    fn follow(&self, from: &Url, link: &str) -> Result<Request> {
        self.client.corridor().hosts.follow(&Service::Discovery, from, link).map(|url| self.ask.to(url))
    }
}

/// Says what it may mean that there is nothing.
pub(super) fn no_services(what: &str) -> Warning {
    Warning::new(WarningCode::NoServices, format!("{what}. {NO_SERVICES}"))
}

async fn exchange(client: &Client, request: &Request) -> Result<Read> {
    let url = &request.url;
    client.corridor().exchange(request, |answer| read(answer, url)).await.map_err(|error| retired(url, error))
}

/// What the service's absence means: the real one is gone, and others say that they are.
fn retired(url: &Url, error: Error) -> Error {
    let is_real = url.host_str() == Some(RETIRED_HOST);
    let is_absent =
        error.status() == Some(404) || error.status().is_none() && error.repeat() == Repeat::Unsent;
    if error.status() != Some(410) && !(is_real && is_absent) {
        return error;
    }
    let gone = Error::new(ErrorKind::Gone, "the Discovery Service is retired")
        .with_code(error.code().map(str::to_owned))
        .with_request_id(error.request_id().map(str::to_owned))
        .with_hint(RETIRED);
    match error.status() {
        Some(status) => gone.with_status(status).with_source(error),
        None => gone.with_source(error),
    }
}

/// What a refusal means: by its status, with the code and the message of any of the formats.
pub(crate) fn judge(refusal: &Refusal) -> Error {
    let error = by_status(refusal);
    let said = if refusal.json.is_none() { atom::refusal(&refusal.text) } else { None };
    let error = match said {
        Some((code, message)) => Error::new(error.kind(), message)
            .with_status(refusal.status.as_u16())
            .with_code(code)
            .with_request_id(refusal.request_id.clone())
            .with_retry_after(refusal.retry_after)
            .with_repeat(error.repeat()),
        None => error,
    };
    match refusal.status.as_u16() {
        401 => error.with_hint_if_none(
            "The Discovery Service takes tokens of the v1 endpoint alone, for the resource https://api.office.com/discovery/",
        ),
        403 => error.with_hint_if_none("Nobody has consented to any capability for this application"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::super::tests::client;
    use super::*;
    use crate::odata::Filter;
    use crate::wire::Wire;

    fn request(what: What, format: DiscoveryFormat, query: Query) -> Request {
        let ask = Ask::new(what, Some(DiscoveryVersion::V1), Some(format), query).unwrap();
        ask.request(&client(Wire::Office365)).unwrap()
    }

    #[test]
    fn what_is_asked_stands_in_the_address_and_in_accept() {
        let query = Query {
            select: Some(vec!["capability".into()]),
            filter: Some(Filter::Raw("capability eq 'Mail'".into())),
            top: Some(3),
            ..Query::default()
        };
        let list = request(What::Services, DiscoveryFormat::Verbose, query);
        assert_eq!(
            list.url.as_str(),
            "https://api.office.com/discovery/v1.0/me/Services?$select=capability&$filter=capability%20eq%20%27Mail%27&$top=3"
        );
        assert_eq!(list.headers[ACCEPT], "application/json;odata=verbose");
        assert_eq!(list.bearer, Some(Service::Discovery));
        let one = request(What::Service("a/b'c@D".into()), DiscoveryFormat::Atom, Query::default());
        assert_eq!(one.url.path(), "/discovery/v1.0/me/Services('a%2Fb''c@D')");
        assert_eq!(one.headers[ACCEPT], "application/atom+xml");
        let catalogue = request(What::Catalogue, DiscoveryFormat::Json, Query::default());
        assert_eq!((catalogue.url.path(), catalogue.bearer), ("/discovery/v1.0/me/AllServices", None));
    }

    #[test]
    fn versions_and_formats_that_do_not_exist_are_refused() {
        let ask = |version: Option<&str>, format: Option<&str>| {
            Ask::new(What::Services, version.map(Into::into), format.map(Into::into), Query::default())
        };
        assert!(ask(Some("v3.0"), None).unwrap_err().message().contains("v3.0"));
        assert!(ask(None, Some("xml")).unwrap_err().message().contains("xml"));
        let good = ask(None, None).unwrap();
        assert_eq!((good.version, good.format), (DiscoveryVersion::V2, DiscoveryFormat::Json));
    }

    fn judged(status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        judge(&Refusal::new(status, &HeaderMap::new(), &Bytes::from(body.to_owned())))
    }

    #[test]
    fn every_shape_of_refusal_is_read() {
        let atom = r#"<?xml version="1.0"?><m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
            <m:code>bad</m:code><m:message xml:lang="en-US">no &amp; no</m:message></m:error>"#;
        for body in [
            json!({"error": {"code": "bad", "message": "no & no"}}).to_string(),
            json!({"error": {"code": "bad", "message": {"lang": "en", "value": "no & no"}}}).to_string(),
            json!({"odata.error": {"code": "bad", "message": {"lang": "en", "value": "no & no"}}})
                .to_string(),
            atom.to_owned(),
        ] {
            let error = judged(400, &body);
            assert_eq!(
                (error.kind(), error.code(), error.message()),
                (ErrorKind::InvalidRequest, Some("bad"), "no & no")
            );
        }
        assert!(judged(401, "").hint().unwrap().contains("v1 endpoint"));
        assert!(judged(503, atom).is_retryable());
        assert_eq!(judged(400, "<html>no</html>").message(), "<html>no</html>");
    }

    #[test]
    fn the_absence_of_the_real_service_is_its_end() {
        let unsent = || Error::new(ErrorKind::Network, "no connection").with_repeat(Repeat::Unsent);
        let at = |url: &str, error: Error| retired(&Url::parse(url).unwrap(), error);
        let real = "https://api.office.com/discovery/v2.0/me/Services";
        for error in [at(real, unsent()), at(real, judged(404, "")), at(real, judged(410, ""))] {
            assert_eq!(error.kind(), ErrorKind::Gone);
            assert!(error.hint().unwrap().contains("find_tenant") && !error.is_retryable(), "{error}");
        }
        let proxy = "http://127.0.0.1:41/discovery/v2.0/me/Services";
        assert_eq!(at(proxy, judged(410, "")).kind(), ErrorKind::Gone);
        assert_eq!(at(proxy, judged(404, "")).kind(), ErrorKind::NotFound);
        assert_eq!(at(proxy, unsent()).kind(), ErrorKind::Network);
        assert_eq!(at(real, judged(503, "")).kind(), ErrorKind::Service);
    }
}
