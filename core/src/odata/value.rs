//! Entities as they come: whatever the metadata level, and whether or not this version knows all of it.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::http::Answer;

/// Reads one entity.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    let value: Value = serde_json::from_slice(&answer.body).map_err(|e| not_json(answer, e))?;
    entity(value).map_err(|error| error.with_status(answer.status.as_u16()))
}

/// An entity from its JSON, without what the service says about it in passing.
pub(crate) fn entity<T: DeserializeOwned>(value: Value) -> Result<T> {
    let plain = without_annotations(value);
    serde_path_to_error::deserialize(plain).map_err(|error| {
        let path = error.path().to_string();
        let at = if matches!(path.as_str(), "." | "?") { String::new() } else { format!(" at {path}") };
        Error::decode(format!("the answer has not the shape that it should have{at}: {}", error.inner()))
    })
}

/// The same of an element of a page.
pub(crate) fn element<T: DeserializeOwned>(raw: &RawValue, index: usize) -> Result<T> {
    let value: Value = serde_json::from_str(raw.get())
        .map_err(|e| Error::decode(format!("element {index} of the page cannot be read")).with_source(e))?;
    entity(value).map_err(|error| error.at(|place| place.index = Some(index)))
}

/// Drops `@odata.type`, `start@odata.type` and their like at every level: they say how a value was written, which
/// depends on what was asked for.
pub(crate) fn without_annotations(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(without_annotations).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, _)| !is_annotation(name))
                .map(|(name, value)| (name, without_annotations(value)))
                .collect::<Map<_, _>>(),
        ),
        plain => plain,
    }
}

/// Whether a member is about the others: OData's own, of any version.
pub(crate) fn is_annotation(name: &str) -> bool {
    name.contains('@') || name.starts_with("odata.") || matches!(name, "__metadata" | "__deferred")
}

fn not_json(answer: &Answer, error: serde_json::Error) -> Error {
    let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
    Error::decode(format!("the answer is not JSON; it begins {start:?}"))
        .with_status(answer.status.as_u16())
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_go_at_every_level_and_everything_else_stays() {
        let value = json!({
            "@odata.context": "c", "id": 1, "start@odata.type": "#DateTimeOffset", "start": "x",
            "list": [{"@odata.etag": "e", "odd.name": {"a@b": 1, "c": null}}], "__metadata": {"type": "t"},
        });
        assert_eq!(
            without_annotations(value),
            json!({"id": 1, "start": "x", "list": [{"odd.name": {"c": null}}]})
        );
    }
}
