//! One request to a webhook: who sent it, what it is, and which of what it announces can be believed.

use std::collections::BTreeMap;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;
use url::Url;

use super::WebhookNotification;
use crate::cloud::{Hosts, Service};

const AUTH_ID: &str = "webhook-authid";
const VALIDATION_CODE: &str = "webhook-validationcode";
/// A delivery of rubbish is told by its first elements.
const MOST_WARNINGS: usize = 20;
/// The service's ids have about 150 characters.
const LONGEST_ID: usize = 1_024;

/// A request to a webhook, as far as it matters.
pub(super) struct Delivery<'a> {
    method: &'a str,
    auth_ids: Vec<&'a [u8]>,
    validation_codes: Vec<&'a [u8]>,
    body: &'a [u8],
}

/// What a request is that comes from the service.
pub(super) enum Shape<'a> {
    Validation,
    Notifications(Vec<&'a RawValue>),
}

/// The status to answer with, and why.
type Rejected = (u16, String);

impl<'a> Delivery<'a> {
    pub(super) fn new(method: &'a str, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        let values = |name| headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        Delivery { method, auth_ids: values(AUTH_ID), validation_codes: values(VALIDATION_CODE), body }
    }

    pub(super) fn of_texts(method: &'a str, headers: &'a BTreeMap<String, String>, body: &'a [u8]) -> Self {
        let values = |name| {
            let named = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.as_bytes()).collect()
        };
        Delivery { method, auth_ids: values(AUTH_ID), validation_codes: values(VALIDATION_CODE), body }
    }

    /// Whether it comes from the service, and what it is. The body of a stranger is not read.
    pub(super) fn shape(
        &self,
        auth_id: Option<&SecretString>,
        max_bytes: u64,
    ) -> Result<Shape<'a>, Rejected> {
        if !self.method.eq_ignore_ascii_case("POST") {
            return Err((405, "the service sends POST requests only".to_owned()));
        }
        if self.body.len() as u64 > max_bytes {
            return Err((413, format!("the body has {} bytes; {max_bytes} are allowed", self.body.len())));
        }
        if let Some(expected) = auth_id {
            self.check_auth(expected)?;
        }
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body);
        match self.validation_codes.as_slice() {
            [] => match serde_json::from_slice::<Vec<&RawValue>>(body) {
                Ok(elements) if elements.is_empty() => {
                    Err((400, "the delivery announces nothing".to_owned()))
                }
                Ok(elements) => Ok(Shape::Notifications(elements)),
                Err(error) => Err(unreadable(body, &error)),
            },
            [code] => validation(code, body),
            _ => Err((400, "the header Webhook-ValidationCode stands there more than once".to_owned())),
        }
    }

    fn check_auth(&self, expected: &SecretString) -> Result<(), Rejected> {
        let why = match self.auth_ids.as_slice() {
            [given] if given.ct_eq(expected.expose_secret().as_bytes()).into() => return Ok(()),
            [] => "the header Webhook-AuthID is missing",
            [_] => "the header Webhook-AuthID is not the one that was agreed on",
            _ => "the header Webhook-AuthID stands there more than once",
        };
        Err((401, why.to_owned()))
    }
}

/// The code stands in the header and in the body, and is the same.
fn validation<'a>(code: &[u8], body: &[u8]) -> Result<Shape<'a>, Rejected> {
    #[derive(Deserialize)]
    struct Validation {
        #[serde(rename = "validationCode")]
        code: String,
    }

    match serde_json::from_slice::<Validation>(body) {
        Ok(validation) if !code.is_empty() && validation.code.as_bytes() == code => Ok(Shape::Validation),
        Ok(_) => Err((400, "the validation codes of header and body differ".to_owned())),
        Err(_) => Err((400, "the body of the validation does not repeat its code".to_owned())),
    }
}

fn unreadable(body: &[u8], error: &serde_json::Error) -> Rejected {
    let why = match body.trim_ascii().first() {
        None => "the body is empty".to_owned(),
        Some(b'{') if error.is_data() => {
            "the body is no list of notifications, and there is no header Webhook-ValidationCode".to_owned()
        }
        _ if error.is_data() => "the body is no list of notifications".to_owned(),
        _ => "the body is not JSON".to_owned(),
    };
    (400, why)
}

/// What a notification must agree with to be believed.
pub(super) struct Rules<'a> {
    pub(super) tenants: &'a [String],
    pub(super) client_ids: Option<&'a [String]>,
    pub(super) hosts: &'a Hosts,
}

/// What was believed, and what there is to say about the rest.
pub(super) struct Accepted {
    pub(super) notifications: Vec<WebhookNotification>,
    pub(super) warnings: Vec<String>,
}

