//! A record as Microsoft Graph wraps it, turned into the record that the feed would have brought.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::fields::{Field, Fields};
use super::super::record::{AuditRecord, Origin};
use super::names;
use crate::lenient;

/// What stands around the audit data; anything in it may be missing or odd.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    audit_data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created_date_time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    operation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_principal_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audit_log_record_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    client_ip: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    organization_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service: Option<&'a RawValue>,
}

/// Reads an element of a page; none if it is no record. `raw` is the audit data as it came, or the whole
/// element where there is none. What the audit data leaves out is taken from around it.
pub(super) fn read(element: &Bytes, origin: &Origin) -> Option<AuditRecord> {
    let envelope: Envelope<'_> = serde_json::from_slice(element).ok()?;
    let data = envelope.audit_data.and_then(|data| audit_data(element, data));
    let missing = |fields: Fields<'_>| envelope.missing(fields);
    data.and_then(|data| AuditRecord::read(&data, origin, missing))
        .or_else(|| AuditRecord::read(element, origin, missing))
}

/// The audit data where it is an object, or a text that holds one.
fn audit_data(element: &Bytes, data: &RawValue) -> Option<Bytes> {
    let json = data.get();
    let object: Bytes = if json.starts_with('"') {
        serde_json::from_str::<Cow<'_, str>>(json).ok()?.into_owned().into()
    } else {
        element.slice_ref(json.as_bytes())
    };
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&object).ok()?;
    // Graph's own mark of the type is no data.
    members.keys().any(|key| !key.starts_with('@')).then_some(object)
}

impl Envelope<'_> {
    /// The fields that the audit data leaves out, and their texts from around it.
    fn missing(&self, fields: Fields<'_>) -> Vec<(Field, String)> {
        let time = text(self.created_date_time).filter(|time| lenient::time(time).is_some());
        let record_type = text(self.audit_log_record_type).and_then(|name| names::record_type(&name));
        let user_type = text(self.user_type).and_then(|name| names::user_type(&name));
        let mut missing = Vec::new();
        let mut fill = |field, is_there: bool, text: Option<String>| {
            missing.extend(text.filter(|_| !is_there).map(|text| (field, text)));
        };
        fill(Field::Id, fields.id().is_some(), text(self.id));
        fill(Field::CreationTime, fields.creation_time().is_some(), time);
        fill(Field::Operation, fields.operation().is_some(), text(self.operation));
        fill(Field::RecordType, fields.record_type().is_some(), record_type.map(|of| of.0.to_string()));
        fill(Field::Workload, fields.workload().is_some(), text(self.service));
        fill(
            Field::UserId,
            fields.user_id().is_some(),
            text(self.user_id).or_else(|| text(self.user_principal_name)),
        );
        fill(Field::UserType, fields.user_type().is_some(), user_type.map(|of| of.0.to_string()));
        fill(Field::OrganizationId, fields.organization_id().is_some(), text(self.organization_id));
        fill(Field::ObjectId, fields.object_id().is_some(), text(self.object_id));
        fill(Field::ClientIp, fields.client_ip().is_some(), text(self.client_ip));
        missing
    }
}

fn text(value: Option<&RawValue>) -> Option<String> {
    let text = lenient::text(value?.get())?;
    (!text.trim().is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{RecordType, UserType};
    use proptest::prelude::*;
    use serde_json::json;

    fn read_one(json: &str) -> Option<AuditRecord> {
        read(&Bytes::from(json.to_owned()), &Origin::new(None, ""))
    }

    #[test]
    fn the_audit_data_is_the_record_and_the_envelope_fills_what_it_leaves_out() {
        let data = r#"{"Id":"inner","RecordType":6,"UserId":"a@b.c", "Big":1.00}"#;
        let element = format!(
            r#"{{"id":"outer","operation":"FileDeleted","userId":"x","auditLogRecordType":"exchangeItem","userType":"admin",
              "createdDateTime":"2026-10-01T10:00:00Z","clientIp":"[203.0.113.7]:443","service":"SharePoint","auditData":{data}}}"#
        );
        let record = read_one(&element).unwrap();
        assert_eq!((record.id(), record.user_id()), (Some("inner"), Some("a@b.c")));
        assert_eq!(record.record_type(), Some(RecordType::SharePointFileOperation));
        assert_eq!((record.operation(), record.user_type()), (Some("FileDeleted"), Some(UserType::Admin)));
        assert_eq!((record.client_address(), record.client_port()), ("203.0.113.7".parse().ok(), Some(443)));
        assert_eq!((record.workload(), record.content_id()), (Some("SharePoint"), None));
        assert!(record.creation_time().is_some());
        assert_eq!(record.raw(), data);
    }

    #[test]
    fn without_audit_data_the_envelope_is_the_record() {
        for data in ["null", "{}", r#"{"@odata.type":"auditData"}"#, "7", r#""no""#] {
            let element = format!(
                r#"{{"id":"outer","auditLogRecordType":"yammer","objectId":"o","new":1,"auditData":{data}}}"#
            );
            let record = read_one(&element).unwrap();
            assert_eq!((record.id(), record.object_id()), (Some("outer"), Some("o")), "{data}");
            assert_eq!(record.record_type(), Some(RecordType::VivaEngage));
            assert_eq!(record.raw(), element);
        }
        let text = json!({"id": "outer", "auditData": r#"{"Id":"inner"}"#}).to_string();
        assert_eq!(read_one(&text).unwrap().raw(), r#"{"Id":"inner"}"#);
        assert!(read_one("7").is_none() && read_one("[]").is_none());
    }

    proptest! {
        #[test]
        fn any_element_is_read_or_refused_without_a_panic(
            element in r#"\{"(id|auditData|clientIp|createdDateTime|auditLogRecordType)":([0-9]{1,4}|"[ -~é]{0,16}"|\{\}|\{"Id":"x"\}|null)\}|.{0,40}"#
        ) {
            let _ = read_one(&element);
        }
    }
}
