//! What a watch knows: how each issue and message was when it was last told of.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::model::{HealthPost, ServiceIssue, ServiceMessage};
use super::super::names::{HealthClassification, HealthStatus};
use super::poll::OVERLAP;
use super::{HealthChange, HealthChangeKind};
use crate::error::{Error, Result};

const VERSION: u32 = 1;
/// How long what is over is remembered after its last change.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(rename = "v")]
    version: u32,
    /// When the watch began, for the first time.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(super) begun: Option<Timestamp>,
    /// Whether issues that were open at the beginning are still to be told of.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) opening: bool,
    /// Up to when issues and messages are known.
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub(super) issues_until: Option<Timestamp>,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub(super) messages_until: Option<Timestamp>,
    #[serde(rename = "I", default, skip_serializing_if = "BTreeMap::is_empty")]
    issues: BTreeMap<String, KnownIssue>,
    /// When the present look began.
    #[serde(skip)]
    pub(super) now: Option<Timestamp>,
    #[serde(rename = "M", default, skip_serializing_if = "BTreeMap::is_empty")]
    messages: BTreeMap<String, Known>,
}

/// How something was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    #[serde(rename = "h")]
    content: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KnownIssue {
    #[serde(flatten)]
    known: Known,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    status: Option<HealthStatus>,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    classification: Option<HealthClassification>,
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    newest_post: Option<Timestamp>,
}

impl State {
    /// The state that a token holds.
    pub(super) fn from_token(token: &str) -> Result<Self> {
        let wrong = || Error::invalid("token: it was not given out by this operation, or is not whole");
        let json = URL_SAFE_NO_PAD.decode(token.trim()).map_err(|_| wrong())?;
        let state: State = serde_json::from_slice(&json).map_err(|_| wrong())?;
        if state.version != VERSION {
            return Err(Error::invalid(format!(
                "token: it is of version {}, and this is {VERSION}",
                state.version
            )));
        }
        Ok(state)
    }

    /// The token that holds it.
    pub(super) fn token(&self) -> String {
        let state = State { version: VERSION, ..self.clone() };
        // Nothing in it can fail to be written.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&state).unwrap_or_default())
    }

    /// Begins the watch: what was there before is no news, but for the issues that are open.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.opening = true;
        (self.begun, self.issues_until, self.messages_until) = (Some(now), Some(now), Some(now));
    }

    /// Remembers that everything up to these moments was told: of issues, and of messages.
    pub(super) fn known_until(&mut self, [issues, messages]: [Option<Timestamp>; 2]) {
        self.opening = false;
        self.issues_until = self.issues_until.max(issues);
        self.messages_until = self.messages_until.max(messages);
    }

    /// Notes how an issue is; gives what is new about it, if anything is.
    pub(super) fn note_issue(&mut self, issue: &ServiceIssue) -> Option<HealthChange> {
        let now = KnownIssue::of(issue);
        let before = self.issues.insert(issue.id.clone(), now.clone());
        let change = |kind| HealthChange {
            kind,
            id: issue.id.clone(),
            issue: Some(issue.clone()),
            message: None,
            new_posts: new_posts(&issue.posts, before.as_ref().and_then(|before| before.newest_post)),
            status_from: before
                .as_ref()
                .and_then(|before| before.status.clone())
                .filter(|of| Some(of) != now.status.as_ref()),
            classification_from: before
                .as_ref()
                .and_then(|before| before.classification.clone())
                .filter(|of| Some(of) != now.classification.as_ref()),
            content_changed: before.as_ref().is_none_or(|before| !before.says_the_same_as(&now)),
            token: String::new(),
        };
        Some(match &before {
            Some(before) if *before == now => return None,
            // What was over before the watch began and is changed now; whatever is open was told at the beginning.
            None if now.over && !self.is_new(first_told(issue)) => HealthChange {
                new_posts: new_posts(
                    &issue.posts,
                    self.issues_until.and_then(|at| at.saturating_sub(OVERLAP).ok()),
                ),
                ..change(HealthChangeKind::IssueUpdated)
            },
            None if now.over => change(HealthChangeKind::IssueResolved),
            None => change(HealthChangeKind::IssueOpened),
            Some(before) if before.over && !now.over => change(HealthChangeKind::IssueOpened),
            Some(before) if !before.over && now.over => change(HealthChangeKind::IssueResolved),
            Some(before) if before.classification != now.classification => {
                change(HealthChangeKind::IssueReclassified)
            }
            Some(_) => change(HealthChangeKind::IssueUpdated),
        })
    }

    /// Notes how a message is; gives what is new about it, if anything is.
    pub(super) fn note_message(&mut self, message: &ServiceMessage) -> Option<HealthChange> {
        let now = Known::of_message(message);
        let before = self.messages.insert(message.id.clone(), now.clone());
        if before.as_ref() == Some(&now) {
            return None;
        }
        let is_added =
            before.is_none() && self.is_new(message.start_date_time.or(message.last_modified_date_time));
        let kind = if is_added { HealthChangeKind::MessageAdded } else { HealthChangeKind::MessageUpdated };
        Some(HealthChange {
            kind,
            id: message.id.clone(),
            issue: None,
            message: Some(message.clone()),
            new_posts: Vec::new(),
            status_from: None,
            classification_from: None,
            content_changed: before.is_none_or(|before| before.content != now.content),
            token: String::new(),
        })
    }

    /// Forgets what is over and was last changed long ago.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let Ok(oldest) = now.saturating_sub(REMEMBERED) else { return };
        self.issues.retain(|_, issue| !issue.over || issue.known.modified.is_none_or(|at| at >= oldest));
        self.messages.retain(|_, message| message.modified.is_none_or(|at| at >= oldest));
    }

    /// Whether what is not known was first told of while it was watched. The first look knew all that was told shortly
    /// before it, so that clocks need not agree; and what is older than the memory is not new because it is forgotten.
    fn is_new(&self, told: Option<Timestamp>) -> bool {
        match (told, self.begun) {
            (Some(told), Some(begun)) => {
                let told = told.saturating_add(OVERLAP).unwrap_or(Timestamp::MAX);
                told >= begun && self.now.is_none_or(|now| now.duration_since(told) <= REMEMBERED)
            }
            _ => true,
        }
    }
}

