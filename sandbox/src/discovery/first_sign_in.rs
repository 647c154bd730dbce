//! `FirstSignIn`: a person says who they are, and the application is told where they sign in (discovery-service, 3).

use bytes::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, LOCATION};
use hyper::{Method, StatusCode};

use super::DiscoveryMischief as Mischief;
use super::error::Error;
use super::place::Base;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::Discovery;
use crate::identity::escape;
use crate::tenant::Tenant;

/// What Office 365 calls a permission, and what a Microsoft account calls it. What is missing, it does not have.
const PERSONAL_SCOPES: [(&str, &str); 9] = [
    ("MyFiles.Read", "wl.skydrive"),
    ("MyFiles.Write", "wl.skydrive_update"),
    ("Mail.Read", "wl.imap"),
    ("Mail.Write", "wl.imap"),
    ("Mail.Send", "wl.imap"),
    ("Calendars.Read", "wl.calendars"),
    ("Calendars.Write", "wl.calendars_update"),
    ("Contacts.Read", "wl.basic"),
    ("Contacts.Write", "wl.contacts_create"),
];

/// Windows' numbers of some languages.
const LANGUAGES: [(u32, &str); 9] = [
    (1031, "de"),
    (1033, "en"),
    (1036, "fr"),
    (1040, "it"),
    (1041, "ja"),
    (1043, "nl"),
    (1046, "pt-BR"),
    (2052, "zh-CN"),
    (3082, "es"),
];

/// Answers a browser.
pub(super) fn answer(
    tenant: &Tenant,
    call: &Call,
    base: Base,
    discovery: &Discovery,
) -> Result<Answer, Error> {
    if call.method != Method::GET && call.method != Method::POST {
        return Ok(Answer::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, "GET, POST"));
    }
    let required = |name: &str| {
        let found = call.param(name).map(str::trim).filter(|value| !value.is_empty());
        found.ok_or_else(|| Error::bad(format!("The parameter '{name}' is missing.")))
    };
    let scope = required("scope")?;
    let back = required("redirect_uri")?;
    if !is_absolute(back) {
        return Err(Error::bad("redirect_uri: is not an absolute URI without a fragment."));
    }
    let language = call.param("lcid").map(language).transpose()?.unwrap_or("en");
    if let Some(error) = &discovery.error {
        return Ok(refused(back, error));
    }
    // The page posts what was typed: addresses of people do not belong into queries.
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let typed = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    if typed("decision") == Some("cancel") {
        return Ok(refused(back, "access_denied"));
    }
    match discovery.auto.as_deref().or_else(|| typed("user_email")) {
        Some(email) if is_address(email) => {
            let pairs = found(tenant, base, discovery.mischief, scope, email);
            Ok(redirect(&way(back, discovery.mischief), &pairs))
        }
        typed => Ok(page(call, language, typed)),
    }
}

/// What the application is told. The order is that of the reference.
fn found(
    tenant: &Tenant,
    base: Base,
    mischief: Option<Mischief>,
    scope: &str,
    email: &str,
) -> Vec<(&'static str, String)> {
    let main = &tenant.urls.main;
    let personal = tenant.identity.book().find_user(email).is_some_and(|user| user.personal);
    // The older endpoints take no personal accounts.
    let oauth = if personal { "consumers/oauth2/v2.0" } else { "common/oauth2" };
    let (translated, unsupported) = if personal { translate(scope) } else { <(String, String)>::default() };
    let mut authorization = format!("{main}/{oauth}/authorize");
    let mut token = format!("{main}/{oauth}/token");
    let mut service = format!("{main}{}", base.path());
    match mischief {
        Some(Mischief::HttpTokenService) => {
            token = "http://login.microsoftonline.com/common/oauth2/token".into();
        }
        Some(Mischief::ForeignTokenService) => {
            token = "https://login.evil.example/common/oauth2/token".into();
        }
        Some(Mischief::LookAlike) => {
            token = "https://login.microsoftonline.com@login.evil.example/common/oauth2/token".into();
        }
        Some(Mischief::ForeignAuthorizationService) => {
            authorization = "https://login.microsoftonline.com.evil.example/common/oauth2/authorize".into();
        }
        Some(Mischief::ForeignDiscoveryService) => {
            service = "https://api.office.com.evil.example/discovery/v1.0/me".into();
        }
        _ => {}
    }
    let mut pairs = vec![
        ("user_email", email.to_owned()),
        ("account_type", if personal { "1" } else { "2" }.to_owned()),
        ("authorization_service", authorization),
        ("token_service", token),
        // Organizations' authorities take no scope: it is there, and empty.
        ("scope", translated),
        ("unsupported_scope", unsupported),
        ("discovery_service", service),
        ("discovery_resource", format!("{main}/discovery/")),
    ];
    match mischief {
        Some(Mischief::MissingParameter) => pairs.retain(|(name, _)| *name != "token_service"),
        Some(Mischief::DoubleParameter) => {
            pairs.push(("token_service", "https://login.evil.example/common/oauth2/token".into()));
        }
        Some(Mischief::ExtraParameter) => pairs.push(("session_hint", "7 of 9".into())),
        _ => {}
    }
    pairs
}

