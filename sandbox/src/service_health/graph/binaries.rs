//! Bytes: incident reports, contents of attachments, archives.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, LOCATION};
use serde_json::json;

use super::Asked;
use super::reads::attachments;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::Redirect;
use crate::random::hash_text;
use crate::service_health::files;
use crate::service_health::path::DOWNLOADS;
use crate::service_health::services::is;
use crate::tenant::Tenant;

/// Whether a last segment is one of the spellings of the report.
pub(super) fn is_report(segment: &str) -> bool {
    let name = segment.strip_suffix("()").unwrap_or(segment);
    name.strip_prefix("microsoft.graph.").unwrap_or(name) == "incidentReport"
}

/// Bytes, what they are, and what to call them.
struct File {
    content_type: String,
    name: String,
    bytes: Bytes,
}

/// What bytes are asked for.
enum Which<'a> {
    Report(&'a str),
    Attachment(&'a str, &'a str),
    Archive(&'a str),
}

impl Asked<'_> {
    pub(super) fn report(&self, id: &str) -> Answer {
        self.send(&Which::Report(id))
    }

    pub(super) fn content(&self, message: &str, attachment: &str) -> Answer {
        self.send(&Which::Attachment(message, attachment))
    }

    pub(super) fn archive(&self, message: &str) -> Answer {
        self.send(&Which::Archive(message))
    }

    fn send(&self, which: &Which<'_>) -> Answer {
        let Some(file) = which.find(self.tenant, self.now) else { return self.missing(&which.path()) };
        let redirect = self.tenant.health().settings.redirect;
        let host = match redirect {
            None => return file.answer(),
            Some(Redirect::Path) => &self.tenant.urls.graph,
            Some(Redirect::Host) => &self.tenant.urls.main,
        };
        let path = which.path();
        let location = format!("{host}{DOWNLOADS}{path}?sig={:016x}", signature(self.tenant, &path));
        Answer::empty(StatusCode::FOUND).with(LOCATION, &location)
    }
}

/// Answers whoever was redirected. The address is all it takes; on the other host a token is one too many.
pub(crate) fn download(tenant: &Tenant, call: &Call) -> Answer {
    let refuse = |status, code: &str| Answer::json(status, &json!({"error": {"code": code, "message": ""}}));
    let elsewhere = tenant.health().settings.redirect != Some(Redirect::Path);
    if elsewhere && call.headers.contains_key(AUTHORIZATION) {
        return refuse(StatusCode::BAD_REQUEST, "AuthenticationInformationGivenTwice");
    }
    let path = call.path.strip_prefix(DOWNLOADS).unwrap_or_default();
    let signed = call.param("sig").is_some_and(|sig| sig == format!("{:016x}", signature(tenant, path)));
    let parts: Vec<&str> = path.split('/').collect();
    let which = match parts.as_slice() {
        _ if !signed => return refuse(StatusCode::FORBIDDEN, "AuthenticationFailed"),
        ["report", id] => Which::Report(id),
        ["attachment", message, id] => Which::Attachment(message, id),
        ["archive", message] => Which::Archive(message),
        _ => return refuse(StatusCode::NOT_FOUND, "NotFound"),
    };
    let found = which.find(tenant, tenant.clock.now());
    found.map_or_else(|| refuse(StatusCode::NOT_FOUND, "NotFound"), File::answer)
}

fn signature(tenant: &Tenant, path: &str) -> u64 {
    hash_text(tenant.config.seed ^ 0x5c, path)
}

impl Which<'_> {
    fn path(&self) -> String {
        match self {
            Self::Report(id) => format!("report/{id}"),
            Self::Attachment(message, id) => format!("attachment/{message}/{id}"),
            Self::Archive(message) => format!("archive/{message}"),
        }
    }

    fn find(&self, tenant: &Tenant, now: i64) -> Option<File> {
        let health = tenant.health();
        let seed = tenant.config.seed;
        match self {
            Self::Report(id) => {
                let issue = health.issue(id, now)?;
                let bytes = files::report(&issue)?;
                Some(File { content_type: "application/pdf".into(), name: format!("{id}_PIR.pdf"), bytes })
            }
            Self::Attachment(message, id) => {
                let found =
                    attachments(&health.message(message, now)?).into_iter().find(|one| is(one, "id", id))?;
                let content_type =
                    found["contentType"].as_str().unwrap_or("application/octet-stream").to_owned();
                let name = found["name"].as_str().unwrap_or(id).to_owned();
                Some(File { content_type, name, bytes: files::attachment(seed, &found) })
            }
            Self::Archive(message) => {
                let all = attachments(&health.message(message, now)?);
                let name = format!("{message}.zip");
                let bytes = files::archive(seed, &all);
                (!all.is_empty()).then_some(File { content_type: "application/zip".into(), name, bytes })
            }
        }
    }
}

impl File {
    fn answer(self) -> Answer {
        let mut answer = Answer::whole(StatusCode::OK, "application/octet-stream", self.bytes);
        if let Ok(content_type) = HeaderValue::from_str(&self.content_type) {
            answer.headers.insert(CONTENT_TYPE, content_type);
        }
        let name: String =
            self.name.chars().filter(|letter| letter.is_ascii_graphic() && *letter != '"').collect();
        answer.with(CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
    }
}
