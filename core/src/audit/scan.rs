//! One pass over the bytes of a blob: where its records stand, and where their common fields do.
//!
//! The quick pass is `sonic-rs` and knows nothing but what nearly all blobs are: an array of objects whose
//! keys have no escapes. At anything else it gives up, and the careful pass of `serde_json` has the say.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
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
    /// What rows have put aside.
    pub(super) aside: String,
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
pub(super) fn scan(body: &str, finds: Finds, longest: usize) -> serde_json::Result<Found> {
    // Where only the places are looked for, the careful pass is the quicker one: it stops at no key.
    let found = if finds == Finds::Places { None } else { quick(body, finds, longest) };
    found.map_or_else(|| careful(body, finds, longest), Ok)
}

fn careful(body: &str, finds: Finds, longest: usize) -> serde_json::Result<Found> {
    let elements: Vec<&RawValue> = serde_json::from_str(body)?;
    let mut found = Found { rows: Vec::with_capacity(elements.len()), ..Found::default() };
    for (index, element) in elements.into_iter().enumerate() {
        let json = element.get();
        let place = place_in(body, json)
            .ok_or_else(|| serde_json::Error::custom("it is longer than two gigabytes"))?;
        let row = match beyond_limits(json.as_bytes(), longest) {
            Some(why) => Err(why),
            None => record(body, place, finds, &mut found.aside).ok_or(Why::NoRecord),
        };
        match row {
            Ok(row) => found.rows.push(row),
            Err(why) => found.faults.push(Fault { index, place, why }),
        }
    }
    Ok(found)
}

/// Finds the fields of one record; none if it is not an object.
pub(super) fn record(body: &str, place: Place, finds: Finds, aside: &mut String) -> Option<Row> {
    let json = body.get(place.range())?;
    let mut row = Row::at(place);
    if finds == Finds::Places {
        return json.starts_with('{').then_some(row);
    }
    let Members(members) = serde_json::from_str(json).ok()?;
    for (field, value) in members {
        row.set(field, place_in(body, value)?, value, aside);
    }
    Some(row)
}

fn place_in(body: &str, part: &str) -> Option<Place> {
    let start = start_in(body, part);
    Place::new(start, start + part.len())
}

/// Where a part of the body begins.
fn start_in(body: &str, part: &str) -> usize {
    (part.as_ptr() as usize).wrapping_sub(body.as_ptr() as usize)
}

/// What is found in a body that is quite ordinary; nothing in any other, which need not be wrong.
fn quick(body: &str, finds: Finds, longest: usize) -> Option<Found> {
    let rows = Vec::with_capacity(body.len() / TYPICAL);
    let mut elements = Elements { body, finds, found: Found { rows, ..Found::default() } };
    let mut reader = sonic_rs::Deserializer::from_str(body);
    // As any value, because the reader skips one of another type than was asked for, and that by recursion.
    (&mut reader).deserialize_any(&mut elements).ok()?;
    reader.end().ok()?;
    let found = elements.found;
    found.rows.iter().all(|row| row.place.len() <= longest).then_some(found)
}

/// How deep records are followed, by recursion. No known one is nested as deep.
const DEEPEST: usize = 32;
/// How long a record is, to make room for the rows of a blob.
const TYPICAL: usize = 1_000;

struct Elements<'b> {
    body: &'b str,
    finds: Finds,
    found: Found,
}

impl Elements<'_> {
    /// Where the object begins that has this for its first key.
    fn opening(&self, key: &str) -> Option<usize> {
        let quote = start_in(self.body, key).checked_sub(1)?;
        let before = self.body.as_bytes().get(..quote)?.trim_ascii_end();
        before.ends_with(b"{").then(|| before.len() - 1)
    }

    /// Where the object ends whose last value ends here.
    fn closing(&self, value_end: usize) -> Option<usize> {
        let rest = self.body.as_bytes().get(value_end..)?.trim_ascii_start().strip_prefix(b"}")?;
        Some(self.body.len() - rest.len())
    }

    /// Where the value of a key stands: about a text without escapes it is known already.
    fn place_of(&self, key: &str, plain: Option<&str>) -> Option<Place> {
        if let Some(text) = plain {
            let start = start_in(self.body, text);
            return Place::new(start.checked_sub(1)?, start + text.len() + 1);
        }
        let key_end = start_in(self.body, key) + key.len() + 1;
        let rest = self.body.as_bytes().get(key_end..)?;
        let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let start = self.body.len() - rest.len();
        Place::new(start, start + extent(rest))
    }
}

