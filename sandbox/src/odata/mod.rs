//! Query options of OData, evaluated over JSON: what Graph's collections are asked with.
//!
//! A collection says with a [`Type`] which properties its rows have. What a request asks for beyond that is refused, in
//! the words of the service.

mod evaluate;
mod filter;
mod lexer;
mod page;
mod parser;
mod query;
mod schema;

#[cfg(feature = "fuzzing")]
pub(crate) use filter::Filter;
pub(crate) use page::{Page, preferred_size};
pub(crate) use query::Query;
pub(crate) use schema::{Kind, Type, property};

#[cfg(test)]
mod tests;
