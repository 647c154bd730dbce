//! The common fields of a record as places in its blob: read when they are asked for, and never copied.

use std::net::IpAddr;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use jiff::Timestamp;
use serde_json::Value;

use super::address;
use super::content_type::ContentType;
use super::record::Origin;
use super::record_type::{AuditLogScope, RecordType, UserType};
use crate::lenient;

/// The fields that nearly all records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    CreationTime,
    Operation,
    RecordType,
    Workload,
    UserId,
    ClientIp,
    OrganizationId,
    UserType,
    UserKey,
    ResultStatus,
    ObjectId,
    Scope,
    AppAccessContext,
}

const FIELDS: usize = Field::AppAccessContext as usize + 1;

impl Field {
    pub(super) fn named(key: &[u8]) -> Option<Field> {
        Some(match key {
            b"Id" => Field::Id,
            b"CreationTime" => Field::CreationTime,
            b"Operation" => Field::Operation,
            b"RecordType" => Field::RecordType,
            b"Workload" => Field::Workload,
            b"UserId" => Field::UserId,
            b"ClientIP" => Field::ClientIp,
            b"OrganizationId" => Field::OrganizationId,
            b"UserType" => Field::UserType,
            b"UserKey" => Field::UserKey,
            b"ResultStatus" => Field::ResultStatus,
            b"ObjectId" => Field::ObjectId,
            b"Scope" => Field::Scope,
            b"AppAccessContext" => Field::AppAccessContext,
            _ => return None,
        })
    }
}

/// A piece of a text, in bytes; the empty one stands for what is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

/// Set in the start of a place that lies aside.
const ASIDE: u32 = 1 << 31;

impl Place {
    /// None beyond the two gigabytes that a body may have.
    pub(super) fn new(start: usize, end: usize) -> Option<Place> {
        let within = |at: usize| u32::try_from(at).ok().filter(|at| at & ASIDE == 0);
        Some(Place { start: within(start)?, end: within(end)? })
    }

    pub(super) fn range(self) -> Range<usize> {
        (self.start & !ASIDE) as usize..self.end as usize
    }

    pub(super) fn len(self) -> usize {
        self.range().len()
    }

    fn is_absent(self) -> bool {
        self == Place::default()
    }

    fn is_aside(self) -> bool {
        self.start & ASIDE != 0
    }

    fn aside(self) -> Place {
        Place { start: self.start | ASIDE, ..self }
    }

    /// In a text that has so many bytes before it, or has so many more aside.
    pub(super) fn moved(self, body: u32, aside: u32) -> Place {
        if self.is_absent() {
            return self;
        }
        let by = if self.is_aside() { aside } else { body };
        Place { start: self.start.saturating_add(by), end: self.end.saturating_add(by) }
    }
}

/// Where a record stands in its body, and where its common fields stand; of repeated ones the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) place: Place,
    fields: [Place; FIELDS],
}

impl Row {
    pub(super) fn at(place: Place) -> Row {
        Row { place, ..Row::default() }
    }

    pub(super) fn moved(mut self, body: u32, aside: u32) -> Row {
        self.place = self.place.moved(body, aside);
        self.fields.iter_mut().for_each(|place| *place = place.moved(body, aside));
        self
    }

    /// Puts down where a field stands. A text with escapes is read now and put aside, so that it need not be
    /// made anew each time the field is touched.
    pub(super) fn set(&mut self, field: Field, place: Place, json: &str, aside: &mut String) {
        let is_escaped = json.starts_with('"') && memchr::memchr(b'\\', json.as_bytes()).is_some();
        if is_escaped && field != Field::AppAccessContext {
            self.put(field, &lenient::text(json).unwrap_or_default(), aside);
        } else {
            self.set_plain(field, place);
        }
    }

    /// The same of what is known to be no text with escapes.
    pub(super) fn set_plain(&mut self, field: Field, place: Place) {
        self.fields[field as usize] = place;
    }

    /// Gives a field a text that does not stand in the body.
    pub(super) fn put(&mut self, field: Field, text: &str, aside: &mut String) {
        let start = aside.len();
        aside.push_str(text);
        // What has no room there is absent; it stands in the record all the same.
        self.fields[field as usize] = Place::new(start, aside.len()).map(Place::aside).unwrap_or_default();
    }
}

