//! Bodies and headers (2.3, 2.4 and 2.10).

use std::fmt::Write;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue, PRAGMA};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::audit;
use crate::call::Call;
use crate::random::hash_text;
use crate::tenant::Tenant;

/// How much a body says of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    None,
    Minimal,
    Full,
}

/// What rows are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    Workload,
    Status,
    Message,
}

impl Level {
    /// What the request asks for. Contrary to OData, nothing means none.
    pub(super) fn of(call: &Call) -> Self {
        let accept = call.header(&ACCEPT).unwrap_or_default().to_ascii_lowercase().replace(' ', "");
        if accept.contains("odata.metadata=full") {
            Self::Full
        } else if accept.contains("odata.metadata=minimal") {
            Self::Minimal
        } else {
            Self::None
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::None => "application/json; odata.metadata=none; odata.streaming=true; charset=utf-8",
            Self::Minimal => "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8",
            Self::Full => "application/json; odata.metadata=full; odata.streaming=true; charset=utf-8",
        }
    }
}

impl Entity {
    /// The set that contexts name. Past statuses are said to be current ones.
    const fn set(self) -> &'static str {
        match self {
            Self::Workload => "Services",
            Self::Status => "CurrentStatus",
            Self::Message => "Messages",
        }
    }

    fn kind(self, row: &Value) -> &'static str {
        match self {
            Self::Workload => "#ServiceCommunications.Workload",
            Self::Status => "#ServiceCommunications.WorkloadStatus",
            Self::Message if row["MessageType"] == "MessageCenter" => {
                "#ServiceCommunications.MessageCenterMessage"
            }
            Self::Message => "#ServiceCommunications.Message",
        }
    }
}

/// A list of rows. No two rows have their members in the same order.
pub(super) fn list(
    tenant: &Tenant,
    level: Level,
    directory: &str,
    of: Entity,
    rows: &[Value],
    select: Option<&str>,
) -> Answer {
    let mut body = String::from("{");
    if level != Level::None {
        let context =
            format!("{}/api/v1.0/{directory}/ServiceComms/$metadata#{}", tenant.urls.main, of.set());
        let _ = write!(body, "\"@odata.context\":{},", json!(context));
    }
    body.push_str("\"value\":[");
    let names: Option<Vec<&str>> = select.map(|names| names.split(',').map(str::trim).collect());
    for (number, row) in rows.iter().enumerate() {
        let Value::Object(members) = row else { continue };
        let mut members: Map<String, Value> = members.clone();
        members.retain(|name, _| names.as_ref().is_none_or(|names| names.contains(&name.as_str())));
        annotate(&mut members, level, of, row);
        if number > 0 {
            body.push(',');
        }
        push_shuffled(&mut body, &members, row["Id"].as_str().unwrap_or_default());
    }
    body.push_str("]}");
    Answer::whole(StatusCode::OK, level.content_type(), Bytes::from(body))
}

fn annotate(members: &mut Map<String, Value>, level: Level, of: Entity, row: &Value) {
    let derived = row["MessageType"] == "MessageCenter";
    if level == Level::Full || level == Level::Minimal && derived {
        members.insert("@odata.type".into(), of.kind(row).into());
    }
    if level != Level::Full {
        return;
    }
    let link = format!("{}('{}')", of.set(), row["Id"].as_str().unwrap_or_default());
    members.insert("@odata.id".into(), link.clone().into());
    members.insert("@odata.editLink".into(), link.into());
    let typed: Vec<(String, &str)> = members
        .iter()
        .filter_map(|(name, value)| {
            let time = ["Time", "Date"].iter().any(|end| name.ends_with(end)) && value.is_string();
            let texts =
                value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string));
            let names = name == "IncidentIds" || texts;
            let kind = if time { "#DateTimeOffset" } else { "#Collection(String)" };
            (time || names).then(|| (format!("{name}@odata.type"), kind))
        })
        .collect();
    members.extend(typed.into_iter().map(|(name, kind)| (name, kind.into())));
}

/// Annotations of a member go before it.
fn push_shuffled(out: &mut String, members: &Map<String, Value>, id: &str) {
    let mut names: Vec<&String> = members.keys().collect();
    names.sort_by_cached_key(|name| {
        let (base, annotation) = name.split_once('@').unwrap_or((name, "~"));
        (!base.is_empty(), hash_text(3, &format!("{id}{base}")), annotation.to_owned())
    });
    out.push('{');
    for (number, name) in names.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        let _ = write!(out, "{}:{}", json!(name), members[name]);
    }
    out.push('}');
}

/// An error with a code of the front end.
pub(crate) fn error(tenant: &Tenant, status: StatusCode, code: &str, message: &str) -> Answer {
    if !tenant.health().settings.malformed_errors {
        return audit::code(status, code, message);
    }
    // As the reference prints it: a code that lost a digit, and the first sentence along with it.
    let cut = if code == "AF50000" { "AF5000" } else { code };
    let (sentence, rest) = message.split_once(". ").unwrap_or((message.trim_end_matches('.'), ""));
    audit::code(status, &format!("{cut}.  {sentence}."), rest)
}

/// What is left of the API.
pub(super) fn retired(status: u16) -> Answer {
    let message = "This API has been retired. Please use the service communications API in Microsoft Graph (MSGraph) instead: https://graph.microsoft.com/v1.0/admin/serviceAnnouncement";
    audit::code(StatusCode::from_u16(status).unwrap_or(StatusCode::GONE), "", message)
}

/// The headers that all answers have here.
pub(super) fn stamp(tenant: &Tenant, answer: Answer) -> Answer {
    let number = tenant.health().number();
    let id = crate::feed::request_id(tenant.config.seed ^ 0x5c, number);
    let mut answer = answer.with(CACHE_CONTROL, "no-cache").with(PRAGMA, "no-cache").with(EXPIRES, "-1");
    for (name, value) in [
        ("odata-version", "4.0"),
        ("x-activity-id", id.as_str()),
        ("x-time-taken", "17"),
        ("x-instance-name", "ServiceComms_IN_0"),
        ("x-aspnet-version", "4.0.30319"),
        ("x-powered-by", "ASP.NET"),
    ] {
        answer = answer.with(HeaderName::from_static(name), value);
    }
    if matches!(&answer.content, crate::answer::Content::Whole(body) if body.is_empty()) {
        answer.headers.remove(CONTENT_TYPE);
    } else if !answer.headers.contains_key(CONTENT_TYPE) {
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(Level::None.content_type()));
    }
    answer
}
