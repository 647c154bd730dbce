//! A length of time, as options and requests spell it.

use std::fmt;
use std::time::Duration;

use jiff::{SpanRelativeTo, Unit};
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A length of time. As JSON a number of seconds, or a text such as `24h`, `7d`, `90m` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub Duration);

impl Interval {
    pub(crate) const ZERO: Interval = Interval(Duration::ZERO);
    pub(crate) const MILLISECOND: Interval = Interval(Duration::from_millis(1));
}

impl From<Duration> for Interval {
    fn from(length: Duration) -> Self {
        Interval(length)
    }
}

impl std::str::FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |why: String| format!("{text:?} is not a length of time such as \"24h\" or \"7d\": {why}");
        let span: jiff::Span = text.parse().map_err(|e: jiff::Error| wrong(e.to_string()))?;
        let seconds = span
            .total((Unit::Second, SpanRelativeTo::days_are_24_hours()))
            .map_err(|e| wrong(e.to_string()))?;
        from_seconds(seconds).map_err(wrong)
    }
}

fn from_seconds(seconds: f64) -> Result<Interval, String> {
    Duration::try_from_secs_f64(seconds)
        .map(Interval)
        .map_err(|_| format!("{seconds} seconds is negative or too long"))
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{:?}", self.0),
            s if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Interval;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds, or a text such as \"24h\" or \"7d\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Interval, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Interval, E> {
                from_seconds(seconds).map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Interval, E> {
                Ok(Interval(Duration::from_secs(seconds)))
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Interval, E> {
                u64::try_from(seconds)
                    .map(|s| Interval(Duration::from_secs(s)))
                    .map_err(|_| E::custom(format!("{seconds} seconds is negative")))
            }
        }

        deserializer.deserialize_any(Either).map_err(D::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Interval {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Interval".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["number", "string"], "format": "duration"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_words_mean_the_same() {
        for (json, seconds) in [
            ("86400", 86_400.0),
            ("0.25", 0.25),
            (r#""24h""#, 86_400.0),
            (r#""7d""#, 604_800.0),
            (r#""1h 30m""#, 5_400.0),
        ] {
            let interval: Interval = serde_json::from_str(json).unwrap();
            assert!((interval.0.as_secs_f64() - seconds).abs() < 1e-9, "{json}");
        }
    }

    #[test]
    fn what_is_not_a_length_is_refused_by_name() {
        for json in [r#""soon""#, "-1", r#""-2h""#, "1e300", "true"] {
            assert!(serde_json::from_str::<Interval>(json).is_err(), "{json}");
        }
    }
}
