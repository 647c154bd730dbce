//! What a credential is told when a token is asked of it.

use super::cache::TokenCache;
use super::environment::Environment;
use super::session::Session;
use crate::http::Corridor;

/// One token that is asked for, and what it takes to get it.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) corridor: &'a Corridor,
    /// The segment of the path: a directory id, a domain, or an alias where the flow allows it.
    pub(super) tenant: &'a str,
    /// The audience of the token, as it is registered.
    pub(super) audience: &'a str,
    /// The claims that a service has demanded, as JSON text.
    pub(super) claims: Option<&'a str>,
    /// Whether the client says that it can take a challenge, for which it is given tokens of longer life.
    pub(super) continuous_access: bool,
    pub(super) environment: &'a Environment,
    pub(super) session: &'a Session,
    pub(super) cache: &'a TokenCache,
}

impl Ask<'_> {
    /// All permissions that the application has: the audience exactly as registered, and `/.default`. One that
    /// ends with a slash gets a second.
    pub(super) fn scope(&self) -> String {
        default_scope(self.audience)
    }
}

/// The scope of a resource.
pub(super) fn default_scope(resource: &str) -> String {
    format!("{resource}/.default")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_resource_that_ends_with_a_slash_keeps_it() {
        assert_eq!(
            super::default_scope("https://api.office.com/discovery/"),
            "https://api.office.com/discovery//.default"
        );
    }
}
