//! The fuzz target of filters.

#![allow(clippy::expect_used)] // A failed expectation is what is looked for.

use super::lex::{Word, words};
use super::{Filter, Literal, field};
use crate::fuzzing::check_error;

/// Any text as a raw filter, as a tree in JSON, and as a text to compare with.
pub fn odata_filter(data: &[u8]) {
    if let Ok(filter) = serde_json::from_slice::<Filter>(data) {
        tree(&filter);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    raw(text);
    literal(text);
}

/// What is taken apart is nothing but what was there, and what cannot be is refused by what can be shown.
fn raw(text: &str) {
    if let Ok(words) = words(text) {
        for word in words {
            match word {
                Word::Name(part)
                | Word::Text(part)
                | Word::Time(part)
                | Word::TimeWithoutZone(part)
                | Word::Value(part) => assert!(text.contains(part)),
                Word::Mark(mark) => assert!(text.contains(mark)),
            }
        }
    }
    if let Err(error) = Filter::from(text).check(&[("details", "it is closed")]) {
        check_error(&error);
    }
}

/// A tree is the same after it has crossed into another language and back, and what passes is whole when written.
fn tree(filter: &Filter) {
    let json = serde_json::to_value(filter).expect("a filter is JSON");
    let again: Filter = serde_json::from_value(json.clone()).expect("its own JSON");
    assert_eq!(serde_json::to_value(&again).expect("a filter is JSON"), json);
    match filter.check(&[]) {
        Ok(()) => assert!(words(&filter.to_string()).is_ok(), "{filter}"),
        Err(error) => check_error(&error),
    }
}

/// No text ends before its end: whatever is in it, it is one word behind the operator.
fn literal(text: &str) {
    let filter = field("title").eq(Literal::Text(text.to_owned()));
    if filter.check(&[]).is_err() {
        return;
    }
    let written = filter.to_string();
    let words = words(&written).expect("a literal is whole");
    let [Word::Name("title"), Word::Name("eq"), Word::Text(quoted)] = words[..] else {
        panic!("{words:?}");
    };
    assert_eq!(quoted.replace("''", "'"), text);
}
