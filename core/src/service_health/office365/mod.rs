//! Service health by the original API: its requests, its pages without links, and what its refusals mean.

mod members;
mod read;

use std::collections::HashSet;

use futures::stream;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde_json::Value;

use super::communication::Communication;
use super::model::HealthOverview;
use super::originals::{PAGE, token};
use super::select::{self, Selection};
use super::terms::Terms;
use crate::Client;
use crate::audit;
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Repeat, Result};
use crate::http::{Answer, Limit, Refusal, Request};
use crate::odata::{escaped, without_annotations};
use crate::page::{Page, Paged};
use members::Members;

/// The services, with their features.
pub(super) async fn services(client: &Client, selection: &Selection) -> Result<Vec<HealthOverview>> {
    let request = request(client, "Services", &[("$select", selection.original())]).await?;
    client
        .corridor()
        .exchange(&request, |answer| rows(answer)?.into_iter().map(read::service).collect())
        .await
}

/// The current or the historical status.
pub(super) async fn status(
    client: &Client,
    operation: &'static str,
    terms: &Terms,
    selection: &Selection,
) -> Result<Vec<HealthOverview>> {
    let filter = terms.original().map(|filter| filter.to_string());
    let request =
        request(client, operation, &[("$filter", filter), ("$select", selection.original())]).await?;
    client.corridor().exchange(&request, |answer| rows(answer)?.into_iter().map(read::status).collect()).await
}

/// The messages: a hundred at a time until fewer come, since there are no links, each once, since others may arrive
/// in between.
pub(super) fn messages(
    client: Client,
    terms: Terms,
    selection: Selection,
    top: Option<usize>,
    skip: usize,
) -> Paged<Communication> {
    let walk = Walk { client, terms, selection, top, skip, given: HashSet::new(), ended: false };
    Paged::new(stream::unfold(walk, |mut walk| async move {
        if walk.ended {
            return None;
        }
        let page = walk.next_page().await;
        walk.ended |= page.is_err();
        Some((page, walk))
    }))
}

struct Walk {
    client: Client,
    terms: Terms,
    selection: Selection,
    top: Option<usize>,
    skip: usize,
    given: HashSet<String>,
    ended: bool,
}

impl Walk {
    async fn next_page(&mut self) -> Result<Page<Communication>> {
        let size = self.top.unwrap_or(PAGE);
        let options = [
            ("$filter", self.terms.original().map(|filter| filter.to_string())),
            ("$select", self.selection.original()),
            ("$top", Some(size.to_string())),
            ("$skip", Some(self.skip.to_string()).filter(|_| self.skip > 0)),
        ];
        let request = request(&self.client, "Messages", &options).await?;
        let corridor = self.client.corridor();
        let found: Vec<Communication> = corridor
            .exchange(&request, |answer| {
                rows(answer)?.into_iter().map(|row| read::message(row, corridor.now())).collect()
            })
            .await?;
        self.skip += found.len();
        self.ended = found.len() < PAGE || self.top.is_some();
        let new = found.into_iter().filter(|found| self.given.insert(found.id.clone())).collect();
        let page = Page::of(self.selection.project(new)?);
        Ok(Page { token: (!self.ended).then(|| token(self.skip)), ..page })
    }
}

/// Everything that the service has to tell.
pub(super) async fn all_messages(client: &Client) -> Result<Vec<Communication>> {
    let everything = Selection::all(&select::MESSAGES);
    let mut pages = messages(client.clone(), Terms::default(), everything, None, 0);
    let mut all = Vec::new();
    while let Some(page) = pages.next_page().await? {
        all.extend(page.items);
    }
    Ok(all)
}

