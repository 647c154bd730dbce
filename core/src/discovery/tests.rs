//! Clients that nobody sends anything with.

use crate::Client;
use crate::cloud::Cloud;
use crate::identity::{ClientSecret, TokenCache};
use crate::wire::Wire;

const TENANT: &str = "contoso.onmicrosoft.com";

pub(super) fn client(wire: Wire) -> Client {
    of(TENANT, wire)
}

pub(super) fn of(tenant: &str, wire: Wire) -> Client {
    Client::builder(tenant).credential(ClientSecret::new("app", "secret")).wire(wire).build().unwrap()
}

pub(super) fn in_cloud(cloud: Cloud) -> Client {
    Client::builder(TENANT).credential(ClientSecret::new("app", "secret")).cloud(cloud).build().unwrap()
}

pub(super) fn sharing(wire: Wire, app: &str, cache: &TokenCache) -> Client {
    let builder = Client::builder(TENANT).credential(ClientSecret::new(app, "secret")).wire(wire);
    builder.token_cache(cache.clone()).build().unwrap()
}
