//! The native half of the npm package `m365kit`.
//!
//! It knows no operation and no record: a client takes the name of an operation and its arguments as JSON, and
//! gives back JSON, pages of JSON, and bytes beside them. Everything that users see is TypeScript, in `src-ts/`.
//! Text crosses as strings, since a JavaScript string is what `JSON.parse` wants.

// What napi exports it registers only outside of tests; clippy looks at both.
#![cfg_attr(test, allow(dead_code))]

mod calls;
mod chunks;
mod columns;
mod errors;
mod functions;
mod logs;
mod pages;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sign_in;
mod token_cache;
