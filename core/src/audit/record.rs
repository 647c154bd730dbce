//! One audit record: the common schema typed, and the whole original kept byte for byte.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::address;
use super::content_type::ContentType;
use super::lenient;
use super::record_type::{AuditLogScope, RecordType, UserType};
use super::schema;
use crate::dispatch::{Cell, Item};
use crate::error::{Error, Place, Result};

/// One event of the audit feed.
///
/// Everything but `raw` may be absent: the service's tables describe intent, and records do not always
/// keep to them. What does not fit its field is left out there and stands in `raw`.
///
/// Source: "Office 365 Management Activity API schema", Common schema.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// The record's own id, by which duplicates are told; mostly a GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the event happened, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<Timestamp>,
    /// What was done: an activity, or a cmdlet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What kind of event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_type: Option<RecordType>,
    /// The service in which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Who did it: a sign-in name, or the name of a service or policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The address it was done from, as the service wrote it; missing from most records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// The IP address within `clientIp`, without port, brackets and zone; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address: Option<String>,
    /// The port within `clientIp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_port: Option<u16>,
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// What kind of user acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// Another id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_key: Option<String>,
    /// How it ended, in the workload's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_status: Option<String>,
    /// What it was done to: a URL, a name, the target of a cmdlet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Whether it happened in the cloud or on premises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<AuditLogScope>,
    /// The application and session that it was done with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_access_context: Option<Value>,
    /// The division of the feed that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<ContentType>,
    /// The blob that it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// The fields that the caller asked for with `extended`, by their paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended: Option<Map<String, Value>>,
    /// The whole record as it came, byte for byte.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-raw" = true)))]
    pub raw: Bytes,
}

impl Item for AuditRecord {
    const HAS_CELLS: bool = true;

    fn raw(&self) -> Option<&Bytes> {
        Some(&self.raw)
    }

    fn cell(&self, field: &str) -> Cell<'_> {
        fn text(text: Option<&String>) -> Cell<'_> {
            text.map_or(Cell::Absent, |text| Cell::Text(text.as_str().into()))
        }
        fn int<'a>(number: Option<i64>) -> Cell<'a> {
            number.map_or(Cell::Absent, Cell::Int)
        }
        match field {
            "id" => text(self.id.as_ref()),
            "creationTime" => {
                self.creation_time.map_or(Cell::Absent, |time| Cell::Text(time.to_string().into()))
            }
            "operation" => text(self.operation.as_ref()),
            "recordType" => int(self.record_type.map(|of| of.0)),
            "workload" => text(self.workload.as_ref()),
            "userId" => text(self.user_id.as_ref()),
            "clientIp" => text(self.client_ip.as_ref()),
            "clientAddress" => text(self.client_address.as_ref()),
            "clientPort" => int(self.client_port.map(i64::from)),
            "organizationId" => text(self.organization_id.as_ref()),
            "userType" => int(self.user_type.map(|of| of.0)),
            "userKey" => text(self.user_key.as_ref()),
            "resultStatus" => text(self.result_status.as_ref()),
            "objectId" => text(self.object_id.as_ref()),
            "scope" => int(self.scope.map(|of| of.0)),
            "appAccessContext" => {
                self.app_access_context.as_ref().map_or(Cell::Absent, |value| Cell::Json(value.to_string()))
            }
            "contentType" => {
                self.content_type.as_ref().map_or(Cell::Absent, |of| Cell::Text(of.as_str().into()))
            }
            "contentId" => text(self.content_id.as_ref()),
            "extended" => self.extended.as_ref().map_or(Cell::Absent, |fields| {
                serde_json::to_string(fields).map_or(Cell::Absent, Cell::Json)
            }),
            "raw" => Cell::Raw(&self.raw),
            _ => Cell::Absent,
        }
    }
}

impl AuditRecord {
    /// The whole record as native values; numbers beyond 64 bits become floats.
    ///
    /// Fails with a `DecodeError` for what native values cannot hold, such as a text that the service cut within
    /// a character.
    pub fn data(&self) -> Result<Map<String, Value>> {
        serde_json::from_slice(&self.raw)
            .map_err(|e| Error::decode("the record cannot be read as native values").with_source(e))
    }

