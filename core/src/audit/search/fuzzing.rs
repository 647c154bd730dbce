//! What must be true of what a search finds; for `core/fuzz`.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::value::RawValue;

use super::envelope;
use super::query::found;
use crate::audit::record::Origin;
use crate::fuzzing::check_error;
use crate::http::Answer;

/// A page of the records of a query: read whole or refused, each element a record or none.
pub(in crate::audit) fn search_page(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.clone() };
    let page = match found(&answer) {
        Ok(page) => page,
        Err(error) => {
            assert!(error.is_retryable(), "a page that cannot be read is a fault: {error}");
            return check_error(&error);
        }
    };
    assert_eq!(page.bytes, body.len());
    assert!(page.next.is_none_or(|link| !link.trim().is_empty()));
    let cut = Answer { body: body.slice(..body.trim_ascii_end().len() - 1), ..answer };
    assert!(found(&cut).is_err(), "a part passes for the whole");
    for element in page.elements {
        let Some(record) = envelope::read(&element, &Origin::new(None, "")) else { continue };
        assert!(element.starts_with(b"{") && record.raw().trim_ascii().starts_with('{'));
        assert!(serde_json::from_str::<&RawValue>(record.raw()).is_ok(), "raw is no JSON");
        assert!(record.content_id().is_none() && record.content_type().is_none());
        assert!(record.client_address().is_some() || record.client_port().is_none());
        assert!(serde_json::to_vec(&record).is_ok());
    }
}
