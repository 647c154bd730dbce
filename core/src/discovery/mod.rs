//! Office 365 discovery: the Discovery Service of old, and what answers its questions today.
//!
//! Source: "Discovery Service REST API reference"; "Microsoft Graph REST API v1.0 reference"; "National clouds".

mod atom;
mod audience;
mod charset;
mod first_sign_in;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod graph;
mod live;
mod local;
mod members;
mod model;
mod office365;
mod read;
mod redirect;
#[cfg(test)]
mod samples;
mod services;
mod tenant;
#[cfg(test)]
mod tests;
mod translate;

pub use first_sign_in::{BeginFirstSignIn, FinishFirstSignIn, ForgetFirstSignIn, GetFirstSignIn};
pub use live::ListLiveServices;
pub use model::{
    AccountType, BegunFirstSignIn, Capability, DiscoveryFormat, DiscoveryVersion, FirstSignIn, NoEquivalent, ServiceInfo,
    TenantInfo, Translation,
};
pub use services::{GetService, ListAllServices, ListServices, ResolveService};
pub use tenant::FindTenant;
pub(crate) use tenant::Tenants;
pub use translate::TranslateService;

use crate::Client;
use crate::dispatch::{Call, Listing};
use crate::error::Result;
use crate::page::Paged;

/// What an account can call, and where it belongs; see [`Client::discovery`].
#[derive(Debug, Clone)]
pub struct Discovery {
    client: Client,
}

impl Discovery {
    pub(crate) fn new(client: Client) -> Self {
        Discovery { client }
    }

    /// Begins a first sign-in: makes the address of the page that asks who the user is.
    pub async fn begin_first_sign_in(&self, request: BeginFirstSignIn) -> Result<BegunFirstSignIn> {
        self.send(request).await
    }

    /// Finishes a first sign-in with the address that the browser was sent to, and keeps the answer.
    pub async fn finish_first_sign_in(&self, request: FinishFirstSignIn) -> Result<FirstSignIn> {
        self.send(request).await
    }

    /// Gives the answer of an earlier first sign-in.
    pub async fn first_sign_in(&self, account: impl Into<String>) -> Result<FirstSignIn> {
        self.send(GetFirstSignIn { account: account.into() }).await
    }

    /// Forgets the answer of an earlier first sign-in; says whether there was one.
    pub async fn forget_first_sign_in(&self, account: impl Into<String>) -> Result<bool> {
        self.send(ForgetFirstSignIn { account: account.into() }).await
    }

    /// Lists the services that the user can reach.
    pub fn services(&self, request: ListServices) -> Result<Paged<ServiceInfo>> {
        request.open(self.client.clone())
    }

    /// Gets one service by its key.
    pub async fn get_service(&self, request: GetService) -> Result<ServiceInfo> {
        self.send(request).await
    }

    /// Lists all services that there are for anybody, without a token.
    pub fn all_services(&self, request: ListAllServices) -> Result<Paged<ServiceInfo>> {
        request.open(self.client.clone())
    }

    /// Finds the one service to call for a capability.
    pub async fn resolve(&self, capability: Capability) -> Result<ServiceInfo> {
        self.send(ResolveService { capability, version: None, allow_foreign: false }).await
    }

    /// Translates a service that the Discovery Service once listed into what has taken its place.
    pub async fn translate(&self, service: ServiceInfo) -> Result<Translation> {
        self.send(TranslateService { service }).await
    }

    /// Tells which cloud a tenant is in, by one of its domains.
    pub async fn find_tenant(&self, domain: impl Into<String>) -> Result<TenantInfo> {
        self.send(FindTenant { domain: domain.into() }).await
    }

    /// Lists the services of the user with the tenant's own SharePoint addresses.
    pub fn live_services(&self) -> Result<Paged<ServiceInfo>> {
        ListLiveServices {}.open(self.client.clone())
    }

    async fn send<C: Call>(&self, request: C) -> Result<C::Output> {
        request.send(self.client.clone(), None).await
    }
}
