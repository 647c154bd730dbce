//! Services, issues, messages and attachments: filtered, shaped and paged.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::{Map, Value};

use super::Asked;
use crate::answer::Answer;
use crate::odata::{Kind, Page, Query, Type, preferred_size};
use crate::random::hash_text;
use crate::service_health::schema::{ATTACHMENT, ISSUE, MESSAGE, OVERVIEW};
use crate::service_health::services::is;

/// Rows on a page when nobody says how many, and when somebody wants more than there may be.
const USUAL: usize = 100;
const MOST: usize = 1_000;

impl Asked<'_> {
    pub(super) fn overviews(&self) -> Answer {
        let rows = self.tenant.health().overviews(self.now);
        // There are never enough of them for a second page.
        self.collection("healthOverviews", &OVERVIEW, &rows, None)
    }

    pub(super) fn overview(&self, key: &str) -> Answer {
        let health = self.tenant.health();
        let strict = health.settings.strict_key;
        let rows = health.overviews(self.now);
        drop(health);
        let named = rows.iter().find(|row| is(row, "service", key));
        let found = named.or_else(|| rows.iter().find(|row| !strict && is(row, "id", key)));
        match found {
            Some(row) => self.entity("healthOverviews", &OVERVIEW, row),
            None => self.missing(key),
        }
    }

    pub(super) fn issues(&self) -> Answer {
        let rows = self.tenant.health().issues(self.now);
        self.collection("issues", &ISSUE, &rows, Some(USUAL))
    }

    pub(super) fn issue(&self, id: &str) -> Answer {
        let found = self.tenant.health().issue(id, self.now);
        found.map_or_else(|| self.missing(id), |row| self.entity("issues", &ISSUE, &row))
    }

    pub(super) fn messages(&self) -> Answer {
        let rows = self.tenant.health().messages(self.now);
        let rows: Vec<Value> = rows.into_iter().map(|row| self.seen(row)).collect();
        self.collection("messages", &MESSAGE, &rows, Some(USUAL))
    }

    pub(super) fn message(&self, id: &str) -> Answer {
        let found = self.tenant.health().message(id, self.now);
        found.map_or_else(|| self.missing(id), |row| self.entity("messages", &MESSAGE, &self.seen(row)))
    }

    pub(super) fn attachments(&self, id: &str) -> Answer {
        let Some(message) = self.tenant.health().message(id, self.now) else { return self.missing(id) };
        let what = format!("messages('{id}')/attachments");
        self.collection(&what, &ATTACHMENT, &attachments(&message), Some(USUAL))
    }

    pub(super) fn attachment(&self, id: &str, attachment: &str) -> Answer {
        let message = self.tenant.health().message(id, self.now);
        let found = message.iter().flat_map(attachments).find(|one| is(one, "id", attachment));
        let what = format!("messages('{id}')/attachments");
        found.map_or_else(|| self.missing(attachment), |row| self.entity(&what, &ATTACHMENT, &row))
    }

    /// A message with the viewpoint of whoever asks, which an application does not have.
    fn seen(&self, mut message: Value) -> Value {
        let id = message["id"].as_str().unwrap_or_default();
        let seen = self.grant.user.as_ref().map(|user| self.tenant.health().viewpoint(&user.name, id).show());
        message["viewPoint"] = seen.unwrap_or_default();
        message
    }

    fn collection(&self, what: &str, of: &'static Type, rows: &[Value], usual: Option<usize>) -> Answer {
        let query = match Query::of_many(&self.call.query, of) {
            Ok(query) => query,
            Err(message) => return self.refuse(&message),
        };
        let preferred = usual.and(preferred_size(&self.call.headers)).map(|size| size.min(MOST));
        let size = preferred.or(usual).unwrap_or(usize::MAX);
        let found = query.rows(rows);
        let top = query.top.map(|top| top.min(MOST));
        let page = Page::new(found.len(), query.skip, top, size);
        let mut body = Map::new();
        body.insert("@odata.context".into(), self.context(what));
        if query.count {
            body.insert("@odata.count".into(), found.len().into());
        }
        let path = self.call.path.trim_end_matches('/');
        if let Some(link) = page.link(&format!("{}{path}", self.tenant.urls.graph), &self.call.query) {
            body.insert("@odata.nextLink".into(), link.into());
        }
        let shown = found[page.window].iter().map(|row| self.show(&query, row, of));
        body.insert("value".into(), shown.collect());
        let answer = Answer::json(StatusCode::OK, &body);
        match self.applied(preferred) {
            applied if applied.is_empty() => answer,
            applied => answer.with(HeaderName::from_static("preference-applied"), &applied),
        }
    }

    fn entity(&self, what: &str, of: &'static Type, row: &Value) -> Answer {
        let query = match Query::of_one(&self.call.query, of) {
            Ok(query) => query,
            Err(message) => return self.refuse(&message),
        };
        let mut shown = self.show(&query, row, of);
        shown["@odata.context"] = self.context(&format!("{what}/$entity"));
        Answer::json(StatusCode::OK, &shown)
    }

    fn show(&self, query: &Query, row: &Value, of: &'static Type) -> Value {
        let mut shown = query.shape(row, of);
        strip(&mut shown);
        if self.tenant.health().settings.mixed_case_enums {
            mix(&mut shown, Kind::Record(of));
        }
        shown
    }

    /// The preferences that were honoured.
    fn applied(&self, size: Option<usize>) -> String {
        let wishes = self.call.headers.get_all("prefer");
        let asked = |wish: &str| {
            wishes
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.to_ascii_lowercase().contains(wish))
        };
        let members = "include-unknown-enum-members";
        let mut applied: Vec<String> =
            size.map(|size| format!("odata.maxpagesize={size}")).into_iter().collect();
        applied.extend(asked(members).then(|| members.to_owned()));
        applied.join(", ")
    }
}

/// The attachments of a message.
pub(super) fn attachments(message: &Value) -> Vec<Value> {
    message["attachments"].as_array().cloned().unwrap_or_default()
}

/// Takes away what only the older wire says.
fn strip(shown: &mut Value) {
    if let Value::Object(members) = shown {
        members.remove("legacy");
        members.get_mut("issues").and_then(Value::as_array_mut).into_iter().flatten().for_each(strip);
    }
}

/// Spells some members of enums as samples do, with a capital.
fn mix(value: &mut Value, kind: Kind) {
    match (value, kind) {
        (Value::Object(members), Kind::Record(of) | Kind::Link(of)) => {
            for property in of.properties {
                if let Some(member) = members.get_mut(property.name) {
                    mix(member, property.kind);
                }
            }
        }
        (Value::Array(all), kind) => {
            let kind = kind.element().unwrap_or(kind);
            for one in all {
                mix(one, kind);
            }
        }
        (Value::String(text), Kind::Enum(name, _))
            if hash_text(name.len() as u64, text).is_multiple_of(2) =>
        {
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
        }
        _ => {}
    }
}
