//! A blob: a JSON array of records, of which it is known where they stand.

use std::str::Utf8Error;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use super::fields::{Body, Fields, Row};
use super::record::{AuditRecord, Origin};
use super::scan::{Fault, Finds, Found, scan};
use crate::error::{Error, ErrorKind, Result};

/// A blob, or the part of one that is left, that is whole and well formed.
///
/// A record is its place in the body, so that a blob takes little more room than its bytes. What is no record
/// is told by [`errors`](Blob::errors), and its siblings are there.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    records: Records,
    faults: Vec<Fault>,
    /// How many elements were before the first one here.
    taken: usize,
    /// How long a record may be, in bytes.
    longest: usize,
    /// How long the whole body is, decompressed.
    pub(super) bytes: usize,
}

/// Records as places in the body that they came in.
#[derive(Debug, Clone)]
pub(super) struct Records {
    pub(super) body: Body,
    pub(super) rows: Vec<Row>,
}

impl Records {
    /// The fields of a record, by its number here.
    pub(super) fn fields(&self, index: usize) -> Fields<'_> {
        Fields::new(&self.body, &self.rows[index])
    }
}

impl Blob {
    /// Reads a body whole or not at all: one that is cut, or is no array, is a fault of the transport.
    ///
    /// Records that are longer than `longest` are errors.
    pub(super) fn scan(body: &Bytes, origin: &Origin, finds: Finds, longest: usize) -> Result<Blob> {
        let json = ByteString::try_from(body.clone()).map_err(|e| not_utf8(body, e))?;
        let Found { rows, faults, aside } =
            scan(&json, finds, longest).map_err(|e| not_an_array(&json, e))?;
        let body = Body { json, aside: aside.into(), origin: origin.clone() };
        let bytes = body.json.len();
        Ok(Blob { records: Records { body, rows }, faults, taken: 0, longest, bytes })
    }

