//! Atom of OData 3 (discovery-service, 6.3).

use std::fmt::Write;

use serde_json::Value;

use super::Asked;
use super::json::address;
use super::services::{Row, TYPE};

/// The namespace of metadata.
pub(super) const METADATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata";
const DATA: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices";
const SCHEME: &str = "http://schemas.microsoft.com/ado/2007/08/dataservices/scheme";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

/// How a service document is called.
pub(super) const DOCUMENT: &str = "application/atomsvc+xml;charset=utf-8";

/// How a body is called.
pub(super) const fn content_type(alone: bool) -> &'static str {
    if alone {
        "application/atom+xml;type=entry;charset=utf-8"
    } else {
        "application/atom+xml;type=feed;charset=utf-8"
    }
}

/// The rows, or the only one.
pub(super) fn list(asked: &Asked<'_>) -> String {
    let Asked { url, list, updated, .. } = asked;
    let spaces = format!(
        " xml:base=\"{}/\" xmlns=\"http://www.w3.org/2005/Atom\" xmlns:d=\"{DATA}\" xmlns:m=\"{METADATA}\"",
        escape(url)
    );
    if asked.alone {
        let shown = asked.rows.first().map(|row| entry(asked, row, &spaces));
        return format!("{HEAD}{}", shown.unwrap_or_default());
    }
    let mut body = format!(
        "{HEAD}<feed{spaces}><id>{0}/{list}</id><title type=\"text\">{list}</title><updated>{updated}</updated>\
         <link rel=\"self\" title=\"{list}\" href=\"{list}\" />",
        escape(url)
    );
    for row in &asked.rows {
        body.push_str(&entry(asked, row, ""));
    }
    if asked.rows.is_empty() {
        // A feed without entries has an author of its own.
        body.push_str("<author><name /></author>");
    }
    if let Some(next) = &asked.next {
        let _ = write!(body, "<link rel=\"next\" href=\"{}\" />", escape(next));
    }
    body.push_str("</feed>");
    body
}

/// What a base has.
pub(super) fn document(url: &str) -> String {
    let set =
        |name: &str| format!("<collection href=\"{name}\"><atom:title>{name}</atom:title></collection>");
    format!(
        "{HEAD}<service xml:base=\"{}/\" xmlns=\"http://www.w3.org/2007/app\" \
         xmlns:atom=\"http://www.w3.org/2005/Atom\"><workspace><atom:title>Default</atom:title>{}{}</workspace></service>",
        escape(url),
        set("allServices"),
        set("services")
    )
}

fn entry(asked: &Asked<'_>, row: &Row, spaces: &str) -> String {
    let Asked { url, updated, .. } = asked;
    let address = escape(&address(asked.list, row.key()));
    let mut entry = format!(
        "<entry{spaces}><id>{}/{address}</id><category term=\"{TYPE}\" scheme=\"{SCHEME}\" />\
         <link rel=\"edit\" title=\"ServiceInfo\" href=\"{address}\" /><title /><updated>{updated}</updated>\
         <author><name /></author><content type=\"application/xml\"><m:properties>",
        escape(url)
    );
    for (name, value) in row.values() {
        let name = asked.member(name);
        let _ = match value {
            Value::Null => write!(entry, "<d:{name} m:null=\"true\" />"),
            Value::String(text) => write!(entry, "<d:{name}>{}</d:{name}>", escape(text)),
            number => write!(entry, "<d:{name} m:type=\"Edm.Int32\">{number}</d:{name}>"),
        };
    }
    entry.push_str("</m:properties></content></entry>");
    entry
}

/// Text as it stands in XML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}
