//! What comes back from a first sign-in: through the browser, and so from anybody. All of it is looked at before any
//! of it is believed.

use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use url::Url;
use url::form_urlencoded;

use super::model::{AccountType, FirstSignIn};
use crate::cloud::{Cloud, Hosts, Service};
use crate::error::{Error, ErrorKind, Result};

/// No answer comes near it.
const LONGEST: usize = 32 * 1024;

/// Whose answer is believed.
pub(super) struct Trust<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) hosts: &'a Hosts,
}

/// Reads the address that the browser was sent to. It must be the one that was asked for, to the last character of
/// its path, and name none but known hosts.
pub(super) fn read(redirect: &str, expected: &Url, trust: &Trust<'_>) -> Result<FirstSignIn> {
    if redirect.len() > LONGEST {
        return Err(Error::invalid(format!(
            "the redirect has {} characters: that is no answer",
            redirect.len()
        )));
    }
    let url = Url::parse(redirect).map_err(|e| {
        Error::invalid("the redirect is no URL: pass the whole address that the browser was sent to")
            .with_source(e)
    })?;
    if !is_same_place(&url, expected) {
        return Err(Error::new(
            ErrorKind::Auth,
            "the redirect is not the one that this first sign-in asked for",
        )
        .with_hint("It belongs to another sign-in, or somebody made it up; it was not used"));
    }
    let answer = parameters(url.query().unwrap_or_default())?;
    for (name, address) in
        [("authorization_service", &answer.authorization_service), ("token_service", &answer.token_service)]
    {
        if let Some(address) = said(address.as_ref())
            && !trust.is_authority(address, answer.account_type)
        {
            return Err(distrusted(name, address, "known authority"));
        }
    }
    if let Some(address) = said(answer.discovery_service.as_ref())
        && !Url::parse(address).is_ok_and(|url| trust.hosts.trusts(&Service::Discovery, &url))
    {
        return Err(distrusted("discovery_service", address, "Discovery Service"));
    }
    Ok(answer)
}

/// Scheme, host, port and path, of which the last holds what nobody can guess.
fn is_same_place(url: &Url, expected: &Url) -> bool {
    url.origin() == expected.origin()
        && url.username().is_empty()
        && url.password().is_none()
        && bool::from(url.path().as_bytes().ct_eq(expected.path().as_bytes()))
}

fn parameters(query: &str) -> Result<FirstSignIn> {
    let mut given: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if given.insert(name.to_string(), Value::String(value.into_owned())).is_some() {
            return Err(Error::invalid(format!("the redirect has {name:?} twice")));
        }
    }
    let mut take = |name: &str| match given.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    if let Some(error) = take("error") {
        let message = take("error_description").filter(|text| !text.trim().is_empty());
        return Err(Error::new(ErrorKind::Auth, message.unwrap_or_else(|| error.clone()))
            .with_code(Some(error.clone()))
            .with_sign_in(|told| told.error = Some(error)));
    }
    let account = take("account_type");
    let account_type = account.as_ref().and_then(|text| text.trim().parse().ok()).map(AccountType);
    let answer = FirstSignIn {
        user_email: take("user_email"),
        account_type,
        authorization_service: take("authorization_service"),
        token_service: take("token_service"),
        scope: take("scope"),
        unsupported_scope: take("unsupported_scope"),
        discovery_service: take("discovery_service"),
        discovery_resource: take("discovery_resource"),
        extra: Map::new(),
    };
    // A kind of account that is no number is kept as it came.
    let odd = account.filter(|_| account_type.is_none()).map(|text| ("account_type".to_owned(), text.into()));
    let extra: Map<String, Value> = given.into_iter().chain(odd).collect();
    let nothing = FirstSignIn { extra: Map::new(), ..answer.clone() };
    if nothing.authorization_service.is_none() && nothing.token_service.is_none() && account_type.is_none() {
        return Err(Error::new(
            ErrorKind::Auth,
            "the redirect says neither what the account is nor where it signs in",
        ));
    }
    Ok(FirstSignIn { extra, ..answer })
}

/// An address that says something: one that is there and empty names no host.
fn said(address: Option<&String>) -> Option<&str> {
    address.map(String::as_str).filter(|address| !address.is_empty())
}

