//! Services for tests, and how each of the three formats writes them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A list of services: each the names of its properties in the model's spelling, and texts, numbers or null.
#[derive(Debug, Clone)]
pub(super) struct Sample(Vec<Map<String, Value>>);

impl Default for Sample {
    fn default() -> Self {
        let rows = [
            json!({"capability": "MyFiles", "entityKey": "MyFiles@O365_SHAREPOINT",
                "providerId": "00000000-1111-2222-3333-444444444444", "providerName": "Microsoft",
                "serviceAccountType": 2, "serviceApiVersion": "v2.0",
                "serviceEndpointUri": "https://contoso-my.sharepoint.com/_api/v2.0", "serviceId": "O365_SHAREPOINT",
                "serviceName": "Office 365 SharePoint", "serviceResourceId": "https://contoso-my.sharepoint.com/"}),
            json!({"capability": "Notes", "serviceName": "K\u{e4}se & <more>", "serviceEndpointUri": null,
                "serviceResourceId": null, "serviceId": "", "Region": "EU", "Rank": 7}),
        ];
        Sample(rows.into_iter().filter_map(|row| row.as_object().cloned()).collect())
    }
}

impl Sample {
    /// JSON of OData v4.
    pub(super) fn v4(&self) -> String {
        let rows = self.0.iter().cloned().map(|mut row| {
            row.insert("@odata.type".into(), json!("#Microsoft.DiscoveryServices.ServiceInfo"));
            Value::Object(row)
        });
        json!({"@odata.context": "https://api.office.com/discovery/v2.0/me/$metadata#allServices",
            "value": rows.collect::<Vec<_>>()})
        .to_string()
    }

    /// Verbose JSON of OData v3.
    pub(super) fn verbose(&self) -> String {
        let rows = self.0.iter().map(|row| {
            let mut row: Map<String, Value> =
                row.iter().map(|(name, value)| (pascal(name), value.clone())).collect();
            row.insert("__metadata".into(), json!({"type": "Microsoft.DiscoveryServices.ServiceInfo"}));
            Value::Object(row)
        });
        json!({"d": {"results": rows.collect::<Vec<_>>()}}).to_string()
    }

    /// Atom of OData v3.
    pub(super) fn atom(&self) -> String {
        let entries: String = self.0.iter().map(entry).collect();
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<feed xml:base="https://api.office.com/discovery/me/" xmlns="http://www.w3.org/2005/Atom"
      xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"
      xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
  <id>https://api.office.com/discovery/me/services</id>
  <title type="text">services</title>
  <link rel="self" title="services" href="services" />{entries}
</feed>"#
        )
    }
}

fn entry(row: &Map<String, Value>) -> String {
    let properties: String = row
        .iter()
        .map(|(name, value)| {
            let name = pascal(name);
            match value {
                Value::Null => format!("<d:{name} m:null=\"true\" />"),
                Value::String(text) => {
                    format!("<d:{name}>{}</d:{name}>", quick_xml::escape::escape(text.as_str()))
                }
                number => format!("<d:{name} m:type=\"Edm.Int32\">{number}</d:{name}>"),
            }
        })
        .collect();
    format!(
        r#"
  <entry><title /><author><name /></author><content type="application/xml">
    <m:properties>{properties}</m:properties></content></entry>"#
    )
}

fn pascal(name: &str) -> String {
    name.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect()
}

/// Any list of services.
pub(super) fn any_sample() -> impl Strategy<Value = Sample> {
    let text = "[ -~\u{e4}\u{20ac}\u{1f9c0}\n]{0,16}";
    let value = prop_oneof![Just(Value::Null), text.prop_map(Value::from)];
    let name = prop::sample::select(vec![
        "capability",
        "entityKey",
        "providerId",
        "serviceApiVersion",
        "serviceEndpointUri",
        "serviceId",
        "serviceName",
        "serviceResourceId",
    ]);
    let number = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from)];
    // What is unknown keeps its spelling, and so must have the same in all formats.
    let unknown = prop::collection::hash_map("X[A-Za-z0-9]{0,6}", number.clone(), 0..3);
    let row = (prop::collection::hash_map(name, value, 0..6), prop::option::of(number), unknown).prop_map(
        |(known, account, unknown)| {
            let known = known.into_iter().map(|(name, value)| (name.to_owned(), value));
            let account = account.map(|number| ("serviceAccountType".to_owned(), number));
            let row: Map<String, Value> = known.chain(account).chain(unknown).collect();
            row
        },
    );
    prop::collection::vec(row, 0..4).prop_map(Sample)
}
