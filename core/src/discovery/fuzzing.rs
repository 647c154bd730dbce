//! What must be true of any answer, and of any address that a browser is sent to.

#![allow(clippy::expect_used, clippy::missing_panics_doc)] // A failed expectation is what is looked for.

use serde_json::Value;
use url::Url;

use super::model::{FirstSignIn, ServiceInfo};
use super::read::{Read, read_body};
use super::redirect::{self, Trust};
use crate::cloud::Cloud;
use crate::error::ErrorKind;
use crate::fuzzing::{check_error, split};
use crate::wire::Wire;

/// A body in Atom: read, or refused with a reason.
pub fn atom(body: &[u8]) {
    services("application/atom+xml;type=feed", body);
}

/// A body in JSON of either version: the first line is the content type behind `application/json`.
pub fn verbose_json(answer: &[u8]) {
    let (parameters, body) = split(answer);
    services(&format!("application/json{}", String::from_utf8_lossy(parameters)), body);
}

fn services(content_type: &str, body: &[u8]) {
    let asked = Url::parse("https://api.office.com/discovery/v2.0/me/Services").expect("an address");
    match read_body(content_type, body, &asked) {
        Ok(Read { services, .. }) => {
            for service in services {
                assert_eq!(service.wire, Wire::Office365);
                // A record is read from what it was written as.
                let written = serde_json::to_string(&service).expect("a record is JSON");
                let again: ServiceInfo = serde_json::from_str(&written).expect("its own JSON");
                assert_eq!(again, service);
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Decode);
            check_error(&error);
        }
    }
}

/// The address that a browser was sent to: what is believed names known hosts alone.
pub fn first_sign_in(redirect: &[u8]) {
    let redirect = String::from_utf8_lossy(redirect);
    let cloud = Cloud::Public;
    let hosts = cloud.resolve().expect("the hosts of a cloud");
    let expected = Url::parse("http://localhost:53682/cb/k3Jd81mT0q_5Zr-9").expect("an address");
    match redirect::read(redirect.trim_end(), &expected, &Trust { cloud: &cloud, hosts: &hosts }) {
        Ok(answer) => {
            // As a browser reads it: a host may be spelled in more ways than one.
            let address = Url::parse(redirect.trim_end()).expect("what is believed is an address");
            assert_eq!((address.origin(), address.path()), (expected.origin(), expected.path()));
            let hosts = |address: &Option<String>, known: &[&str]| {
                let address = address.as_deref().filter(|address| !address.is_empty());
                let url = address.map(|address| Url::parse(address).expect("what is believed is a URL"));
                assert!(url.is_none_or(|url| {
                    url.scheme() == "https" && url.host_str().is_some_and(|host| known.contains(&host))
                }));
            };
            let authorities = [
                "login.microsoftonline.com",
                "login.windows.net",
                "login.microsoft.com",
                "sts.windows.net",
                "login.live.com",
            ];
            hosts(&answer.authorization_service, &authorities);
            hosts(&answer.token_service, &authorities);
            hosts(&answer.discovery_service, &["api.office.com"]);
            if let Some(email) = answer.user_email.as_ref().filter(|email| email.len() > 40) {
                assert!(!format!("{answer:?}").contains(email.as_str()));
            }
            let written: Value = serde_json::to_value(&answer).expect("an answer is JSON");
            assert_eq!(serde_json::from_value::<FirstSignIn>(written).expect("its own JSON"), answer);
        }
        Err(error) => check_error(&error),
    }
}