/// A request to one of the four operations. A space is `%20` there, and an option that is misspelled is not heard.
async fn request(
    client: &Client,
    operation: &'static str,
    options: &[(&'static str, Option<String>)],
) -> Result<Request> {
    let corridor = client.corridor();
    let tenant = corridor.identity.tenant_id(corridor).await?;
    let mut url = corridor.hosts.service(&Service::Management)?.clone();
    url.set_path(&format!("/api/v1.0/{tenant}/ServiceComms/{operation}"));
    let query: Vec<String> = options
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", escaped(value.as_deref()?))))
        .collect();
    url.set_query(Some(query.join("&").as_str()).filter(|query| !query.is_empty()));
    Ok(Request::new(Method::GET, url)
        .bearer(Service::Management)
        .limit(Limit::Tenant)
        .judge(judge)
        .header(ACCEPT.as_str(), HeaderValue::from_static("application/json;odata.metadata=none")))
}

fn rows(answer: &Answer) -> Result<Vec<Members>> {
    let wrong = |why: String| {
        let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
        Error::decode(format!("the answer is not a list of the service's: {why}; it begins {start:?}"))
            .with_status(answer.status.as_u16())
    };
    let value: Value =
        serde_json::from_slice(&answer.body).map_err(|e| wrong("it is not JSON".into()).with_source(e))?;
    let Value::Object(mut envelope) = without_annotations(value) else {
        return Err(wrong("it is no object".into()));
    };
    let Some(Value::Array(rows)) = envelope.remove("value") else {
        return Err(wrong("it has no value".into()));
    };
    rows.into_iter()
        .enumerate()
        .map(|(index, row)| Members::of(row).ok_or_else(|| wrong(format!("element {index} is no object"))))
        .collect()
}

/// The service is retired: whoever asks it is told to ask Microsoft Graph.
const RETIRED: &str =
    "The Office 365 Service Communications API is retired: make the client with wire \"graph\"";

fn judge(refusal: &Refusal) -> Error {
    let says = |text: &str| {
        let message = refusal.message.as_deref().unwrap_or(&refusal.text);
        message.to_ascii_lowercase().contains(text)
    };
    if says("graph.microsoft") || says("msgraph") {
        return refusal.error(ErrorKind::Gone, Repeat::Never).with_hint(RETIRED);
    }
    let error = with_whole_code(refusal, audit::judge(refusal));
    match (error.kind(), error.code()) {
        (ErrorKind::NotFound | ErrorKind::Gone, None) => {
            refusal.error(ErrorKind::Gone, Repeat::Never).with_hint(RETIRED)
        }
        (_, Some("AF10001")) => error.with_hint(
            "Grant the application ServiceHealth.Read of the Office 365 Management APIs, and have an administrator \
             consent",
        ),
        _ => error,
    }
}

/// Some answers have the code and the sentence in the place of the code, or the sentence in both.
fn with_whole_code(refusal: &Refusal, error: Error) -> Error {
    let (Some(code), Some(written)) = (error.code().map(str::to_owned), refusal.code.as_deref()) else {
        return error;
    };
    let Some(rest) = written.strip_prefix(&code) else { return error };
    let rest = rest.trim_start_matches('.').trim();
    match (rest, refusal.message.as_deref()) {
        ("", _) => error,
        (rest, None) => error.with_message(rest),
        (rest, Some(message)) => error.with_message(format!("{rest} {message}")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn judged(status: u16, body: &'static str) -> Error {
        judge(&Refusal::new(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &Bytes::from(body)))
    }

    #[test]
    fn a_code_with_its_sentence_is_taken_apart() {
        let body = r#"{"code":"AF5000.  An internal server error occurred.","message":"Retry the request."}"#;
        let error = judged(500, body);
        assert_eq!(error.code(), Some("AF5000"));
        assert_eq!(error.message(), "An internal server error occurred. Retry the request.");
        assert!(error.is_retryable());
    }

    #[test]
    fn what_is_retired_says_what_to_use() {
        for (status, body) in [
            (400, r#"{"error":{"code":"x","message":"Use https://graph.microsoft.com instead"}}"#),
            (403, r#"{"error":{"code":"x","message":"please move to MSGraph"}}"#),
            (404, ""),
            (410, "gone"),
        ] {
            let error = judged(status, body);
            assert_eq!(error.kind(), ErrorKind::Gone, "{body}");
            assert!(error.hint().unwrap().contains("graph"));
        }
        let unknown = judged(404, r#"{"error":{"code":"AF20011","message":"The tenant does not exist"}}"#);
        assert_eq!(unknown.kind(), ErrorKind::NotFound);
    }
}
