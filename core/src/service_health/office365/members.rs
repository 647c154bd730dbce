//! The members of an object, taken one by one whatever their case; what nobody takes is left to be kept.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::lenient;

/// What is left of an object.
#[derive(Debug, Default)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Members(members)),
            _ => None,
        }
    }

    /// What nobody took.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// The first of these members that is there and fits; null fits and is nothing. What does not fit stays.
    fn take<T>(&mut self, names: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        for name in names {
            let Some(key) = self.0.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned() else {
                continue;
            };
            let Some(value) = self.0.get(&key) else { continue };
            if value.is_null() {
                self.0.remove(&key);
            } else if let Some(read) = read(value) {
                self.0.remove(&key);
                return Some(read);
            }
        }
        None
    }

    /// A text; an empty one is nothing.
    pub(super) fn text(&mut self, names: &[&str]) -> Option<String> {
        self.take(names, |value| value.as_str().map(str::to_owned)).filter(|text| !text.is_empty())
    }

    pub(super) fn time(&mut self, names: &[&str]) -> Option<Timestamp> {
        self.take(names, |value| lenient::time(value.as_str()?))
    }

    pub(super) fn truth(&mut self, names: &[&str]) -> Option<bool> {
        self.take(names, lenient::truth)
    }

    /// A list of texts; a text alone is a list of one.
    pub(super) fn texts(&mut self, names: &[&str]) -> Vec<String> {
        let all = |values: &Vec<Value>| values.iter().map(|v| v.as_str().map(str::to_owned)).collect();
        self.take(names, |value| match value {
            Value::Array(values) => all(values),
            Value::String(text) => Some([text.clone()].into_iter().filter(|text| !text.is_empty()).collect()),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// A list of objects.
    pub(super) fn objects(&mut self, names: &[&str]) -> Vec<Members> {
        self.take(names, |value| {
            let values = value.as_array()?;
            values.iter().map(|value| Members::of(value.clone())).collect::<Option<Vec<_>>>()
        })
        .unwrap_or_default()
    }

    /// Whether a member is a list, by which things of one name are told apart.
    pub(super) fn is_list(&self, name: &str) -> bool {
        self.0.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && value.is_array())
    }

    /// Puts a member in that was taken and belongs to nobody.
    pub(super) fn give_back(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}
