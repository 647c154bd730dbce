//! What must be true in every language, played here in Rust.
//!
//! The scenarios are data, in `conformance/` and `faults/`; `docs/conformance.md` says how one is written. Each language
//! has a runner of its own for them, and this is the one of Rust, in the order in which it works: [`scenario`] reads,
//! [`check`] refuses what cannot be meant, [`play`] acts, [`matching`] and [`evidence`] judge.

pub mod check;
pub mod clients;
pub mod credential;
pub mod download;
pub mod evidence;
pub mod fill;
pub mod listing;
pub mod matching;
pub mod parquet;
pub mod play;
pub mod scenario;
pub mod secrets;
