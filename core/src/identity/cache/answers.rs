//! The answers of first sign-ins: no tokens, but personal data, and so kept as tokens are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

/// How many are kept at most; beyond that the oldest goes.
const MOST: usize = 1_000;

/// What an answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::identity) struct AnswerKey {
    /// The authority; its aliases are the same.
    pub(in crate::identity) authority: String,
    pub(in crate::identity) client_id: String,
    /// In lower case.
    pub(in crate::identity) account: String,
}

/// None for an answer that was forgotten, so that no store brings it back.
#[derive(Default)]
pub(super) struct Answers(BTreeMap<AnswerKey, (Option<SecretString>, Timestamp)>);

impl Answers {
    pub(super) fn get(&self, key: &AnswerKey) -> Option<SecretString> {
        self.0.get(key).and_then(|(answer, _)| answer.clone())
    }

    /// Takes an answer in, whatever the clock says.
    pub(super) fn set(&mut self, key: AnswerKey, answer: Option<SecretString>) {
        let now = Timestamp::now();
        let after = |own: Timestamp| own.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(now);
        let received = self.0.get(&key).map_or(now, |(_, own)| now.max(after(*own)));
        self.keep(key, answer, received);
    }

    /// Takes an answer in, unless there is a newer one.
    pub(super) fn keep(&mut self, key: AnswerKey, answer: Option<SecretString>, received: Timestamp) {
        if self.0.get(&key).is_none_or(|(_, own)| *own < received) {
            self.0.insert(key, (answer, received));
        }
        while self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, (_, received))| *received).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.0.remove(&oldest);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AnswerKey, Option<&SecretString>, Timestamp)> {
        self.0.iter().map(|(key, (answer, received))| (key, answer.as_ref(), *received))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn key(account: &str) -> AnswerKey {
        AnswerKey { authority: "a".into(), client_id: "app".into(), account: account.into() }
    }

    #[test]
    fn the_newest_stays_and_what_was_forgotten_stays_so() {
        let mut answers = Answers::default();
        let (then, now) = (Timestamp::now() - SignedDuration::from_secs(5), Timestamp::now());
        answers.keep(key("a"), Some("new".into()), now);
        answers.keep(key("a"), Some("old".into()), then);
        assert_eq!(answers.get(&key("a")).unwrap().expose_secret(), "new");
        answers.keep(key("a"), Some("later".into()), now + SignedDuration::from_secs(60));
        answers.set(key("a"), None);
        answers.keep(key("a"), Some("new".into()), now);
        assert!(answers.get(&key("a")).is_none());
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut answers = Answers::default();
        for at in 0..=MOST {
            let received = Timestamp::from_second(i64::try_from(at).unwrap()).unwrap();
            answers.keep(key(&at.to_string()), Some("x".into()), received);
        }
        assert!(answers.get(&key("0")).is_none() && answers.get(&key("1")).is_some());
        assert_eq!(answers.iter().count(), MOST);
    }
}
