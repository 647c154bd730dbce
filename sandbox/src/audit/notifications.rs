//! Listing the notifications that were sent (management-activity, 4.8).

use serde_json::Value;

use super::listing::{Cursor, Item, announced};
use super::paging::{self, Rest};
use crate::answer::Answer;
use crate::audit::ContentType;
use crate::call::Call;
use crate::clock::{self, MINUTE, SECOND};
use crate::faults::Bend;
use crate::identity::Grant;
use crate::random::hash_text;
use crate::tenant::{State, Tenant};

/// An attempt to notify.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) content_type: ContentType,
    /// The content as a listing shows it.
    pub(crate) content: Value,
    pub(crate) sent: i64,
    pub(crate) success: bool,
}

/// `GET /subscriptions/notifications`
pub(super) fn list(tenant: &Tenant, call: &Call, grant: &Grant, bend: &Bend) -> Answer {
    let (window, place) = match paging::read(tenant, call, grant) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let state = tenant.state();
    if let Err(refusal) = state.subscriptions.check_enabled(window.content_type) {
        return refusal;
    }
    let mut attempts: Vec<Attempt> = state
        .outbox
        .attempts()
        .filter(|attempt| attempt.content_type == window.content_type)
        .cloned()
        .chain(historic(tenant, &state, window.content_type, window.from, window.until))
        .filter(|attempt| (window.from..window.until).contains(&attempt.sent))
        .collect();
    attempts.sort_by_key(|attempt| attempt.sent);
    drop(state);
    let size = if place.empty > 0 { 0 } else { tenant.config.page_size };
    let end = place.cursor.made + size;
    let rest = Rest { cursor: Cursor { made: end, ..Cursor::default() }, more: attempts.len() > end };
    let items = attempts.into_iter().skip(place.cursor.made).take(size).map(Attempt::show).collect();
    paging::answer(tenant, call, bend, (&window, place), items, rest)
}

/// What a webhook that is said to have been there all along would have been sent: mostly at once, some at the second
/// attempt.
fn historic(
    tenant: &Tenant,
    state: &State,
    content_type: ContentType,
    from: i64,
    until: i64,
) -> Vec<Attempt> {
    let webhook = state.subscriptions.get(content_type).webhook.as_ref().filter(|webhook| webhook.historic);
    let Some(webhook) = webhook else { return vec![] };
    let until = until.min(webhook.queued);
    let listing = announced(tenant, state, content_type, from - 2 * MINUTE, until);
    let mut attempts = vec![];
    for item in listing.all(&tenant.feed).filter(|item| matches!(item, Item::Made(_))) {
        let content = item.show(tenant, state, content_type);
        let chance = hash_text(tenant.config.seed, &item.id(&tenant.feed));
        let sent = item.listed(&tenant.feed) + 20 * SECOND + (chance % 20_000).cast_signed();
        if chance.is_multiple_of(7) {
            attempts.push(Attempt {
                content_type,
                content: content.clone(),
                sent: sent - SECOND,
                success: false,
            });
        }
        attempts.push(Attempt { content_type, content, sent, success: true });
    }
    attempts
}

impl Attempt {
    fn show(self) -> Value {
        let mut shown = self.content;
        shown["notificationSent"] = clock::millis(self.sent).into();
        shown["notificationStatus"] = if self.success { "success" } else { "failed" }.into();
        shown
    }
}
