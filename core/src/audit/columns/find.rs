//! Finds the values of all paths in one pass over a record, and copies none.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use sonic_rs::LazyValue;

use super::paths::{Leads, Node, Paths};
use crate::audit::scan::Key;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// Nothing, or null.
    Absent,
    /// A value, as JSON.
    Json(&'a str),
    /// The path goes on, but what stands on its way is no object.
    Blocked,
}

/// Puts what stands at the paths into `found`, in the order of their columns. Of repeated keys the last one
/// counts; a name that holds dots itself is found by them.
pub(super) fn find<'a>(paths: &Paths, record: &'a str, found: &mut Vec<Found<'a>>) {
    if !find_by::<LazyValue<'a>>(paths, record, found) {
        // Such as a text that was cut within a character: serde_json goes over it.
        find_by::<&'a RawValue>(paths, record, found);
    }
}

fn find_by<'a, V: Whole<'a>>(paths: &Paths, record: &'a str, found: &mut Vec<Found<'a>>) -> bool {
    found.clear();
    found.resize(paths.columns.len(), Found::Absent);
    V::read(record, Object::<V> { nodes: &paths.roots, top: Some(paths), found, values: PhantomData })
}

/// A value of which only the extent is read, by one of two readers.
trait Whole<'a>: Deserialize<'a> {
    /// The value as it stands there.
    fn json(&self) -> Option<&'a str>;

    /// Reads JSON; false if it cannot be read to its end.
    fn read(json: &'a str, into: impl DeserializeSeed<'a>) -> bool;
}

impl<'a> Whole<'a> for LazyValue<'a> {
    fn json(&self) -> Option<&'a str> {
        match self.as_raw_cow() {
            Cow::Borrowed(json) => Some(json),
            Cow::Owned(_) => None,
        }
    }

    fn read(json: &'a str, into: impl DeserializeSeed<'a>) -> bool {
        into.deserialize(&mut sonic_rs::Deserializer::from_str(json)).is_ok()
    }
}

impl<'a> Whole<'a> for &'a RawValue {
    fn json(&self) -> Option<&'a str> {
        Some(RawValue::get(self))
    }

    fn read(json: &'a str, into: impl DeserializeSeed<'a>) -> bool {
        into.deserialize(&mut serde_json::Deserializer::from_str(json)).is_ok()
    }
}

struct Object<'n, 'f, 'a, V> {
    nodes: &'n [Node],
    /// All paths, at the top of a record.
    top: Option<&'n Paths>,
    found: &'f mut [Found<'a>],
    values: PhantomData<V>,
}

impl<'a, V: Whole<'a>> DeserializeSeed<'a> for Object<'_, '_, 'a, V> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, V: Whole<'a>> Visitor<'a> for Object<'_, '_, 'a, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Object { nodes, top, found, .. } = self;
        let unreadable = || A::Error::custom("not by this reader");
        while let Some(key) = map.next_key_seed(Key)? {
            if let Some(node) = nodes.iter().find(|node| node.name.as_bytes() == &*key) {
                let value = map.next_value::<V>()?.json().ok_or_else(unreadable)?;
                match &node.leads {
                    Leads::To(column) => found[*column] = at(value),
                    Leads::Into(_) if !value.starts_with('{') => {
                        let way =
                            if matches!(value, "null" | "\"\"") { Found::Absent } else { Found::Blocked };
                        node.each_column(&mut |column| found[column] = way);
                    }
                    Leads::Into(nodes) => {
                        node.each_column(&mut |column| found[column] = Found::Absent);
                        let inner = Object::<V> { nodes, top: None, found: &mut *found, values: PhantomData };
                        if !V::read(value, inner) {
                            return Err(unreadable());
                        }
                    }
                }
            } else if let Some(column) = top.and_then(|paths| spelled_with_dots(paths, &key)) {
                found[column] = at(map.next_value::<V>()?.json().ok_or_else(unreadable)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn at(value: &str) -> Found<'_> {
    if value == "null" { Found::Absent } else { Found::Json(value) }
}

fn spelled_with_dots(paths: &Paths, key: &[u8]) -> Option<usize> {
    memchr::memchr(b'.', key)?;
    paths.columns.iter().position(|column| column.path.as_bytes() == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(paths: &[&str], record: &str) -> Vec<String> {
        let paths: Vec<_> = paths.iter().map(|path| format!("~{path}")).collect();
        let paths = Paths::check(&paths, &[]).unwrap();
        let mut found = Vec::new();
        find(&paths, record, &mut found);
        found
            .iter()
            .map(|found| match found {
                Found::Absent => "-".to_owned(),
                Found::Json(json) => (*json).to_owned(),
                Found::Blocked => "blocked".to_owned(),
            })
            .collect()
    }

    #[test]
    fn values_are_found_wherever_they_stand() {
        let record =
            r#"{"x":[{"a":1}],"a":{"b":{"c":"t"},"d":[1, 2],"e":null},"n":-1.50,"\u0041":true,"p.q":"dots"}"#;
        assert_eq!(
            all(&["a.b.c", "a.d", "a.e", "n", "A", "p.q", "a.b.x", "x.a"], record),
            ["\"t\"", "[1, 2]", "-", "-1.50", "true", "\"dots\"", "-", "blocked"]
        );
    }

    #[test]
    fn of_repeated_keys_the_last_one_counts_whole() {
        assert_eq!(all(&["a.b", "a.c"], r#"{"a":{"b":1,"b":2,"c":3},"a":{"b":4}}"#), ["4", "-"]);
        assert_eq!(all(&["a.b"], r#"{"a":{"b":1},"a":"text"}"#), ["blocked"]);
        assert_eq!(all(&["a.b"], r#"{"a":"text","a":""}"#), ["-"]);
    }

    #[test]
    fn a_text_cut_within_a_character_hides_nothing_behind_it() {
        assert_eq!(all(&["a", "b"], r#"{"cut \uD83D":"x \uD83D","a":"\uD83D","b":1}"#), [r#""\uD83D""#, "1"]);
    }

    proptest! {
        #[test]
        fn both_readers_find_the_same(
            members in proptest::collection::vec(("(a|b|c|p.q|.{0,3})", "(a|b|\"x\"|.{0,3})", any::<Option<i32>>()), 0..6)
        ) {
            let json = |text: &str| serde_json::to_string(text).unwrap();
            let members: Vec<_> = members.iter().map(|(key, inner, number)| match number {
                Some(number) => format!("{} : {{ {}:{number}, \"c\": [{number}] }}", json(key), json(inner)),
                None => format!("{}: {}", json(key), json(inner)),
            }).collect();
            let record = format!("{{{}}}", members.join(" ,\n"));
            let paths: Vec<_> = ["~a.a", "~a.c", "~b", "~c.b", "~p.q"].map(str::to_owned).into();
            let paths = Paths::check(&paths, &[]).unwrap();
            let (mut quick, mut careful) = (Vec::new(), Vec::new());
            prop_assert!(find_by::<&RawValue>(&paths, &record, &mut careful));
            // A value that is sought and has escapes is left to the careful one.
            if find_by::<LazyValue<'_>>(&paths, &record, &mut quick) {
                prop_assert_eq!(&quick, &careful);
            }
            find(&paths, &record, &mut quick);
            prop_assert_eq!(quick, careful);
        }

        #[test]
        fn nothing_that_is_read_makes_it_panic(record in ".{0,60}") {
            all(&["a.b", "c"], &record);
        }
    }
}
