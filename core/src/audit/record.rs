//! One audit record: the common schema typed, and the whole original kept byte for byte.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::blob::Records;
use super::content_type::ContentType;
use super::fields::{Body, Field, Fields, Place as Within, Row};
use super::record_type::{AuditLogScope, RecordType, UserType};
use super::scan::{self, Finds, Why};
use super::schema;
use crate::dispatch::{Cell, Item};
use crate::error::{Error, Place, Result};

/// The fields, each once: from here come the methods, the record as JSON, the single cells that other languages
/// ask for, and the docs in all of them.
macro_rules! fields {
    (
        record { $(#[doc = $about:literal])+ }
        $($(#[doc = $doc:literal])+ $name:ident, $wire:literal: $type:ty, $schema:literal;)+
    ) => {
        $(#[doc = $about])+
        ///
        /// A record is a place in the blob that it came in: fields are read when they are touched, texts are not
        /// copied, and a clone costs nothing. As long as one is kept, so is its blob.
        #[derive(Clone)]
        pub struct AuditRecord {
            records: Arc<Records>,
            index: usize,
            extended: Option<Arc<Map<String, Value>>>,
        }

        #[allow(clippy::needless_lifetimes, reason = "some of the types name it")]
        impl AuditRecord {
            $($(#[doc = $doc])+
            pub fn $name<'a>(&'a self) -> Option<$type> {
                self.fields().$name()
            })+
        }

        $(#[doc = $about])+
        #[derive(Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(rename = "AuditRecord"))]
        struct Model<'a> {
            $($(#[doc = $doc])+
            #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "schema", schemars(with = $schema))]
            $name: Option<$type>,)+
            /// The fields that the caller asked for with `extended`, by their paths.
            #[serde(skip_serializing_if = "Option::is_none")]
            extended: Option<&'a Map<String, Value>>,
            /// The whole record as it came, byte for byte.
            #[serde(skip_serializing)]
            #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-raw" = true)))]
            #[allow(dead_code, reason = "it travels beside the JSON; this is its place in the model")]
            raw: (),
        }

        impl<'a> From<&'a AuditRecord> for Model<'a> {
            fn from(record: &'a AuditRecord) -> Self {
                Model { $($name: record.$name(),)+ extended: record.extended(), raw: () }
            }
        }

        impl Item for AuditRecord {
            const HAS_CELLS: bool = true;

            fn raw(&self) -> Option<Bytes> {
                Some(self.raw_bytes())
            }

            fn cell(&self, field: &str) -> Cell<'_> {
                match field {
                    $($wire => self.$name().map_or(Cell::Absent, Cell::from),)+
                    "extended" => self.extended().map_or(Cell::Absent, Cell::json),
                    "raw" => Cell::Raw(self.raw().as_bytes()),
                    _ => Cell::Absent,
                }
            }
        }
    };
}

fields! {
    record {
        /// One event of the audit feed.
        ///
        /// Everything but `raw` may be absent: the service's tables describe intent, and records do not always
        /// keep to them. What does not fit its field is left out there and stands in `raw`.
        ///
        /// Source: "Office 365 Management Activity API schema", Common schema.
    }
    /// The record's own id, by which duplicates are told; mostly a GUID.
    id, "id": &'a str, "Option<String>";
    /// When the event happened, in UTC.
    creation_time, "creationTime": Timestamp, "Option<Timestamp>";
    /// What was done: an activity, or a cmdlet.
    operation, "operation": &'a str, "Option<String>";
    /// What kind of event it is.
    record_type, "recordType": RecordType, "Option<RecordType>";
    /// The service in which it happened.
    workload, "workload": &'a str, "Option<String>";
    /// Who did it: a sign-in name, or the name of a service or policy.
    user_id, "userId": &'a str, "Option<String>";
    /// The address it was done from, as the service wrote it; missing from most records.
    client_ip, "clientIp": &'a str, "Option<String>";
    /// The IP address within `clientIp`, without port, brackets and zone; absent if there is none.
    client_address, "clientAddress": IpAddr, "Option<String>";
    /// The port within `clientIp`.
    client_port, "clientPort": u16, "Option<u16>";
    /// The tenant.
    organization_id, "organizationId": &'a str, "Option<String>";
    /// What kind of user acted.
    user_type, "userType": UserType, "Option<UserType>";
    /// Another id of the user.
    user_key, "userKey": &'a str, "Option<String>";
    /// How it ended, in the workload's own words.
    result_status, "resultStatus": &'a str, "Option<String>";
    /// What it was done to: a URL, a name, the target of a cmdlet.
    object_id, "objectId": &'a str, "Option<String>";
    /// Whether it happened in the cloud or on premises.
    scope, "scope": AuditLogScope, "Option<AuditLogScope>";
    /// The application and session that it was done with.
    app_access_context, "appAccessContext": Value, "Option<Value>";
    /// The division of the feed that it came by.
    content_type, "contentType": &'a ContentType, "Option<ContentType>";
    /// The blob that it came in.
    content_id, "contentId": &'a str, "Option<String>";
}

impl AuditRecord {
    /// The fields that the caller asked for with `extended`, by their paths.
    pub fn extended(&self) -> Option<&Map<String, Value>> {
        self.extended.as_deref()
    }

    /// The whole record as it came, byte for byte.
    pub fn raw(&self) -> &str {
        self.fields().raw()
    }

    /// The same as bytes that it shares with its blob.
    pub fn raw_bytes(&self) -> Bytes {
        self.fields().raw_bytes()
    }

    /// The whole record as native values; numbers beyond 64 bits become floats.
    ///
    /// Fails with a `DecodeError` for what native values cannot hold, such as a text that the service cut within
    /// a character.
    pub fn data(&self) -> Result<Map<String, Value>> {
        serde_json::from_str(self.raw())
            .map_err(|e| Error::decode("the record cannot be read as native values").with_source(e))
    }

    /// A field by its path, such as `Item.Subject`, read as the schema of the record's type says.
    ///
    /// None if it is absent, or does not fit its type.
    pub fn typed(&self, path: &str) -> Option<Value> {
        schema::typed(self.record_type(), path, &Value::Object(self.data().ok()?))
    }

    pub(super) fn new(records: &Arc<Records>, index: usize) -> AuditRecord {
        AuditRecord { records: Arc::clone(records), index, extended: None }
    }

    /// Reads what stands by itself; none if it is not an object. `missing` gives texts for fields that it leaves out.
    pub(super) fn read(
        raw: &Bytes,
        origin: &Origin,
        missing: impl FnOnce(Fields<'_>) -> Vec<(Field, String)>,
    ) -> Option<AuditRecord> {
        let json = ByteString::try_from(raw.clone()).ok()?;
        let mut aside = String::new();
        let mut row = scan::record(&json, Within::new(0, json.len())?, Finds::Fields, &mut aside)?;
        let mut body = Body { json, aside: aside.as_str().into(), origin: origin.clone() };
        for (field, text) in missing(Fields::new(&body, &row)) {
            row.put(field, &text, &mut aside);
        }
        body.aside = aside.into();
        Some(AuditRecord::new(&Arc::new(Records { body, rows: vec![row] }), 0))
    }

    pub(super) fn extend(&mut self, paths: &[String]) {
        let data = self.data().map(Value::Object).unwrap_or_default();
        let typed = |path: &String| Some((path.clone(), schema::typed(self.record_type(), path, &data)?));
        self.extended = Some(Arc::new(paths.iter().filter_map(typed).collect()));
    }

    fn fields(&self) -> Fields<'_> {
        self.records.fields(self.index)
    }

    /// What it holds in memory, with its share of the blob, in bytes.
    pub(super) fn held(&self) -> usize {
        size_of::<Self>() + size_of::<Row>() + self.records.rows[self.index].place.len()
    }
}

impl Serialize for AuditRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Model::from(self).serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for AuditRecord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Model::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Model::json_schema(generator)
    }
}

impl fmt::Debug for AuditRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditRecord")
            .field("id", &self.id())
            .field("creation_time", &self.creation_time())
            .field("operation", &self.operation())
            .field("record_type", &self.record_type())
            .field("user_id", &self.user_id())
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

    /// Empty where it is not known.
    pub(super) fn content_id(&self) -> &str {
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
        AuditRecord::read(&Bytes::from(json.to_owned()), &Origin::new(None, "blob"), |_| Vec::new()).unwrap()
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_is_delivered() {
        let json = r#"{"Id":7,"RecordType":"6","UserType":"x","CreationTime":"","Operation":null,"Scope":0.00,
            "ClientIP":"[203.0.113.7]:51544","ResultStatus":1,"Id":"last","Unknown":{"deep":[1]}}"#;
        let record = read(json);
        assert_eq!(record.id(), Some("last"));
        assert_eq!(record.record_type(), Some(RecordType::SharePointFileOperation));
        assert_eq!((record.user_type(), record.creation_time(), record.operation()), (None, None, None));
        assert_eq!(record.scope(), Some(AuditLogScope::Online));
        assert_eq!(
            (record.client_address().map(|address| address.to_string()).as_deref(), record.client_port()),
            (Some("203.0.113.7"), Some(51544))
        );
        assert_eq!(record.result_status(), Some("1"));
        assert_eq!(record.raw(), json);
    }

    #[test]
    fn numbers_and_types_beyond_the_tables_survive() {
        let record = read(r#"{"RecordType":9999,"UserType":42,"Scope":7,"AppAccessContext":{"APIId":"x"}}"#);
        assert_eq!((record.record_type(), record.user_type()), (Some(RecordType(9999)), Some(UserType(42))));
        assert_eq!(record.app_access_context().unwrap()["APIId"], "x");
    }

    #[test]
    fn texts_with_escapes_are_read_without_them_and_stay_as_they_came_in_the_original() {
        let json = r#"{"Id":"\u0061","UserId":"CONTOSO\\ada","RecordType":"\u0036","ObjectId":"cut \ud83d",
            "AppAccessContext":"\"x\"","ResultStatus":""}"#;
        let record = read(json);
        assert_eq!((record.id(), record.user_id()), (Some("a"), Some("CONTOSO\\ada")));
        assert_eq!(record.record_type(), Some(RecordType::SharePointFileOperation));
        assert_eq!((record.object_id(), record.result_status()), (Some("cut \u{fffd}"), Some("")));
        assert_eq!(record.app_access_context(), Some("\"x\"".into()));
        assert_eq!(record.raw(), json);
    }

    #[test]
    fn the_samples_of_the_sandbox_are_read_whole() {
        for line in include_str!("../../../sandbox/data/synthetic-general-mixed.jsonl").lines() {
            let record = read(line);
            assert!(
                record.id().is_some() && record.operation().is_some() && record.creation_time().is_some(),
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
            let record = AuditRecord::read(&Bytes::from(json.clone()), &Origin::new(None, "blob"), |_| Vec::new());
            let record = record.unwrap();
            prop_assert_eq!(record.raw(), json);
        }
    }
}