    /// The same with all fields and no limit.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn read(body: &Bytes, origin: &Origin) -> Result<Blob> {
        Blob::scan(body, origin, Finds::Fields, usize::MAX)
    }

    /// Adds the records of another body of the same blob, of which nothing has been taken yet.
    pub(super) fn append(&mut self, more: &Blob) -> Result<()> {
        let Body { json, aside, .. } = &mut self.records.body;
        let length = |text: &ByteString, more: &ByteString| {
            u32::try_from(text.len() + more.len()).ok().filter(|length| length >> 31 == 0)?;
            u32::try_from(text.len()).ok()
        };
        let other = &more.records.body;
        let (by, aside_by) = length(json, &other.json)
            .zip(length(aside, &other.aside))
            .ok_or_else(|| Error::decode("the blob is longer than two gigabytes"))?;
        let before = self.records.rows.len() + self.faults.len();
        *json = [&**json, &other.json].concat().into();
        *aside = [&**aside, &other.aside].concat().into();
        self.records.rows.extend(more.rows().iter().map(|row| row.moved(by, aside_by)));
        self.faults.extend(more.faults.iter().map(|fault| Fault {
            index: fault.index + before,
            place: fault.place.moved(by, aside_by),
            ..*fault
        }));
        self.bytes += more.bytes;
        Ok(())
    }

    /// The bytes that the rows are places in.
    pub(super) fn body(&self) -> &Bytes {
        self.records.body.json.as_bytes()
    }

    /// Where the records are, in the order in which they stand there.
    pub(super) fn rows(&self) -> &[Row] {
        &self.records.rows
    }

    /// The fields of each record.
    pub(super) fn fields(&self) -> impl ExactSizeIterator<Item = Fields<'_>> + Clone {
        self.rows().iter().map(|row| Fields::new(&self.records.body, row))
    }

    /// Leaves out the records for which `keeps` says so.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(Fields<'_>) -> bool) {
        let Records { rows, body } = &mut self.records;
        rows.retain(|row| keeps(Fields::new(body, row)));
    }

    pub(super) fn into_records(self) -> Vec<AuditRecord> {
        let records = Arc::new(self.records);
        (0..records.rows.len()).map(|index| AuditRecord::new(&records, index)).collect()
    }

    /// The records in lines of their own, without what stands between them.
    pub(super) fn into_lines(self) -> Bytes {
        let Records { rows, body } = self.records;
        let Some(first) = rows.first() else { return Bytes::new() };
        let from = first.place.range().start;
        // Nobody else has the bytes, but where they came in one piece.
        let mut body =
            body.json.into_bytes().try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let mut end = from;
        for row in &rows {
            let record = row.place.range();
            let line = end..end + record.len();
            if line != record {
                body.copy_within(record, line.start);
            }
            let mut rest = &mut body[line.clone()];
            // Between members only: within a text they would be escaped.
            while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
                rest[at] = b' ';
                rest = &mut rest[at + 1..];
            }
            // What followed the record, be it a comma or the end of the array.
            body[line.end] = b'\n';
            end = line.end + 1;
        }
        body.truncate(end);
        body.split_off(from).freeze()
    }

    /// What is no record.
    pub(super) fn errors(&self) -> Vec<Error> {
        self.faults.iter().map(|fault| self.error(fault)).collect()
    }

    /// What this blob holds in memory, in bytes.
    pub(super) fn held(&self) -> usize {
        let Records { body, rows } = &self.records;
        body.json.len()
            + body.aside.len()
            + rows.capacity() * size_of::<Row>()
            + self.faults.capacity() * size_of::<Fault>()
    }

    /// The next records as a blob of their own that shares the bytes, as many as are asked for and there are,
    /// with what is no record among them.
    pub(super) fn take_part(&mut self, count: usize) -> Blob {
        let left = &mut self.records.rows;
        let rest = left.split_off(count.min(left.len()));
        let rows = std::mem::replace(left, rest);
        let mut next = self.taken + rows.len();
        let mut faults = 0;
        while self.faults.get(faults).is_some_and(|fault| self.rows().is_empty() || fault.index <= next) {
            faults += 1;
            next += 1;
        }
        let rest = self.faults.split_off(faults);
        let faults = std::mem::replace(&mut self.faults, rest);
        let part = Blob { records: Records { rows, body: self.records.body.clone() }, faults, ..*self };
        self.taken = next;
        part
    }

    /// The next records, as many as are asked for and there are; what is no record is told beside them.
    pub(super) fn take(&mut self, count: usize) -> (Vec<AuditRecord>, Vec<Error>) {
        let part = self.take_part(count);
        let errors = part.errors();
        (part.into_records(), errors)
    }

    /// Leaves out the first elements, which were taken before.
    pub(super) fn skip(&mut self, count: usize) {
        let faults = self.faults.iter().take_while(|fault| fault.index < count).count();
        let rows = count.saturating_sub(self.taken + faults).min(self.rows().len());
        self.faults.drain(..faults);
        self.records.rows.drain(..rows);
        self.taken += rows + faults;
    }

    /// How many elements were taken, or left out.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn is_drained(&self) -> bool {
        self.rows().is_empty() && self.faults.is_empty()
    }

    fn error(&self, fault: &Fault) -> Error {
        let element = &self.body()[fault.place.range()];
        let why = fault.why.words(element.len(), self.longest);
        let start = String::from_utf8_lossy(&element[..element.len().min(80)]);
        let message = format!("element {} of the blob {why}: {start}", fault.index);
        Error::new(ErrorKind::Decode, message).at(|place| {
            self.records.body.origin.mark(place);
            place.index = Some(fault.index);
        })
    }
}

fn not_utf8(body: &Bytes, error: Utf8Error) -> Error {
    let at = error.valid_up_to();
    let message = format!("the blob is not UTF-8, at byte {at} of {}", body.len());
    Error::decode(message).with_status(200).with_source(error)
}

