//! One function for each thing that is read from outside, for the fuzz targets of `core/fuzz`.
//!
//! Each takes any bytes and panics if something that must be true of them is not. Nothing is sent.

#![allow(clippy::expect_used, clippy::missing_panics_doc)] // A failed expectation is what is looked for.

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, DATE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::audit;
pub use crate::audit::fuzzing::{blob, columns, link, listing, search_page, state_file, state_row, webhook};
pub use crate::discovery::fuzzing::{atom, first_sign_in, verbose_json};
use crate::download::file_name as file_name_of;
use crate::error::{Error, ErrorKind, Repeat};
use crate::http::{Answer, Refusal, by_status, challenge};
use crate::identity::{TokenCache, certificate_can_be_read, judge, read_token};
pub use crate::odata::fuzzing::odata_filter;
use crate::{Client, StaticToken};

/// The tenant of the client that the targets read with.
pub(crate) const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";

/// A client on the worldwide cloud that nobody sends anything with.
pub(crate) fn client() -> Client {
    Client::builder(TENANT).credential(StaticToken::new("a token")).build().expect("the options are good")
}

/// The first line, and what is behind it.
pub(crate) fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

/// An answer that is no success: the first two bytes are its status, a line each the headers `Retry-After`
/// and `Date`, the rest is the body.
pub fn error_body(answer: &[u8]) {
    let Some((status, rest)) = answer.split_first_chunk() else { return };
    let status = 300 + u16::from_be_bytes(*status) % 700;
    let (wait, rest) = split(rest);
    let (date, body) = split(rest);
    let mut headers = HeaderMap::new();
    for (name, value) in [(RETRY_AFTER, wait), (DATE, date)] {
        headers.extend(HeaderValue::from_bytes(value).ok().map(|value| (name, value)));
    }
    let code = StatusCode::from_u16(status).expect("a status");
    let refusal = Refusal::new(code, &headers, &Bytes::copy_from_slice(body));
    assert!(refusal.text.len() <= 3 * 2048, "what nobody understands is kept in part");
    assert!(refusal.retry_after.is_none_or(|wait| wait <= Duration::from_secs(15 * 60)));

    for judge in [audit::judge, by_status, judge] {
        let error = judge(&refusal);
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.retry_after(), refusal.retry_after);
        assert!(!error.message().is_empty());
        if status == 429 {
            let known = error.code().is_some_and(|code| code.starts_with("AF"));
            assert!(known || error.repeat() == Repeat::Throttled, "{error}");
        }
        check_error(&error);
    }
    let error = audit::judge(&refusal);
    if error.code() == Some("AF429") {
        assert_eq!((error.kind(), error.repeat()), (ErrorKind::Throttled, Repeat::Throttled));
    }
    if matches!(status, 500 | 502 | 503 | 504) && error.code().is_none_or(|code| !code.starts_with("AF")) {
        assert!(error.is_retryable() || error.kind() == ErrorKind::PermissionDenied, "{error}");
    }
}

/// The body of a token endpoint's success: a token, or an error that does not quote it.
pub fn token(body: &[u8]) {
    let answer =
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) };
    match read_token(&answer) {
        Ok(grant) => {
            let token = grant.token();
            // There is no room for a token in what is shown of it.
            let shown = format!("{token:?}");
            assert!(shown.starts_with("Token { expires: ") && shown.len() < 80, "{shown}");
        }
        Err(error) => {
            check_error(&error);
            // It is the same whatever was in the body, which may have been a token.
            let empty = read_token(&Answer { body: Bytes::new(), ..answer });
            assert_eq!(empty.err().map(|error| format!("{error:?}")), Some(format!("{error:?}")));
        }
    }
}

/// The headers `WWW-Authenticate` of a 401, one a line: whatever claims are found are a JSON object.
pub fn challenge(headers: &[u8]) {
    let values = headers.split(|&byte| byte == b'\n');
    let headers: HeaderMap =
        values.filter_map(|value| Some((WWW_AUTHENTICATE, HeaderValue::from_bytes(value).ok()?))).collect();
    for challenge in challenge::challenges(&headers) {
        assert!(!challenge.scheme.is_empty());
    }
    if let Some(claims) = challenge::claims(&headers) {
        assert!(claims.len() <= 8 * 1024, "claims have a limit");
        assert!(serde_json::from_str::<Value>(&claims).is_ok_and(|claims| claims.is_object()));
    }
}

/// The first line is a header `Content-Disposition`, the second the name that an operation gives, the third an id:
/// whatever name comes of them stays in its folder.
pub fn file_name(said: &[u8]) {
    let (header, rest) = split(said);
    let (given, id) = split(rest);
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_bytes(header).ok().map(|value| (CONTENT_DISPOSITION, value)));
    let name = file_name_of(&headers, std::str::from_utf8(given).ok(), &String::from_utf8_lossy(id));
    assert!((1..=120).contains(&name.len()), "{name:?}");
    assert!(!name.starts_with('.') && !name.ends_with(['.', ' ']), "{name:?}");
    assert!(!name.contains(['/', '\\', ':']) && !name.contains(char::is_control), "{name:?}");
}

/// A file with a certificate and its key: PEM if it looks like it, else PFX. The first line is its password.
pub fn certificate(file: &[u8]) {
    let (password, file) = split(file);
    let password = std::str::from_utf8(password).ok();
    if let Err(error) = certificate_can_be_read(file, password) {
        check_error(&error);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// What a token cache was kept as.
pub fn token_cache(bytes: &[u8]) {
    let cache = TokenCache::new();
    match cache.import(bytes) {
        // What was taken in comes out so that it can be taken in.
        Ok(()) => cache.import(cache.export().expose_secret()).expect("its own bytes"),
        Err(error) => check_error(&error),
    }
}

/// An error can be shown, and crosses into other languages.
pub(crate) fn check_error(error: &Error) {
    let _ = (error.to_string(), format!("{error:?}"));
    let json: Value = serde_json::from_slice(&error.to_json()).expect("an error is JSON");
    assert_eq!(json["kind"], error.kind().as_str());
    assert_eq!(json["message"], error.message());
    assert_eq!(json["retryable"], error.is_retryable());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Target = fn(&[u8]);

    /// The inputs that fuzzing begins with, and those that it once found fault with.
    #[test]
    fn what_was_found_once_stays_mended() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let targets: [(&str, Target); 18] = [
            ("atom", super::atom),
            ("blob", super::blob),
            ("certificate", super::certificate),
            ("challenge", super::challenge),
            ("columns", super::columns),
            ("error_body", super::error_body),
            ("file_name", super::file_name),
            ("first_sign_in", super::first_sign_in),
            ("link", super::link),
            ("listing", super::listing),
            ("odata_filter", super::odata_filter),
            ("search_page", super::search_page),
            ("state_file", super::state_file),
            ("state_row", super::state_row),
            ("token", super::token),
            ("token_cache", super::token_cache),
            ("verbose_json", super::verbose_json),
            ("webhook", super::webhook),
        ];
        assert_eq!(corpus.read_dir().unwrap().count(), targets.len(), "each target has its inputs");
        for (name, target) in targets {
            for file in corpus.join(name).read_dir().unwrap() {
                target(&std::fs::read(file.unwrap().path()).unwrap());
            }
        }
    }
}
