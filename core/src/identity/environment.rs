//! The environment variables that a credential is configured by.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

/// Where variables are looked up: the process, or those that were given in place of its own.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "Option<HashMap<String, String>>")]
pub struct Environment(Option<Arc<HashMap<String, String>>>);

impl From<Option<HashMap<String, String>>> for Environment {
    fn from(given: Option<HashMap<String, String>>) -> Self {
        Environment(given.map(Arc::new))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(given: I) -> Self {
        let given = given.into_iter().map(|(name, value)| (name.into(), value.into()));
        Environment(Some(Arc::new(given.collect())))
    }
}

impl Environment {
    /// Whether these are not the process's own, and so all there is.
    pub(super) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The value of a variable; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            None => std::env::var(name).ok(),
            Some(given) => given.get(name).cloned(),
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }
}

impl fmt::Debug for Environment {
    // Values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
