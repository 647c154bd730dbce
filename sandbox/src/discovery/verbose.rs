//! Verbose JSON of OData 3 (discovery-service, 6.2).

use serde_json::{Map, Value, json};

use super::Asked;
use super::services::{Row, TYPE};

/// How a body is called.
pub(super) const CONTENT_TYPE: &str = "application/json;odata=verbose;charset=utf-8";

/// The rows, or the only one.
pub(super) fn list(asked: &Asked<'_>) -> String {
    let mut shown = asked.rows.iter().map(|row| entity(asked, row));
    if asked.alone {
        return json!({"d": shown.next()}).to_string();
    }
    let mut body = json!({"d": {"results": shown.collect::<Vec<_>>()}});
    if let Some(next) = &asked.next {
        body["d"]["__next"] = json!(next);
    }
    body.to_string()
}

/// What a base has.
pub(super) fn document() -> String {
    json!({"d": {"EntitySets": ["allServices", "services"]}}).to_string()
}

fn entity(asked: &Asked<'_>, row: &Row) -> Value {
    // The verbose form keeps the sign as it is, unlike Atom.
    let address = format!("{}/{}('{}')", asked.url, asked.list, row.key());
    let mut entity = Map::new();
    entity.insert("__metadata".into(), json!({"id": address, "uri": address, "type": TYPE}));
    entity.extend(row.values().iter().map(|(name, value)| (asked.member(name), value.clone())));
    Value::Object(entity)
}
