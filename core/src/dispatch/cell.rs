//! A single field of an item, on its way into a language that asks only for what is touched.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A field of an item, as JSON has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// It is not there, or null.
    Absent,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Int(i64),
    /// Anything else, as JSON text.
    Json(String),
    /// Bytes that travel beside the JSON.
    Raw(&'a [u8]),
}

impl Cell<'_> {
    /// What has no form of its own here.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or(Cell::Absent, Cell::Json)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text.into())
    }
}

impl From<u16> for Cell<'_> {
    fn from(number: u16) -> Self {
        Cell::Int(number.into())
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(time: Timestamp) -> Self {
        Cell::Text(time.to_string().into())
    }
}

impl From<IpAddr> for Cell<'_> {
    fn from(address: IpAddr) -> Self {
        Cell::Text(address.to_string().into())
    }
}

impl From<Value> for Cell<'_> {
    fn from(value: Value) -> Self {
        Cell::json(&value)
    }
}
