//! From the members of a service, in any spelling, to its record.

use serde_json::{Map, Value};

use super::model::{AccountType, Capability, ServiceInfo};
use crate::odata::{is_annotation, without_annotations};
use crate::wire::Wire;

/// The properties of a service as the model spells them; on the wire their case means nothing.
pub(super) const PROPERTIES: [&str; 12] = [
    "capability",
    "entityKey",
    "providerId",
    "providerName",
    "serviceAccountType",
    "serviceApiVersion",
    "serviceEndpointUri",
    "serviceId",
    "serviceName",
    "serviceResourceId",
    "scopes",
    "webUrl",
];

/// A property in the model's spelling, by any spelling.
pub(super) fn property(name: &str) -> Option<&'static str> {
    PROPERTIES.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// The record of a service. The error says which member is not what it should be.
pub(super) fn service(given: Map<String, Value>, wire: Wire) -> Result<ServiceInfo, String> {
    let mut known = Map::new();
    let mut extra = Map::new();
    for (name, value) in given.into_iter().filter(|(name, _)| !is_annotation(name)) {
        let value = without_annotations(value);
        match property(&name) {
            Some(property) if known.contains_key(property) => {
                return Err(format!("{property} is there twice"));
            }
            Some(property) => _ = known.insert(property.to_owned(), value),
            // Ours, and not theirs to say.
            None if name == "wire" => {}
            None => _ = extra.insert(name, value),
        }
    }
    let mut text = |name: &str| match known.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{name} is {other}, not a text")),
    };
    let mut service = ServiceInfo {
        capability: text("capability")?.map(|name| Capability::from(&*name)),
        entity_key: text("entityKey")?,
        provider_id: text("providerId")?,
        provider_name: text("providerName")?,
        service_api_version: text("serviceApiVersion")?,
        service_endpoint_uri: text("serviceEndpointUri")?,
        service_id: text("serviceId")?,
        service_name: text("serviceName")?,
        service_resource_id: text("serviceResourceId")?,
        web_url: text("webUrl")?,
        extra,
        ..ServiceInfo::empty(wire)
    };
    service.service_account_type = match known.remove("serviceAccountType") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
            let number =
                number.ok_or_else(|| format!("serviceAccountType is {value}, not a whole number"))?;
            Some(AccountType(number))
        }
    };
    service.scopes = match known.remove("scopes") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let scopes = serde_json::from_value(value);
            Some(scopes.map_err(|_| "scopes are not a list of texts".to_owned())?)
        }
    };
    Ok(service)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<ServiceInfo, String> {
        match value {
            Value::Object(members) => service(members, Wire::Office365),
            other => Err(other.to_string()),
        }
    }

    #[test]
    fn names_may_have_any_case_and_what_is_unknown_stays() {
        let camel = json!({"capability": "Mail", "serviceAccountType": 2, "New": {"a": 1}});
        let pascal = json!({"Capability": "mail", "ServiceAccountType": "2", "New": {"a": 1, "b@odata.type": "#x"},
            "__metadata": {"type": "x"}, "@odata.id": "y", "odata.type": "z", "wire": "graph"});
        let service = read(pascal).unwrap();
        assert_eq!(service, read(camel).unwrap());
        assert_eq!((service.capability.as_ref(), service.wire), (Some(&Capability::Mail), Wire::Office365));
        assert_eq!(service.extra["New"], json!({"a": 1}));
    }

    #[test]
    fn what_is_not_what_it_should_be_is_named() {
        for (value, named) in [
            (json!({"serviceName": 7}), "serviceName"),
            (json!({"capability": {"a": 1}}), "capability"),
            (json!({"serviceAccountType": "two"}), "serviceAccountType"),
            (json!({"serviceAccountType": 1.5}), "serviceAccountType"),
            (json!({"scopes": "a b"}), "scopes"),
            (json!({"capability": "a", "Capability": "b"}), "capability"),
        ] {
            assert!(read(value.clone()).unwrap_err().contains(named), "{value}");
        }
    }

    #[test]
    fn a_record_is_read_from_what_it_was_written_as() {
        let service =
            read(json!({"capability": "Video", "scopes": ["a"], "serviceId": "", "more": [1]})).unwrap();
        let again: ServiceInfo = serde_json::from_value(serde_json::to_value(&service).unwrap()).unwrap();
        assert_eq!(again, service);
        let mut graph = serde_json::to_value(&service).unwrap();
        graph["wire"] = json!("graph");
        assert_eq!(serde_json::from_value::<ServiceInfo>(graph).unwrap().wire, Wire::Graph);
    }
}