impl Rules<'_> {
    /// Reads the elements of a delivery; a bad one does not spoil the others.
    pub(super) fn read(&self, elements: &[&RawValue]) -> Accepted {
        let (mut notifications, mut warnings, mut more) = (Vec::new(), Vec::new(), 0_usize);
        let mut warn = |index: usize, what: String| {
            if warnings.len() < MOST_WARNINGS {
                warnings.push(format!("notification {index}: {what}"));
            } else {
                more += 1;
            }
        };
        for (index, element) in elements.iter().enumerate() {
            match self.accept(element) {
                Ok((notification, warning)) => {
                    notifications.push(notification);
                    if let Some(warning) = warning {
                        warn(index, warning);
                    }
                }
                Err(why) => warn(index, why),
            }
        }
        if more > 0 {
            warnings.push(format!("and {more} more of the like"));
        }
        Accepted { notifications, warnings }
    }

    fn accept(&self, element: &RawValue) -> Result<(WebhookNotification, Option<String>), String> {
        let mut notification: WebhookNotification = serde_json::from_str(element.get()).map_err(|error| {
            let why = error.to_string();
            format!("of unknown shape: {}", brief(why.split(" at line ").next().unwrap_or_default()))
        })?;
        if !holds(self.tenants, &notification.tenant_id) {
            return Err(format!(
                "of the tenant {:?}, which is not served here",
                brief(&notification.tenant_id)
            ));
        }
        if let Some(known) = self.client_ids {
            match &notification.client_id {
                Some(id) if holds(known, id) => {}
                Some(id) => {
                    return Err(format!("for the application {:?}, which is not served here", brief(id)));
                }
                None => return Err("without the id of an application".to_owned()),
            }
        }
        check_id(&notification.content_id)?;
        let warning = notification.content_uri.as_deref().and_then(|uri| {
            self.distrust(uri, &notification.tenant_id).map(|why| {
                format!(
                    "its address {why}, and was left out; the content is found by its id: {:?}",
                    brief(uri)
                )
            })
        });
        if warning.is_some() {
            notification.content_uri = None;
        }
        Ok((notification, warning))
    }

    /// Why an address is not one of the tenant's content on this cloud.
    fn distrust(&self, uri: &str, tenant: &str) -> Option<&'static str> {
        let Ok(url) = Url::parse(uri) else { return Some("is no address") };
        if !self.hosts.trusts(&Service::Management, &url) {
            return Some("is on a foreign host");
        }
        let path = url.path().to_ascii_lowercase();
        let content = format!("/{}/activity/feed/audit/", tenant.to_ascii_lowercase());
        (!path.starts_with("/api/v1") || !path.contains(&content))
            .then_some("is not one of the tenant's content")
    }
}

fn holds(known: &[String], id: &str) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(id))
}

fn check_id(id: &str) -> Result<(), String> {
    let well_formed = !matches!(id.trim(), "" | "." | "..")
        && id.len() <= LONGEST_ID
        && !id.chars().any(|c| c.is_control() || c.is_whitespace());
    well_formed.then_some(()).ok_or_else(|| format!("its content id {:?} cannot be one", brief(id)))
}

