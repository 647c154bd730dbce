//! The tenant that the server simulates.

use std::collections::HashMap;

use serde::Deserialize;

use crate::Error;

/// Where the server is, and how to sign in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Where everything is, such as `http://127.0.0.1:41873`.
    pub url: String,
    /// Directory id.
    pub tenant: String,
    /// Application id.
    pub client_id: String,
    /// Secret of the application.
    pub client_secret: String,
    /// The hosts by their names in the library.
    pub cloud: HashMap<String, String>,
}

impl Tenant {
    /// Reads `BENCH_TENANT`: what the server prints when it has started.
    pub fn from_environment() -> Result<Self, Error> {
        let text = std::env::var("BENCH_TENANT").map_err(|_| "BENCH_TENANT does not name a server")?;
        Ok(serde_json::from_str(&text)?)
    }
}
