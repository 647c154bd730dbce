//! Filters as JSON, as the other languages hand them over.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::filter::{Condition, Filter, Operator};
use super::literal::Literal;
use crate::interval::Interval;

/// How deep filters may lie within filters.
const DEEPEST: usize = 32;

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        filter(Value::deserialize(deserializer)?, 0).map_err(D::Error::custom)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_json(self).serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Filter {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"x-m365-filter": true})
    }
}

fn filter(value: Value, depth: usize) -> Result<Filter, String> {
    if depth > DEEPEST {
        return Err(format!("filters lie more than {DEEPEST} deep within each other"));
    }
    let mut members = match value {
        Value::String(raw) => return Ok(Filter::Raw(raw)),
        Value::Object(members) => members,
        other => return Err(format!("a filter is a text or an object, not {other}")),
    };
    let mut list = |name: &str| -> Result<Option<Vec<Filter>>, String> {
        match members.remove(name) {
            None => Ok(None),
            Some(Value::Array(parts)) => {
                parts.into_iter().map(|part| filter(part, depth + 1)).collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(format!("{name} of a filter is a list, not {other}")),
        }
    };
    let made = if let Some(parts) = list("and")? {
        Filter::And(parts)
    } else if let Some(parts) = list("or")? {
        Filter::Or(parts)
    } else if let Some(inner) = members.remove("not") {
        Filter::Not(Box::new(filter(inner, depth + 1)?))
    } else if let Some(of) = members.remove("any") {
        Filter::Any(name("any", of)?, Box::new(element(&mut members, depth)?))
    } else if let Some(of) = members.remove("all") {
        Filter::All(name("all", of)?, Box::new(element(&mut members, depth)?))
    } else {
        Filter::Is(condition(&mut members)?)
    };
    match members.keys().next() {
        None => Ok(made),
        Some(unknown) => Err(format!("a filter has no member {unknown:?} here")),
    }
}

fn element(members: &mut Map<String, Value>, depth: usize) -> Result<Filter, String> {
    filter(members.remove("where").ok_or("any and all of a filter need a where")?, depth + 1)
}

fn name(member: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(name) => Ok(name),
        other => Err(format!("{member} of a filter is the name of a property, not {other}")),
    }
}

fn condition(members: &mut Map<String, Value>) -> Result<Condition, String> {
    let field =
        members.remove("field").ok_or("a filter names a field, or is one of and, or, not, any, all")?;
    let op = name("op", members.remove("op").ok_or("a filter with a field needs an op")?)?;
    let value = members.remove("value").ok_or("a filter with a field needs a value")?;
    Ok(Condition {
        field: name("field", field)?,
        op: Operator::named(&op)
            .ok_or_else(|| format!("op {op:?} of a filter is none of {}", Operator::NAMES.join(", ")))?,
        value: literal(value)?,
    })
}

fn literal(value: Value) -> Result<Literal, String> {
    Ok(match value {
        Value::Null => Literal::Null,
        Value::Bool(truth) => Literal::Bool(truth),
        Value::String(text) => Literal::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64().filter(|_| number.is_f64())) {
            (Some(whole), _) => Literal::Int(whole),
            (None, Some(float)) => Literal::Float(float),
            (None, None) => {
                return Err(format!("{number} in a filter is more than a service can compare with"));
            }
        },
        Value::Object(tagged) if tagged.len() == 1 => {
            let (tag, value) = tagged.into_iter().next().unwrap_or_default();
            tagged_literal(&tag, &value)?
        }
        other => return Err(format!("{other} is no value in a filter")),
    })
}

fn tagged_literal(tag: &str, value: &Value) -> Result<Literal, String> {
    let wrong = |why: String| format!("{tag} {value} in a filter: {why}");
    let text = || value.as_str().ok_or_else(|| wrong("it is not a text".to_owned()));
    match tag {
        "time" => text()?.parse::<Timestamp>().map(Literal::Time).map_err(|e| wrong(e.to_string())),
        "date" => text()?.parse::<Date>().map(Literal::Date).map_err(|e| wrong(e.to_string())),
        "guid" => text().map(|guid| Literal::Guid(guid.to_owned())),
        "enum" => text().map(|member| Literal::Enum(member.to_owned())),
        "duration" => serde_json::from_value::<Interval>(value.clone())
            .map(|length| Literal::Duration(length.0))
            .map_err(|e| wrong(e.to_string())),
        other => Err(format!("{other:?} is no kind of value in a filter")),
    }
}

fn to_json(filter: &Filter) -> Value {
    let all = |parts: &[Filter]| parts.iter().map(to_json).collect::<Vec<_>>();
    match filter {
        Filter::Raw(text) => json!(text),
        Filter::Is(Condition { field, op, value }) => {
            json!({"field": field, "op": op.as_str(), "value": literal_to_json(value)})
        }
        Filter::And(parts) => json!({"and": all(parts)}),
        Filter::Or(parts) => json!({"or": all(parts)}),
        Filter::Not(inner) => json!({"not": to_json(inner)}),
        Filter::Any(of, inner) => json!({"any": of, "where": to_json(inner)}),
        Filter::All(of, inner) => json!({"all": of, "where": to_json(inner)}),
    }
}

fn literal_to_json(literal: &Literal) -> Value {
    match literal {
        Literal::Text(text) => json!(text),
        Literal::Bool(truth) => json!(truth),
        Literal::Int(number) => json!(number),
        Literal::Float(number) => json!(number),
        Literal::Null => Value::Null,
        Literal::Time(time) => json!({"time": time}),
        Literal::Date(date) => json!({"date": date}),
        Literal::Guid(guid) => json!({"guid": guid}),
        Literal::Enum(member) => json!({"enum": member}),
        Literal::Duration(length) => json!({"duration": length.as_secs_f64()}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_and_written() {
        for (json, text) in [
            (json!("a eq 1"), "a eq 1"),
            (
                json!({"field": "a", "op": "ge", "value": {"time": "2026-11-14T00:00:00Z"}}),
                "a ge 2026-11-14T00:00:00Z",
            ),
            (
                json!({"and": [{"not": {"field": "a", "op": "eq", "value": null}}, {"or": ["b eq 1", "c eq 2"]}]}),
                "not (a eq null) and ((b eq 1) or (c eq 2))",
            ),
            (
                json!({"any": "s", "where": {"field": "", "op": "contains", "value": "x'y"}}),
                "s/any(x:contains(x,'x''y'))",
            ),
            (json!({"field": "a", "op": "lt", "value": {"duration": 60.0}}), "a lt duration'PT1M'"),
        ] {
            let filter: Filter = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(filter.to_string(), text);
            assert_eq!(serde_json::to_value(&filter).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_with_what_is_wrong() {
        for (json, why) in [
            (json!(5), "a text or an object"),
            (json!({"field": "a", "op": "like", "value": 1}), "like"),
            (json!({"field": "a", "op": "eq"}), "needs a value"),
            (json!({"field": "a", "op": "eq", "value": {"time": "2026-11-14T00:00:00"}}), "2026-11-14"),
            (json!({"field": "a", "op": "eq", "value": [1]}), "no value"),
            (json!({"field": "a", "op": "eq", "value": u64::MAX}), "more than a service"),
            (json!({"and": []  , "or": []}), "or"),
            (json!({"any": "a"}), "where"),
            (json!({"x": 1}), "names a field"),
        ] {
            let error = serde_json::from_value::<Filter>(json).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let deep = (0..40).fold(json!("a"), |inner, _| json!({"not": inner}));
        assert!(serde_json::from_value::<Filter>(deep).is_err());
    }
}
