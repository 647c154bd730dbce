//! A sandbox as its clients see it.

mod blobs;
mod control;
mod faults;
mod gate;
mod ledger;
mod listing;
mod subscriptions;
mod throttle;
mod tls;
mod token;
mod visitor;
mod webhooks;