/// Scopes of a Microsoft account, and those that it does not have.
fn translate(scope: &str) -> (String, String) {
    let (mut translated, mut unsupported) = (vec![], vec![]);
    for word in scope.split_ascii_whitespace() {
        match PERSONAL_SCOPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
            Some((_, theirs)) if translated.contains(theirs) => {}
            Some((_, theirs)) => translated.push(*theirs),
            None => unsupported.push(word),
        }
    }
    (translated.join(" "), unsupported.join(" "))
}

/// The way back, or one that begins like it.
fn way(back: &str, mischief: Option<Mischief>) -> String {
    if mischief != Some(Mischief::WrongRedirect) {
        return back.to_owned();
    }
    match back.split_once('?') {
        Some((path, query)) => format!("{path}evil?{query}"),
        None => format!("{back}evil"),
    }
}

fn refused(back: &str, error: &str) -> Answer {
    let description = "The user did not say who they are.".to_owned();
    redirect(back, &[("error", error.to_owned()), ("error_description", description)])
}

fn redirect(back: &str, pairs: &[(&str, String)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mark = if back.contains('?') { '&' } else { '?' };
    Answer::empty(StatusCode::FOUND)
        .with(LOCATION, &format!("{back}{mark}{query}"))
        .with(CACHE_CONTROL, "no-store, no-cache")
}

/// Asks for an address.
fn page(call: &Call, language: &str, typed: Option<&str>) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&call.query).finish();
    let said = typed.map_or("", |_| "<p>This is not an e-mail address.</p>");
    let text = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>Sign in</title></head><body>\
         <h1>Sign in</h1>{said}<form method=\"post\" action=\"{}?{}\">\
         <input name=\"user_email\" type=\"email\" value=\"{}\">\
         <button name=\"decision\" value=\"next\">Next</button>\
         <button name=\"decision\" value=\"cancel\" formnovalidate>Cancel</button></form></body></html>",
        escape(&call.path),
        escape(&query),
        escape(typed.unwrap_or_default()),
    );
    Answer::whole(StatusCode::OK, "text/html; charset=utf-8", Bytes::from(text))
        .with(CACHE_CONTROL, "no-store, no-cache")
}

/// The language of a page; English where the number is of another.
fn language(lcid: &str) -> Result<&'static str, Error> {
    let number: u32 = lcid.parse().map_err(|_| Error::bad("lcid: is not a decimal number."))?;
    Ok(LANGUAGES.iter().find(|(known, _)| *known == number).map_or("en", |(_, language)| language))
}

fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split_once("://").filter(|(_, rest)| !rest.is_empty()).map(|(scheme, _)| scheme);
    let named = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    scheme.is_some_and(named) && uri.chars().all(|c| c.is_ascii_graphic() && c != '#')
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_translated_or_given_back() {
        let (translated, unsupported) =
            translate("MyFiles.Read Mail.Read mail.write AllSites.Read full_access");
        assert_eq!(translated, "wl.skydrive wl.imap");
        assert_eq!(unsupported, "AllSites.Read full_access");
    }

    #[test]
    fn ways_back_are_absolute() {
        for good in ["http://localhost:1/cb", "https://app.example/cb?x=1", "my-app+1://cb"] {
            assert!(is_absolute(good), "{good}");
        }
        for bad in ["/cb", "localhost/cb", "http://", "://x", "http://a/#x", "http://a/ b", "1a://b"] {
            assert!(!is_absolute(bad), "{bad}");
        }
    }

    #[test]
    fn the_way_back_may_only_look_right() {
        assert_eq!(way("http://a/cb?x=1", Some(Mischief::WrongRedirect)), "http://a/cbevil?x=1");
        assert_eq!(way("http://a/cb", Some(Mischief::WrongRedirect)), "http://a/cbevil");
        assert_eq!(way("http://a/cb", None), "http://a/cb");
    }
}
