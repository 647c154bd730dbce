//! Records of an audit log query, as Graph wraps them.

use hyper::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;

use super::filter::Found;
use super::{error, queries};
use crate::answer::Answer;
use crate::call::Call;
use crate::random::hash_text;
use crate::tenant::Tenant;

/// A page of what a query found, with a link to the next.
pub(super) fn page(tenant: &Tenant, call: &Call, id: &str, context: &str, found: &[Found]) -> Answer {
    let refuse = |message: &str| error(tenant, StatusCode::BAD_REQUEST, "BadRequest", message);
    let size = match call.param("$top").map(str::parse::<usize>) {
        None => tenant.config.page_size,
        Some(Ok(top)) if (1..=1_000).contains(&top) => top,
        Some(_) => return refuse("The limit of '1000' for Top query has been exceeded, or it is no number."),
    };
    let from = match call.param("$skiptoken") {
        None => 0,
        Some(text) => match place(tenant, id, text) {
            Some(place) => place,
            None => return refuse("The $skiptoken is not known."),
        },
    };
    let end = found.len().min(from + size);
    let mut body = Vec::new();
    body.extend_from_slice(br#"{"@odata.context":"#);
    push_text(&mut body, context);
    if end < found.len() {
        let top = call.param("$top").map(|top| format!("&$top={top}")).unwrap_or_default();
        let skip = token(tenant, id, end);
        let next = format!("{}{}/{id}/records?$skiptoken={skip}{top}", tenant.urls.graph, queries::PATH);
        body.extend_from_slice(br#","@odata.nextLink":"#);
        push_text(&mut body, &next);
    }
    body.extend_from_slice(br#","value":["#);
    for (number, one) in found[from.min(end)..end].iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        push_record(&mut body, &one.json(tenant));
    }
    body.extend_from_slice(b"]}");
    Answer::whole(StatusCode::OK, "application/json; charset=utf-8", body.into())
}

/// A record in its envelope. The record itself goes out as it is, byte for byte, but for a type in front.
fn push_record(out: &mut Vec<u8>, json: &[u8]) {
    let record: Value = serde_json::from_slice(json).unwrap_or_default();
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let number = |name: &str| record[name].as_i64().unwrap_or(-1);
    let created = text("CreationTime").trim_end_matches('Z');
    let client =
        ["ClientIP", "ClientIPAddress", "ActorIpAddress"].map(text).into_iter().find(|ip| !ip.is_empty());
    let service = text("Workload");
    let members: [(&str, &str); 11] = [
        ("id", text("Id")),
        ("createdDateTime", &format!("{created}Z")),
        ("auditLogRecordType", &type_name(number("RecordType"))),
        ("operation", text("Operation")),
        ("organizationId", text("OrganizationId")),
        ("userType", user_type(number("UserType"))),
        ("userId", text("UserId")),
        ("service", service),
        ("objectId", text("ObjectId")),
        ("userPrincipalName", text("UserId")),
        ("clientIp", client.unwrap_or_default()),
    ];
    out.push(b'{');
    for (name, value) in members {
        push_text(out, name);
        out.push(b':');
        push_text(out, value);
        out.push(b',');
    }
    out.extend_from_slice(br#""administrativeUnits":[""],"auditData":{"@odata.type":"#);
    push_text(out, "#microsoft.graph.security.defaultAuditData");
    let inside = serde_json::from_slice::<&RawValue>(json).map_or("{}", RawValue::get);
    let members = inside.trim_start_matches(['{', ' ']);
    if !members.trim_end().starts_with('}') {
        out.push(b',');
    }
    out.extend_from_slice(members.as_bytes());
    out.push(b'}');
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}

/// What Graph calls a type of records.
pub(super) fn type_name(record_type: i64) -> String {
    const NAMES: &str = include_str!("../../data/record-types.txt");
    let name = NAMES
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(number, name)| (number.parse() == Ok(record_type)).then_some(name));
    name.map_or_else(|| "unknownFutureValue".into(), camel)
}

/// `MIPLabel` is `mipLabel` in Graph.
fn camel(name: &str) -> String {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let lower = if capitals > 1 && capitals < name.len() { capitals - 1 } else { capitals };
    format!("{}{}", name[..lower].to_ascii_lowercase(), &name[lower..])
}

const fn user_type(number: i64) -> &'static str {
    match number {
        0 => "regular",
        1 => "reserved",
        2 => "admin",
        3 => "dcAdmin",
        4 => "system",
        5 => "application",
        6 => "servicePrincipal",
        7 => "customPolicy",
        8 => "systemPolicy",
        9 => "partnerTechnician",
        10 => "guest",
        _ => "unknownFutureValue",
    }
}

fn token(tenant: &Tenant, id: &str, place: usize) -> String {
    format!("{place}-{:016x}", hash_text(tenant.config.seed, &format!("{id}|{place}")))
}

fn place(tenant: &Tenant, id: &str, text: &str) -> Option<usize> {
    let place = text.split_once('-')?.0.parse().ok()?;
    (token(tenant, id, place) == text).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_their_names_in_graph() {
        for (number, name) in [(1, "exchangeAdmin"), (15, "azureActiveDirectoryStsLogon"), (43, "mipLabel")] {
            assert_eq!(type_name(number), name);
        }
        assert_eq!(type_name(-4), "unknownFutureValue");
        assert_eq!((camel("CRM"), camel("AeD")), ("crm".into(), "aeD".into()));
    }

    #[test]
    fn a_record_is_wrapped_and_stays_as_it_is() {
        let json = br#"{"Id":"a","CreationTime":"2026-11-20T10:00:00","RecordType":2,"UserType":0,"Id":"a","N":1.50}"#;
        let mut out = vec![];
        push_record(&mut out, json);
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.ends_with(&format!("defaultAuditData\",{}}}", String::from_utf8_lossy(&json[1..]))),
            "{text}"
        );
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["createdDateTime"], "2026-11-20T10:00:00Z");
        assert_eq!(value["auditLogRecordType"], "exchangeItem");
    }
}
