//! The tokens in hand: one per key, renewed ahead of time, by one call at a time.

mod answers;
mod content;
mod crossing;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod slot;
mod store;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use secrecy::{SecretSlice, SecretString};
use tokio::sync::OnceCell;

pub use file::CacheKey;
pub use store::{StoreError, StoreGuard, TokenStore};

use super::token::{Grant, Token};
use crate::dispatch::HostFunctions;
use crate::error::Result;
pub(super) use answers::AnswerKey;
use answers::Answers;
use slot::{Claim, Slot};

/// How many tokens are kept at most; beyond that the one that has not been used for longest goes.
const MOST_TOKENS: usize = 1_000;

/// Tokens, and the refresh tokens that renew them. Cheap to clone; clones are the same cache.
///
/// A client has one of its own unless it is given one. Clients that share one share what they have in common:
/// entries are told apart by authority, tenant, application, user, audience and scopes. Without a store it lives
/// and dies with the process.
///
/// A token is renewed some minutes before its end, at a moment that differs from process to process, by one
/// request however many wait. While that fails, the token in hand serves as long as it is valid.
#[derive(Clone, Default)]
pub struct TokenCache(Arc<Inner>);

#[derive(Default)]
struct Inner {
    entries: Mutex<Entries>,
    store: Option<Box<dyn TokenStore>>,
    loaded: OnceCell<()>,
}

#[derive(Default)]
struct Entries {
    slots: HashMap<Key, Arc<Slot>>,
    refresh: HashMap<RefreshKey, Refresh>,
    answers: Answers,
    /// Counts look-ups, so that the longest unused is known.
    uses: u64,
}

/// What an access token is kept under. All of them are bearer tokens, so their type is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) owner: RefreshKey,
    pub(super) tenant: String,
    pub(super) audience: String,
    /// In lower case and sorted: neither case nor order of scopes means anything.
    pub(super) scopes: BTreeSet<String>,
}

/// What a refresh token is kept under: it serves any API and any tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RefreshKey {
    /// The authority; its aliases are the same.
    pub(super) authority: String,
    pub(super) client_id: String,
    pub(super) principal: Principal,
}

/// Whom a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Principal {
    /// The application itself.
    App,
    /// A user, by the id of the account.
    User(String),
    /// A user on whose behalf the application acts, by the hash of the token that they came with.
    OnBehalfOf(String),
    /// A managed identity: which kind of id, and the id.
    Managed(String),
    /// Whoever a source of the caller's speaks for; known to one client only, and never stored.
    Own(u64),
}

/// A refresh token; none once the service has called it bad, so that no store brings it back.
#[derive(Clone)]
struct Refresh {
    token: Option<SecretString>,
    received: Timestamp,
}

impl TokenCache {
    /// A cache that lives in memory.
    pub fn new() -> Self {
        TokenCache::default()
    }

    /// A cache that is kept in a store of the caller's: read when the first token is needed, written after each
    /// change.
    pub fn with_store(store: impl TokenStore) -> Self {
        TokenCache(Arc::new(Inner { store: Some(Box::new(store)), ..Inner::default() }))
    }

    /// A cache in an encrypted file that only its owner can read, shared with other processes.
    ///
    /// The file is sealed with AES-256-GCM under a key of the caller's, or one made from a passphrase.
    pub fn in_file(path: impl AsRef<Path>, key: CacheKey) -> Self {
        TokenCache::with_store(file::EncryptedFile::new(path.as_ref().to_owned(), key))
    }

    /// A cache in the platform's keyring, under this name: Keychain, Credential Manager or Secret Service.
    #[cfg(feature = "keyring")]
    pub fn in_keyring(name: impl Into<String>) -> Self {
        TokenCache::with_store(keyring::Keyring::new(name.into()))
    }

    /// A cache from its JSON form: `{}`, `{"path", "key" or "passphrase"}`, `{"keyring"}`, or `{}` with functions of
    /// the caller's that load and save it. The key is in base64.
    pub fn from_json(json: &[u8], functions: Option<HostFunctions>) -> Result<Self> {
        crossing::read(json, functions)
    }

