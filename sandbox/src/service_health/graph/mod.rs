//! Graph's side: eighteen calls below `/admin/serviceAnnouncement` (service-communications, 3).

mod actions;
mod binaries;
mod gate;
mod reads;

use hyper::header::HeaderName;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::path;
use crate::answer::Answer;
use crate::call::Call;
use crate::clock;
use crate::feed::request_id;
use crate::identity::Grant;
use crate::tenant::Tenant;

pub(crate) use binaries::download;

/// Where an answer comes from, as the gateway says it.
const DIAGNOSTIC: &str = r#"{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"SB000001"}}"#;

/// What a request needs of whoever sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Health,
    Messages,
    Viewpoint,
}

/// A request that is being answered.
struct Asked<'a> {
    tenant: &'a Tenant,
    call: &'a Call,
    grant: &'a Grant,
    /// `/v1.0` or `/beta`
    version: &'static str,
    now: i64,
}

/// Whether a last segment is one of the six actions.
pub(super) fn is_action(segment: &str) -> bool {
    actions::named(segment).is_some()
}

/// Answers a request below `/admin/serviceAnnouncement`, if it is one. The token has been looked at.
pub(crate) fn answer(tenant: &Tenant, call: &Call, grant: &Grant) -> Option<Answer> {
    let (version, segments) = path::graph(&call.path)?;
    let asked = Asked { tenant, call, grant, version, now: tenant.clock.now() };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(asked.answer(&segments))
}

impl Asked<'_> {
    fn answer(&self, segments: &[&str]) -> Answer {
        if let Err(refusal) = self.count() {
            return refusal;
        }
        let right = match segments {
            ["messages", action] if is_action(action) => Right::Viewpoint,
            ["messages", ..] => Right::Messages,
            ["healthOverviews" | "issues", ..] => Right::Health,
            _ => return self.nowhere(segments),
        };
        if let Err(refusal) = self.check(right) {
            return refusal;
        }
        if let ["messages", action] = segments
            && let Some(change) = actions::named(action)
        {
            return if self.call.method == Method::POST { self.act(change) } else { self.read_only() };
        }
        if self.call.method != Method::GET {
            return self.read_only();
        }
        match segments {
            ["healthOverviews"] => self.overviews(),
            ["healthOverviews", key] => self.overview(key),
            // Every generated client offers it; the service does not have it.
            ["healthOverviews", _, "issues", ..] => self.error(StatusCode::NOT_FOUND, "UnknownError", ""),
            ["issues"] => self.issues(),
            ["issues", id] => self.issue(id),
            ["issues", id, function] if binaries::is_report(function) => self.report(id),
            ["messages"] => self.messages(),
            ["messages", id] => self.message(id),
            ["messages", id, "attachments"] => self.attachments(id),
            ["messages", id, "attachments", attachment] => self.attachment(id, attachment),
            ["messages", id, "attachments", attachment, "content" | "$value"] => self.content(id, attachment),
            ["messages", id, "attachmentsArchive"] => self.archive(id),
            _ => self.nowhere(segments),
        }
    }

    fn read_only(&self) -> Answer {
        self.error(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The HTTP method is not allowed on this resource.",
        )
    }

    fn nowhere(&self, segments: &[&str]) -> Answer {
        let last = segments.last().copied().unwrap_or_default();
        self.error(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            &format!("Resource not found for the segment '{last}'."),
        )
    }

    fn missing(&self, what: &str) -> Answer {
        self.error(
            StatusCode::NOT_FOUND,
            "NotFound",
            &format!("Resource '{what}' was not found in the tenant."),
        )
    }

    fn refuse(&self, message: &str) -> Answer {
        self.error(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Answer {
        let client = self.call.headers.get("client-request-id").and_then(|value| value.to_str().ok());
        let id = request_id(self.tenant.config.seed, self.tenant.next_request());
        let mut inner = json!({"date": clock::seconds(self.now), "request-id": id});
        inner["client-request-id"] = json!(client.unwrap_or(&id));
        Answer::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
            .with(HeaderName::from_static("request-id"), &id)
            .with(HeaderName::from_static("x-ms-ags-diagnostic"), DIAGNOSTIC)
    }

    /// An address below the API.
    fn address(&self, rest: &str) -> String {
        format!("{}{}/{rest}", self.tenant.urls.graph, self.version)
    }

    fn context(&self, what: &str) -> Value {
        self.address(&format!("$metadata#admin/serviceAnnouncement/{what}")).into()
    }
}
