//! One audit record: the common schema typed, and the whole original kept byte for byte.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::address;
use super::content_type::ContentType;
use super::fields::{Fields, Place as Within};
use super::record_type::{AuditLogScope, RecordType, UserType};
use super::scan::{self, Finds, Why};
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
    pub operation: Option<Arc<str>>,
    /// What kind of event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_type: Option<RecordType>,
    /// The service in which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Arc<str>>,
    /// Who did it: a sign-in name, or the name of a service or policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Arc<str>>,
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
    pub organization_id: Option<Arc<str>>,
    /// What kind of user acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// Another id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_key: Option<Arc<str>>,
    /// How it ended, in the workload's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_status: Option<Arc<str>>,
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
    pub content_id: Option<Arc<str>>,
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
        fn text(text: Option<&str>) -> Cell<'_> {
            text.map_or(Cell::Absent, |text| Cell::Text(text.into()))
        }
        fn int<'a>(number: Option<i64>) -> Cell<'a> {
            number.map_or(Cell::Absent, Cell::Int)
        }
        match field {
            "id" => text(self.id.as_deref()),
            "creationTime" => {
                self.creation_time.map_or(Cell::Absent, |time| Cell::Text(time.to_string().into()))
            }
            "operation" => text(self.operation.as_deref()),
            "recordType" => int(self.record_type.map(|of| of.0)),
            "workload" => text(self.workload.as_deref()),
            "userId" => text(self.user_id.as_deref()),
            "clientIp" => text(self.client_ip.as_deref()),
            "clientAddress" => text(self.client_address.as_deref()),
            "clientPort" => int(self.client_port.map(i64::from)),
            "organizationId" => text(self.organization_id.as_deref()),
            "userType" => int(self.user_type.map(|of| of.0)),
            "userKey" => text(self.user_key.as_deref()),
            "resultStatus" => text(self.result_status.as_deref()),
            "objectId" => text(self.object_id.as_deref()),
            "scope" => int(self.scope.map(|of| of.0)),
            "appAccessContext" => {
                self.app_access_context.as_ref().map_or(Cell::Absent, |value| Cell::Json(value.to_string()))
            }
            "contentType" => {
                self.content_type.as_ref().map_or(Cell::Absent, |of| Cell::Text(of.as_str().into()))
            }
            "contentId" => text(self.content_id.as_deref()),
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
    pub(super) fn read(raw: &Bytes, origin: &Origin) -> Option<AuditRecord> {
        let row = scan::record(raw, Within::new(0, raw.len())?, Finds::Fields)?;
        Some(AuditRecord::of(&Fields::new(raw, &row, origin), &mut Shared::default()))
    }

    /// What it holds in memory, with its share of the blob, in bytes.
    pub(super) fn held(&self) -> usize {
        let texts = [&self.id, &self.client_ip, &self.client_address, &self.object_id];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        size_of::<Self>() + texts + self.raw.len()
    }

    /// Makes it of its fields; what the records of a blob have in common is shared.
    pub(super) fn of(fields: &Fields<'_>, shared: &mut Shared) -> AuditRecord {
        let client_ip = fields.client_ip();
        let address = client_ip.as_deref().and_then(address::parse);
        AuditRecord {
            id: fields.id().map(Cow::into_owned),
            creation_time: fields.creation_time(),
            operation: shared.operation.text(fields.operation()),
            record_type: fields.record_type(),
            workload: shared.workload.text(fields.workload()),
            user_id: shared.user_id.text(fields.user_id()),
            client_ip: client_ip.map(Cow::into_owned),
            client_address: address.map(|(address, _)| address.to_string()),
            client_port: address.and_then(|(_, port)| port),
            organization_id: shared.organization_id.text(fields.organization_id()),
            user_type: fields.user_type(),
            user_key: shared.user_key.text(fields.user_key()),
            result_status: shared.result_status.text(fields.result_status()),
            object_id: fields.object_id().map(Cow::into_owned),
            scope: fields.scope(),
            app_access_context: fields.app_access_context().and_then(|json| serde_json::from_str(json).ok()),
            content_type: fields.content_type().cloned(),
            content_id: Some(Arc::clone(fields.origin().shared_content_id())),
            extended: None,
            raw: fields.raw_bytes(),
        }
    }
}

/// What records of a blob have had in their fields that mostly say the same, each text kept once.
#[derive(Default)]
pub(super) struct Shared {
    operation: Texts,
    workload: Texts,
    user_id: Texts,
    organization_id: Texts,
    user_key: Texts,
    result_status: Texts,
}

/// A few texts; the oldest gives way.
#[derive(Default)]
struct Texts {
    known: Vec<Arc<str>>,
    oldest: usize,
}

impl Texts {
    /// More are not looked through: that would cost what sharing saves.
    const MOST: usize = 16;

    fn text(&mut self, text: Option<Cow<'_, str>>) -> Option<Arc<str>> {
        let text = text?;
        if let Some(known) = self.known.iter().find(|known| ***known == *text) {
            return Some(Arc::clone(known));
        }
        let new: Arc<str> = text.into();
        if self.known.len() < Self::MOST {
            self.known.push(Arc::clone(&new));
        } else {
            self.known[self.oldest] = Arc::clone(&new);
            self.oldest = (self.oldest + 1) % Self::MOST;
        }
        Some(new)
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
pub(super) const TOO_DEEP: usize = 128;

/// Why an element is not read as a record although it may be one; none if it is within the limits.
pub(super) fn beyond_limits(element: &[u8], longest: usize) -> Option<Why> {
    if element.len() > longest {
        return Some(Why::TooLong);
    }
    // Nearly all have fewer brackets in all, which is quickly told.
    let opens = memchr::memchr2_iter(b'{', b'[', element);
    let too_deep = opens.take(TOO_DEEP).count() == TOO_DEEP && depth(element) >= TOO_DEEP;
    too_deep.then_some(Why::TooDeep)
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

    pub(super) fn content_type(&self) -> Option<&ContentType> {
        self.content_type.as_ref()
    }

    pub(super) fn content_id(&self) -> &str {
        &self.content_id
    }

    pub(super) fn shared_content_id(&self) -> &Arc<str> {
        &self.content_id
    }

    pub(super) fn mark(&self, place: &mut Place) {
        place.content_type = self.content_type.as_ref().map(ToString::to_string);
        place.content_id = Some(self.content_id.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> AuditRecord {
        AuditRecord::read(&Bytes::from(json.to_owned()), &Origin::new(None, "blob")).unwrap()
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
            assert!(beyond_limits(nested(levels).as_bytes(), usize::MAX) == Some(Why::TooDeep));
        }
        let brackets =
            format!(r#"{{"a":"{}\"{}","b":[{}[]]}}"#, "[".repeat(200), "{".repeat(200), "[],".repeat(200));
        assert_eq!(beyond_limits(brackets.as_bytes(), 10_000), None);
        assert!(beyond_limits(brackets.as_bytes(), 100) == Some(Why::TooLong));
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
            let record = AuditRecord::read(&Bytes::from(json.clone()), &Origin::new(None, "blob"));
            prop_assert_eq!(record.unwrap().raw, json.as_bytes());
        }
    }
}
