//! Where the examples read from.

use std::env;
use std::error::Error;

use m365kit::{Client, ClientSecret, Cloud, CustomCloud};
use m365kit_sandbox::{Config, ContentType, Sandbox, Subscribed};

#[doc = include_str!("../../../README.md")]
#[cfg(doctest)]
struct Readme;

#[doc = include_str!("../../../docs/download.md")]
#[cfg(doctest)]
struct DownloadPage;

#[doc = include_str!("../../../docs/filters.md")]
#[cfg(doctest)]
struct FiltersPage;

#[doc = include_str!("../../../docs/follow.md")]
#[cfg(doctest)]
struct FollowPage;

#[doc = include_str!("../../../docs/service-health.md")]
#[cfg(doctest)]
struct ServiceHealthPage;

/// The tenant that the environment names; without one, a simulated tenant.
pub struct Tenant {
    /// Speaks to it.
    pub client: Client,
    /// Stops when it is dropped.
    _sandbox: Option<Sandbox>,
}

impl Tenant {
    /// Reads `TENANT`, `CLIENT_ID` and `CLIENT_SECRET`, or starts a sandbox.
    ///
    /// # Errors
    /// Only a part of them is there, or the client refuses them.
    pub fn open() -> Result<Tenant, Box<dyn Error>> {
        let subscribed = Subscribed::Only(vec![ContentType::AzureActiveDirectory, ContentType::Exchange]);
        Tenant::open_or_simulate(Config { subscribed, ..Config::default() })
    }

    /// The same, with a sandbox of this configuration.
    ///
    /// # Errors
    /// Only a part of the environment is there, or the client refuses it.
    pub fn open_or_simulate(config: Config) -> Result<Tenant, Box<dyn Error>> {
        if let Ok(name) = env::var("TENANT") {
            let credential = ClientSecret::new(env::var("CLIENT_ID")?, env::var("CLIENT_SECRET")?);
            let client = Client::builder(name).credential(credential).build()?;
            return Ok(Tenant { client, _sandbox: None });
        }
        let sandbox = Sandbox::start(config)?;
        let about = sandbox.describe();
        let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
        let cloud: CustomCloud = serde_json::from_value(about["cloud"].clone())?;
        let client = Client::builder(text("tenant"))
            .credential(ClientSecret::new(text("clientId"), text("clientSecret")))
            .cloud(Cloud::custom(cloud))
            .build()?;
        Ok(Tenant { client, _sandbox: Some(sandbox) })
    }
}