/// The text that records stand in, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) json: ByteString,
    /// The texts of fields that stand in the body with escapes, without them, one after another.
    pub(super) aside: ByteString,
    pub(super) origin: Origin,
}

/// A record in its body. What does not fit its field is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    body: &'a Body,
    row: &'a Row,
}

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a Body, row: &'a Row) -> Self {
        Fields { body, row }
    }

    pub(super) fn id(self) -> Option<&'a str> {
        self.text(Field::Id).filter(|id| !id.is_empty())
    }

    pub(super) fn creation_time(self) -> Option<Timestamp> {
        lenient::time(self.text(Field::CreationTime)?)
    }

    pub(super) fn operation(self) -> Option<&'a str> {
        self.text(Field::Operation)
    }

    pub(super) fn record_type(self) -> Option<RecordType> {
        self.int(Field::RecordType).map(RecordType)
    }

    pub(super) fn workload(self) -> Option<&'a str> {
        self.text(Field::Workload)
    }

    pub(super) fn user_id(self) -> Option<&'a str> {
        self.text(Field::UserId)
    }

    /// The address as the service wrote it.
    pub(super) fn client_ip(self) -> Option<&'a str> {
        self.text(Field::ClientIp).filter(|ip| !ip.trim().is_empty())
    }

    /// The address within `client_ip`.
    pub(super) fn client_address(self) -> Option<IpAddr> {
        self.address().map(|(address, _)| address)
    }

    /// The port within `client_ip`.
    pub(super) fn client_port(self) -> Option<u16> {
        self.address()?.1
    }

    pub(super) fn address(self) -> Option<(IpAddr, Option<u16>)> {
        address::parse(self.client_ip()?)
    }

    pub(super) fn organization_id(self) -> Option<&'a str> {
        self.text(Field::OrganizationId)
    }

    pub(super) fn user_type(self) -> Option<UserType> {
        self.int(Field::UserType).map(UserType)
    }

    pub(super) fn user_key(self) -> Option<&'a str> {
        self.text(Field::UserKey)
    }

    pub(super) fn result_status(self) -> Option<&'a str> {
        self.text(Field::ResultStatus)
    }

    pub(super) fn object_id(self) -> Option<&'a str> {
        self.text(Field::ObjectId)
    }

    pub(super) fn scope(self) -> Option<AuditLogScope> {
        self.int(Field::Scope).map(AuditLogScope)
    }

    pub(super) fn app_access_context(self) -> Option<Value> {
        serde_json::from_str(self.app_access_context_json()?).ok()
    }

    pub(super) fn app_access_context_json(self) -> Option<&'a str> {
        self.json(Field::AppAccessContext).filter(|json| *json != "null")
    }

    pub(super) fn content_type(self) -> Option<&'a ContentType> {
        self.body.origin.content_type()
    }

    pub(super) fn content_id(self) -> Option<&'a str> {
        Some(self.body.origin.content_id()).filter(|id| !id.is_empty())
    }

    /// The whole record as it came.
    pub(super) fn raw(self) -> &'a str {
        piece(&self.body.json, self.row.place)
    }

    /// The same, sharing the bytes of the blob.
    pub(super) fn raw_bytes(self) -> Bytes {
        self.body.json.as_bytes().slice(self.row.place.range())
    }

    /// The text of a field. One with escapes lies aside, so that none is left to be read here.
    fn text(self, field: Field) -> Option<&'a str> {
        let place = self.row.fields[field as usize];
        if place.is_aside() {
            return Some(piece(&self.body.aside, place));
        }
        let json = self.json(field)?;
        match json.as_bytes().first()? {
            b'"' => json.strip_prefix('"')?.strip_suffix('"'),
            b'{' | b'[' | b'n' => None,
            _ => Some(json),
        }
    }

    fn int(self, field: Field) -> Option<i64> {
        lenient::int_of(self.text(field)?)
    }

    fn json(self, field: Field) -> Option<&'a str> {
        let place = self.row.fields[field as usize];
        (!place.is_absent() && !place.is_aside()).then(|| piece(&self.body.json, place))
    }
}

/// Empty where the place is not of this text, which no scan brings about.
fn piece(text: &ByteString, place: Place) -> &str {
    text.get(place.range()).unwrap_or_default()
}
