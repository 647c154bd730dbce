//! A cache as bytes: JSON with a version, of which nobody outside need know anything.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{AnswerKey, Entries, Key, Principal, Refresh, RefreshKey};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::token::{Life, Token};

const VERSION: u32 = 1;

/// What a store held.
pub(super) struct Content {
    pub(super) tokens: Vec<(Key, Token)>,
    pub(super) refresh: Vec<(RefreshKey, Refresh)>,
    pub(super) answers: Vec<(AnswerKey, Option<SecretString>, Timestamp)>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    tokens: Vec<StoredToken>,
    refresh: Vec<StoredRefresh>,
    /// Came later: what knows nothing of it passes over it, and what was written before has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    first_sign_ins: Vec<StoredAnswer>,
}

/// The answer of a first sign-in.
#[derive(Serialize, Deserialize)]
struct StoredAnswer {
    authority: String,
    client_id: String,
    account: String,
    /// None for one that was forgotten.
    #[serde(default, serialize_with = "exposed_if_any")]
    answer: Option<SecretString>,
    received: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredToken {
    owner: StoredOwner,
    tenant: String,
    audience: String,
    scopes: Vec<String>,
    #[serde(serialize_with = "exposed")]
    secret: SecretString,
    received: Timestamp,
    /// Seconds; none for a token of unknown life.
    life: Option<f64>,
    renew_after: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct StoredRefresh {
    owner: StoredOwner,
    /// None for one that the service has called bad.
    #[serde(default, serialize_with = "exposed_if_any")]
    secret: Option<SecretString>,
    received: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredOwner {
    authority: String,
    client_id: String,
    principal: StoredPrincipal,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPrincipal {
    App,
    User(String),
    OnBehalfOf(String),
    Managed(String),
}

pub(super) fn write(entries: &Entries) -> Vec<u8> {
    let tokens: BTreeMap<&Key, Token> =
        entries.slots.iter().filter_map(|(key, slot)| Some((key, slot.stored()?))).collect();
    let stored = Stored {
        version: VERSION,
        tokens: tokens.iter().filter_map(|(key, token)| stored_token(key, token)).collect(),
        refresh: entries
            .refresh
            .iter()
            .filter_map(|(key, refresh)| {
                Some(StoredRefresh {
                    owner: stored_owner(key)?,
                    secret: refresh.token.clone(),
                    received: refresh.received,
                })
            })
            .collect(),
        first_sign_ins: entries.answers.iter().map(stored_answer).collect(),
    };
    // Nothing in it can fail to be written.
    serde_json::to_vec(&stored).unwrap_or_default()
}

fn stored_token(key: &Key, token: &Token) -> Option<StoredToken> {
    let life = token.life();
    Some(StoredToken {
        owner: stored_owner(&key.owner)?,
        tenant: key.tenant.clone(),
        audience: key.audience.clone(),
        scopes: key.scopes.iter().cloned().collect(),
        secret: token.secret().clone(),
        received: token.received(),
        life: life.map(|life| life.length.as_secs_f64()),
        renew_after: life.map(|life| life.renew_after.as_secs_f64()),
    })
}

fn stored_answer((key, answer, received): (&AnswerKey, Option<&SecretString>, Timestamp)) -> StoredAnswer {
    StoredAnswer {
        authority: key.authority.clone(),
        client_id: key.client_id.clone(),
        account: key.account.clone(),
        answer: answer.cloned(),
        received,
    }
}

fn stored_owner(key: &RefreshKey) -> Option<StoredOwner> {
    let principal = match &key.principal {
        Principal::App => StoredPrincipal::App,
        Principal::User(user) => StoredPrincipal::User(user.clone()),
        Principal::OnBehalfOf(hash) => StoredPrincipal::OnBehalfOf(hash.clone()),
        Principal::Managed(id) => StoredPrincipal::Managed(id.clone()),
        Principal::Own(_) => return None,
    };
    Some(StoredOwner { authority: key.authority.clone(), client_id: key.client_id.clone(), principal })
}

pub(super) fn read(bytes: &[u8]) -> Result<Content> {
    // Neither the bytes nor the parser's words are quoted: there are tokens in them.
    let unreadable =
        |why: &str| Error::new(ErrorKind::Decode, format!("the stored tokens cannot be read: {why}"));
    let stored: Stored =
        serde_json::from_slice(bytes).map_err(|_| unreadable("they are not what `export` gives"))?;
    if stored.version != VERSION {
        return Err(unreadable(&format!("they are of version {}, and this is {VERSION}", stored.version)));
    }
    Ok(Content {
        tokens: stored.tokens.into_iter().map(token).collect(),
        refresh: stored
            .refresh
            .into_iter()
            .map(|stored| {
                let refresh = Refresh { token: stored.secret, received: not_later(stored.received) };
                (owner(stored.owner), refresh)
            })
            .collect(),
        answers: stored
            .first_sign_ins
            .into_iter()
            .map(|StoredAnswer { authority, client_id, account, answer, received }| {
                (AnswerKey { authority, client_id, account }, answer, not_later(received))
            })
            .collect(),
    })
}

fn token(stored: StoredToken) -> (Key, Token) {
    let key = Key {
        owner: owner(stored.owner),
        tenant: stored.tenant,
        audience: stored.audience,
        scopes: stored.scopes.into_iter().collect(),
    };
    let length = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let life = stored
        .life
        .map(|life| Life { length: length(life), renew_after: length(stored.renew_after.unwrap_or(life)) });
    (key, Token::restored(stored.secret, life, not_later(stored.received)))
}

fn owner(stored: StoredOwner) -> RefreshKey {
    let principal = match stored.principal {
        StoredPrincipal::App => Principal::App,
        StoredPrincipal::User(user) => Principal::User(user),
        StoredPrincipal::OnBehalfOf(hash) => Principal::OnBehalfOf(hash),
        StoredPrincipal::Managed(id) => Principal::Managed(id),
    };
    RefreshKey { authority: stored.authority, client_id: stored.client_id, principal }
}

/// The one place where tokens are meant to be written: who keeps the bytes closes them.
fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn exposed_if_any<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

/// An entry from the future would never be replaced.
fn not_later(received: Timestamp) -> Timestamp {
    received.min(Timestamp::now())
}
