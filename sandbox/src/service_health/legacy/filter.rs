//! `$filter` as the older wire takes it: comparisons joined by `and`, and nothing else (2.5).

use jiff::Timestamp;
use serde_json::Value;

/// A comparison.
#[derive(Debug, PartialEq)]
pub(super) enum Clause {
    Text(&'static str, String),
    Time(&'static str, Comparison, Timestamp),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Eq,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Reads a filter over these properties; an empty one has no clauses.
pub(super) fn read(
    text: &str,
    texts: &[&'static str],
    times: &[&'static str],
) -> Result<Vec<Clause>, String> {
    let mut clauses = vec![];
    let mut rest = text.trim();
    if rest.is_empty() {
        return Ok(clauses);
    }
    loop {
        let (name, after) = word(rest);
        let (comparison, after) = word(after);
        let find = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
        if let Some(name) = find(texts) {
            if comparison != "eq" {
                return Err(format!("{name} can only be compared by eq in '{text}'."));
            }
            let (value, after) =
                quoted(after).ok_or_else(|| format!("{name} needs a text in quotes in '{text}'."))?;
            clauses.push(Clause::Text(name, value));
            rest = after;
        } else if let Some(name) = find(times) {
            let comparison = match comparison {
                "eq" => Comparison::Eq,
                "gt" => Comparison::Gt,
                "ge" => Comparison::Ge,
                "lt" => Comparison::Lt,
                "le" => Comparison::Le,
                _ => return Err(format!("'{comparison}' is not a comparison in '{text}'.")),
            };
            let (value, after) = word(after);
            let instant = value
                .parse()
                .map_err(|_| format!("{name} needs a time with a zone, and no quotes, in '{text}'."))?;
            clauses.push(Clause::Time(name, comparison, instant));
            rest = after;
        } else {
            return Err(format!("Filtering by '{name}' is not supported in '{text}'."));
        }
        if rest.trim().is_empty() {
            return Ok(clauses);
        }
        let (joined, after) = word(rest);
        // White space is what separates; a quote right before does not.
        if joined != "and" || !rest.starts_with(' ') {
            return Err(format!("Only 'and' can follow a comparison in '{text}'."));
        }
        rest = after;
    }
}

impl Clause {
    /// The property it is about.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Text(name, _) | Self::Time(name, ..) => name,
        }
    }

    /// Whether it lets a row through. Nothing compares with what is not there.
    pub(super) fn lets(&self, row: &Value) -> bool {
        match self {
            Self::Text(name, wanted) => row[*name].as_str() == Some(wanted),
            Self::Time(name, comparison, wanted) => {
                // Statuses have had two names for it.
                let there = row[*name].as_str().or_else(|| row["StatusDate"].as_str());
                let Some(at) = there.and_then(|text| text.parse::<Timestamp>().ok()) else { return false };
                match comparison {
                    Comparison::Eq => at == *wanted,
                    Comparison::Gt => at > *wanted,
                    Comparison::Ge => at >= *wanted,
                    Comparison::Lt => at < *wanted,
                    Comparison::Le => at <= *wanted,
                }
            }
        }
    }
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.trim_start().strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (piece, after) = rest.split_once('\'')?;
        value.push_str(piece);
        match after.strip_prefix('\'') {
            None => return Some((value, after)),
            Some(more) => {
                value.push('\'');
                rest = more;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> Result<Vec<Clause>, String> {
        read(text, &["Workload", "Id"], &["StartTime"])
    }

    #[test]
    fn clauses_are_read_and_hold() {
        let clauses = parse("Workload eq 'O''Brien and co' and  StartTime ge 2026-11-14T00:00:00Z").unwrap();
        assert_eq!(clauses.len(), 2);
        let lets = |row: Value| clauses.iter().all(|clause| clause.lets(&row));
        assert!(lets(
            json!({"Workload": "O'Brien and co", "StartTime": "2026-11-14T01:00:00.0000000+01:00"})
        ));
        assert!(
            !lets(json!({"Workload": "o'brien and co", "StartTime": "2026-11-14T00:00:00Z"})),
            "case matters"
        );
        assert!(!lets(json!({"Workload": "O'Brien and co", "StartTime": null})));
        assert_eq!(parse(" "), Ok(vec![]));
    }

    #[test]
    fn all_else_is_refused() {
        for wrong in [
            "Id eq 'a' or Id eq 'b'",
            "not Id eq 'a'",
            "(Id eq 'a')",
            "Id in ('a')",
            "contains(Id,'a')",
            "Id ne 'a'",
            "Id eq a",
            "Id eq 'a",
            "Id eq 'a'and Id eq 'b'",
            "ID eq 'a'",
            "Title eq 'a'",
            "StartTime ge '2026-11-14T00:00:00Z'",
            "StartTime ge 2026-11-14",
            "StartTime ne 2026-11-14T00:00:00Z",
            "Id eq 'a' and",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
