//! A token, how long it lasts, and the answer of an endpoint that it is read from.

use std::fmt;
use std::time::{Duration, Instant};

use jiff::fmt::{rfc2822, strtime};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, service_time};

/// The life of a token whose answer does not tell: short, so that a guess does no harm.
const ASSUMED_LIFE: Duration = Duration::from_secs(600);
/// How long before its end a token is renewed at the latest, if its life allows.
const MARGIN: Duration = Duration::from_secs(300);
/// The clocks have parted by more than this: the machine slept, or somebody set one of them.
const JUMP: Duration = Duration::from_secs(300);

/// An access token, and how much of its life has passed.
#[derive(Clone)]
pub(crate) struct Token {
    secret: SecretString,
    /// None for a token of unknown life: it is used until it is refused.
    life: Option<Life>,
    received: Received,
}

/// Counted from when the token was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) length: Duration,
    pub(super) renew_after: Duration,
}

/// When a token came. It ages by the monotonic clock; the wall clock tells when that one stood still.
#[derive(Debug, Clone, Copy)]
struct Received {
    steady: Instant,
    wall: Timestamp,
    /// How old it was already when this process received it.
    age: Duration,
}

impl Token {
    /// A token that ends at this time, by this machine's clock.
    pub(crate) fn new(secret: impl Into<SecretString>, expires: Option<Timestamp>) -> Self {
        let length = expires.map(|end| positive(end.duration_since(Timestamp::now())));
        Token::lasting(secret, length)
    }

    pub(super) fn lasting(secret: impl Into<SecretString>, length: Option<Duration>) -> Self {
        let received = Received { steady: Instant::now(), wall: Timestamp::now(), age: Duration::ZERO };
        Token { secret: secret.into(), life: length.map(Life::new), received }
    }

    /// A token that was received earlier, perhaps by another process.
    pub(super) fn restored(secret: SecretString, life: Option<Life>, received: Timestamp) -> Self {
        let mut token = Token { secret, life, ..Token::lasting(String::new(), None) };
        token.received.age = positive(token.received.wall.duration_since(received));
        token
    }

    /// Has it renewed when this much of its life has passed, if that is earlier than it would be anyway.
    pub(super) fn renew_after(mut self, age: Duration) -> Self {
        if let Some(life) = &mut self.life {
            // Spread, so that a fleet that started together does not renew together.
            life.renew_after = life.renew_after.min(age.mul_f64(1.0 - 0.1 * fastrand::f64()));
        }
        self
    }

    /// Has it renewed at half its life if that is long, as managed identities are.
    pub(super) fn renew_at_half_life(self) -> Self {
        match self.life {
            Some(life) if life.length >= Duration::from_secs(2 * 3600) => self.renew_after(life.length / 2),
            _ => self,
        }
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub(super) fn life(&self) -> Option<Life> {
        self.life
    }

    /// When it was received, by the wall clock.
    pub(super) fn received(&self) -> Timestamp {
        let age = SignedDuration::try_from(self.received.age).unwrap_or(SignedDuration::MAX);
        self.received.wall.saturating_sub(age).unwrap_or(Timestamp::MIN)
    }

    /// Whether so much of its life is left that nobody need think of renewing it.
    pub(super) fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| self.age().is_some_and(|age| age < life.renew_after))
    }

    /// Whether the service still takes it, as far as one can tell.
    pub(super) fn is_usable(&self) -> bool {
        self.life.is_none_or(|life| self.age().is_some_and(|age| age < life.length))
    }

    pub(super) fn is_same(&self, other: &Token) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }

    /// None if the clocks have parted: nobody can tell how old it is.
    fn age(&self) -> Option<Duration> {
        let steady = self.received.steady.elapsed();
        let wall = Timestamp::now().duration_since(self.received.wall);
        let apart = wall.saturating_sub(SignedDuration::try_from(steady).unwrap_or(SignedDuration::MAX));
        (apart.unsigned_abs() <= JUMP).then(|| self.received.age.saturating_add(steady))
    }
}

