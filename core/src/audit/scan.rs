//! One pass over the bytes of a blob: where its records stand, and where their common fields do.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{Field, Place, Row};
use super::record::{TOO_DEEP, beyond_limits};

/// What is looked for in each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finds {
    /// Where it begins and ends.
    Places,
    /// Its id as well.
    Ids,
    /// All common fields.
    Fields,
}

/// What a pass has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) faults: Vec<Fault>,
}

/// An element that is not read as a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// Which element of the blob it is, counted from zero.
    pub(super) index: usize,
    pub(super) place: Place,
    pub(super) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    NoRecord,
    TooLong,
    TooDeep,
}

impl Why {
    /// As the end of a sentence on an element of so many bytes.
    pub(super) fn words(self, bytes: usize, longest: usize) -> String {
        match self {
            Why::NoRecord => "is not a record".to_owned(),
            Why::TooDeep => format!("is nested {TOO_DEEP} levels deep or deeper"),
            Why::TooLong => format!("has {bytes} bytes, and {longest} are allowed by max_record_bytes"),
        }
    }
}

/// Reads a body whole or not at all: an array, of which each object within the limits is a record.
pub(super) fn scan(body: &[u8], finds: Finds, longest: usize) -> serde_json::Result<Found> {
    let elements: Vec<&RawValue> = serde_json::from_slice(body)?;
    let mut found = Found { rows: Vec::with_capacity(elements.len()), faults: Vec::new() };
    for (index, element) in elements.into_iter().enumerate() {
        let json = element.get();
        let start = json.as_ptr() as usize - body.as_ptr() as usize;
        let place = Place::new(start, start + json.len()).ok_or_else(too_long)?;
        let row = match beyond_limits(json.as_bytes(), longest) {
            Some(why) => Err(why),
            None => record(body, place, finds).ok_or(Why::NoRecord),
        };
        match row {
            Ok(row) => found.rows.push(row),
            Err(why) => found.faults.push(Fault { index, place, why }),
        }
    }
    Ok(found)
}

fn too_long() -> serde_json::Error {
    serde::de::Error::custom("it is longer than four gigabytes")
}

/// Finds the fields of one record; none if it is not an object.
pub(super) fn record(body: &[u8], place: Place, finds: Finds) -> Option<Row> {
    let json = &body[place.range()];
    let mut row = Row::at(place);
    if finds == Finds::Places {
        return (json.first() == Some(&b'{')).then_some(row);
    }
    let Members(members) = serde_json::from_slice(json).ok()?;
    let from = body.as_ptr() as usize;
    for (field, value) in members {
        let start = value.as_ptr() as usize - from;
        row.set(field, Place::new(start, start + value.len())?);
    }
    Some(row)
}

struct Members<'a>(Vec<(Field, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audit record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
                    let value: &RawValue = map.next_value()?;
                    members.extend(Field::named(key.as_bytes()).map(|field| (field, value.get())));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