/// What a stranger wrote, short enough to be shown.
fn brief(text: &str) -> &str {
    match text.char_indices().nth(100) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Cloud;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const TENANT: &str = "3b0f7c9e-1d2a-4c55-9a41-7f2f0c5f9a10";
    const APP: &str = "c7f2d3a4-58b1-4d0c-8a25-1d7e0b9b6e55";

    fn shape(method: &str, headers: &[(&str, &str)], body: &str) -> Result<usize, u16> {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let secret = SecretString::from("tenant-a");
        match Delivery::of_texts(method, &headers, body.as_bytes()).shape(Some(&secret), 200) {
            Ok(Shape::Validation) => Ok(0),
            Ok(Shape::Notifications(elements)) => Ok(elements.len()),
            Err((status, why)) => {
                assert!(!why.contains("tenant-a"), "{why}");
                Err(status)
            }
        }
    }

    #[test]
    fn every_request_is_what_it_is() {
        let auth = ("WEBHOOK-AuthID", "tenant-a");
        let code = ("webhook-validationcode", "5f1c");
        for (method, headers, body, expected) in [
            ("POST", vec![auth], "[{},{}]", Ok(2)),
            ("post", vec![auth], "\u{feff} [{}]", Ok(1)),
            ("POST", vec![auth, code], r#"{"validationCode":"5f1c","more":1}"#, Ok(0)),
            ("POST", vec![auth, code], r#"{"validationCode":"5f1d"}"#, Err(400)),
            ("POST", vec![auth, code], "[{}]", Err(400)),
            ("POST", vec![auth, ("Webhook-ValidationCode", "")], r#"{"validationCode":""}"#, Err(400)),
            ("POST", vec![auth], r#"{"validationCode":"5f1c"}"#, Err(400)),
            ("POST", vec![code], r#"{"validationCode":"5f1c"}"#, Err(401)),
            ("POST", vec![("Webhook-AuthID", "tenant-b")], "[{}]", Err(401)),
            ("POST", vec![("Webhook-AuthID", "tenant-a"), ("webhook-authid", "x")], "[{}]", Err(401)),
            ("POST", vec![], "[{}]", Err(401)),
            ("GET", vec![auth], "", Err(405)),
            ("POST", vec![auth], "[]", Err(400)),
            ("POST", vec![auth], "", Err(400)),
            ("POST", vec![auth], "<html>", Err(400)),
            ("POST", vec![auth], "[{}", Err(400)),
            ("POST", vec![auth], "7", Err(400)),
        ] {
            assert_eq!(shape(method, &headers, body), expected, "{method} {headers:?} {body}");
        }
        let long = format!("[{}]", " ".repeat(200));
        assert_eq!(shape("POST", &[], &long), Err(413));
    }

    fn read(elements: &Value, client_ids: Option<&[String]>) -> Accepted {
        let hosts = Cloud::Public.resolve().unwrap();
        let rules = Rules { tenants: &[TENANT.to_owned()], client_ids, hosts: &hosts };
        let text = elements.to_string();
        rules.read(&serde_json::from_str::<Vec<&RawValue>>(&text).unwrap())
    }

    fn notification(changes: &Value) -> Value {
        let mut notification = json!({"tenantId": TENANT, "clientId": APP, "contentType": "Audit.SharePoint",
            "contentId": "2026$x", "contentCreated": "2026-11-20T10:09:48.772Z",
            "contentUri": format!("https://manage.office.com/api/v1.0/{TENANT}/activity/feed/audit/2026$x")});
        for (key, value) in changes.as_object().unwrap() {
            notification[key] = value.clone();
        }
        notification
    }

    #[test]
    fn what_cannot_be_believed_is_left_out_and_named() {
        let good = notification(&json!({"tenantId": TENANT.to_uppercase(), "new": [1]}));
        let accepted = read(
            &json!([good, 7, notification(&json!({"tenantId": APP})), notification(&json!({"contentId": ".."})),
                notification(&json!({"contentId": "a\nb"})), {"tenantId": TENANT}, notification(&json!({"contentUri": 5}))]),
            None,
        );
        assert_eq!(accepted.notifications.len(), 1, "{:?}", accepted.notifications);
        assert_eq!(accepted.notifications[0].extra["new"], json!([1]));
        assert!(accepted.notifications[0].content_uri.is_some());
        let indices: Vec<_> =
            accepted.warnings.iter().map(|w| w.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(indices, [1, 2, 3, 4, 5, 6].map(|n| format!("notification {n}")));
    }

    #[test]
    fn an_address_elsewhere_is_left_out_and_its_content_is_not() {
        for uri in [
            format!("https://evil.example/api/v1.0/{TENANT}/activity/feed/audit/2026$x"),
            format!("https://manage.office.com@evil.example/api/v1.0/{TENANT}/activity/feed/audit/2026$x"),
            format!("http://manage.office.com/api/v1.0/{TENANT}/activity/feed/audit/2026$x"),
            format!("https://manage.office.com/api/v1.0/{APP}/activity/feed/audit/2026$x"),
            format!("https://manage.office.com/api/v1.0/{TENANT}/activity/feed/subscriptions/start"),
            "2026$x".to_owned(),
        ] {
            let accepted = read(&json!([notification(&json!({"contentUri": uri}))]), None);
            assert_eq!((accepted.notifications.len(), accepted.warnings.len()), (1, 1), "{uri}");
            assert_eq!(accepted.notifications[0].content_uri, None);
        }
    }

    #[test]
    fn only_the_applications_that_are_named_are_served() {
        let ours = [APP.to_uppercase()];
        let elements = json!([
            notification(&json!({})),
            notification(&json!({"clientId": TENANT})),
            notification(&json!({"clientId": null}))
        ]);
        assert_eq!(read(&elements, Some(&ours)).notifications.len(), 1);
        assert_eq!(read(&elements, None).notifications.len(), 3);
    }

    #[test]
    fn rubbish_is_told_by_its_first_elements() {
        let accepted = read(&json!(vec![1; 5_000]), None);
        assert_eq!(accepted.warnings.len(), MOST_WARNINGS + 1);
        assert_eq!(accepted.warnings[MOST_WARNINGS], "and 4980 more of the like");
    }

    proptest! {
        #[test]
        fn any_body_is_answered_without_a_panic(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                r#"\[?\{"(tenantId|validationCode|contentUri)":("[ -~é]{0,12}"|[0-9]{1,3}|\[\])\}\]?"#.prop_map(String::into_bytes),
            ],
            code in proptest::option::of(".{0,6}"),
        ) {
            let headers = code.map(|code| ("Webhook-ValidationCode".to_owned(), code)).into_iter().collect();
            let hosts = Cloud::Public.resolve().unwrap();
            let rules = Rules { tenants: &[TENANT.to_owned()], client_ids: None, hosts: &hosts };
            match Delivery::of_texts("POST", &headers, &body).shape(None, 1_000) {
                Ok(Shape::Notifications(elements)) => {
                    let accepted = rules.read(&elements);
                    prop_assert!(accepted.notifications.len() + accepted.warnings.len() >= 1);
                }
                Ok(Shape::Validation) => prop_assert!(!headers.is_empty()),
                Err((status, _)) => prop_assert_eq!(status, 400),
            }
        }
    }
}
