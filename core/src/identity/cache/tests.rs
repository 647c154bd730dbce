use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::*;
use crate::error::{Error, ErrorKind, Repeat};
use crate::identity::token::Life;

fn owner(principal: Principal) -> RefreshKey {
    RefreshKey { authority: "login.microsoftonline.com".into(), client_id: "app".into(), principal }
}

fn key(audience: &str) -> Key {
    scoped(Principal::App, audience, &[".default"])
}

fn scoped(principal: Principal, audience: &str, scopes: &[&str]) -> Key {
    Key {
        owner: owner(principal),
        tenant: "contoso.com".into(),
        audience: audience.into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    }
}

fn token(secret: &str, life: u64) -> Token {
    Token::lasting(secret.to_owned(), Some(Duration::from_secs(life)))
}

/// A token that is due for renewal and still valid.
fn aging(secret: &str) -> Token {
    let life = Life { length: Duration::from_secs(3_600), renew_after: Duration::from_secs(3_000) };
    let received = Timestamp::now() - SignedDuration::from_secs(3_100);
    Token::restored(secret.to_owned().into(), Some(life), received)
}

fn refused(status: u16) -> Error {
    Error::new(ErrorKind::Auth, "no").with_status(status)
}

struct Source {
    asked: AtomicU32,
    cache: TokenCache,
}

impl Source {
    fn new() -> Self {
        Source { asked: AtomicU32::new(0), cache: TokenCache::new() }
    }

