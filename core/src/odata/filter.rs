//! Filters: which things a listing gives, said as a tree that escapes its values, or as a raw expression.

use std::fmt;

use super::lex::{self, Word};
use super::literal::Literal;
use crate::error::{Error, Result};

/// Which things a listing gives: built with [`field`], or an OData expression as a text.
///
/// As JSON either a text, or an object such as `{"field": "isResolved", "op": "eq", "value": false}`,
/// `{"and": [...]}`, `{"or": [...]}`, `{"not": {...}}` or `{"any": "services", "where": {...}}`.
///
/// Source: "OData Version 4.01, URL Conventions", System Query Option `$filter`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// An expression as the service takes it.
    Raw(String),
    /// A comparison.
    Is(Condition),
    /// All of these hold.
    And(Vec<Filter>),
    /// At least one of these holds.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// It holds for at least one element of a collection.
    Any(String, Box<Filter>),
    /// It holds for all elements of a collection.
    All(String, Box<Filter>),
}

/// A property compared with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The property, or a path such as `from/emailAddress/address`; empty for the element of a collection itself.
    pub field: String,
    /// How it is compared.
    pub op: Operator,
    /// What with.
    pub value: Literal,
}

macro_rules! operators {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// How a property is compared with a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Operator {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Operator {
            /// As the wire spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Operator::$variant => $text,)+ }
            }

            pub(crate) fn named(name: &str) -> Option<Self> {
                $(if name == $text { return Some(Operator::$variant); })+
                None
            }

            pub(super) const NAMES: &[&str] = &[$($text,)+];
        }
    };
}

operators! {
    /// Equal.
    Eq = "eq",
    /// Not equal.
    Ne = "ne",
    /// Greater, or later.
    Gt = "gt",
    /// Greater or equal.
    Ge = "ge",
    /// Less, or earlier.
    Lt = "lt",
    /// Less or equal.
    Le = "le",
    /// A text that begins with the value.
    StartsWith = "startswith",
    /// A text that ends with the value.
    EndsWith = "endswith",
    /// A text that holds the value.
    Contains = "contains",
}

impl Operator {
    fn is_function(self) -> bool {
        matches!(self, Operator::StartsWith | Operator::EndsWith | Operator::Contains)
    }
}

/// Begins a filter: a property by its name, or a path such as `from/emailAddress/address`.
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// The element of a collection itself, within [`Field::any`] and [`Field::all`].
pub fn element() -> Element {
    field("")
}

/// A property of which a filter speaks.
#[derive(Debug, Clone)]
pub struct Field(String);

/// The element of a collection.
pub type Element = Field;

macro_rules! comparisons {
    ($($(#[doc = $doc:literal])+ $method:ident => $op:ident;)+) => {
        $($(#[doc = $doc])+
        pub fn $method(self, value: impl Into<Literal>) -> Filter {
            Filter::Is(Condition { field: self.0, op: Operator::$op, value: value.into() })
        })+
    };
}

#[allow(clippy::should_implement_trait)] // they give filters, not truth values
impl Field {
    comparisons! {
        /// It equals the value.
        eq => Eq;
        /// It differs from the value.
        ne => Ne;
        /// It is greater, or later.
        gt => Gt;
        /// It is greater or equal.
        ge => Ge;
        /// It is less, or earlier.
        lt => Lt;
        /// It is less or equal.
        le => Le;
        /// It is a text that begins with the value.
        starts_with => StartsWith;
        /// It is a text that ends with the value.
        ends_with => EndsWith;
        /// It is a text that holds the value.
        contains => Contains;
    }

    /// At least one element of this collection is so.
    pub fn any(self, of: Filter) -> Filter {
        Filter::Any(self.0, Box::new(of))
    }

    /// All elements of this collection are so.
    pub fn all(self, of: Filter) -> Filter {
        Filter::All(self.0, Box::new(of))
    }
}

impl Filter {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        match self {
            Filter::And(mut parts) => {
                parts.push(other);
                Filter::And(parts)
            }
            first => Filter::And(vec![first, other]),
        }
    }

    /// At least one holds.
    #[must_use]
    pub fn or(self, other: Filter) -> Filter {
        match self {
            Filter::Or(mut parts) => {
                parts.push(other);
                Filter::Or(parts)
            }
            first => Filter::Or(vec![first, other]),
        }
    }

    /// It does not hold.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // beside `and` and `or`
    pub fn not(self) -> Filter {
        Filter::Not(Box::new(self))
    }

    /// Refuses what no service could read, and properties that its API cannot filter: their names, and why.
    pub(crate) fn check(&self, closed: &[(&str, &str)]) -> Result<()> {
        match self {
            Filter::Raw(text) => check_raw(text, closed),
            Filter::Is(condition) => {
                if condition.op.is_function() && !matches!(condition.value, Literal::Text(_)) {
                    let message = format!("{} of {:?} takes a text", condition.op.as_str(), condition.field);
                    return Err(Error::invalid(message));
                }
                condition.value.check()?;
                // The element itself has no name.
                if condition.field.is_empty() { Ok(()) } else { check_path(&condition.field, closed) }
            }
            Filter::And(parts) | Filter::Or(parts) => {
                if parts.is_empty() {
                    return Err(Error::invalid("the filter has an empty list of conditions"));
                }
                parts.iter().try_for_each(|part| part.check(closed))
            }
            Filter::Not(inner) => inner.check(closed),
            Filter::Any(collection, inner) | Filter::All(collection, inner) => {
                check_path(collection, closed)?;
                inner.check(&[])
            }
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Filter::Raw(text) => f.write_str(text),
            Filter::Is(Condition { field, op, value }) => {
                let path = Path { field, depth };
                if op.is_function() {
                    write!(f, "{}({path},{value})", op.as_str())
                } else {
                    write!(f, "{path} {} {value}", op.as_str())
                }
            }
            Filter::And(parts) => join(f, parts, " and ", depth),
            Filter::Or(parts) => join(f, parts, " or ", depth),
            Filter::Not(inner) => {
                f.write_str("not (")?;
                inner.write(f, depth)?;
                f.write_str(")")
            }
            Filter::Any(collection, inner) | Filter::All(collection, inner) => {
                let word = if matches!(self, Filter::Any(..)) { "any" } else { "all" };
                let path = Path { field: collection, depth };
                write!(f, "{path}/{word}({}:", Variable(depth + 1))?;
                inner.write(f, depth + 1)?;
                f.write_str(")")
            }
        }
    }
}

/// Parts that are of several parts themselves, or that nobody has looked into, stand in parentheses.
fn join(f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str, depth: usize) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if parts.len() > 1 && matches!(part, Filter::And(_) | Filter::Or(_) | Filter::Raw(_)) {
            f.write_str("(")?;
            part.write(f, depth)?;
            f.write_str(")")?;
        } else {
            part.write(f, depth)?;
        }
    }
    Ok(())
}

