//! What the programs of the benchmark have in common: where the tenant is, how the leanest reader of its feed works,
//! and how a run is measured.

// These are programs: what they print is what they are for.
#![allow(clippy::print_stdout)]
// Rates and megabytes are read by people.
#![allow(clippy::cast_precision_loss)]

pub mod lean;
pub mod measure;
pub mod tenant;

/// What ends a program.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
