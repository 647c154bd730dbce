//! Fills in what a scenario can only name: times of the sandbox, what earlier steps saved, a folder of its own.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// What there is to fill in.
pub struct Filling<'a> {
    /// The sandbox's time. One look at its clock serves a whole step.
    pub now: Timestamp,
    /// What earlier steps saved.
    pub saved: &'a BTreeMap<String, Value>,
    /// The scenario's folder.
    pub folder: &'a str,
}

impl Filling<'_> {
    /// `value` with everything filled in, at any depth.
    pub fn value(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| Ok((key.clone(), self.value(value)?))).collect()
            }
            other => Ok(other.clone()),
        }
    }

    /// A path with the scenario's folder filled in.
    pub fn path(&self, path: &str) -> String {
        match path.strip_prefix("$tmp") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", self.folder),
            _ => path.to_owned(),
        }
    }

    fn text(&self, text: &str) -> Result<Value, String> {
        if let Some(path) = text.strip_prefix('$') {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            // Parameters such as `$top` are no variables.
            let Some(saved) = self.saved.get(name) else { return Ok(self.path(text).into()) };
            let mut members = rest.split('.').filter(|member| !member.is_empty());
            let found = members.try_fold(saved, |value, member| value.get(member));
            return found.cloned().ok_or_else(|| format!("{text}: {saved} has no such member"));
        }
        let Some(offset) = text.strip_prefix("now").and_then(offset) else { return Ok(text.into()) };
        let time = self.now.checked_add(offset).map_err(|e| format!("{text}: {e}"))?;
        Ok(time.to_string().into())
    }
}

/// `""`, `-24h`, `+7d`, `-90m`, `-10s`.
fn offset(text: &str) -> Option<SignedDuration> {
    if text.is_empty() {
        return Some(SignedDuration::ZERO);
    }
    let (sign, text) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let (number, unit) = text.split_at_checked(text.len() - 1)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(sign * seconds * number.parse::<i64>().ok()?))
}