/// A property, within a collection by the variable of its element.
struct Path<'a> {
    field: &'a str,
    depth: usize,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.depth, self.field) {
            (0, field) => f.write_str(field),
            (depth, "") => Variable(depth).fmt(f),
            (depth, field) => write!(f, "{}/{field}", Variable(depth)),
        }
    }
}

/// The name of the element of a collection, one for each that lies within another.
struct Variable(usize);

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("x"),
            depth => write!(f, "x{depth}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl From<&str> for Filter {
    fn from(raw: &str) -> Self {
        Filter::Raw(raw.to_owned())
    }
}

impl From<String> for Filter {
    fn from(raw: String) -> Self {
        Filter::Raw(raw)
    }
}

fn check_path(path: &str, closed: &[(&str, &str)]) -> Result<()> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    if !path.split('/').all(is_name) {
        return Err(Error::invalid(format!("{path:?} in the filter is not the name of a property")));
    }
    refuse_closed(path, closed)
}

fn refuse_closed(path: &str, closed: &[(&str, &str)]) -> Result<()> {
    let root = path.split('/').next().unwrap_or_default();
    match closed.iter().find(|(name, _)| name.eq_ignore_ascii_case(root)) {
        Some((name, why)) => Err(Error::invalid(format!("{name} cannot be filtered: {why}"))),
        None => Ok(()),
    }
}

fn check_raw(text: &str, closed: &[(&str, &str)]) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid("the filter is empty: leave it out instead"));
    }
    for word in lex::words(text)? {
        match word {
            Word::Name(path) => refuse_closed(path, closed)?,
            Word::TimeWithoutZone(time) => {
                return Err(Error::invalid(format!("the time {time} in the filter has no zone: append Z")));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{enum_literal, guid_literal};
    use super::*;

    #[test]
    fn filters_are_written_as_the_services_read_them() {
        let since: jiff::Timestamp = "2026-11-14T01:00:00+01:00".parse().unwrap();
        for (filter, text) in [
            (field("isResolved").eq(false), "isResolved eq false"),
            (field("id").eq("O'Brien"), "id eq 'O''Brien'"),
            (
                field("startDateTime").ge(since).and(field("status").ne(enum_literal("resolved"))),
                "startDateTime ge 2026-11-14T00:00:00Z and status ne 'resolved'",
            ),
            (
                field("a").eq(1).or(field("b").lt(2.5)).and(field("c").contains("x").not()),
                "(a eq 1 or b lt 2.5) and not (contains(c,'x'))",
            ),
            (
                field("services").any(element().eq("Exchange Online")),
                "services/any(x:x eq 'Exchange Online')",
            ),
            (
                field("p").any(field("id").eq("i").and(field("q").all(element().gt(3)))),
                "p/any(x:x/id eq 'i' and x/q/all(x2:x2 gt 3))",
            ),
            (
                Filter::from("a eq 1 or b eq 2").and(field("c").eq(Literal::Null)),
                "(a eq 1 or b eq 2) and c eq null",
            ),
            (
                field("t").eq(guid_literal("AAAAAAAA-0000-4000-8000-000000000001")),
                "t eq aaaaaaaa-0000-4000-8000-000000000001",
            ),
            (field("d").gt(std::time::Duration::from_secs(5_400)), "d gt duration'PT1H30M'"),
        ] {
            filter.check(&[]).unwrap();
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn what_no_service_could_read_is_refused_by_name() {
        for (filter, why) in [
            (Filter::from(" "), "is empty"),
            (Filter::from("a eq 'x"), "quote"),
            (Filter::from("(a eq 1"), "parenthes"),
            (Filter::from("startDateTime ge 2026-11-01T00:00:00"), "2026-11-01T00:00:00"),
            (Filter::from("details/any(d:d/name eq 'x')"), "details"),
            (field("details").any(element().eq(1)), "details"),
            (field("a b").eq(1), "a b"),
            (field("").any(element().eq(1)), "\"\""),
            (field("a").eq(f64::NAN), "NaN"),
            (field("a").eq(guid_literal("x")), "GUID"),
            (field("a").starts_with(3), "takes a text"),
            (Filter::And(Vec::new()), "empty list"),
        ] {
            let error = filter.check(&[("details", "no")]).unwrap_err();
            assert!(error.message().contains(why), "{error}");
        }
        // Only a text that holds such words.
        Filter::from("title eq 'details of 2026-11-01T00:00:00'").check(&[("details", "no")]).unwrap();
    }
}
