//! The native half of the Swift package `M365Kit`.
//!
//! It knows no operation: a call is a name, JSON and a way to stop, and what comes back is JSON or pages of JSON. What Swift
//! users see is written by `core/codegen` (`Sources/M365Kit/Faces`) on the hand-written rest of `Sources/M365Kit`.

mod client;
mod failure;
mod logs;
mod runtime;
#[cfg(feature = "sandbox")]
mod sandbox;
mod tokens;

uniffi::setup_scaffolding!("M365KitNative");