    /// A field by its path, such as `Item.Subject`, read as the schema of the record's type says.
    ///
    /// None if it is absent, or does not fit its type.
    pub fn typed(&self, path: &str) -> Option<Value> {
        schema::typed(self.record_type, path, &Value::Object(self.data().ok()?))
    }

    pub(super) fn extend(&mut self, paths: &[String]) {
        let data = self.data().map(Value::Object).unwrap_or_default();
        let typed = |path: &String| Some((path.clone(), schema::typed(self.record_type, path, &data)?));
        self.extended = Some(paths.iter().filter_map(typed).collect());
    }

    /// Reads an element of a blob; none if it is not an object.
    pub(super) fn read(raw: Bytes, origin: &Origin) -> Option<AuditRecord> {
        let common: Common = serde_json::from_slice(&raw).ok()?;
        let Common(mut record) = common;
        record.content_type.clone_from(&origin.content_type);
        record.content_id = Some(origin.content_id.to_string());
        if let Some(ip) = &record.client_ip
            && let Some((address, port)) = address::parse(ip)
        {
            (record.client_address, record.client_port) = (Some(address.to_string()), port);
        }
        record.raw = raw;
        Some(record)
    }

    fn empty() -> Self {
        AuditRecord {
            id: None,
            creation_time: None,
            operation: None,
            record_type: None,
            workload: None,
            user_id: None,
            client_ip: None,
            client_address: None,
            client_port: None,
            organization_id: None,
            user_type: None,
            user_key: None,
            result_status: None,
            object_id: None,
            scope: None,
            app_access_context: None,
            content_type: None,
            content_id: None,
            extended: None,
            raw: Bytes::new(),
        }
    }
}

impl fmt::Debug for AuditRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditRecord")
            .field("id", &self.id)
            .field("creation_time", &self.creation_time)
            .field("operation", &self.operation)
            .field("record_type", &self.record_type)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// A record that is nested as deep as this is not delivered: languages read JSON by recursion.
const TOO_DEEP: usize = 128;

/// Why an element is not read as a record although it may be one; none if it is within the limits.
pub(super) fn beyond_limits(element: &[u8], longest: usize) -> Option<String> {
    if element.len() > longest {
        return Some(format!("has {} bytes, and {longest} are allowed by max_record_bytes", element.len()));
    }
    // Nearly all have fewer brackets in all, which is quickly told.
    let opens = memchr::memchr2_iter(b'{', b'[', element);
    let too_deep = opens.take(TOO_DEEP).count() == TOO_DEEP && depth(element) >= TOO_DEEP;
    too_deep.then(|| format!("is nested {TOO_DEEP} levels deep or deeper"))
}

/// How deep well-formed JSON is nested.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text) = (0_usize, 0, false);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_text => drop(bytes.next()),
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The blob that records come from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    content_type: Option<ContentType>,
    content_id: Arc<str>,
}

impl Origin {
    pub(super) fn new(content_type: Option<ContentType>, content_id: impl Into<Arc<str>>) -> Self {
        Origin { content_type, content_id: content_id.into() }
    }

    pub(super) fn content_id(&self) -> &str {
        &self.content_id
    }

    pub(super) fn mark(&self, place: &mut Place) {
        place.content_type = self.content_type.as_ref().map(ToString::to_string);
        place.content_id = Some(self.content_id.to_string());
    }
}

/// The common fields of a record, read in one pass; of repeated keys the last one counts.
struct Common(AuditRecord);