    async fn get(&self, key: &Key, asker: u64, answer: Result<Token>) -> Result<Token> {
        let fetch = |_| async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer.map(Grant::from)
        };
        self.cache.get(key, asker, fetch).await
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn however_many_wait_one_asks() {
    let source = Source::new();
    let key = key("a");
    let calls = (0..10_000).map(|_| source.get(&key, 1, Ok(token("t", 3_600))));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn across_expiry_one_asks_again_and_nobody_waits() {
    let source = Source::new();
    let key = key("a");
    source.cache.slot(&key).set(aging("old"));
    let calls = join_all((0..10_000).map(|_| source.get(&key, 1, Ok(token("new", 3_600))))).await;
    assert_eq!(source.asked(), 1);
    let old = calls.iter().flatten().filter(|token| token.secret().expose_secret() == "old").count();
    assert_eq!((calls.iter().filter(|call| call.is_err()).count(), old), (0, 9_999));
}

#[tokio::test]
async fn keys_do_not_wait_for_each_other() {
    let source = Source::new();
    let started = std::time::Instant::now();
    let keys: Vec<Key> = (0..50).map(|n| key(&format!("https://{n}"))).collect();
    join_all(keys.iter().map(|key| source.get(key, 1, Ok(token("t", 3_600))))).await;
    assert_eq!(source.asked(), 50);
    assert!(started.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn a_failure_is_shared_and_a_plain_refusal_remembered() {
    let source = Source::new();
    let key = key("a");
    let calls = join_all((0..50).map(|_| source.get(&key, 1, Err(refused(400))))).await;
    assert!(calls.iter().all(Result::is_err));
    assert!(source.get(&key, 1, Ok(token("t", 3_600))).await.is_err());
    assert_eq!(source.asked(), 1);
    // Another client may have another secret.
    assert!(source.get(&key, 2, Ok(token("t", 3_600))).await.is_ok());
}

#[tokio::test]
async fn other_failures_are_shared_and_not_remembered() {
    let source = Source::new();
    let key = key("a");
    for status in [None, Some(401), Some(404)] {
        let error = Error::new(ErrorKind::Auth, "no");
        let error = status.into_iter().fold(error, Error::with_status);
        let before = source.asked();
        join_all((0..20).map(|_| source.get(&key, 1, Err(error.clone())))).await;
        assert!(source.get(&key, 1, Err(error)).await.is_err());
        assert_eq!(source.asked(), before + 2, "{status:?}");
    }
}

#[tokio::test]
async fn what_is_valid_serves_while_renewal_fails() {
    for error in [
        refused(400).with_sign_in(|told| told.error = Some("invalid_grant".into())),
        Error::new(ErrorKind::Network, "down").with_repeat(Repeat::Fault),
        Error::new(ErrorKind::Throttled, "slow").with_status(429),
    ] {
        let source = Source::new();
        let key = key("a");
        source.cache.slot(&key).set(aging("old"));
        for _ in 0..5 {
            let served = source.get(&key, 1, Err(error.clone())).await.unwrap();
            assert_eq!(served.secret().expose_secret(), "old");
        }
        assert_eq!(source.asked(), 1, "a failed renewal rests");
    }
}

#[tokio::test]
async fn a_token_given_up_is_asked_for_with_the_claims() {
    let source = Source::new();
    let key = key("a");
    let old = source.get(&key, 1, Ok(token("old", 3_600))).await.unwrap();
    source.cache.give_up(&key, &old, Some("{}"));
    let fetch = |claims: Option<String>| async move {
        assert_eq!(claims.as_deref(), Some("{}"));
        Ok(token("new", 3_600).into())
    };
    source.cache.get(&key, 1, fetch).await.unwrap();
    // The next one is told of nothing, and who was late with the old token takes nothing away.
    source.cache.give_up(&key, &old, Some("{}"));
    let served = source.get(&key, 1, Err(refused(400))).await.unwrap();
    assert_eq!(served.secret().expose_secret(), "new");
}

#[tokio::test]
async fn who_stops_waiting_spoils_nothing() {
    let source = Source::new();
    let key = key("a");
    let cut = source.get(&key, 1, Ok(token("t", 3_600)));
    assert!(tokio::time::timeout(Duration::from_millis(5), cut).await.is_err());
    assert!(source.get(&key, 1, Ok(token("t", 3_600))).await.is_ok());
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn scopes_that_were_granted_need_not_be_asked_for_again() {
    let source = Source::new();
    let user = || Principal::User("u".into());
    let mut grant: Grant = token("t", 3_600).into();
    grant.scopes = vec!["Mail.Read".into(), "User.Read".into()];
    source.cache.put(&scoped(user(), "a", &["a/.default"]), &grant).await;
    assert!(source.get(&scoped(user(), "a", &["mail.read"]), 1, Err(refused(400))).await.is_ok());
    assert!(source.get(&scoped(user(), "b", &["mail.read"]), 1, Err(refused(400))).await.is_err());
    assert!(source.get(&scoped(Principal::App, "a", &["mail.read"]), 1, Err(refused(400))).await.is_err());
}

#[tokio::test]
async fn a_token_that_was_refused_is_refused_under_every_name() {
    let source = Source::new();
    let user = || Principal::User("u".into());
    let mut grant: Grant = token("old", 3_600).into();
    grant.scopes = vec!["a/.default".into(), "a/mail.read".into()];
    let key = scoped(user(), "a", &["a/.default"]);
    source.cache.put(&key, &grant).await;
    source.cache.give_up(&key, &grant.token, Some("{}"));
    let served = source.get(&key, 1, Ok(token("new", 3_600))).await.unwrap();
    assert_eq!(served.secret().expose_secret(), "new");
}

#[tokio::test]
async fn one_client_does_not_fail_for_the_secret_of_another() {
    let source = Source::new();
    let key = key("a");
    let (wrong, right) =
        tokio::join!(source.get(&key, 1, Err(refused(401))), source.get(&key, 2, Ok(token("t", 3_600))));
    assert!(wrong.is_err() && right.is_ok());
}

#[tokio::test]
async fn refresh_tokens_rotate_and_only_a_bad_one_goes() {
    let cache = TokenCache::new();
    let user = owner(Principal::User("u".into()));
    let key = scoped(Principal::User("u".into()), "a", &["s"]);
    for secret in ["first", "second"] {
        let mut grant: Grant = token("t", 3_600).into();
        grant.refresh = Some(secret.to_owned().into());
        cache.put(&key, &grant).await;
    }
    let held = cache.refresh_token(&user).await.unwrap();
    assert_eq!(held.expose_secret(), "second");
    cache.end_refresh_token(&user, &"first".to_owned().into());
    assert!(cache.refresh_token(&user).await.is_some());
    let before = cache.export();
    cache.end_refresh_token(&user, &held);
    cache.import(before.expose_secret()).unwrap();
    assert!(cache.refresh_token(&user).await.is_none(), "no store brings it back");
}

#[tokio::test]
async fn what_was_exported_serves_elsewhere() {
    let cache = TokenCache::new();
    let mut grant: Grant = token("a \"token\"\\", 3_600).into();
    grant.refresh = Some("refresh".to_owned().into());
    cache.put(&scoped(Principal::User("u".into()), "a", &["s"]), &grant).await;
    cache.put(&scoped(Principal::Own(1), "a", &["s"]), &token("own", 3_600).into()).await;
    let bytes = cache.export();
    assert!(!String::from_utf8_lossy(bytes.expose_secret()).contains("own\""));

    let source = Source::new();
    source.cache.import(bytes.expose_secret()).unwrap();
    let key = scoped(Principal::User("u".into()), "a", &["s"]);
    let served = source.get(&key, 1, Err(refused(400))).await.unwrap();
    assert_eq!(served.secret().expose_secret(), "a \"token\"\\");
    assert_eq!(source.cache.users("login.microsoftonline.com", "app").await, ["u"]);
    for broken in [&b"{}"[..], b"", br#"{"version":2,"tokens":[],"refresh":[]}"#] {
        assert!(source.cache.import(broken).is_err());
    }
}

#[tokio::test]
async fn the_older_of_two_stays_out() {
    let source = Source::new();
    let key = key("a");
    source.cache.slot(&key).set(aging("old"));
    let old = source.cache.export();
    source.cache.slot(&key).set(token("new", 3_600));
    source.cache.import(old.expose_secret()).unwrap();
    let served = source.get(&key, 1, Err(refused(400))).await.unwrap();
    assert_eq!(served.secret().expose_secret(), "new");
    // Nor does one come back that was refused.
    source.cache.give_up(&key, &served, None);
    source.cache.import(old.expose_secret()).unwrap();
    assert!(source.get(&key, 1, Err(refused(400))).await.is_err());
}

#[tokio::test]
async fn the_least_used_goes_first() {
    let cache = TokenCache::new();
    for n in 0..MOST_TOKENS + 10 {
        cache.put(&key(&n.to_string()), &token("t", 3_600).into()).await;
        cache.slot(&key("0"));
    }
    let entries = cache.entries();
    assert_eq!(entries.slots.len(), MOST_TOKENS);
    assert!(entries.slots.contains_key(&key("0")) && !entries.slots.contains_key(&key("1")));
}

/// A store in memory, as a host would write one.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Option<Vec<u8>>>>);

impl TokenStore for Shelf {
    fn load(&self) -> BoxFuture<'_, Result<Option<Zeroizing<Vec<u8>>>, StoreError>> {
        async { Ok(self.0.lock().unwrap().clone().map(Zeroizing::new)) }.boxed()
    }

    fn save(&self, cache: SecretSlice<u8>) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            *self.0.lock().unwrap() = Some(cache.expose_secret().to_vec());
            Ok(())
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_store_hands_tokens_from_one_process_to_the_next() {
    let shelf = Shelf::default();
    let with_store = || Source { asked: AtomicU32::new(0), cache: TokenCache::with_store(shelf.clone()) };
    let (first, second) = (with_store(), with_store());
    let key = key("a");
    first.get(&key, 1, Ok(token("t", 3_600))).await.unwrap();
    second.get(&key, 1, Ok(token("other", 3_600))).await.unwrap();
    assert_eq!((first.asked(), second.asked()), (1, 0));
    // One that is renewed by another process is not renewed again.
    second.cache.slot(&key).set(aging("old"));
    let served = second.get(&key, 1, Err(refused(400))).await.unwrap();
    assert_eq!((served.secret().expose_secret(), second.asked()), ("t", 0));
}

#[tokio::test]
async fn a_store_hands_on_what_was_kept_and_what_was_forgotten() {
    let shelf = Shelf::default();
    let (first, second) = (TokenCache::with_store(shelf.clone()), TokenCache::with_store(shelf));
    let key = || AnswerKey {
        authority: "a".into(),
        client_id: "app".into(),
        account: "alex@contoso.example".into(),
    };
    first.keep_answer(key(), Some("answer".to_owned().into())).await;
    assert_eq!(second.answer(&key()).await.unwrap().expose_secret(), "answer");
    second.keep_answer(key(), None).await;
    assert!(first.answer(&key()).await.is_none());
    assert!(!format!("{first:?}{:?}", first.export()).contains("alex"));
}

#[test]
fn what_was_written_before_there_were_answers_can_be_read() {
    let cache = TokenCache::new();
    cache.slot(&key("a")).set(token("t", 3_600));
    let bytes = cache.export();
    let text = String::from_utf8(bytes.expose_secret().to_vec()).unwrap();
    assert!(text.starts_with("{\"version\":1,") && !text.contains("first_sign_ins"), "{text}");
    TokenCache::new().import(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_store_that_is_damaged_fails_no_call() {
    let shelf = Shelf(Arc::new(Mutex::new(Some(b"damage".to_vec()))));
    let source = Source { asked: AtomicU32::new(0), cache: TokenCache::with_store(shelf) };
    assert!(source.get(&key("a"), 1, Ok(token("t", 3_600))).await.is_ok());
}

#[test]
fn nothing_that_can_be_printed_shows_a_token() {
    let cache = TokenCache::new();
    cache.slot(&key("a")).set(token("s3cret", 3_600));
    assert!(!format!("{cache:?}{:?}", cache.export()).contains("s3cret"));
}

proptest! {
    #[test]
    fn any_bytes_can_be_imported_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = TokenCache::new().import(&bytes);
    }
}
