//! A sandbox as its clients see it.

// A test may end where it is wrong, and reads best with its JSON written where it is used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

mod blobs;
mod control;
mod discovery;
mod faults;
mod gate;
mod growth;
mod identity;
mod ledger;
mod links;
mod listing;
mod processes;
mod search;
mod service_health;
mod subscriptions;
mod throttle;
mod tls;
mod token;
mod visitor;
mod webhooks;
