//! The Discovery Service as tests change it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::identity::merged;
use super::{ControlError, Result, read};
use crate::config::{Discovery, DiscoveryUser};
use crate::tenant::Tenant;

/// What is said of one user; what is left out is as by default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetUser {
    name: String,
    #[serde(default = "yes")]
    licensed: bool,
    #[serde(default)]
    consented: Option<Vec<String>>,
}

const fn yes() -> bool {
    true
}

/// Does the operation `name`.
pub(super) fn run(tenant: &Tenant, name: &str, args: Value) -> Result {
    let known = tenant.discovery();
    let changed = match name {
        "discovery_user" => {
            let SetUser { name, licensed, consented } = read(name, args)?;
            let mut changed = Discovery::clone(&known);
            changed.users.retain(|known, _| !known.eq_ignore_ascii_case(&name));
            changed.users.insert(name, DiscoveryUser { licensed, consented });
            changed
        }
        _ => merged(name, &*known, args)?,
    };
    changed.check(&format!("{name}: ")).map_err(|error| ControlError(error.0))?;
    let shown = json!(changed);
    tenant.state().discovery = Arc::new(changed);
    Ok(shown)
}
