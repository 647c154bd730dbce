//! Values as they stand in a filter.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};
use crate::identity::is_guid;

/// A value in a filter, which knows how OData writes it.
///
/// Texts, numbers, truth values, instants and lengths of time become one by themselves; see [`guid_literal`],
/// [`enum_literal`] and [`date_literal`] for the others.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// A text, in quotes; a quote in it is doubled.
    Text(String),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Nothing.
    Null,
    /// An instant, in UTC.
    Time(Timestamp),
    /// A day.
    Date(Date),
    /// A GUID, without quotes.
    Guid(String),
    /// The member of an enumeration, in quotes as Microsoft Graph takes it.
    Enum(String),
    /// A length of time.
    Duration(Duration),
}

/// A GUID, such as a directory id. Microsoft Graph keeps most ids as texts: compare those with a text.
pub fn guid_literal(guid: impl Into<String>) -> Literal {
    Literal::Guid(guid.into())
}

/// The member of an enumeration by its name, such as `serviceDegradation`.
pub fn enum_literal(member: impl Into<String>) -> Literal {
    Literal::Enum(member.into())
}

/// A day, for properties that have no time.
pub fn date_literal(date: Date) -> Literal {
    Literal::Date(date)
}

impl Literal {
    /// Refuses what cannot be written.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Literal::Guid(guid) if !is_guid(guid) => {
                Err(Error::invalid(format!("{guid:?} in the filter is not a GUID")))
            }
            Literal::Enum(member) if !is_member(member) => {
                Err(Error::invalid(format!("{member:?} in the filter is not the member of an enumeration")))
            }
            Literal::Float(number) if !number.is_finite() => {
                Err(Error::invalid(format!("{number} in the filter is not a number that can be compared")))
            }
            Literal::Text(text) if text.contains('\0') => {
                Err(Error::invalid("a text in the filter holds a NUL character"))
            }
            _ => Ok(()),
        }
    }
}

fn is_member(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ',' | '-' | ' ');
    !text.trim().is_empty() && text.chars().all(is_part)
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) | Literal::Enum(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Literal::Bool(truth) => write!(f, "{truth}"),
            Literal::Int(number) => write!(f, "{number}"),
            Literal::Float(number) => write!(f, "{number:?}"),
            Literal::Null => f.write_str("null"),
            // Seven digits are what the services keep.
            Literal::Time(time) if time.subsec_nanosecond() % 100 != 0 => write!(f, "{time:.7}"),
            Literal::Time(time) => write!(f, "{time}"),
            Literal::Date(date) => write!(f, "{date}"),
            Literal::Guid(guid) => f.write_str(&guid.to_ascii_lowercase()),
            Literal::Duration(length) => {
                let length = SignedDuration::try_from(*length).unwrap_or(SignedDuration::MAX);
                write!(f, "duration'{length}'")
            }
        }
    }
}

macro_rules! literals {
    ($($from:ty => |$value:ident| $literal:expr;)+) => {
        $(impl From<$from> for Literal {
            fn from($value: $from) -> Self {
                $literal
            }
        })+
    };
}

literals! {
    &str => |value| Literal::Text(value.to_owned());
    String => |value| Literal::Text(value);
    &String => |value| Literal::Text(value.clone());
    bool => |value| Literal::Bool(value);
    i64 => |value| Literal::Int(value);
    i32 => |value| Literal::Int(value.into());
    u32 => |value| Literal::Int(value.into());
    f64 => |value| Literal::Float(value);
    Timestamp => |value| Literal::Time(value);
    Date => |value| Literal::Date(value);
    Duration => |value| Literal::Duration(value);
}
