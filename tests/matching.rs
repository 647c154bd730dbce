//! Whether a value is what a scenario expects, and if not, where not.

use serde_json::{Map, Value};

/// What stands in the place of a value. Other names with `$` are names: query options have such.
pub(crate) const WAYS: [&str; 3] = ["$any", "$gte", "$contains"];

/// Compares `actual` with the part of it that `pattern` names; the error says where they differ.
pub fn part(pattern: &Value, actual: &Value) -> Result<(), String> {
    at("", pattern, actual)
}

/// Compares the error that was raised: `message` and `hint` need only contain what is expected.
pub fn error(pattern: &Value, actual: &Value) -> Result<(), String> {
    let mut pattern = pattern.clone();
    for key in ["message", "hint"] {
        if let Some(Value::String(text)) = pattern.get(key).cloned() {
            pattern[key] = serde_json::json!({"$contains": text});
        }
    }
    part(&pattern, actual)
}

fn at(place: &str, pattern: &Value, actual: &Value) -> Result<(), String> {
    let differs = || Err(format!("{}: expected {pattern}, got {}", shown(place), short(actual)));
    match (pattern, actual) {
        (Value::Object(wanted), _) if wanted.keys().any(|key| WAYS.contains(&key.as_str())) => {
            if special(wanted, actual) { Ok(()) } else { differs() }
        }
        (Value::Object(wanted), Value::Object(members)) => wanted.iter().try_for_each(|(key, pattern)| {
            at(&format!("{place}.{key}"), pattern, members.get(key).unwrap_or(&Value::Null))
        }),
        (Value::Array(wanted), Value::Array(items)) => {
            if wanted.len() != items.len() {
                return Err(format!(
                    "{}: expected {} elements, got {}: {}",
                    shown(place),
                    wanted.len(),
                    items.len(),
                    short(actual)
                ));
            }
            let mut pairs = wanted.iter().zip(items).enumerate();
            pairs.try_for_each(|(index, (pattern, item))| at(&format!("{place}[{index}]"), pattern, item))
        }
        (Value::Number(wanted), Value::Number(number)) => {
            if wanted == number || wanted.as_f64() == number.as_f64() { Ok(()) } else { differs() }
        }
        _ => {
            if pattern == actual {
                Ok(())
            } else {
                differs()
            }
        }
    }
}

fn special(pattern: &Map<String, Value>, actual: &Value) -> bool {
    pattern.iter().all(|(key, wanted)| match key.as_str() {
        "$any" => !actual.is_null(),
        "$gte" => actual.as_f64() >= wanted.as_f64() && actual.is_number(),
        "$contains" => actual.as_str().zip(wanted.as_str()).is_some_and(|(text, part)| text.contains(part)),
        _ => false,
    })
}

fn shown(place: &str) -> &str {
    if place.is_empty() { "it" } else { place.trim_start_matches('.') }
}

/// Reads JSON that the library or a file holds.
pub fn parse(json: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(json).map_err(|e| format!("not JSON: {e}: {}", String::from_utf8_lossy(json)))
}

/// Values can be whole feeds; a complaint shows their beginning.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_is_enough_but_lists_are_compared_whole() {
        assert!(part(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1.0, "c": 2}, "d": 3})).is_ok());
        assert!(part(&json!({"a": null}), &json!({})).is_ok());
        assert!(part(&json!([1]), &json!([1, 2])).is_err());
        assert!(part(&json!({"a": null}), &json!({"a": 0})).is_err());
        assert!(part(&json!({"a": [{}]}), &json!({"a": null})).is_err());
    }

    #[test]
    fn special_patterns() {
        assert!(part(&json!({"$any": true}), &json!(0)).is_ok());
        assert!(part(&json!({"$any": true}), &json!(null)).is_err());
        assert!(part(&json!({"$gte": 3}), &json!(3)).is_ok());
        assert!(part(&json!({"$gte": 3}), &json!(2)).is_err());
        assert!(part(&json!({"$gte": 3}), &json!("4")).is_err());
        assert!(part(&json!({"$contains": "b"}), &json!("abc")).is_ok());
        assert!(part(&json!({"$contains": "d"}), &json!("abc")).is_err());
    }

    #[test]
    fn a_complaint_says_where() {
        let complaint = part(&json!({"items": [{"id": "a"}]}), &json!({"items": [{"id": "b"}]})).unwrap_err();
        assert_eq!(complaint, r#"items[0].id: expected "a", got "b""#);
    }

    #[test]
    fn messages_and_hints_need_only_be_contained() {
        assert!(error(&json!({"message": "over"}), &json!({"message": "span over 7 days"})).is_ok());
        assert!(error(&json!({"code": "AF2"}), &json!({"code": "AF20022"})).is_err());
    }
}