    /// All that is worth keeping, as bytes for [`import`](Self::import). They hold tokens in the clear: keep them
    /// as you would a password.
    pub fn export(&self) -> SecretSlice<u8> {
        content::write(&self.entries()).into()
    }

    /// Takes in what [`export`](Self::export) gave. Where both have an entry, the newer one stays.
    pub fn import(&self, bytes: &[u8]) -> Result<()> {
        let content = content::read(bytes)?;
        self.entries().merge(content);
        Ok(())
    }

    /// The token in hand if it will do; else what `fetch` gives, asked once however many wait.
    ///
    /// `fetch` is given the claims that a service has demanded. `asker` tells whose failures are remembered: two
    /// clients may share a token and differ in the secret that gets it.
    pub(super) async fn get<F>(
        &self,
        key: &Key,
        asker: u64,
        fetch: impl FnOnce(Option<String>) -> F,
    ) -> Result<Token>
    where
        F: Future<Output = Result<Grant>>,
    {
        self.load().await;
        let slot = self.slot(key);
        if let Some(token) = self.entries().wider(key, &slot) {
            return Ok(token);
        }
        let flight = match slot.claim(asker).await {
            Claim::Served(outcome) => return outcome,
            Claim::Flight(flight) => flight,
        };
        // Another process may have renewed it meanwhile.
        if self.0.store.is_some() && !flight.has_demands() {
            self.reload().await;
            if let Some(token) = slot.fresh() {
                return Ok(flight.land_with(token));
            }
        }
        match fetch(flight.demands()).await {
            Ok(grant) => {
                let token = flight.land_with(grant.token.clone());
                self.keep(key, &grant, &token);
                self.save().await;
                Ok(token)
            }
            Err(error) => flight.land_without(asker, error),
        }
    }

    /// Puts in what a sign-in gave before anybody knew who would sign in.
    pub(super) async fn put(&self, key: &Key, grant: &Grant) {
        self.slot(key).set(grant.token.clone());
        self.keep(key, grant, &grant.token);
        self.save().await;
    }

    /// Files what came along with a token.
    fn keep(&self, key: &Key, grant: &Grant, token: &Token) {
        let mut entries = self.entries();
        if let Some(refresh) = &grant.refresh {
            let refresh = Refresh { token: Some(refresh.clone()), received: token.received() };
            entries.refresh.insert(key.owner.clone(), refresh);
        }
        let granted: BTreeSet<String> = grant.scopes.iter().map(|scope| scope.to_ascii_lowercase()).collect();
        // Whoever asks for what was granted need not ask again, although it was asked for by another name.
        if matches!(key.owner.principal, Principal::User(_)) && !granted.is_empty() && granted != key.scopes {
            let key = Key { scopes: granted, ..key.clone() };
            entries.slot(&key).set(token.clone());
        }
        entries.make_room();
    }

    /// Gives up a token that a service refused, unless another has already taken its place, and notes the claims
    /// that the next one needs.
    pub(super) fn give_up(&self, key: &Key, refused: &Token, claims: Option<&str>) {
        let entries = self.entries();
        for (other, slot) in &entries.slots {
            // It may stand under the scopes that were granted, too.
            if other == key {
                slot.give_up(refused, claims);
            } else if other.owner == key.owner && other.audience == key.audience {
                slot.give_up(refused, None);
            }
        }
    }

    pub(super) async fn refresh_token(&self, key: &RefreshKey) -> Option<SecretString> {
        self.load().await;
        self.entries().refresh.get(key).and_then(|refresh| refresh.token.clone())
    }

    /// Forgets a refresh token that the service has called bad, if it is still the one in hand.
    pub(super) fn end_refresh_token(&self, key: &RefreshKey, bad: &SecretString) {
        use secrecy::ExposeSecret;
        let mut entries = self.entries();
        if let Some(refresh) = entries.refresh.get_mut(key)
            && refresh.token.as_ref().is_some_and(|own| own.expose_secret() == bad.expose_secret())
        {
            *refresh = Refresh { token: None, received: Timestamp::now() };
        }
    }

