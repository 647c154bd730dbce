//! The common fields of a record as places in its blob: read when they are asked for, and not copied before.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;

use super::address;
use super::content_type::ContentType;
use super::lenient;
use super::record::Origin;
use super::record_type::{AuditLogScope, RecordType, UserType};

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

/// A piece of a body, in bytes; the empty one stands for what is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// None beyond the four gigabytes that a body may have.
    pub(super) fn new(start: usize, end: usize) -> Option<Place> {
        Some(Place { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(super) fn len(self) -> usize {
        self.range().len()
    }

    pub(super) fn moved(self, by: u32) -> Place {
        if self == Place::default() {
            return self;
        }
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

    pub(super) fn set(&mut self, field: Field, value: Place) {
        self.fields[field as usize] = value;
    }

    pub(super) fn moved(mut self, by: u32) -> Row {
        self.place = self.place.moved(by);
        self.fields.iter_mut().for_each(|place| *place = place.moved(by));
        self
    }
}

/// A record in its blob. What does not fit its field is none; the texts are borrowed unless they hold escapes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    body: &'a Bytes,
    row: &'a Row,
    origin: &'a Origin,
}

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a Bytes, row: &'a Row, origin: &'a Origin) -> Self {
        Fields { body, row, origin }
    }

    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        self.text(Field::Id).filter(|id| !id.is_empty())
    }

    pub(super) fn creation_time(&self) -> Option<Timestamp> {
        lenient::time(&self.text(Field::CreationTime)?)
    }

    pub(super) fn operation(&self) -> Option<Cow<'a, str>> {
        self.text(Field::Operation)
    }

    pub(super) fn record_type(&self) -> Option<RecordType> {
        self.int(Field::RecordType).map(RecordType)
    }

    pub(super) fn workload(&self) -> Option<Cow<'a, str>> {
        self.text(Field::Workload)
    }

    pub(super) fn user_id(&self) -> Option<Cow<'a, str>> {
        self.text(Field::UserId)
    }

    /// The address as the service wrote it.
    pub(super) fn client_ip(&self) -> Option<Cow<'a, str>> {
        self.text(Field::ClientIp).filter(|ip| !ip.trim().is_empty())
    }

    /// The address and the port within `client_ip`.
    pub(super) fn address(&self) -> Option<(IpAddr, Option<u16>)> {
        address::parse(&self.client_ip()?)
    }

    pub(super) fn organization_id(&self) -> Option<Cow<'a, str>> {
        self.text(Field::OrganizationId)
    }

    pub(super) fn user_type(&self) -> Option<UserType> {
        self.int(Field::UserType).map(UserType)
    }

    pub(super) fn user_key(&self) -> Option<Cow<'a, str>> {
        self.text(Field::UserKey)
    }

    pub(super) fn result_status(&self) -> Option<Cow<'a, str>> {
        self.text(Field::ResultStatus)
    }

    pub(super) fn object_id(&self) -> Option<Cow<'a, str>> {
        self.text(Field::ObjectId)
    }

    pub(super) fn scope(&self) -> Option<AuditLogScope> {
        self.int(Field::Scope).map(AuditLogScope)
    }

    /// As JSON text.
    pub(super) fn app_access_context(&self) -> Option<&'a str> {
        self.json(Field::AppAccessContext).filter(|json| *json != "null")
    }

    pub(super) fn origin(&self) -> &'a Origin {
        self.origin
    }

    pub(super) fn content_type(&self) -> Option<&'a ContentType> {
        self.origin.content_type()
    }

    pub(super) fn content_id(&self) -> &'a str {
        self.origin.content_id()
    }

    /// The whole record as it came.
    pub(super) fn raw(&self) -> &'a [u8] {
        &self.body[self.row.place.range()]
    }

    /// The same, sharing the bytes of the blob.
    pub(super) fn raw_bytes(&self) -> Bytes {
        self.body.slice(self.row.place.range())
    }

    fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        lenient::text(self.json(field)?)
    }

    fn int(&self, field: Field) -> Option<i64> {
        lenient::int(self.json(field)?)
    }

    fn json(&self, field: Field) -> Option<&'a str> {
        let place = self.row.fields[field as usize];
        if place.len() == 0 {
            return None;
        }
        std::str::from_utf8(&self.body[place.range()]).ok()
    }
}
