//! What is to be delivered, and what was.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::audit::ContentType;
use crate::audit::notifications::Attempt;
use crate::audit::subscriptions::Webhook;
use crate::clock::{self, SECOND};
use crate::config::{Mischief, WebhookFaults};
use crate::random::{fraction, hash, salt};

/// Attempts and messages that are remembered; the oldest are forgotten first.
const ATTEMPTS: usize = 100_000;
const DELIVERIES: usize = 10_000;

/// What is to be delivered, and what was.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Vec<Parcel>,
    /// Messages that the next one is to overtake, and until when they wait for one.
    held: Vec<(Message, i64)>,
    attempts: VecDeque<Attempt>,
    deliveries: VecDeque<Value>,
    messages: u64,
}

/// One content that somebody is to be told of.
pub(super) struct Parcel {
    content_type: ContentType,
    pub(super) content: Value,
    failures: usize,
    due: i64,
    /// Whether it was delayed already: once is enough.
    spared: bool,
}

/// Contents that go out together.
pub(super) struct Message {
    pub(super) content_type: ContentType,
    pub(super) webhook: Webhook,
    pub(super) parcels: Vec<Parcel>,
    pub(super) mischief: Option<Mischief>,
}

impl Parcel {
    /// A content that is due now.
    pub(super) const fn new(content_type: ContentType, content: Value, now: i64) -> Self {
        Self { content_type, content, failures: 0, due: now, spared: false }
    }
}

impl Outbox {
    /// Every attempt so far, one for each content in it.
    pub(in crate::audit) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter()
    }

    /// Every message sent so far.
    pub(crate) fn deliveries(&self) -> Value {
        let held: usize = self.held.iter().map(|(message, _)| message.parcels.len()).sum();
        json!({ "deliveries": self.deliveries, "waiting": self.waiting.len() + held })
    }

    pub(super) fn queue(&mut self, fresh: Vec<Parcel>) {
        self.waiting.extend(fresh);
    }

    /// Takes out what is due, in messages. Some of them may be put off or held back.
    pub(super) fn due(
        &mut self,
        content_type: ContentType,
        webhook: &Webhook,
        faults: Option<&WebhookFaults>,
        now: i64,
    ) -> Vec<Message> {
        let ours = |parcel: &mut Parcel| parcel.content_type == content_type && parcel.due <= now;
        let (spared, mut due): (Vec<_>, Vec<_>) =
            self.waiting.extract_if(.., ours).partition(|parcel| parcel.spared);
        let mut messages = vec![];
        let message =
            |parcels, mischief| Message { content_type, webhook: webhook.clone(), parcels, mischief };
        while !due.is_empty() {
            let mut parcels: Vec<_> = due.drain(..due.len().min(super::BATCH)).collect();
            self.messages += 1;
            match faults.and_then(|faults| choose(faults, self.messages)) {
                Some(Mischief::Delay) => {
                    let delay = faults.map_or(0.0, |faults| faults.delay);
                    for mut parcel in parcels {
                        parcel.due = now + (delay * SECOND as f64) as i64;
                        parcel.spared = true;
                        self.waiting.push(parcel);
                    }
                }
                Some(Mischief::Reorder) => {
                    parcels.reverse();
                    self.held.push((message(parcels, Some(Mischief::Reorder)), now + SECOND));
                }
                mischief => messages.push(message(parcels, mischief)),
            }
        }
        if !spared.is_empty() {
            messages.push(message(spared, Some(Mischief::Delay)));
        }
        messages
    }

    /// Messages that were held back, once another has overtaken them or they have waited long enough for one.
    pub(super) fn release(&mut self, overtaken: bool, now: i64) -> Vec<Message> {
        let over = |(_, until): &mut (Message, i64)| overtaken || *until <= now;
        self.held.extract_if(.., over).map(|(message, _)| message).collect()
    }

    /// Records an attempt; what failed is due again later.
    pub(super) fn settle(&mut self, message: Message, success: bool, now: i64, gaps: &[f64]) {
        let content_type = message.content_type;
        for mut parcel in message.parcels {
            let content = parcel.content.clone();
            self.attempts.push_back(Attempt { content_type, content, sent: now, success });
            if !success {
                let gap = gaps.get(parcel.failures).or(gaps.last()).copied().unwrap_or(1.0);
                parcel.due = now + (gap * SECOND as f64) as i64;
                parcel.failures += 1;
                parcel.spared = false;
                self.waiting.push(parcel);
            }
        }
        let many = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..many);
    }

    /// Drops what is waiting for a content type.
    pub(super) fn forget(&mut self, content_type: ContentType) {
        self.waiting.retain(|parcel| parcel.content_type != content_type);
        self.held.retain(|(message, _)| message.content_type != content_type);
    }

    /// Records a message.
    pub(super) fn note(&mut self, mut delivery: Value, now: i64) {
        delivery["at"] = clock::millis(now).into();
        if self.deliveries.len() == DELIVERIES {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }
}

/// What happens to the `number`-th message.
fn choose(faults: &WebhookFaults, number: u64) -> Option<Mischief> {
    let chance = hash(&[faults.seed, salt("message"), number]);
    let which = hash(&[chance, number]) as usize % faults.actions.len().max(1);
    (fraction(chance) < faults.share).then(|| faults.actions.get(which).copied()).flatten()
}