    /// The users whose refresh tokens are here for an application.
    pub(super) async fn users(&self, authority: &str, client_id: &str) -> Vec<String> {
        self.load().await;
        let entries = self.entries();
        let own = entries.refresh.iter().filter(|(key, refresh)| {
            refresh.token.is_some() && key.authority == authority && key.client_id == client_id
        });
        own.filter_map(|(key, _)| match &key.principal {
            Principal::User(user) => Some(user.clone()),
            _ => None,
        })
        .collect()
    }

    /// The answer of a first sign-in that is kept; another process may have forgotten it meanwhile.
    pub(super) async fn answer(&self, key: &AnswerKey) -> Option<SecretString> {
        self.reload().await;
        self.entries().answers.get(key)
    }

    /// Keeps the answer of a first sign-in; none forgets it.
    pub(super) async fn keep_answer(&self, key: AnswerKey, answer: Option<SecretString>) {
        self.load().await;
        self.entries().answers.set(key, answer);
        self.save().await;
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, key: &Key) -> Arc<Slot> {
        self.entries().slot(key)
    }

    async fn load(&self) {
        if self.0.store.is_some() {
            self.0.loaded.get_or_init(|| self.reload()).await;
        }
    }

    /// A store that fails is no reason to fail a call that can have its token from the service.
    async fn reload(&self) {
        let Some(store) = &self.0.store else { return };
        let outcome = store.load().await;
        if let Err(error) = outcome.and_then(|bytes| match bytes {
            Some(bytes) => self.import(&bytes).map_err(Into::into),
            None => Ok(()),
        }) {
            tracing::warn!(target: "m365kit::identity", %error, "the token store cannot be read");
        }
    }

    async fn save(&self) {
        let Some(store) = &self.0.store else { return };
        let outcome = async {
            // What another process wrote meanwhile is not written over.
            let guard = store.lock().await?;
            if let Some(bytes) = store.load().await? {
                self.import(&bytes)?;
            }
            store.save(self.export()).await?;
            drop(guard);
            Ok::<(), StoreError>(())
        };
        if let Err(error) = outcome.await {
            tracing::warn!(target: "m365kit::identity", %error, "the token store cannot be written");
        }
    }
}

impl Entries {
    fn slot(&mut self, key: &Key) -> Arc<Slot> {
        self.uses += 1;
        let slot = match self.slots.get(key) {
            Some(slot) => Arc::clone(slot),
            None => Arc::clone(self.slots.entry(key.clone()).or_default()),
        };
        slot.used_at(self.uses);
        slot
    }

    /// A token of the same user for the same API with all the scopes and more, where there is none with just these.
    fn wider(&self, key: &Key, own: &Slot) -> Option<Token> {
        let is_user = matches!(key.owner.principal, Principal::User(_));
        (is_user && own.fresh().is_none() && !own.has_demands()).then_some(())?;
        let fits = |other: &Key| {
            other.owner == key.owner
                && other.tenant == key.tenant
                && other.audience == key.audience
                && other.scopes.is_superset(&key.scopes)
        };
        self.slots.iter().filter(|(other, _)| fits(other)).find_map(|(_, slot)| slot.fresh())
    }

    /// Throws out what has ended, and then what has not been used for longest.
    fn make_room(&mut self) {
        self.slots.retain(|_, slot| slot.is_worth_keeping() || Arc::strong_count(slot) > 1);
        while self.slots.len() > MOST_TOKENS {
            let oldest =
                self.slots.iter().min_by_key(|(_, slot)| slot.last_use()).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.slots.remove(&oldest);
        }
    }

    fn merge(&mut self, content: content::Content) {
        for (key, token) in content.tokens {
            self.slot(&key).set_if_newer(token);
        }
        for (key, refresh) in content.refresh {
            match self.refresh.get(&key) {
                Some(own) if own.received >= refresh.received => {}
                _ => _ = self.refresh.insert(key, refresh),
            }
        }
        for (key, answer, received) in content.answers {
            self.answers.keep(key, answer, received);
        }
        self.make_room();
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.entries().slots.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
