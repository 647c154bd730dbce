//! JSON of OData 4, and the light JSON of the preview's OData 3 (discovery-service, 6.1).

use serde_json::{Map, Value, json};

use super::Asked;
use super::format::Metadata;
use super::place::Base;
use super::services::{Row, TYPE};

/// How a body of so much metadata is called.
pub(super) const fn content_type(base: Base, metadata: Metadata) -> &'static str {
    match (base, metadata) {
        (Base::Preview, Metadata::None) => "application/json;odata=nometadata;charset=utf-8",
        (Base::Preview, Metadata::Minimal) => "application/json;odata=minimalmetadata;charset=utf-8",
        (Base::Preview, Metadata::Full) => "application/json;odata=fullmetadata;charset=utf-8",
        (_, Metadata::None) => "application/json;odata.metadata=none;charset=utf-8",
        (_, Metadata::Minimal) => "application/json;odata.metadata=minimal;charset=utf-8",
        (_, Metadata::Full) => "application/json;odata.metadata=full;charset=utf-8",
    }
}

/// The rows, or the only one.
pub(super) fn list(asked: &Asked<'_>, metadata: Metadata) -> String {
    let mark = if asked.base == Base::Preview { "odata." } else { "@odata." };
    let context = if asked.base == Base::Preview { "metadata" } else { "context" };
    let mut body = Map::new();
    if metadata != Metadata::None {
        // It says so whichever list it is.
        let alone = match (asked.alone, asked.base) {
            (false, _) => "",
            (true, Base::Preview) => "/@Element",
            (true, _) => "/$entity",
        };
        let about = format!("{}/$metadata#allServices{alone}", asked.url);
        body.insert(format!("{mark}{context}"), about.into());
    }
    let mut shown = asked.rows.iter().map(|row| entity(asked, row, metadata, mark));
    if asked.alone {
        body.extend(shown.next().unwrap_or_default());
    } else {
        body.insert("value".into(), shown.map(Value::Object).collect());
        if let Some(next) = &asked.next {
            body.insert(format!("{mark}nextLink"), next.clone().into());
        }
    }
    Value::Object(body).to_string()
}

/// What a base has.
pub(super) fn document(url: &str, metadata: Metadata) -> String {
    let set = |name: &str| json!({"name": name, "kind": "EntitySet", "url": name});
    let mut body = json!({"value": [set("allServices"), set("services")]});
    if metadata != Metadata::None {
        body["@odata.context"] = json!(format!("{url}/$metadata"));
    }
    body.to_string()
}

fn entity(asked: &Asked<'_>, row: &Row, metadata: Metadata, mark: &str) -> Map<String, Value> {
    let mut entity = Map::new();
    if metadata == Metadata::Full {
        let (edit, id) = (address(asked.list, row.key()), address(asked.list, row.key()));
        let sharp = if asked.base == Base::Preview { "" } else { "#" };
        entity.insert(format!("{mark}type"), format!("{sharp}{TYPE}").into());
        entity.insert(format!("{mark}id"), format!("{}/{id}", asked.url).into());
        entity.insert(format!("{mark}editLink"), edit.into());
    }
    entity.extend(row.values().iter().map(|(name, value)| (asked.member(name), value.clone())));
    entity
}

/// `services('key')`, as it stands in addresses.
pub(super) fn address(list: &str, key: &str) -> String {
    format!("{list}('{}')", key.replace('\'', "''").replace('@', "%40"))
}