/// When an issue was first told of: it may have begun long before.
fn first_told(issue: &ServiceIssue) -> Option<Timestamp> {
    issue.posts.iter().filter_map(|post| post.created_date_time).min().or(issue.start_date_time)
}

fn new_posts(posts: &[HealthPost], newest: Option<Timestamp>) -> Vec<HealthPost> {
    let is_new = |post: &&HealthPost| newest.is_none() || post.created_date_time > newest;
    posts.iter().filter(is_new).cloned().collect()
}

impl KnownIssue {
    fn of(issue: &ServiceIssue) -> Self {
        let texts = issue.posts.iter().filter_map(|post| post.description.as_ref()?.content.as_deref());
        let own = [issue.title.as_deref(), issue.impact_description.as_deref()];
        KnownIssue {
            known: Known {
                modified: issue.last_modified_date_time,
                content: digest(own.into_iter().flatten().chain(texts)),
            },
            status: issue.status.clone(),
            classification: issue.classification.clone(),
            over: issue.is_over(),
            newest_post: issue.posts.iter().filter_map(|post| post.created_date_time).max(),
        }
    }

    fn says_the_same_as(&self, other: &KnownIssue) -> bool {
        KnownIssue {
            known: Known { modified: None, ..self.known.clone() },
            newest_post: None,
            ..self.clone()
        } == KnownIssue {
            known: Known { modified: None, ..other.known.clone() },
            newest_post: None,
            ..other.clone()
        }
    }
}

impl Known {
    fn of_message(message: &ServiceMessage) -> Self {
        let body = message.body.as_ref().and_then(|body| body.content.as_deref());
        Known {
            modified: message.last_modified_date_time,
            content: digest(message.title.as_deref().into_iter().chain(body)),
        }
    }
}

