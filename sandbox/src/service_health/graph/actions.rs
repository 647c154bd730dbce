//! The six actions: a user leaves messages as read, archived or favorite, or no longer so.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Asked;
use crate::answer::Answer;
use crate::service_health::store::Viewpoint;

/// A change of a viewpoint.
pub(super) type Change = fn(&mut Viewpoint);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    message_ids: Vec<String>,
}

/// The action of that name; it may be qualified.
pub(super) fn named(segment: &str) -> Option<Change> {
    let name = segment.strip_prefix("microsoft.graph.").unwrap_or(segment);
    let change: Change = match name {
        "markRead" => |view| view.read = true,
        "markUnread" => |view| view.read = false,
        "archive" => |view| view.archived = true,
        "unarchive" => |view| view.archived = false,
        "favorite" => |view| view.favorite = true,
        "unfavorite" => |view| view.favorite = false,
        _ => return None,
    };
    Some(change)
}

impl Asked<'_> {
    pub(super) fn act(&self, change: Change) -> Answer {
        let body = match serde_json::from_slice::<Body>(&self.call.body) {
            Ok(body) if !body.message_ids.is_empty() => body,
            Ok(_) => return self.refuse("messageIds: must name at least one message."),
            Err(error) => return self.refuse(&format!("Unable to read JSON request payload: {error}.")),
        };
        let Some(user) = &self.grant.user else { return self.refuse("There is no user.") };
        let mut health = self.tenant.health();
        // All of them or none.
        if let Some(unknown) = body.message_ids.iter().find(|id| health.message(id, self.now).is_none()) {
            return self.missing(unknown);
        }
        for id in &body.message_ids {
            health.view(&user.name, id, change);
        }
        let context = self.address("$metadata#Edm.Boolean");
        Answer::json(StatusCode::OK, &json!({"@odata.context": context, "value": true}))
    }
}
