//! What a token is asked for: scopes of version 2, the resource of version 1 (identity, 1 and 5).

use super::refusal::{Refused, numbered, unknown_resource};
use super::registry::{Book, id};
use super::tokens::Audience;
use crate::config::App;
use crate::tenant::Tenant;

/// Scopes that are of no API.
const OPEN_ID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// All that a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) apis: Vec<Api>,
    /// `openid` and its kind.
    pub(super) open_id: Vec<String>,
}

/// What is asked of one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Api {
    /// As it was asked for.
    pub(super) resource: String,
    /// Names of scopes; `.default` is one.
    pub(super) scopes: Vec<String>,
}

impl Wanted {
    /// Reads a list of scopes.
    pub(super) fn scopes(tenant: &Tenant, text: &str) -> Result<Self, Refused> {
        let mut wanted = Self::default();
        for scope in text.split_ascii_whitespace() {
            if OPEN_ID.contains(&scope.to_ascii_lowercase().as_str()) {
                wanted.open_id.push(scope.to_ascii_lowercase());
                continue;
            }
            let (resource, name) = match scope.rsplit_once('/') {
                Some((resource, name)) => (resource.to_owned(), name),
                None => (tenant.urls.graph.clone(), scope),
            };
            check_resource(tenant, &resource)?;
            if name.is_empty() {
                return Err(numbered(70_011).because(format!("The scope {scope} is not valid.")));
            }
            wanted.add(resource, name.to_owned());
        }
        Ok(wanted)
    }

    /// What version 1 calls a resource.
    pub(super) fn resource(tenant: &Tenant, resource: &str) -> Result<Self, Refused> {
        check_resource(tenant, resource)?;
        let mut wanted = Self { open_id: OPEN_ID.map(String::from).to_vec(), ..Self::default() };
        wanted.add(resource.to_owned(), ".default".into());
        Ok(wanted)
    }

    pub(super) fn has(&self, scope: &str) -> bool {
        self.open_id.iter().any(|known| known == scope)
    }

    fn add(&mut self, resource: String, name: String) {
        match self.apis.iter_mut().find(|api| api.resource == resource) {
            Some(api) if api.scopes.contains(&name) => {}
            Some(api) => api.scopes.push(name),
            None => self.apis.push(Api { resource, scopes: vec![name] }),
        }
    }
}

impl Api {
    /// The scopes that a user's token has.
    pub(super) fn granted(&self, tenant: &Tenant) -> Result<Vec<String>, Refused> {
        let own = app_of(&tenant.identity.book(), &self.resource).cloned();
        let all = match (&own, Audience::of(&self.resource, &tenant.urls)) {
            (Some(app), _) => app.scopes.clone(),
            (None, Some(Audience::Graph)) => {
                // The second is a permission that applications cannot have, so that it is no role.
                let mut all = ["User.Read", "ServiceMessageViewpoint.Write"].map(String::from).to_vec();
                all.extend(tenant.state().roles.iter().cloned());
                all
            }
            (None, Some(Audience::Management)) => tenant.state().roles.clone(),
            (None, _) => vec!["user_impersonation".into()],
        };
        if self.scopes.iter().any(|scope| scope == ".default") {
            return Ok(all);
        }
        // APIs of the directory know their scopes; of the others the sandbox does not know them all.
        if let Some(unknown) = self.scopes.iter().find(|scope| own.is_some() && !all.contains(scope)) {
            return Err(numbered(70_011).because(format!("The scope {unknown} does not exist.")));
        }
        Ok(self.scopes.clone())
    }

    /// The scopes of an answer, spelled with their API.
    pub(super) fn spelled(&self, granted: &[String]) -> Vec<String> {
        let resource = &self.resource;
        let mut spelled: Vec<String> = granted.iter().map(|scope| format!("{resource}/{scope}")).collect();
        if self.scopes.iter().any(|scope| scope == ".default") {
            spelled.push(format!("{resource}/.default"));
        }
        spelled
    }
}

/// The application whose API a resource is.
pub(super) fn app_of<'a>(book: &'a Book, resource: &str) -> Option<&'a App> {
    book.app(resource.strip_prefix("api://").unwrap_or(resource))
}

/// The claim `aud` of tokens for a resource, and whether they are of version 2.
pub(super) fn audience(tenant: &Tenant, resource: &str) -> (String, bool) {
    match app_of(&tenant.identity.book(), resource) {
        Some(app) if app.token_version == 2 => (id(app).to_owned(), true),
        _ => (resource.to_owned(), false),
    }
}

/// Refuses an API that the directory does not know.
pub(super) fn check_resource(tenant: &Tenant, resource: &str) -> Result<(), Refused> {
    let book = tenant.identity.book();
    let known = Audience::of(resource, &tenant.urls).is_some()
        || app_of(&book, resource).is_some()
        || book.behaviour.resources.iter().any(|known| known == resource);
    if known { Ok(()) } else { Err(unknown_resource(resource, tenant)) }
}