impl Trust<'_> {
    /// Whether codes and secrets may go to an address: https at a known authority, or the caller's own.
    fn is_authority(&self, address: &str, account: Option<AccountType>) -> bool {
        let Ok(url) = Url::parse(address) else { return false };
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        if self.hosts.authority().is_ok_and(|own| own.origin() == url.origin()) {
            return true;
        }
        let host = url.host_str().unwrap_or_default();
        let consumers = matches!(self.cloud, Cloud::Public)
            && account == Some(AccountType::MicrosoftAccount)
            && host == CONSUMERS;
        url.scheme() == "https" && url.port().is_none() && (consumers || self.hosts.is_authority(host))
    }
}

/// Where Microsoft accounts have always signed in. Of no use to any other kind.
const CONSUMERS: &str = "login.live.com";

fn distrusted(name: &str, address: &str, what: &str) -> Error {
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.map_or_else(|| "no host".to_owned(), |host| format!("the host {host}"));
    Error::new(
        ErrorKind::Auth,
        format!("{name} names {host}, which is no {what} of this cloud, or not by https"),
    )
    .with_hint("The answer came through the browser, where anybody could change it; it was not used")
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cloud::CustomCloud;

    const BACK: &str = "http://localhost:53682/cb/k3Jd81mT0q_5Zr-9";
    pub(in super::super) const ANSWER: &str = "user_email=alex%40contoso.example&account_type=2\
        &authorization_service=https%3A%2F%2Flogin.microsoftonline.com%2Fcommon%2Foauth2%2Fauthorize\
        &token_service=https%3A%2F%2Flogin.windows.net%2Fcommon%2Foauth2%2Ftoken&scope=&unsupported_scope=\
        &discovery_service=https%3A%2F%2Fapi.office.com%2Fdiscovery%2Fv1.0%2Fme\
        &discovery_resource=https%3A%2F%2Fapi.office.com%2Fdiscovery%2F";

    fn read_in(cloud: &Cloud, redirect: &str) -> Result<FirstSignIn> {
        let hosts = cloud.resolve().unwrap();
        read(redirect, &Url::parse(BACK).unwrap(), &Trust { cloud, hosts: &hosts })
    }

    fn read_public(query: &str) -> Result<FirstSignIn> {
        read_in(&Cloud::Public, &format!("{BACK}?{query}"))
    }

    #[test]
    fn the_example_is_read_and_blank_is_not_absent() {
        let answer = read_public(&format!("{ANSWER}&new=a+b%2B")).unwrap();
        assert_eq!(answer.user_email.as_deref(), Some("alex@contoso.example"));
        assert_eq!(answer.account_type, Some(AccountType::Organizational));
        assert_eq!((answer.scope.as_deref(), answer.unsupported_scope.as_deref()), (Some(""), Some("")));
        assert_eq!(answer.discovery_resource.as_deref(), Some("https://api.office.com/discovery/"));
        assert_eq!(answer.extra["new"], "a b+");
        let answer = read_public("account_type=3&token_service=").unwrap();
        assert_eq!((answer.scope, answer.token_service.as_deref()), (None, Some("")));
        assert_eq!(answer.account_type, Some(AccountType(3)));
        assert_eq!(read_public("account_type=two&token_service=").unwrap().extra["account_type"], "two");
    }

    #[test]
    fn only_the_very_place_is_believed() {
        for good in [format!("{BACK}?{ANSWER}"), format!("{BACK}?{ANSWER}#_=_")] {
            assert!(read_in(&Cloud::Public, &good).is_ok(), "{good}");
        }
        for bad in [
            "http://localhost:53682/cb/k3Jd81mT0q_5Zr-9evil",
            "http://localhost:53682/cb/k3Jd81mT0q_5Zr-9/",
            "http://localhost:53682/cb/K3Jd81mT0q_5Zr-9",
            "http://localhost:53682/cb/",
            "http://localhost:53682/evil/../evil",
            "http://localhost:5368/cb/k3Jd81mT0q_5Zr-9",
            "http://localhost/cb/k3Jd81mT0q_5Zr-9",
            "https://localhost:53682/cb/k3Jd81mT0q_5Zr-9",
            "http://127.0.0.1:53682/cb/k3Jd81mT0q_5Zr-9",
            "http://localhost.evil.example:53682/cb/k3Jd81mT0q_5Zr-9",
            "http://localhost:53682@evil.example/cb/k3Jd81mT0q_5Zr-9",
            "http://evil@localhost:53682/cb/k3Jd81mT0q_5Zr-9",
        ] {
            let error = read_in(&Cloud::Public, &format!("{bad}?{ANSWER}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Auth, "{bad}");
        }
        assert_eq!(
            read_in(&Cloud::Public, &format!("?{ANSWER}")).unwrap_err().kind(),
            ErrorKind::InvalidRequest
        );
    }

    #[test]
    fn only_known_hosts_are_believed() {
        let is_taken = |cloud: &Cloud, account: &str, name: &str, address: &str| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("account_type", account).append_pair(name, address);
            read_in(cloud, &format!("{BACK}?{}", query.finish())).is_ok()
        };
        for (name, address, taken) in [
            ("token_service", "https://login.microsoftonline.com/common/oauth2/token", true),
            ("token_service", "https://login.windows.net/common/oauth2/token", true),
            ("token_service", "https://LOGIN.microsoftonline.com:443/x", true),
            ("token_service", "http://login.microsoftonline.com/common/oauth2/token", false),
            ("token_service", "https://login.microsoftonline.com:8443/x", false),
            ("token_service", "https://login.microsoftonline.com.evil.example/x", false),
            ("token_service", "https://login.microsoftonline.com@evil.example/x", false),
            ("token_service", "https://me@login.microsoftonline.com/x", false),
            ("token_service", "https://login.microsoftonline.us/x", false),
            ("token_service", "https://login.live.com/x", false),
            ("token_service", "javascript:alert(1)", false),
            ("authorization_service", "https://evil.example/", false),
            ("authorization_service", "//login.microsoftonline.com/", false),
            ("discovery_service", "https://api.office.com/discovery/v1.0/me", true),
            ("discovery_service", "http://api.office.com/discovery/v1.0/me", false),
            ("discovery_service", "https://api.officeppe.com/discovery/v1.0/me", false),
            ("discovery_service", "https://graph.microsoft.com/", false),
        ] {
            assert_eq!(is_taken(&Cloud::Public, "2", name, address), taken, "{name} {address}");
        }
        let live = "https://login.live.com/oauth20_authorize.srf";
        assert!(is_taken(&Cloud::Public, "1", "authorization_service", live));
        assert!(!is_taken(&Cloud::Gcc, "1", "authorization_service", live));

        let own = Cloud::custom(CustomCloud {
            authority: Some("http://127.0.0.1:4100".into()),
            discovery: Some("http://127.0.0.1:4101".into()),
            ..CustomCloud::default()
        });
        assert!(is_taken(&own, "2", "token_service", "http://127.0.0.1:4100/common/oauth2/token"));
        assert!(!is_taken(&own, "2", "token_service", "http://127.0.0.1:4101/common/oauth2/token"));
        assert!(!is_taken(&own, "2", "token_service", "https://login.microsoftonline.com/x"));
        assert!(is_taken(&own, "2", "discovery_service", "http://127.0.0.1:4101/discovery/v1.0/me"));
    }

    #[test]
    fn a_refusal_is_one() {
        let error = read_public("error=access_denied&error_description=No+way").unwrap_err();
        assert_eq!(
            (error.kind(), error.message(), error.code()),
            (ErrorKind::Auth, "No way", Some("access_denied"))
        );
        assert_eq!(read_public("error=access_denied").unwrap_err().message(), "access_denied");
        for query in ["", "x=1", &format!("{ANSWER}&scope=again")] {
            assert!(read_public(query).is_err(), "{query}");
        }
    }

    #[test]
    fn who_signed_in_is_not_shown() {
        let shown = format!("{:?}", read_public(&format!("{ANSWER}&login=alex")).unwrap());
        assert!(!shown.contains("alex") && shown.contains("login.windows.net"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_redirect_is_read_or_refused_without_a_panic(redirect in ".{0,80}", query in "[a-z_=&%0-9:/.]{0,80}") {
            let _ = read_in(&Cloud::Public, &redirect);
            if let Ok(answer) = read_public(&query) {
                prop_assert!(answer.token_service.is_none_or(|address| address.is_empty() || address.starts_with("https://login.")));
            }
        }
    }
}
