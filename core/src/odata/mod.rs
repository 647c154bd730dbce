//! The dialect that Microsoft Graph and the Office 365 APIs share: query options, filters, pages and their
//! continuation.
//!
//! ```
//! use m365kit::odata::{Query, field};
//!
//! let query = Query {
//!     filter: Some(field("isResolved").eq(false).and(field("service").eq("Exchange Online"))),
//!     select: Some(vec!["id".into(), "title".into()]),
//!     ..Query::default()
//! };
//! assert_eq!(
//!     query.to_string(),
//!     "$select=id%2Ctitle&$filter=isResolved%20eq%20false%20and%20service%20eq%20%27Exchange%20Online%27"
//! );
//! ```

mod api;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod json;
mod lex;
mod list;
mod literal;
mod query;
pub(crate) mod value;

pub(crate) use query::escaped;
pub(crate) use value::{is_annotation, without_annotations};

pub(crate) use api::{Api, Segment, operations};
pub use filter::{Condition, Element, Field, Filter, Operator, element, field};
pub(crate) use lex::{Word, words};
pub(crate) use list::{Entity, list};
pub use literal::{Literal, date_literal, enum_literal, guid_literal};
pub use query::Query;
