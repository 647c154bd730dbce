//! What people see in a browser. Everything that came with a request is escaped.

use std::fmt::Write;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderName};

use super::redirect::Parameters;
use super::refusal::Refused;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::App;
use crate::tenant::Tenant;

/// Asks who signs in, and whether they agree.
pub(super) fn sign_in(tenant: &Tenant, call: &Call, app: &App, parameters: &Parameters) -> Answer {
    let kept = parameters.0.iter().filter(|(name, _)| name != "user" && name != "decision");
    let fields = hidden(kept.map(|(name, value)| (name.as_str(), value.as_str())));
    page(
        StatusCode::OK,
        "Sign in",
        &format!(
            "<p>{} asks for: {}</p><form method=\"post\" action=\"{}\">{fields}{}</form>",
            escape(&app.name),
            escape(parameters.get("scope").or_else(|| parameters.get("resource")).unwrap_or_default()),
            escape(&call.path),
            choice(tenant, parameters.get("login_hint")),
        ),
    )
}

/// Asks for the code that a device shows.
pub(super) fn device(tenant: &Tenant, user_code: &str) -> Answer {
    page(
        StatusCode::OK,
        "Enter the code that your device shows",
        &format!(
            "<form method=\"post\" action=\"/devicelogin\"><input name=\"user_code\" value=\"{}\">{}</form>",
            escape(user_code),
            choice(tenant, None),
        ),
    )
}

/// Says something, and asks nothing.
pub(super) fn say(status: StatusCode, title: &str, text: &str) -> Answer {
    page(status, title, &format!("<p>{}</p>", escape(text)))
}

/// A refusal that is not sent back, because it is not known where to.
pub(super) fn error(tenant: &Tenant, call: &Call, refusal: &Refused) -> Answer {
    const CORRELATION: HeaderName = HeaderName::from_static("client-request-id");
    let body = refusal.body(tenant, &tenant.urls.main, call.header(&CORRELATION).unwrap_or_default());
    say(StatusCode::BAD_REQUEST, "Sign in", body["error_description"].as_str().unwrap_or_default())
}

/// A page that posts an answer to a client's server by itself.
pub(super) fn post_back(uri: &str, pairs: &[(&str, String)]) -> Answer {
    let fields = hidden(pairs.iter().map(|(name, value)| (*name, value.as_str())));
    page(
        StatusCode::OK,
        "Working...",
        &format!(
            "<form method=\"post\" name=\"hiddenform\" action=\"{}\">{fields}<button>Continue</button></form>\
             <script>document.forms[0].submit()</script>",
            escape(uri),
        ),
    )
}

/// Who, and yes or no.
fn choice(tenant: &Tenant, hint: Option<&str>) -> String {
    let book = tenant.identity.book();
    let mut users = String::new();
    for user in &book.users {
        let chosen = hint.is_some_and(|hint| hint.eq_ignore_ascii_case(&user.name));
        let _ =
            write!(users, "<option{}>{}</option>", if chosen { " selected" } else { "" }, escape(&user.name));
    }
    format!(
        "<select name=\"user\">{users}</select>\
         <button name=\"decision\" value=\"approve\">Approve</button>\
         <button name=\"decision\" value=\"decline\">Decline</button>"
    )
}

fn hidden<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.fold(String::new(), |mut fields, (name, value)| {
        let (name, value) = (escape(name), escape(value));
        let _ = write!(fields, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        fields
    })
}

fn page(status: StatusCode, title: &str, body: &str) -> Answer {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    Answer::whole(status, "text/html; charset=utf-8", Bytes::from(text))
        .with(CACHE_CONTROL, "no-store, no-cache")
}

/// Text as it stands in a page.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