impl Life {
    fn new(length: Duration) -> Self {
        let margin = MARGIN.min(length / 5).mul_f64(1.0 + 0.25 * fastrand::f64());
        Life { length, renew_after: length.saturating_sub(margin) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expires = self.life.map(|life| {
            let length = SignedDuration::try_from(life.length).unwrap_or(SignedDuration::MAX);
            self.received().saturating_add(length).unwrap_or(Timestamp::MAX)
        });
        f.debug_struct("Token").field("expires", &expires).finish_non_exhaustive()
    }
}

/// What a token endpoint gave.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(super) token: Token,
    /// Replaces the one that was used.
    pub(super) refresh: Option<SecretString>,
    pub(super) id_token: Option<SecretString>,
    /// Base64url JSON of the account, if it was asked for.
    pub(super) client_info: Option<String>,
    /// The scopes that were granted, if the endpoint tells.
    pub(super) scopes: Vec<String>,
    /// The application that the token was given to, if the endpoint tells.
    pub(super) client_id: Option<String>,
}

#[cfg(any(test, feature = "fuzzing"))]
impl Grant {
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }
}

impl From<Token> for Grant {
    fn from(token: Token) -> Self {
        Grant { token, refresh: None, id_token: None, client_info: None, scopes: Vec::new(), client_id: None }
    }
}

/// The answer of a token endpoint, whichever version or host it is of.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<SecretString>,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Number>,
    #[serde(default)]
    expires_on: Option<Number>,
    #[serde(default)]
    refresh_in: Option<Number>,
    #[serde(default)]
    refresh_token: Option<SecretString>,
    #[serde(default)]
    id_token: Option<SecretString>,
    #[serde(default)]
    client_info: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

/// Reads the answer of a token endpoint or of a managed identity's.
pub(crate) fn read_token(answer: &Answer) -> Result<Grant> {
    // The body is never quoted in an error: it may hold the token.
    let unreadable = || Error::new(ErrorKind::Auth, "the token endpoint answered without a usable token");
    let read: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    let bearer = read.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let token = read.access_token.filter(|token| !token.expose_secret().is_empty());
    let (Some(token), true) = (token, bearer) else { return Err(unreadable()) };
    let left = || {
        let end = read.expires_on.as_ref().and_then(Number::time)?;
        Some(positive(end.duration_since(service_time(&answer.headers).unwrap_or_else(Timestamp::now))))
    };
    let length = read.expires_in.as_ref().and_then(Number::duration).or_else(left).unwrap_or(ASSUMED_LIFE);
    let mut token = Token::lasting(token, Some(length));
    if let Some(age) = read.refresh_in.as_ref().and_then(Number::duration) {
        token = token.renew_after(age);
    }
    Ok(Grant {
        token,
        // Managed identities send an empty one.
        refresh: read.refresh_token.filter(|token| !token.expose_secret().is_empty()),
        id_token: read.id_token,
        client_info: read.client_info,
        scopes: read.scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect(),
        client_id: read.client_id,
    })
}

/// A number, a text that holds one, or a date: each endpoint has its own way to say when.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
    Text(String),
    /// Anything else is as good as absent.
    Other(serde::de::IgnoredAny),
}

impl Number {
    #[allow(clippy::cast_possible_truncation)] // seconds of a token's life, rounded down
    pub(super) fn seconds(&self) -> Option<i64> {
        match self {
            Number::Int(n) => Some(*n),
            Number::Float(n) => Some(*n as i64),
            Number::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| text.parse::<f64>().ok().map(|seconds| seconds as i64))
            }
            Number::Other(_) => None,
        }
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.seconds().map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// A point in time: seconds of the epoch, or a date as some managed identities write it.
    pub(super) fn time(&self) -> Option<Timestamp> {
        if let Some(seconds) = self.seconds() {
            return Timestamp::from_second(seconds).ok();
        }
        let Number::Text(text) = self else { return None };
        let text = text.trim();
        text.parse().ok().or_else(|| rfc2822::DateTimeParser::new().parse_timestamp(text).ok()).or_else(
            || {
                ["%m/%d/%Y %I:%M:%S %p %:z", "%m/%d/%Y %H:%M:%S %:z", "%Y-%m-%d %H:%M:%S %:z"]
                    .iter()
                    .find_map(|format| strtime::parse(format, text).ok()?.to_timestamp().ok())
            },
        )
    }
}

