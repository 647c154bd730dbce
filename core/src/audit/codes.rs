//! The error codes of the Management Activity API, and what each one means for the caller.
//!
//! Source: "Office 365 Management Activity API reference", Errors; statuses as observed.

use crate::error::{Error, ErrorKind, Repeat};
use crate::http::{Refusal, by_status};

use ErrorKind::{Auth, Conflict, Gone, InvalidRequest, NotFound, PermissionDenied, Service, Throttled};

pub(super) const NO_SUBSCRIPTION: &str = "AF20022";
pub(super) const ALREADY_ENABLED: &str = "AF20024";
pub(super) const BAD_NEXT_PAGE: &str = "AF20031";
pub(super) const BAD_CONTENT_ID: &str = "AF20052";
const BAD_RANGES: [&str; 2] = ["AF20030", "AF20055"];

/// Whether the service found fault with the times of a listing.
pub(super) fn is_bad_range(error: &Error) -> bool {
    error.code().is_some_and(|code| BAD_RANGES.contains(&code))
}

/// Whether nothing else of the same content type can succeed either.
pub(super) fn ends_content_type(error: &Error) -> bool {
    matches!(error.kind(), PermissionDenied | Auth)
        || matches!(error.code(), Some(NO_SUBSCRIPTION | "AF20020" | "AF20011" | "AF20013"))
}

/// Whether content with this code will never be had.
pub(super) fn says_that_content_is_lost(code: &str) -> bool {
    matches!(code, "AF20050" | "AF20051" | BAD_CONTENT_ID)
}

/// Whether a start may help.
pub(super) fn says_that_it_is_not_subscribed(error: &Error) -> bool {
    matches!(error.code(), Some(NO_SUBSCRIPTION | "AF20023"))
}

/// Decides by the service's code, wherever in the answer it stands, and by the status without one.
pub(crate) fn judge(refusal: &Refusal) -> Error {
    let code = refusal.code.as_deref().and_then(find).or_else(|| find(&refusal.text));
    let Some(code) = code else { return without_code(refusal) };
    let Some((kind, repeat, hint)) = meaning(code) else {
        return by_status(refusal).with_code(Some(code.to_owned()));
    };
    let error = refusal.error(kind, repeat).with_code(Some(code.to_owned()));
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

/// None for a code that is not documented, of which only its status can be believed.
fn meaning(code: &str) -> Option<(ErrorKind, Repeat, &'static str)> {
    let (kind, hint) = match code {
        // Consent may be minutes old, and the token older: worth one new token.
        "AF10001" => {
            let hint = "Grant the application ActivityFeed.Read (ActivityFeed.ReadDlp for DLP.All) of the \
                        Office 365 Management APIs, and have an administrator consent";
            return Some((PermissionDenied, Repeat::WithNewToken, hint));
        }
        "AF429" => return Some((Throttled, Repeat::Throttled, "")),
        "AF20001" | "AF20002" | "AF20030" | "AF20031" | "AF20055" => (InvalidRequest, ""),
        "AF20003" => (InvalidRequest, "The webhook's expiration lies in the past"),
        "AF20010" => (PermissionDenied, "The token is of another tenant than the client: check both"),
        "AF20011" => (NotFound, "The tenant does not exist or was deleted"),
        "AF20012" => (PermissionDenied, "Switch on unified auditing for the tenant and check its licences"),
        "AF20013" => (InvalidRequest, "The tenant in the address is not a directory id"),
        "AF20020" => (InvalidRequest, "The service does not know the content type"),
        "AF20021" => (
            InvalidRequest,
            "The webhook must be reachable over https and answer the validation with 200 at once",
        ),
        NO_SUBSCRIPTION => (NotFound, "Start a subscription for the content type first: audit.start"),
        "AF20023" => (PermissionDenied, "An administrator has disabled the subscription"),
        ALREADY_ENABLED => (Conflict, ""),
        "AF20050" => (NotFound, "The content does not exist"),
        "AF20051" => (Gone, "Content can be fetched for seven days after it became available"),
        BAD_CONTENT_ID => (InvalidRequest, "The content id is not one that the service gave out"),
        "AF20053" | "AF20054" => (InvalidRequest, "Name exactly one language, such as en-US"),
        _ if code.starts_with("AF5") => return Some((Service, Repeat::Fault, "")),
        _ => return None,
    };
    Some((kind, Repeat::Never, hint))
}

fn without_code(refusal: &Refusal) -> Error {
    let says =
        |text: &str| refusal.text.contains(text) || refusal.code.as_deref().is_some_and(|c| c.contains(text));
    if refusal.status.as_u16() == 429 || says("Too many requests") {
        return refusal.error(Throttled, Repeat::Throttled);
    }
    if says("Tenant") && says("does not exist") {
        return refusal.error(PermissionDenied, Repeat::Never).with_hint(
            "Unified auditing is off for the tenant, or was switched on less than an hour ago (at times a day)",
        );
    }
    let error = by_status(refusal);
    match error.kind() {
        Auth => {
            error.with_hint("If the token is fresh, check that the cloud and the tenant are the right ones")
        }
        _ => error,
    }
}

/// The first word that is `AF` and three to five digits; within an id such letters mean nothing.
fn find(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        word.strip_prefix("AF").is_some_and(|number| {
            (3..=5).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    fn judged(status: u16, body: &'static str) -> Error {
        judge(&Refusal::new(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &Bytes::from(body)))
    }

    #[test]
    fn throttling_is_seen_in_each_of_its_disguises() {
        for (status, body) in [
            (403, r#"{"error":{"code":"AF429","message":"Too many requests. Method=GetBlob"}}"#),
            (429, r#"{"error":{"code":"AF429","message":"Too many requests"}}"#),
            (403, "{'error':{'code':'AF429','message':'Too many requests. Method=GetBlob, PublisherId=0'}}"),
            (403, "Too many requests"),
            (429, ""),
            (429, "Tenant x does not exist"),
        ] {
            let error = judged(status, body);
            assert_eq!((error.kind(), error.repeat()), (Throttled, Repeat::Throttled), "{status} {body}");
        }
    }

    #[test]
    fn the_code_decides_before_the_status() {
        assert_eq!(judged(404, r#"{"error":{"code":"AF50000","message":"x"}}"#).repeat(), Repeat::Fault);
        assert_eq!(judged(500, r#"{"error":{"code":"AF20022","message":"x"}}"#).kind(), NotFound);
        assert_eq!(
            judged(401, r#"{"Message":"Authorization has been denied"}"#).repeat(),
            Repeat::WithNewToken
        );
        assert_eq!(judged(503, "<html>").repeat(), Repeat::Fault);
    }

    #[test]
    fn auditing_that_is_off_is_told_from_its_free_text() {
        let body = r#"{"error":{"code":"StartSubscription [CorrId=1] [TenantId=2]","message":
            "Microsoft.Office.Compliance.Audit.DataServiceException: Tenant 2 does not exist"}}"#;
        assert!(judged(400, body).hint().unwrap().contains("auditing"));
    }
}
