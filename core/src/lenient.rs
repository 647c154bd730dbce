//! Reading values that are not quite what the tables say: texts for numbers, blanks for nothing.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;

/// The text that well-formed JSON holds; numbers and booleans give theirs. Null, objects and lists give none.
///
/// An unpaired surrogate, left where the service cut a text, becomes the replacement character.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => match plain(json) {
            Some(text) => Some(Cow::Borrowed(text)),
            None => serde_json::from_str::<String>(json).ok().or_else(|| damaged_text(json)).map(Cow::Owned),
        },
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// What stands between the quotes, if that is the text.
fn plain(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    memchr::memchr(b'\\', text.as_bytes()).is_none().then_some(text)
}

/// A whole number: as such, as a float without a fraction, or as a text that holds one.
pub(crate) fn int(json: &str) -> Option<i64> {
    int_of(&text(json)?)
}

/// The same of what the text is.
#[allow(clippy::cast_possible_truncation)] // checked to be whole and within 2^53
pub(crate) fn int_of(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
    })
}

/// An instant. Without a zone it is UTC; blank and year 1 mean none.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0001-01-01") {
        return None;
    }
    if let Some(time) = plain_time(text.as_bytes()) {
        return Some(time);
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|t| t.timestamp())
    })
}

/// An instant as nearly all are written, `2026-11-20T10:03:12`, at a tenth of what the other forms cost.
fn plain_time(text: &[u8]) -> Option<Timestamp> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, rest @ ..] =
        text
    else {
        return None;
    };
    if !matches!(rest, [] | [b'Z']) {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i8::try_from(byte - b'0').ok()).flatten();
    let two = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    let year = i16::from(two(y0, y1)?) * 100 + i16::from(two(y2, y3)?);
    let time =
        DateTime::new(year, two(m0, m1)?, two(d0, d1)?, two(h0, h1)?, two(n0, n1)?, two(s0, s1)?, 0).ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

/// A truth value, or a text that spells one.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// For serde: a text, where blank means none.
pub(crate) fn text_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty()))
}

/// For serde: an instant with or without a zone, where blank means none.
pub(crate) fn time_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    // Whatever stands there: one odd time must not cost the page that it stands on.
    Ok(Value::deserialize(deserializer)?.as_str().and_then(time))
}

/// `serde_json` reads lone surrogates when bytes are asked for, and only then.
fn damaged_text(json: &str) -> Option<String> {
    struct Lossy;

    impl Visitor<'_> for Lossy {
        type Value = String;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            // A lone surrogate is three bytes, each replaced: one mark is enough.
            Ok(String::from_utf8_lossy(bytes).replace("\u{fffd}\u{fffd}\u{fffd}", "\u{fffd}"))
        }
    }

    serde_json::Deserializer::from_str(json).deserialize_bytes(Lossy).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_from_what_holds_one() {
        for (json, n) in [
            ("6", Some(6)),
            ("\"6\"", Some(6)),
            ("6.00", Some(6)),
            ("-1", Some(-1)),
            ("\"\"", None),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("6.5", None),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(int(json), n, "{json}");
        }
    }

    #[test]
    fn times_are_utc_whatever_they_look_like() {
        for text in [
            "2026-11-20T10:03:12",
            "2026-11-20T10:03:12Z",
            "2026-11-20 10:03:12",
            "2026-11-20T12:03:12+02:00",
            " 2026-11-20T10:03:12.0000000 ",
        ] {
            assert_eq!(time(text), Some("2026-11-20T10:03:12Z".parse().unwrap()), "{text}");
        }
        for text in ["", "0001-01-01T00:00:00", "yesterday"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn an_odd_time_is_none_and_no_failure() {
        #[derive(Deserialize)]
        struct Row(#[serde(deserialize_with = "time_or_none")] Option<Timestamp>);
        for (json, there) in
            [("\"2026-11-20T10:03:12Z\"", true), ("null", false), ("7", false), ("{\"a\":[]}", false)]
        {
            assert_eq!(serde_json::from_str::<Row>(json).unwrap().0.is_some(), there, "{json}");
        }
    }

    #[test]
    fn a_text_cut_within_a_character_is_mended() {
        assert_eq!(text(r#""cut \uD83D""#).unwrap(), "cut \u{fffd}");
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_a_panic(text_in in ".{0,40}", n in any::<f64>(), second in 0..4_000_000_000_i64) {
            let _ = time(&text_in);
            let of = Timestamp::from_second(second).unwrap();
            for written in [of.to_string(), of.strftime("%Y-%m-%dT%H:%M:%S").to_string()] {
                prop_assert_eq!(time(&written), Some(of));
            }
            for json in [serde_json::to_string(&text_in).unwrap(), n.to_string()] {
                let _ = (text(&json), int(&json));
            }
        }
    }
}
