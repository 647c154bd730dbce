//! The native half of the Swift package `M365Kit`.
//!
//! It knows no operation: a call is a name, JSON and a way to stop, and what comes back is JSON, pages of JSON, or bytes. What Swift
//! users see is written by `core/codegen` (`Sources/M365Kit/Faces`) on the hand-written rest of `Sources/M365Kit`.

#![expect(clippy::needless_pass_by_value, reason = "what crosses is handed over")]

pub mod cache;
pub mod chunks;
pub mod client;
pub mod failure;
pub mod functions;
pub mod logs;
pub mod memory;
pub mod runtime;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod sign_in;

uniffi::setup_scaffolding!("M365KitNative");