/// The same for the same texts in any version and on any machine, for tokens outlive both.
fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..9])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn issue(edit: &Value) -> ServiceIssue {
        let mut whole = json!({
            "id": "EX1", "title": "Delays", "isResolved": false, "status": "investigating", "classification": "advisory",
            "lastModifiedDateTime": "2026-11-20T10:00:00Z",
            "posts": [{"createdDateTime": "2026-11-20T10:00:00Z", "description": {"content": "first"}}],
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn begun() -> State {
        State { begun: Some("2026-11-20T00:00:00Z".parse().unwrap()), ..State::default() }
    }

    #[test]
    fn an_issue_is_told_of_from_its_beginning_to_its_end_and_each_time_once() {
        let mut state = begun();
        let opened = state.note_issue(&issue(&json!({}))).unwrap();
        assert_eq!((opened.kind, opened.new_posts.len()), (HealthChangeKind::IssueOpened, 1));
        assert!(state.note_issue(&issue(&json!({}))).is_none());

        let typo =
            state.note_issue(&issue(&json!({"lastModifiedDateTime": "2026-11-20T10:05:00Z"}))).unwrap();
        // The other languages count on a list, also where nothing is in it.
        assert_eq!(serde_json::to_value(&typo).unwrap()["newPosts"], json!([]));
        assert_eq!((typo.kind, typo.content_changed), (HealthChangeKind::IssueUpdated, false));

        let posts = json!([{"createdDateTime": "2026-11-20T10:00:00Z", "description": {"content": "first"}},
                           {"createdDateTime": "2026-11-20T11:00:00Z", "description": {"content": "second"}}]);
        let later = json!({"posts": posts, "classification": "incident", "status": "serviceDegradation",
                           "lastModifiedDateTime": "2026-11-20T11:00:00Z"});
        let changed = state.note_issue(&issue(&later)).unwrap();
        assert_eq!(changed.kind, HealthChangeKind::IssueReclassified);
        assert_eq!(changed.status_from, Some(HealthStatus::Investigating));
        assert_eq!(changed.classification_from, Some(HealthClassification::Advisory));
        assert_eq!(changed.new_posts.len(), 1);

        let mut over = later.clone();
        over["isResolved"] = json!(true);
        over["lastModifiedDateTime"] = json!("2026-11-20T12:00:00Z");
        assert_eq!(state.note_issue(&issue(&over)).unwrap().kind, HealthChangeKind::IssueResolved);
        let again = json!({"lastModifiedDateTime": "2026-11-20T13:00:00Z"});
        assert_eq!(state.note_issue(&issue(&again)).unwrap().kind, HealthChangeKind::IssueOpened);
    }

    #[test]
    fn what_was_over_long_before_is_no_news_but_its_report_is_an_update() {
        let mut state = begun();
        let old = json!({"isResolved": true, "status": "postIncidentReviewPublished",
                         "posts": [{"createdDateTime": "2026-11-01T10:00:00Z"}]});
        assert_eq!(state.note_issue(&issue(&old)).unwrap().kind, HealthChangeKind::IssueUpdated);
        let late = json!({"id": "EX3", "isResolved": true, "lastModifiedDateTime": "2027-02-01T00:00:00Z"});
        state.now = Some("2027-02-01T00:00:00Z".parse().unwrap());
        assert_eq!(state.note_issue(&issue(&late)).unwrap().kind, HealthChangeKind::IssueUpdated);
        state.now = None;
        let quick = json!({"id": "EX2", "isResolved": true});
        assert_eq!(state.note_issue(&issue(&quick)).unwrap().kind, HealthChangeKind::IssueResolved);
    }

    #[test]
    fn a_token_holds_everything() {
        let mut state = begun();
        state.note_issue(&issue(&json!({})));
        state.issues_until = state.begun;
        let again = State::from_token(&state.token()).unwrap();
        assert_eq!(again, State { version: VERSION, ..state });
        for odd in ["", "x", "e30", "eyJ2Ijo5fQ"] {
            assert!(State::from_token(odd).unwrap_err().message().starts_with("token"), "{odd}");
        }
    }

    #[test]
    fn what_is_over_is_forgotten_after_a_month() {
        let mut state = begun();
        state.note_issue(&issue(&json!({"isResolved": true})));
        state.note_issue(&issue(&json!({"id": "EX2"})));
        state.forget("2026-12-19T00:00:00Z".parse().unwrap());
        assert_eq!(state.issues.len(), 2);
        state.forget("2026-12-21T00:00:00Z".parse().unwrap());
        assert_eq!(state.issues.keys().collect::<Vec<_>>(), ["EX2"]);
    }
}
