//! One reader for the three formats: what an answer holds is the same in all of them.
//!
//! The answer's own content type says which it is, and not what was asked for: the service and the proxies before it
//! have their own minds about `Accept`.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::Url;

use super::model::ServiceInfo;
use super::{atom, charset, members};
use crate::error::{Error, Repeat, Result};
use crate::http::Answer;
use crate::wire::Wire;

/// The largest body that is read. A list of services is a few kilobytes.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// What an answer holds, whatever its format.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    pub(super) services: Vec<ServiceInfo>,
    /// The link to what follows.
    pub(super) next: Option<String>,
}

/// The members of the services, before anything is known of them, and the link to what follows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Map<String, Value>>,
    pub(super) next: Option<String>,
}

/// Reads a list of services, or a single one.
pub(super) fn read(answer: &Answer, asked: &Url) -> Result<Read> {
    let declared = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    read_body(declared, &answer.body, asked).map_err(|error| error.with_status(answer.status.as_u16()))
}

/// The same of a body and its content type. Relative links are of the address that was asked.
pub(super) fn read_body(content_type: &str, body: &[u8], asked: &Url) -> Result<Read> {
    if body.len() > LARGEST_BODY {
        let size = body.len();
        return Err(never(format!("the answer has {size} bytes; more than {LARGEST_BODY} are not read")));
    }
    let media = Media::of(content_type);
    let text = || charset::decode(body, media.charset.as_deref());
    let Rows { rows, next } = match media.essence.as_str() {
        "application/json" => json_rows(&text()?)?,
        "application/atom+xml" | "application/xml" | "text/xml" => atom::rows(&text()?, asked)?,
        "" => return Err(never("the answer does not say what format it has")),
        other => {
            return Err(never(format!("the answer is {other}, which is neither JSON nor Atom"))
                .with_hint("Check the host: a proxy or a sign-in page may have answered"));
        }
    };
    let services = rows.into_iter().enumerate().map(|(index, row)| {
        members::service(row, Wire::Office365).map_err(|why| {
            Error::decode(format!("service {index} of the answer: {why}"))
                .at(|place| place.index = Some(index))
        })
    });
    Ok(Read { services: services.collect::<Result<_>>()?, next })
}

/// What will be the same however often it is asked for.
pub(super) fn never(message: impl Into<String>) -> Error {
    Error::decode(message).with_repeat(Repeat::Never)
}

/// A content type, taken apart.
struct Media {
    essence: String,
    charset: Option<String>,
}

impl Media {
    fn of(content_type: &str) -> Self {
        let mut parts = content_type.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset").then(|| value.to_ascii_lowercase())
        });
        Media { essence, charset: charset.filter(|charset| !charset.is_empty()) }
    }
}

/// Both forms of JSON. The verbose one has all it says below `d`; no service has a member of that name.
fn json_rows(text: &str) -> Result<Rows> {
    let value: Value =
        serde_json::from_str(text).map_err(|e| Error::decode("the answer is not JSON").with_source(e))?;
    let Value::Object(mut envelope) = value else { return Err(not_services("is no object")) };
    match envelope.remove("d") {
        Some(verbose) => verbose_rows(verbose),
        None if envelope.contains_key("value") => {
            let next = envelope.get("@odata.nextLink").and_then(Value::as_str).map(str::to_owned);
            Ok(Rows { rows: objects(envelope.remove("value"))?, next })
        }
        None => Ok(Rows { rows: vec![some_service(envelope)?], next: None }),
    }
}

/// A list below `results`, a bare list, or a single service.
fn verbose_rows(verbose: Value) -> Result<Rows> {
    match verbose {
        Value::Object(mut list) if list.contains_key("results") => {
            let next = list.get("__next").and_then(Value::as_str).map(str::to_owned);
            Ok(Rows { rows: objects(list.remove("results"))?, next })
        }
        Value::Object(service) => Ok(Rows { rows: vec![some_service(service)?], next: None }),
        list @ Value::Array(_) => Ok(Rows { rows: objects(Some(list))?, next: None }),
        _ => Err(not_services("has neither a list nor a service below d")),
    }
}

fn objects(list: Option<Value>) -> Result<Vec<Map<String, Value>>> {
    let Some(Value::Array(list)) = list else { return Err(not_services("has no list where one should be")) };
    let object = |value| match value {
        Value::Object(members) => Ok(members),
        _ => Err(not_services("lists something that is no object")),
    };
    list.into_iter().map(object).collect()
}