impl<'de> Visitor<'de> for &mut Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Record(self))?.is_some() {}
        Ok(())
    }
}

/// An object whose place is put down, and the places of what is looked for in it.
struct Record<'r, 'b>(&'r mut Elements<'b>);

impl<'de> DeserializeSeed<'de> for Record<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Record<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Record(elements) = self;
        let odd = || A::Error::custom("not quite ordinary");
        let (mut row, mut first, mut last) = (Row::default(), None, None);
        // A key with escapes is not borrowed, and an error here.
        while let Some(key) = members.next_key::<&'de str>()? {
            let plain = members.next_value_seed(Skip { depth: 1 })?;
            let sought = match elements.finds {
                Finds::Places => None,
                Finds::Ids => (key == "Id").then_some(Field::Id),
                Finds::Fields => Field::named(key.as_bytes()),
            };
            if let Some(field) = sought {
                let place = elements.place_of(key, plain).ok_or_else(odd)?;
                match plain {
                    Some(_) => row.set_plain(field, place),
                    None => row.set(field, place, &elements.body[place.range()], &mut elements.found.aside),
                }
            }
            first.get_or_insert(key);
            last = Some((key, plain));
        }
        let start = first.and_then(|key| elements.opening(key));
        let value = last.and_then(|(key, plain)| elements.place_of(key, plain));
        let end = value.and_then(|value| elements.closing(value.range().end));
        row.place = start.zip(end).and_then(|(start, end)| Place::new(start, end)).ok_or_else(odd)?;
        elements.found.rows.push(row);
        Ok(())
    }
}

/// Any value, read to its end; of a text without escapes it is told where it is.
#[derive(Clone, Copy)]
struct Skip {
    depth: usize,
}

impl Skip {
    fn deeper<E: Error>(self) -> Result<Skip, E> {
        let depth = self.depth + 1;
        if depth > DEEPEST { Err(E::custom("nested too deep")) } else { Ok(Skip { depth }) }
    }
}

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = Option<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        while elements.next_element_seed(inner)?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        while members.next_key_seed(inner)?.is_some() {
            members.next_value_seed(inner)?;
        }
        Ok(None)
    }
}

