//! `client.download(...)`: the bytes at any address of any of the services.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde::{Deserialize, Serialize};

use super::{Asked, Download};
use crate::cloud::Service;
use crate::dispatch::{Fetch, Operation};
use crate::error::Result;
use crate::http::{Limit, Request, Wanted, by_status};
use crate::request::{address, header};
use crate::{Client, audit};

/// Downloads whatever a service gives at a path, as it arrives, through the same authorization, pacing, retries
/// and errors as every operation.
///
/// Redirects are followed, at most 3 of them; the token goes to the service's own host only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FetchBytes {
    /// The path at the service, such as `/v1.0/me/photo/$value`, or a whole URL on its host.
    pub path: String,
    /// The service whose host and token are used. Default: `graph`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Parameters to add to the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<BTreeMap<String, String>>,
    /// Headers to add; `Authorization` is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// The most bytes that are taken: what is longer is an error. Default: 256 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

impl FetchBytes {
    /// What Microsoft Graph gives at a path.
    pub fn new(path: impl Into<String>) -> Self {
        FetchBytes { path: path.into(), ..FetchBytes::default() }
    }
}

impl Client {
    /// Begins to download the bytes at any address of any of the services.
    pub async fn download(&self, what: FetchBytes) -> Result<Download> {
        what.fetch(self.clone()).await
    }
}

impl Operation for FetchBytes {
    const NAME: &'static str = "download";
}

impl Fetch for FetchBytes {
    async fn fetch(self, client: Client) -> Result<Download> {
        let service = self.service.unwrap_or(Service::Graph);
        let url = address(client.corridor().hosts.service(&service)?, &self.path, self.query.as_ref())?;
        let judge = if service == Service::Management { audit::judge } else { by_status };
        // The part of an address that says which of its forms is meant names nothing.
        let named = |part: &&str| !part.is_empty() && !part.starts_with('$');
        let id = url.path().rsplit('/').find(named).unwrap_or_default().to_owned();
        let mut request = Request::new(Method::GET, url).bearer(service).limit(Limit::Tenant).judge(judge);
        request.headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        for (name, value) in self.headers.iter().flatten() {
            let (name, value) = header(name, value)?;
            request.headers.insert(name, value);
        }
        let asked = Asked { request, wanted: Wanted::default(), max_bytes: self.max_bytes, name: None, id };
        Download::open(client, asked).await
    }
}