fn not_an_array(body: &str, error: serde_json::Error) -> Error {
    let message = match body.bytes().next() {
        None => "the blob is empty".to_owned(),
        Some(b'[') if error.is_eof() => format!("the blob ends in the middle, after {} bytes", body.len()),
        Some(b'[') => format!("the blob is not JSON, at byte {} of {}", error.column(), body.len()),
        Some(_) => {
            let start: String = body.chars().take(200).collect();
            format!("the blob is not a list of records but: {start}")
        }
    };
    Error::decode(message).with_status(200).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: impl Into<Bytes>) -> Result<Blob> {
        Blob::read(&body.into(), &Origin::new(None, "blob"))
    }

    fn id(record: &AuditRecord) -> Option<String> {
        record.id().map(str::to_owned)
    }

    #[test]
    fn what_is_no_record_is_reported_with_its_place_and_its_siblings_come() {
        let mut blob = read(r#"[{"Id":"a"}, 7, null, {"Id":"b"}, []]"#).unwrap();
        let (records, errors) = blob.take(9);
        let ids: Vec<_> = records.iter().filter_map(id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(errors.iter().map(|e| e.place().index).collect::<Vec<_>>(), [Some(1), Some(2), Some(4)]);
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_reported_and_its_siblings_come() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
        let long = format!(r#"{{"Id":"{}"}}"#, "x".repeat(5_000));
        let body = format!(r#"[{{"Id":"a"}}, {deep}, {long}, {{"Id":"b"}}]"#);
        let (records, errors) =
            Blob::scan(&body.into(), &Origin::new(None, "blob"), Finds::Fields, 4_000).unwrap().take(9);
        let ids: Vec<_> = records.iter().filter_map(id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(errors.iter().map(|e| e.place().index).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }

    #[test]
    fn what_is_no_array_is_a_fault_that_is_worth_another_try() {
        for body in
            ["", "{\"error\":{}}", "<html>", "[{\"Id\":\"a\"}", "[{\"Id\":\"a\"", "[{}] trailing", "\"x\""]
        {
            let error = read(body).unwrap_err();
            assert!(error.kind() == ErrorKind::Decode && error.is_retryable(), "{body}: {error}");
        }
    }

    #[test]
    fn parts_of_a_blob_are_taken_in_order_and_a_position_is_found_again() {
        let body = r#"[1, {"Id":"a"}, 2, {"Id":"b"}, {"Id":"c"}, 3]"#;
        for count in 1..5 {
            let (mut blob, mut ids, mut indexes) = (read(body).unwrap(), Vec::new(), Vec::new());
            while !blob.is_drained() {
                let (records, errors) = blob.take(count);
                assert!(!records.is_empty() || !errors.is_empty());
                ids.extend(records.iter().filter_map(id));
                indexes.extend(errors.iter().filter_map(|error| error.place().index));
                let mut resumed = read(body).unwrap();
                resumed.skip(blob.taken());
                assert_eq!((resumed.rows(), resumed.taken()), (blob.rows(), blob.taken()));
                assert_eq!(resumed.errors().len(), blob.errors().len());
            }
            assert_eq!((ids.concat(), indexes, blob.taken()), ("abc".into(), vec![0, 2, 5], 6));
        }
    }

    #[test]
    fn lines_are_the_records_and_nothing_else() {
        for (body, lines) in [
            (r#"[{"Id":"a"},{"Id":"b\n"}]"#, "{\"Id\":\"a\"}\n{\"Id\":\"b\\n\"}\n"),
            ("  [ {\"Id\":\r\n\"a\"\n}\n, 7,{}\n] ", "{\"Id\":  \"a\" }\n{}\n"),
            ("[1]", ""),
            ("[]", ""),
        ] {
            let shared = Bytes::from(body.to_owned());
            assert_eq!(read(shared.clone()).unwrap().into_lines(), lines);
            assert_eq!(shared, body);
            assert_eq!(read(BytesMut::from(body)).unwrap().into_lines(), lines);
        }
        let mut blob = read(r#"[{"Id":"a"},{"Id":"b"}, {"Id":"a"}]"#).unwrap();
        let mut seen = std::collections::HashSet::new();
        blob.retain(|fields| seen.insert(fields.id().unwrap().to_owned()));
        blob.append(&read("[{}]").unwrap()).unwrap();
        assert_eq!(blob.into_lines(), "{\"Id\":\"a\"}\n{\"Id\":\"b\"}\n{}\n");
    }

    #[test]
    fn what_another_body_adds_is_counted_on() {
        let mut blob = read(r#"[{"Id":"a"}, 7]"#).unwrap();
        blob.append(&read(r#"[8, {"Operation":"x","Id":"b"}]"#).unwrap()).unwrap();
        let (records, errors) = blob.take(9);
        assert_eq!(records[1].raw(), r#"{"Operation":"x","Id":"b"}"#);
        assert_eq!((records[0].id(), records[1].id()), (Some("a"), Some("b")));
        assert_eq!(errors.iter().map(|e| e.place().index).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(body);
        }

        #[test]
        fn no_cut_of_a_blob_passes_for_the_whole(cut in 0usize..60) {
            let body = r#"[{"Id":"1","Operation":"x"},{"Id":"2","Operation":"[]"},{"Id":"3"}]"#;
            prop_assert!(read(body[..cut.min(body.len() - 1)].to_owned()).is_err());
        }
    }
}
