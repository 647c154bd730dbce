//! Service health, as both wires tell of it (service-communications): the older one below
//! `/api/v1.0/{tenant}/ServiceComms/`, and Graph's below `/v1.0/admin/serviceAnnouncement/`.

mod catalogue;
mod files;
mod graph;
mod issues;
mod legacy;
mod limits;
mod messages;
mod path;
mod schema;
mod services;
mod store;
mod times;

pub(crate) use graph::{answer as graph, download};
pub(crate) use legacy::{answer as legacy, error as legacy_error};
pub(crate) use path::{DOWNLOADS, operation};
#[cfg(feature = "fuzzing")]
pub(crate) use schema::MESSAGE;
pub(crate) use store::Health;
pub(crate) use times::stamp;
