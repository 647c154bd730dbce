//! A request to an endpoint of the authority, with what its address says.

use std::collections::HashMap;

use serde_json::Value;

use super::refusal::{Refused, missing, numbered, unknown_tenant};
use super::registry::PERSONAL;
use super::target::Wanted;
use crate::call::Call;
use crate::config::App;
use crate::tenant::Tenant;

/// Which of the two generations of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// What the tenant segment of an address means (identity, 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// The tenant of the sandbox.
    Own,
    Common,
    Organizations,
    Consumers,
}

/// A form that was posted to a directory.
pub(super) struct Request<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) call: &'a Call,
    /// The tenant segment as it was sent.
    pub(super) directory: &'a str,
    pub(super) segment: Segment,
    pub(super) version: Version,
    form: HashMap<String, String>,
}

/// What a request's `claims` say (identity, 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// Whether the client understands challenges.
    pub(super) capable: bool,
    /// What tokens must be newer than.
    pub(super) since: Option<i64>,
}

impl Segment {
    /// Reads a segment; a directory that is not here is refused.
    pub(super) fn read(tenant: &Tenant, directory: &str) -> Result<Self, Refused> {
        match directory.to_ascii_lowercase().as_str() {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" | PERSONAL => Ok(Self::Consumers),
            other if other == tenant.id || directory.eq_ignore_ascii_case(&tenant.config.domain) => {
                Ok(Self::Own)
            }
            _ => Err(unknown_tenant(directory)),
        }
    }

    /// Whether personal accounts (`true`) or those of a directory may sign in.
    pub(super) const fn takes(self, personal: bool) -> bool {
        match self {
            Self::Common => true,
            Self::Own | Self::Organizations => !personal,
            Self::Consumers => personal,
        }
    }

    /// Refuses an application whose users do not sign in by this segment.
    pub(super) fn check(self, app: &App) -> Result<(), Refused> {
        let name = &app.name;
        match self {
            Self::Common | Self::Organizations if !app.multi_tenant => {
                Err(numbered(50_194).because(format!("The application is '{name}'.")))
            }
            Self::Consumers if !app.personal => {
                Err(numbered(9_002_332).because(format!("The application is '{name}'.")))
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Request<'a> {
    /// Reads a request to a known directory.
    pub(super) fn read(
        tenant: &'a Tenant,
        call: &'a Call,
        directory: &'a str,
        version: Version,
    ) -> Result<Self, Refused> {
        let mut form = HashMap::new();
        for (name, value) in form_urlencoded::parse(&call.body).into_owned() {
            if let Some((name, _)) = form.get_key_value(&name) {
                return Err(numbered(9_000_411).because(format!("The parameter '{name}' is duplicated.")));
            }
            form.insert(name, value);
        }
        Ok(Self { tenant, call, directory, segment: Segment::read(tenant, directory)?, version, form })
    }

    /// A field that is not empty.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A field that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refused> {
        self.field(name).ok_or_else(|| missing(name))
    }

    /// The addresses of this endpoint, which an assertion may be meant for. The first is as it was called.
    pub(super) fn endpoints(&self) -> Vec<String> {
        let main = &self.tenant.urls.main;
        let path = match self.version {
            Version::V1 => "oauth2/token",
            Version::V2 => "oauth2/v2.0/token",
        };
        let mut endpoints = vec![];
        for host in [main.clone(), main.replacen("127.0.0.1", "localhost", 1)] {
            for directory in [self.directory, &self.tenant.id] {
                endpoints.push(format!("{host}/{directory}/{path}"));
            }
        }
        endpoints
    }

    /// What the token is to be for; nothing if the request does not say.
    pub(super) fn wanted(&self) -> Result<Wanted, Refused> {
        match (self.version, self.field("resource"), self.field("scope")) {
            (Version::V2, Some(_), _) => Err(numbered(901_002)),
            (Version::V2, None, scope) => Wanted::scopes(self.tenant, scope.unwrap_or_default()),
            (Version::V1, Some(resource), _) => Wanted::resource(self.tenant, resource),
            (Version::V1, None, _) => Ok(Wanted::default()),
        }
    }

    /// What `claims` asks for.
    pub(super) fn claims(&self) -> Result<Claims, Refused> {
        self.field("claims").map_or(Ok(Claims::default()), Claims::read)
    }
}

impl Claims {
    /// Reads the parameter `claims`.
    pub(super) fn read(text: &str) -> Result<Self, Refused> {
        let wrong = || numbered(9_002_313).because("The parameter 'claims' is not a JSON object.");
        let claims: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        if !claims.is_object() {
            return Err(wrong());
        }
        let token = &claims["access_token"];
        let values = token["xms_cc"]["values"].as_array().cloned().unwrap_or_default();
        let since = &token["nbf"]["value"];
        Ok(Self {
            capable: values
                .iter()
                .any(|value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("cp1"))),
            since: since.as_i64().or_else(|| since.as_str().and_then(|text| text.parse().ok())),
        })
    }
}
