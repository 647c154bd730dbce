//! The words of a raw filter: enough of it to find what cannot be right before it is sent.

use crate::error::{Error, Result};

/// A word of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// A name, a path of names, an operator or a function.
    Name(&'a str),
    /// What stands between two quotes, with doubled quotes as they came.
    Text(&'a str),
    /// An instant or a day.
    Time(&'a str),
    /// An instant of which nobody knows where.
    TimeWithoutZone(&'a str),
    /// A number, a GUID, or what else is no name.
    Value(&'a str),
    /// A parenthesis, a comma or a colon.
    Mark(char),
}

/// Takes a filter apart. Refuses a text without an end, and parentheses that do not match.
pub(crate) fn words(filter: &str) -> Result<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let mut open = 0_u32;
    let mut rest = filter.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => {
                let length = text_length(rest).ok_or_else(|| {
                    Error::invalid("a text in the filter has no closing quote; write a quote within it twice")
                })?;
                words.push(Word::Text(&rest[1..length - 1]));
                length
            }
            '(' | ')' | ',' | ':' => {
                let deeper = if first == ')' {
                    open.checked_sub(1)
                } else {
                    open.checked_add(u32::from(first == '('))
                };
                open = deeper.ok_or_else(unmatched)?;
                words.push(Word::Mark(first));
                1
            }
            _ => {
                let length = word_length(rest);
                words.push(word(&rest[..length]));
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    if open > 0 { Err(unmatched()) } else { Ok(words) }
}

fn unmatched() -> Error {
    Error::invalid("the parentheses in the filter do not match")
}

/// Up to and with the quote that is not doubled.
fn text_length(text: &str) -> Option<usize> {
    let mut from = 1;
    loop {
        let quote = from + text[from..].find('\'')?;
        if !text[quote + 1..].starts_with('\'') {
            return Some(quote + 1);
        }
        from = quote + 2;
    }
}

/// Colons belong to a time and end anything else.
fn word_length(text: &str) -> usize {
    let is_time = looks_like_a_time(text);
    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '\'') || (c == ':' && !is_time);
    text.find(ends).unwrap_or(text.len()).max(1)
}

fn looks_like_a_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 10
        && bytes[..10]
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
        && matches!(bytes[10], b'T' | b't')
}

fn word(text: &str) -> Word<'_> {
    if looks_like_a_time(text) {
        let clock = &text[11..];
        let has_zone = clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']);
        return if has_zone { Word::Time(text) } else { Word::TimeWithoutZone(text) };
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$'))
        && !text.contains('-')
    {
        Word::Name(text)
    } else {
        Word::Value(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Word::{Mark, Name, Text, Time, TimeWithoutZone, Value};
    use super::*;

    #[test]
    fn a_filter_is_taken_apart() {
        assert_eq!(
            words("startDateTime ge 2026-11-01T00:00:00Z and t/any(x:x eq 'it''s')").unwrap(),
            [
                Name("startDateTime"),
                Name("ge"),
                Time("2026-11-01T00:00:00Z"),
                Name("and"),
                Name("t/any"),
                Mark('('),
                Name("x"),
                Mark(':'),
                Name("x"),
                Name("eq"),
                Text("it''s"),
                Mark(')'),
            ]
        );
        assert_eq!(words("a le 2026-11-01T00:00:00.5").unwrap()[2], TimeWithoutZone("2026-11-01T00:00:00.5"));
        assert_eq!(words("a le 2026-11-01T00:00:00-05:00").unwrap()[2], Time("2026-11-01T00:00:00-05:00"));
        assert_eq!(words("a eq -5").unwrap()[2], Value("-5"));
        let guid = "d0a2b9c4-0000-4000-8000-000000000001";
        assert_eq!(words(&format!("a eq {guid}")).unwrap()[2], Value(guid));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in r"([a-z]{1,3}|[0-9'(),: é€-]|2026-11-01T1:){0,30}") {
            let _ = words(&text);
        }
    }
}