/// How long the value is that well-formed JSON begins with.
fn extent(json: &[u8]) -> usize {
    match json.first() {
        Some(b'"') => extent_of_text(json),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (0, 0_usize);
            while let Some(byte) = json.get(at) {
                match byte {
                    b'"' => {
                        at += extent_of_text(&json[at..]);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return at + 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
            }
            at
        }
        _ => json.iter().position(|byte| b",]} \t\r\n".contains(byte)).unwrap_or(json.len()),
    }
}

fn extent_of_text(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(next) = json.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += next;
        if json[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    json.len()
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
                while let Some(key) = map.next_key_seed(Key)? {
                    let value: &RawValue = map.next_value()?;
                    members.extend(Field::named(&key).map(|field| (field, value.get())));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A key as bytes, which may hold half a character where the service cut one.
pub(super) struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, [u8]>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Cow<'a, [u8]>, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_bytes<E>(self, key: &'a [u8]) -> Result<Cow<'a, [u8]>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Cow<'a, [u8]>, E> {
        Ok(Cow::Borrowed(key.as_bytes()))
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Cow<'a, [u8]>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'a, [u8]>, E> {
        Ok(Cow::Owned(key.as_bytes().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both passes say the same of it, if the quick one says anything.
    fn agree(body: &str) -> bool {
        let mut is_quick = true;
        for finds in [Finds::Places, Finds::Ids, Finds::Fields] {
            let quick = quick(body, finds, 1_000);
            is_quick &= quick.is_some();
            if let Some(quick) = quick {
                let careful = careful(body, finds, 1_000).unwrap();
                assert!(careful.faults.is_empty());
                match finds {
                    // The careful pass puts down all fields, and the ids are among them.
                    Finds::Ids => assert_eq!(quick.rows.len(), careful.rows.len()),
                    _ => assert_eq!((quick.rows, quick.aside), (careful.rows, careful.aside), "{body}"),
                }
            }
        }
        is_quick
    }

    #[test]
    fn what_is_ordinary_is_read_quickly_and_as_the_careful_pass_reads_it() {
        for body in [
            r#"[{"Id":"a","AppAccessContext":{"x":["}\"",{}]},"RecordType":6},{"Id":"b\n","x":null}]"#,
            " [ {\"x\" : -1.5e3 , \"Id\" : \"é\" } ,\n\t{\"Scope\":true\r\n}\n] ",
            r#"[{"Id":"a","Id":7,"x":"\ud83d\ude00","Operation":"\u0041\"","UserId":[1,"]"]}]"#,
            "[]",
        ] {
            assert!(agree(body), "{body}");
        }
        let samples = include_str!("../../../sandbox/data/synthetic-general-mixed.jsonl").lines();
        for line in samples.filter(|line| line.len() <= 1_000) {
            assert!(agree(&format!("[{line},{line}]")));
        }
    }

    #[test]
    fn a_key_cut_within_a_character_hides_no_record() {
        let body = r#"[{"cut \ud83d":null,"Id":"b"}]"#;
        let found = scan(body, Finds::Fields, 1_000).unwrap();
        assert!(found.faults.is_empty() && found.rows.len() == 1);
        assert_eq!(scan(body, Finds::Places, 1_000).unwrap().rows.len(), 1);
    }

    #[test]
    fn what_is_not_ordinary_is_left_to_the_careful_pass() {
        let deep = |levels: usize| format!(r#"[{{"a":{}{}}}]"#, "[".repeat(levels), "]".repeat(levels));
        assert!(agree(&deep(DEEPEST - 1)));
        for body in [
            deep(DEEPEST),
            deep(TOO_DEEP),
            deep(300_000),
            "[".repeat(300_000),
            r#"{"a":"#.repeat(300_000),
            format!("[{}", r#"{"a":["#.repeat(300_000)),
            r#"[{"a":"#.repeat(300_000),
            r#"[{"Id":"a"},{}]"#.into(),
            r#"[{"Id":"a"}, 7]"#.into(),
            r#"[{"\u0049d":"a"}]"#.into(),
            r#"[{"Id":"half \ud83d"}]"#.into(),
            r#"[{"Id":"\u12"},"]"#.into(),
            r#"[{"Id":"\u"},{"x":""}]"#.into(),
            r#"[{"Id":"\q"}]"#.into(),
            r#"[{"Id":01}]"#.into(),
            r#"[{"Id":1}] x"#.into(),
            "[{\"Id\":\"\n\"}]".into(),
            format!(r#"[{{"Id":"{}"}}]"#, "x".repeat(1_000)),
        ] {
            assert!(!agree(&body), "{}", &body[..body.len().min(80)]);
        }
    }

    proptest! {
        #[test]
        fn both_passes_agree_on_anything(
            body in r#"\[(\{("(Id|Scope|AppAccessContext|x|\\u0049d)": ?("[ -~é]{0,6}"|"\\\\u[0-9a-fq]{2,4}"|-?[0-9.e]{1,4}|null|\[\]|\{"Id":\[1\]\})[, ]{1,2}){0,3}"y":1 ?\}[,\n]?){0,3}\]"#,
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            agree(&body);
            let mut damaged = body.into_bytes();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            agree(&String::from_utf8_lossy(&damaged));
        }
    }
}
