//! A blob: a JSON array of records, cut into them without copying.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::record::{AuditRecord, Origin, beyond_limits};
use crate::error::{Error, ErrorKind, Result};

/// A blob that is whole and well formed; its records are read as they are taken.
///
/// Until then a record is its place in the body, so that a blob takes little more room than its bytes.
#[derive(Debug)]
pub(super) struct Blob {
    origin: Origin,
    bodies: VecDeque<Body>,
    taken: usize,
    /// How long a record may be, in bytes.
    longest: usize,
    /// How long the bodies are, decompressed.
    pub(super) bytes: usize,
}

#[derive(Debug)]
struct Body {
    bytes: Bytes,
    elements: std::vec::IntoIter<Range<usize>>,
}

impl Blob {
    /// Reads a body whole or not at all: one that is cut, or is no array, is a fault of the transport.
    pub(super) fn read(body: &Bytes, origin: &Origin) -> Result<Blob> {
        let elements: Vec<&RawValue> = serde_json::from_slice(body).map_err(|e| not_an_array(body, e))?;
        let place = |element: &&RawValue| {
            let start = element.get().as_ptr() as usize - body.as_ptr() as usize;
            start..start + element.get().len()
        };
        let elements = elements.iter().map(place).collect::<Vec<_>>().into_iter();
        let bodies = VecDeque::from([Body { bytes: body.clone(), elements }]);
        Ok(Blob { origin: origin.clone(), bodies, taken: 0, longest: usize::MAX, bytes: body.len() })
    }

    /// Reports records that are longer than this, in place of delivering them.
    pub(super) fn with_longest(mut self, bytes: usize) -> Blob {
        self.longest = bytes;
        self
    }

    /// Adds the records of another body of the same blob.
    pub(super) fn append(&mut self, more: Blob) {
        self.bodies.extend(more.bodies);
        self.bytes += more.bytes;
    }

    /// The next records, as many as are asked for and there are; what is no record is told beside them.
    pub(super) fn take(&mut self, count: usize) -> (Vec<AuditRecord>, Vec<Error>) {
        let mut records = Vec::with_capacity(count.min(self.left()));
        let mut errors = Vec::new();
        while records.len() < count
            && let Some(element) = self.next_element()
        {
            let outcome = match beyond_limits(&element, self.longest) {
                Some(why) => Err(why),
                None => {
                    AuditRecord::read(element.clone(), &self.origin).ok_or_else(|| "is not a record".into())
                }
            };
            match outcome {
                Ok(record) => records.push(record),
                Err(why) => errors.push(not_a_record(&element, &why, self.taken, &self.origin)),
            }
            self.taken += 1;
        }
        (records, errors)
    }

    /// Leaves out the first elements, which were taken before.
    pub(super) fn skip(&mut self, count: usize) {
        while self.taken < count && self.next_element().is_some() {
            self.taken += 1;
        }
    }

    /// How many elements were taken, or left out.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn is_drained(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> usize {
        self.bodies.iter().map(|body| body.elements.len()).sum()
    }

    fn next_element(&mut self) -> Option<Bytes> {
        loop {
            let body = self.bodies.front_mut()?;
            if let Some(place) = body.elements.next() {
                return Some(body.bytes.slice(place));
            }
            self.bodies.pop_front();
        }
    }
}

fn not_an_array(body: &Bytes, error: serde_json::Error) -> Error {
    let message = match body.first() {
        None => "the blob is empty".to_owned(),
        Some(b'[') if error.is_eof() => format!("the blob ends in the middle, after {} bytes", body.len()),
        Some(b'[') => format!("the blob is not JSON, at byte {} of {}", error.column(), body.len()),
        Some(_) => {
            let start = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            format!("the blob is not a list of records but: {start}")
        }
    };
    Error::decode(message).with_status(200).with_source(error)
}

fn not_a_record(element: &[u8], why: &str, index: usize, origin: &Origin) -> Error {
    let start = String::from_utf8_lossy(&element[..element.len().min(80)]);
    Error::new(ErrorKind::Decode, format!("element {index} of the blob {why}: {start}")).at(|place| {
        origin.mark(place);
        place.index = Some(index);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: impl Into<Bytes>) -> Result<Blob> {
        Blob::read(&body.into(), &Origin::new(None, "blob"))
    }

    #[test]
    fn what_is_no_record_is_reported_with_its_place_and_its_siblings_come() {
        let mut blob = read(r#"[{"Id":"a"}, 7, null, {"Id":"b"}, []]"#).unwrap();
        let (records, errors) = blob.take(9);
        let ids: Vec<_> = records.into_iter().filter_map(|r| r.id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(errors.iter().map(|e| e.place().index).collect::<Vec<_>>(), [Some(1), Some(2), Some(4)]);
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_reported_and_its_siblings_come() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
        let long = format!(r#"{{"Id":"{}"}}"#, "x".repeat(5_000));
        let body = format!(r#"[{{"Id":"a"}}, {deep}, {long}, {{"Id":"b"}}]"#);
        let (records, errors) = read(body).unwrap().with_longest(4_000).take(9);
        let ids: Vec<_> = records.into_iter().filter_map(|r| r.id).collect();
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
