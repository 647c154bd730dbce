//! How deliveries to webhooks go wrong.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Deliveries that go wrong (management-activity, 5.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WebhookFaults {
    /// The share of deliveries that something happens to, 0 to 1. Default 0.33.
    pub share: f64,
    /// What is chosen by. Default 1.
    pub seed: u64,
    /// What may happen; chosen anew for each delivery. Default: everything.
    pub actions: Vec<Mischief>,
    /// Seconds by which `delay` delays. Default 2.
    pub delay: f64,
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self { share: 0.33, seed: 1, actions: Mischief::ALL.into(), delay: 2.0 }
    }
}

impl WebhookFaults {
    /// Refuses what cannot be; `place` is how the member is called where it was written.
    pub(crate) fn check(&self, place: &str) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(ConfigError(format!("{place}share: {} is not between 0 and 1", self.share)));
        }
        if self.actions.is_empty() {
            return Err(ConfigError(format!("{place}actions: must name at least one")));
        }
        if !(0.0..=3_600.0).contains(&self.delay) {
            return Err(ConfigError(format!("{place}delay: {} is not between 0 and 3,600", self.delay)));
        }
        Ok(())
    }
}

/// What may happen to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mischief {
    /// It is on record as failed, and was never sent.
    Drop,
    /// It is sent later.
    Delay,
    /// It is sent twice.
    Duplicate,
    /// It is sent behind the next one, with its contents in the opposite order.
    Reorder,
    /// It is sent, and whatever the receiver answers counts as a failure.
    Fail,
}

impl Mischief {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Drop, Self::Delay, Self::Duplicate, Self::Reorder, Self::Fail];
}