fn positive(length: SignedDuration) -> Duration {
    Duration::try_from(length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn read(body: &str) -> Result<Grant> {
        read_token(&Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        })
    }

    fn length(body: &str) -> u64 {
        read(body).unwrap().token.life.unwrap().length.as_secs()
    }

    #[test]
    fn a_life_is_read_however_it_is_written() {
        for text in ["\"3599\"", "3599", "3599.0", "\" 3599 \"", "\"3599.0\""] {
            let body = format!(r#"{{"access_token":"t","token_type":"bearer","expires_in":{text}}}"#);
            assert_eq!(length(&body), 3599, "{text}");
        }
        let end = Timestamp::now() + SignedDuration::from_secs(1_000);
        for text in [end.as_second().to_string(), format!("\"{}\"", end.as_second()), format!("\"{end}\"")] {
            let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_on":{text}}}"#);
            assert!((998..=1_000).contains(&length(&body)), "{text}");
        }
        for text in ["null", "[]", "\"soon\"", "{}"] {
            let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{text}}}"#);
            assert_eq!(length(&body), 600, "{text}");
        }
    }

    #[test]
    fn dates_of_older_hosts_are_read() {
        let expected: Timestamp = "2026-11-22T13:05:00Z".parse().unwrap();
        for text in [
            "11/22/2026 1:05:00 PM +00:00",
            "11/22/2026 13:05:00 +00:00",
            "2026-11-22 13:05:00 +00:00",
            "Sun, 22 Nov 2026 13:05:00 +0000",
            "2026-11-22T14:05:00+01:00",
        ] {
            assert_eq!(Number::Text(text.to_owned()).time(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_answer_of_a_virtual_machine_is_taken() {
        let grant = read(
            r#"{"access_token":"t","refresh_token":"","expires_in":"3599","expires_on":"1800000000",
                "not_before":"1799996401","resource":"https://graph.microsoft.com","token_type":"Bearer"}"#,
        )
        .unwrap();
        assert!(grant.refresh.is_none());
        assert_eq!(grant.token.life.unwrap().length, Duration::from_secs(3599));
    }

    #[test]
    fn an_answer_without_a_bearer_token_is_refused_and_not_quoted() {
        for body in [
            "",
            "[]",
            r#"{"token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret","token_type":"pop"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret","token_type":"Bearer","id_token":7}"#,
        ] {
            let error = read(body).err().unwrap();
            assert!(!format!("{error:?}").contains("s3cret"), "{body}");
        }
    }

    #[test]
    fn a_token_is_renewed_ahead_of_its_end_and_not_all_at_once() {
        let hour: Vec<Duration> = (0..50)
            .map(|_| {
                Token::lasting("t".to_owned(), Some(Duration::from_secs(3600))).life.unwrap().renew_after
            })
            .collect();
        assert!(hour.iter().all(|after| (3225..=3300).contains(&after.as_secs())), "{hour:?}");
        assert!(hour.iter().any(|after| *after != hour[0]));
        let short = Token::lasting("t".to_owned(), Some(Duration::from_secs(2)));
        assert!(short.is_fresh() && short.life.unwrap().renew_after >= Duration::from_millis(1_500));
        let long = Token::lasting("t".to_owned(), Some(Duration::from_secs(86_400))).renew_at_half_life();
        assert!(long.life.unwrap().renew_after <= Duration::from_secs(43_200));
    }

    #[test]
    fn a_restored_token_is_as_old_as_it_is() {
        let life = Some(Life::new(Duration::from_secs(3600)));
        let at = |ago| Timestamp::now() - SignedDuration::from_secs(ago);
        let restored = |ago| Token::restored("t".to_owned().into(), life, at(ago));
        assert!(restored(10).is_fresh());
        assert!(!restored(3_500).is_fresh() && restored(3_500).is_usable());
        assert!(!restored(3_601).is_usable());
        assert!((restored(100).received().duration_since(at(100))).unsigned_abs() < Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() };
            let _ = read_token(&answer);
        }

        #[test]
        fn any_number_is_a_life_or_none(number in any::<f64>(), text in "[ -~]{0,30}") {
            for value in [serde_json::json!(number), serde_json::json!(text)] {
                let body = serde_json::json!({"access_token": "t", "token_type": "Bearer", "expires_in": value,
                                              "expires_on": value, "refresh_in": value});
                let grant = read(&body.to_string()).unwrap();
                let life = grant.token.life.unwrap();
                prop_assert!(life.renew_after <= life.length);
            }
        }
    }

    #[test]
    fn a_clock_that_jumped_ends_a_token() {
        let mut token = Token::lasting("t".to_owned(), Some(Duration::from_secs(3600)));
        token.received.wall = Timestamp::now() - SignedDuration::from_secs(400);
        assert!(!token.is_usable());
    }
}