impl<'de> Deserialize<'de> for Common {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Common;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audit record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Common, A::Error> {
                let mut record = AuditRecord::empty();
                while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
                    record.set(&key, map.next_value()?);
                }
                Ok(Common(record))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl AuditRecord {
    fn set(&mut self, key: &str, value: &RawValue) {
        let text = || lenient::text(value);
        match key {
            "Id" => self.id = text().filter(|id| !id.is_empty()),
            "CreationTime" => self.creation_time = text().and_then(|t| lenient::time(&t)),
            "Operation" => self.operation = text(),
            "RecordType" => self.record_type = lenient::int(value).map(RecordType),
            "Workload" => self.workload = text(),
            "UserId" => self.user_id = text(),
            "ClientIP" => self.client_ip = text().filter(|ip| !ip.trim().is_empty()),
            "OrganizationId" => self.organization_id = text(),
            "UserType" => self.user_type = lenient::int(value).map(UserType),
            "UserKey" => self.user_key = text(),
            "ResultStatus" => self.result_status = text(),
            "ObjectId" => self.object_id = text(),
            "Scope" => self.scope = lenient::int(value).map(AuditLogScope),
            "AppAccessContext" => {
                self.app_access_context =
                    serde_json::from_str(value.get()).ok().filter(|v: &Value| !v.is_null());
            }
            _ => {}
        }
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> AuditRecord {
        AuditRecord::read(Bytes::from(json.to_owned()), &Origin::new(None, "blob")).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_is_delivered() {
        let json = r#"{"Id":7,"RecordType":"6","UserType":"x","CreationTime":"","Operation":null,"Scope":0.00,
            "ClientIP":"[203.0.113.7]:51544","ResultStatus":1,"Id":"last","Unknown":{"deep":[1]}}"#;
        let record = read(json);
        assert_eq!(record.id.as_deref(), Some("last"));
        assert_eq!(record.record_type, Some(RecordType::SharePointFileOperation));
        assert_eq!((record.user_type, record.creation_time, record.operation.as_deref()), (None, None, None));
        assert_eq!(record.scope, Some(AuditLogScope::Online));
        assert_eq!(
            (record.client_address.as_deref(), record.client_port),
            (Some("203.0.113.7"), Some(51544))
        );
        assert_eq!(record.result_status.as_deref(), Some("1"));
        assert_eq!(record.raw, json);
    }

    #[test]
    fn numbers_and_types_beyond_the_tables_survive() {
        let record = read(r#"{"RecordType":9999,"UserType":42,"Scope":7,"AppAccessContext":{"APIId":"x"}}"#);
        assert_eq!((record.record_type, record.user_type), (Some(RecordType(9999)), Some(UserType(42))));
        assert_eq!(record.app_access_context.unwrap()["APIId"], "x");
    }

    #[test]
    fn the_samples_of_the_sandbox_are_read_whole() {
        for line in include_str!("../../../sandbox/data/synthetic-general-mixed.jsonl").lines() {
            let record = read(line);
            assert!(
                record.id.is_some() && record.operation.is_some() && record.creation_time.is_some(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_delivered_can_be_read_as_native_values() {
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        for levels in [1, 100, 127] {
            assert_eq!(beyond_limits(nested(levels).as_bytes(), 10_000), None);
            assert!(read(&nested(levels)).data().is_ok(), "{levels}");
        }
        for levels in [128, 200_000] {
            assert!(beyond_limits(nested(levels).as_bytes(), usize::MAX).unwrap().contains("deep"));
        }
        let brackets =
            format!(r#"{{"a":"{}\"{}","b":[{}[]]}}"#, "[".repeat(200), "{".repeat(200), "[],".repeat(200));
        assert_eq!(beyond_limits(brackets.as_bytes(), 10_000), None);
        assert!(beyond_limits(brackets.as_bytes(), 100).unwrap().contains("max_record_bytes"));
    }

    proptest! {
        #[test]
        fn any_object_is_a_record_and_comes_back_byte_for_byte(
            pairs in proptest::collection::vec(("(Id|CreationTime|RecordType|ClientIP|UserId|Scope|.{0,8})", "[ -~é]{0,24}", any::<i64>()), 0..12)
        ) {
            let object: Vec<String> = pairs.iter().map(|(key, text, number)| {
                let value = if number % 2 == 0 { serde_json::to_string(text).unwrap() } else { number.to_string() };
                format!("{}: {value}", serde_json::to_string(key).unwrap())
            }).collect();
            let json = format!("{{{}}}", object.join(","));
            let record = AuditRecord::read(Bytes::from(json.clone()), &Origin::new(None, "blob"));
            prop_assert_eq!(record.unwrap().raw, json.as_bytes());
        }
    }
}
