//! What has been met before, in bounded memory.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many names are remembered: more than stand in any listing that repeats itself by moving under the reader.
const NEWEST: usize = 65_536;

/// The newest names that were shown to it; of each sixteen bytes are kept.
#[derive(Debug, Default)]
pub(super) struct Seen {
    order: VecDeque<u128>,
    names: HashSet<u128>,
}

impl Seen {
    /// True if it is not among those remembered; it is from now on.
    pub(super) fn insert(&mut self, name: &str) -> bool {
        self.insert_mark(mark(name))
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(&mark(name))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Seen::default();
    }

    /// Remembers all that another has seen.
    pub(super) fn extend(&mut self, other: Seen) {
        for mark in other.order {
            self.insert_mark(mark);
        }
    }

    fn insert_mark(&mut self, mark: u128) -> bool {
        if !self.names.insert(mark) {
            return false;
        }
        self.order.push_back(mark);
        if self.order.len() > NEWEST
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        true
    }
}

/// So long that two names never share it: what shares it is left out.
fn mark(name: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, name).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered_and_the_rest_forgotten() {
        let mut seen = Seen::default();
        assert!((0..NEWEST).all(|n| seen.insert(&n.to_string())));
        assert!(!seen.insert("0") && seen.contains("1"));
        assert!(seen.insert("one more"));
        assert!(!seen.contains("0") && seen.contains("1") && seen.contains("one more"));
        let mut other = Seen::default();
        other.insert("another");
        seen.extend(other);
        assert!(!seen.insert("another") && seen.order.len() == NEWEST && seen.names.len() == NEWEST);
    }
}
