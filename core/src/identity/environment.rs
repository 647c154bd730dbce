//! The environment variables that a credential is configured by.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where variables are looked up: the process, or values that a test gave.
#[derive(Clone, Default)]
pub(crate) enum Environment {
    #[default]
    Process,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "variables of a process cannot be set safely in a test")
    )]
    Given(Arc<HashMap<String, String>>),
}

impl Environment {
    /// The value of a variable; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = match self {
            Environment::Process => std::env::var(name).ok(),
            Environment::Given(values) => values.get(name).cloned(),
        };
        value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    #[cfg(test)]
    pub(super) fn of(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::Given(Arc::new(values.collect()))
    }
}

impl fmt::Debug for Environment {
    // Values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