/// An object that has at least one member of a service: an error page may be JSON too.
fn some_service(members: Map<String, Value>) -> Result<Map<String, Value>> {
    if members.keys().any(|name| members::property(name).is_some()) {
        return Ok(members);
    }
    Err(not_services("is an object, and neither a list nor a service"))
}

fn not_services(why: &str) -> Error {
    Error::decode(format!("the answer {why}: it holds no services"))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, Sample};
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;
    use serde_json::json;

    fn asked() -> Url {
        Url::parse("https://api.office.com/discovery/v2.0/me/services").unwrap()
    }

    fn json(value: &Value) -> Result<Read> {
        read_body("application/json", value.to_string().as_bytes(), &asked())
    }

    #[test]
    fn the_three_formats_hold_the_same() {
        let sample = Sample::default();
        let v4 =
            read_body("application/json;odata.metadata=minimal", sample.v4().as_bytes(), &asked()).unwrap();
        assert_eq!(v4.services.len(), 2);
        for (content_type, body) in [
            ("application/json;odata=verbose;charset=utf-8", sample.verbose()),
            ("application/atom+xml;type=feed;charset=utf-8", sample.atom()),
            ("application/xml", sample.atom()),
        ] {
            assert_eq!(read_body(content_type, body.as_bytes(), &asked()).unwrap(), v4, "{content_type}");
        }
    }

    #[test]
    fn a_list_and_a_single_service_are_told_apart_by_their_shape() {
        let row = json!({"Capability": "Mail"});
        for (body, count, next) in [
            (json!({"@odata.context": "x#allServices", "value": []}), 0, None),
            (json!({"value": [row, row], "@odata.nextLink": "n"}), 2, Some("n")),
            (json!({"@odata.context": "x", "capability": "Mail"}), 1, None),
            (json!({"d": {"results": [row], "__next": "n"}}), 1, Some("n")),
            (json!({"d": [row, row, row]}), 3, None),
            (json!({"d": []}), 0, None),
            (json!({"d": row}), 1, None),
        ] {
            let read = json(&body).unwrap();
            assert_eq!((read.services.len(), read.next.as_deref()), (count, next), "{body}");
        }
    }

    #[test]
    fn what_holds_no_services_is_refused() {
        for body in [
            json!([]),
            json!(null),
            json!({"message": "hello"}),
            json!({"value": 7}),
            json!({"value": [7]}),
            json!({"d": 7}),
            json!({"d": {"message": "hello"}}),
            json!({"d": {"results": null}}),
            json!({"value": [{"serviceName": 7}]}),
        ] {
            assert_eq!(json(&body).unwrap_err().kind(), ErrorKind::Decode, "{body}");
        }
        assert!(
            json(&json!({"value": [{}, {"serviceName": 7}]})).unwrap_err().message().contains("service 1")
        );
    }

    #[test]
    fn the_format_is_what_the_answer_says_it_is() {
        let body = Sample::default().v4();
        for (content_type, said) in [
            ("text/html; charset=utf-8", "text/html"),
            ("", "does not say"),
            ("application/json; charset=shift_jis", "shift_jis"),
            ("application/atom+xml", "Atom"),
        ] {
            let error = read_body(content_type, body.as_bytes(), &asked()).unwrap_err();
            assert!(error.message().contains(said), "{content_type}: {error}");
        }
        let error = read_body("application/json", &vec![b' '; LARGEST_BODY + 1], &asked()).unwrap_err();
        assert!(error.message().contains("4194305") && !error.is_retryable(), "{error}");
    }

    proptest! {
        #[test]
        fn any_services_are_the_same_in_the_three_formats(sample in samples::any_sample()) {
            let v4 = read_body("application/json", sample.v4().as_bytes(), &asked()).unwrap();
            let verbose = read_body("application/json", sample.verbose().as_bytes(), &asked()).unwrap();
            let atom = read_body("application/atom+xml", sample.atom().as_bytes(), &asked()).unwrap();
            prop_assert_eq!(&v4, &verbose);
            prop_assert_eq!(&v4, &atom);
        }

        #[test]
        fn any_body_is_read_or_refused_without_a_panic(
            body in r#"(\{"(d|value)":(\[|\{"results":\[)?(\{"[a-zA-Z@.]{0,12}":("x"|1|null|\{\})\}|7)?\]?\}?\}|.{0,60})"#,
            atom in any::<bool>()
        ) {
            let content_type = if atom { "application/atom+xml" } else { "application/json" };
            let _ = read_body(content_type, body.as_bytes(), &asked());
        }
    }
}
