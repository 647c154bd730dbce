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
    AccountType, BegunFirstSignIn, Capability, DiscoveryFormat, DiscoveryVersion, FirstSignIn, NoEquivalent,
    ServiceInfo, TenantInfo, Translation,
};
pub use services::{GetService, ListAllServices, ListServices, ResolveService};
pub use tenant::FindTenant;
pub(crate) use tenant::Tenants;
pub use translate::TranslateService;

use crate::Client;
use crate::odata::operations;

/// What an account can call, and where it belongs; see [`Client::discovery`].
#[derive(Debug, Clone)]
pub struct Discovery {
    client: Client,
}

impl Client {
    /// Office 365 discovery: what an account can call, and where it belongs.
    pub fn discovery(&self) -> Discovery {
        Discovery { client: self.clone() }
    }
}

operations! {
    impl Discovery in "discovery" at office365 {
        services(ListServices) -> pages ServiceInfo;
        get_service(GetService) -> one ServiceInfo;
        all_services(ListAllServices) -> pages ServiceInfo;
        live_services(ListLiveServices) -> pages ServiceInfo;
        resolve(ResolveService) -> one ServiceInfo;
        translate(TranslateService) -> one Translation;
        find_tenant(FindTenant) -> one TenantInfo;
        begin_first_sign_in(BeginFirstSignIn) -> one BegunFirstSignIn;
        finish_first_sign_in(FinishFirstSignIn) -> one FirstSignIn;
        first_sign_in(GetFirstSignIn) -> one FirstSignIn;
        forget_first_sign_in(ForgetFirstSignIn) -> one bool;
    }
}
