//! Services, and how they are.

use serde_json::{Map, Value};

use super::catalogue::SERVICES;
use super::schema::rank;

/// A service.
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) features: Vec<Feature>,
    /// A status that does not follow from its issues.
    fixed: Option<String>,
    /// What else was said of it.
    more: Map<String, Value>,
}

/// A group of features.
pub(super) struct Feature {
    pub(super) id: String,
    pub(super) name: String,
}

impl Service {
    /// Those of the catalogue.
    pub(super) fn known() -> Vec<Self> {
        let feature = |&(id, name): &(&str, &str)| Feature { id: id.into(), name: name.into() };
        SERVICES
            .iter()
            .map(|known| Self {
                id: known.id.into(),
                name: known.name.into(),
                prefix: known.prefix.into(),
                features: known.features.iter().map(feature).collect(),
                fixed: None,
                more: Map::new(),
            })
            .collect()
    }

    /// As it was given.
    pub(super) fn given(mut members: Map<String, Value>) -> Self {
        let mut take = |name: &str| members.remove(name);
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        let (id, name, fixed) = (text(take("id")), text(take("service")), text(take("status")));
        let features = take("features").and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let id = id.unwrap_or_default();
        let known = SERVICES.iter().find(|known| known.id == id);
        let letters: String = id.chars().filter(char::is_ascii_alphabetic).take(2).collect();
        Self {
            prefix: known.map_or_else(|| letters.to_ascii_uppercase(), |known| known.prefix.into()),
            name: name.unwrap_or_default(),
            features: features.iter().map(Feature::given).collect(),
            fixed,
            more: members,
            id,
        }
    }

    /// Its status, which is that of its worst open issue unless it was given.
    pub(super) fn status(&self, issues: &[Value]) -> String {
        self.fixed.clone().unwrap_or_else(|| worst(self.open(issues)))
    }

    /// Its issues that are not resolved.
    pub(super) fn open<'a>(&self, issues: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        self.all(issues).filter(|issue| issue["isResolved"] != true)
    }

    /// All its issues.
    pub(super) fn all<'a>(&self, issues: &'a [Value]) -> impl Iterator<Item = &'a Value> {
        issues.iter().filter(move |issue| is(issue, "service", &self.name))
    }

    /// As Graph shows it, with all its issues.
    pub(super) fn show(&self, issues: &[Value]) -> Value {
        let mut shown = self.more.clone();
        shown.insert("id".into(), self.id.clone().into());
        shown.insert("service".into(), self.name.clone().into());
        shown.insert("status".into(), self.status(issues).into());
        shown.insert("issues".into(), self.all(issues).cloned().collect());
        Value::Object(shown)
    }
}

impl Feature {
    fn given(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().or(value.as_str()).unwrap_or_default().to_owned();
        let name = if value["name"].is_string() { text("name") } else { text("id") };
        Self { id: text("id"), name }
    }
}

/// The worst status of issues, or that of a service that is well.
pub(super) fn worst<'a>(issues: impl Iterator<Item = &'a Value>) -> String {
    let statuses = issues.filter_map(|issue| issue["status"].as_str());
    statuses.max_by_key(|status| rank(status)).unwrap_or("serviceOperational").to_owned()
}

/// Whether a text member is this, in any case.
pub(super) fn is(value: &Value, member: &str, text: &str) -> bool {
    value[member].as_str().is_some_and(|known| known.eq_ignore_ascii_case(text))
}
