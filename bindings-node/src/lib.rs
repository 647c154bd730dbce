//! The native half of the npm package `m365kit`.
//!
//! It knows no operation and no record: a client takes the name of an operation and its arguments as JSON, and
//! gives back JSON, pages of JSON, and bytes beside them. Everything that users see is TypeScript, in `src-ts/`.
//! Text crosses as strings, since a JavaScript string is what `JSON.parse` wants.

mod calls;
mod errors;
mod logs;
mod pages;
#[cfg(feature = "sandbox")]
mod sandbox;
mod tokens;
