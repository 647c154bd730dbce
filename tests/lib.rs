//! What must be true in every language, played here in Rust.
//!
//! The scenarios are data, in `conformance/`; `docs/conformance.md` says how one is written. Each language has a
//! runner of its own for them, and this is the one of Rust, in the order in which it works: [`scenario`] reads, [`play`]
//! acts, [`matching`] judges.

pub mod clients;
pub mod matching;
pub mod play;
pub mod scenario;
