//! What the directory knows of applications and users, and how the authority behaves (identity, 5 and 11).

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The identity half of the tenant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Identity {
    /// Registered applications. One without `clientId` describes the client that every sandbox has.
    pub apps: Vec<App>,
    /// Who can sign in. Default: two users of the tenant, and one with a personal account.
    pub users: Vec<User>,
    /// How the authority behaves.
    pub behaviour: Behaviour,
    /// The managed identities of the machine that the sandbox plays.
    pub managed: Managed,
}

/// An application of the directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches that have nothing to do with each other"
)]
pub struct App {
    /// Application id. Default: that of the client that every sandbox has.
    pub client_id: Option<String>,
    /// What people see of it.
    pub name: String,
    /// Its secrets. Default: for the client that every sandbox has, `clientSecret`; for others none.
    pub secrets: Vec<Secret>,
    /// Its certificates, in PEM.
    pub certificates: Vec<String>,
    /// Certificates that are trusted by their subject and issuer instead of one by one.
    pub subject_names: Vec<SubjectName>,
    /// Tokens of other issuers that stand in for a secret. Default: one of the sandbox's own issuer.
    pub federated: Vec<Trust>,
    /// Where authorization codes may be sent.
    pub redirect_uris: RedirectUris,
    /// Whether flows without a secret are allowed. Default `true`.
    pub public_client: bool,
    /// Whether users of any directory may sign in, which `common` and `organizations` need. Default `true`.
    pub multi_tenant: bool,
    /// Whether personal accounts may sign in. Default `false`.
    pub personal: bool,
    /// Whether somebody has consented to what it asks for. Default `true`.
    pub consented: bool,
    /// Whether it may ask for tokens on behalf of its users. Default `true`.
    pub on_behalf_of: bool,
    /// The scopes of its own API, `api://{clientId}`. Default `access_as_user`.
    pub scopes: Vec<String>,
    /// The version of access tokens for its own API, 1 or 2. Default 2.
    pub token_version: u8,
}

impl Default for App {
    fn default() -> Self {
        Self {
            client_id: None,
            name: "Contoso Audit".into(),
            secrets: vec![],
            certificates: vec![],
            subject_names: vec![],
            federated: vec![],
            redirect_uris: RedirectUris::default(),
            public_client: true,
            multi_tenant: true,
            personal: false,
            consented: true,
            on_behalf_of: true,
            scopes: vec!["access_as_user".into()],
            token_version: 2,
        }
    }
}

/// A secret of an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// What the application shows.
    pub value: String,
    /// Until when it is good (RFC 3339). Default: for ever.
    #[serde(default)]
    pub expires: Option<String>,
}

/// A certificate that is trusted by its names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubjectName {
    /// The subject, such as `CN=audit.contoso.example`.
    pub subject: String,
    /// The certificate of the authority that signs it, in PEM.
    pub issuer: String,
}

/// A trust in another issuer's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
    /// The claim `aud`.
    #[serde(default = "exchange")]
    pub audience: String,
}

fn exchange() -> String {
    "api://AzureADTokenExchange".into()
}

/// Redirect addresses by what the application is there. The port of `http://localhost` does not matter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RedirectUris {
    /// Servers, which authenticate when they redeem a code.
    pub web: Vec<String>,
    /// Programs on a machine, which must not.
    pub native: Vec<String>,
    /// Pages in a browser, which must not either.
    pub spa: Vec<String>,
}

impl Default for RedirectUris {
    fn default() -> Self {
        Self {
            web: vec!["https://app.contoso.example/callback".into(), "http://localhost/web".into()],
            native: vec![
                "http://localhost".into(),
                "http://127.0.0.1".into(),
                "https://login.microsoftonline.com/common/oauth2/nativeclient".into(),
            ],
            spa: vec!["https://app.contoso.example/spa".into()],
        }
    }
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// How they sign in, such as `sadie.lund@contoso.onmicrosoft.com`.
    pub name: String,
    /// What others see.
    #[serde(default)]
    pub display_name: String,
    /// Whether it is a personal account.
    #[serde(default)]
    pub personal: bool,
}

/// How the authority behaves; every member can be changed while the sandbox runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches that have nothing to do with each other"
)]
pub struct Behaviour {
    /// What becomes of a sign-in in the browser. Default `"approve"`.
    pub authorize: SignIn,
    /// What a refused sign-in says. Default `access_denied`.
    pub authorize_error: String,
    /// How device codes go on from poll to poll; the last step repeats. Default `["pending", "approved"]`.
    pub device: Vec<DeviceStep>,
    /// Seconds between polls. Default 5.
    pub device_interval: i64,
    /// Seconds a device code lives. Default 900.
    pub device_lifetime: i64,
    /// Whether a poll that comes too soon is told to slow down. Default `false`.
    pub device_strict: bool,
    /// Seconds an authorization code lives. Default 600.
    pub code_lifetime: i64,
    /// Whether each use of a refresh token gives a new one. Default `true`.
    pub rotation: bool,
    /// Seconds that a refresh token still works after it was replaced. Default 3,600.
    pub refresh_grace: i64,
    /// Seconds that a refresh token lives unused. Default 90 days.
    pub refresh_lifetime: i64,
    /// `refresh_in` of token answers. Default: there is none.
    pub refresh_in: Option<i64>,
    /// `ext_expires_in` of token answers. Default: as `expires_in`.
    pub ext_expires_in: Option<i64>,
    /// Whether version 2 writes its numbers as text too. Default `false`.
    pub string_numbers: bool,
    /// Whether token answers lack `expires_in`. Default `false`.
    pub omit_expires_in: bool,
    /// `token_type` of token answers. Default `Bearer`.
    pub token_type: String,
    /// Whether token answers break off in the middle of their JSON. Default `false`.
    pub malformed: bool,
    /// Seconds that tokens live whose client declared `cp1`. Default: as all others.
    pub capable_lifetime: Option<i64>,
    /// Whether an assertion may be shown again. Default `"refuse"`.
    pub assertion_replay: Replay,
    /// Whether a sign-in without a code challenge is refused. Default `false`.
    pub require_pkce: bool,
    /// Whether error descriptions break their lines as the older service does. Default `false`.
    pub error_lines: bool,
    /// Further APIs of the directory, exactly as registered.
    pub resources: Vec<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            authorize: SignIn::Approve,
            authorize_error: "access_denied".into(),
            device: vec![DeviceStep::Pending, DeviceStep::Approved],
            device_interval: 5,
            device_lifetime: 900,
            device_strict: false,
            code_lifetime: 600,
            rotation: true,
            refresh_grace: 3_600,
            refresh_lifetime: 90 * 86_400,
            refresh_in: None,
            ext_expires_in: None,
            string_numbers: false,
            omit_expires_in: false,
            token_type: "Bearer".into(),
            malformed: false,
            capable_lifetime: None,
            assertion_replay: Replay::Refuse,
            require_pkce: false,
            error_lines: false,
            resources: vec!["https://api.office.com/discovery/".into()],
        }
    }
}

/// What becomes of a sign-in in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignIn {
    /// It is approved at once.
    Approve,
    /// A page asks.
    Form,
    /// It is refused with `authorizeError`.
    Refuse,
}

/// What a poll for a device code is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStep {
    /// `authorization_pending`.
    Pending,
    /// `slow_down`.
    SlowDown,
    /// The tokens.
    Approved,
    /// `authorization_declined`.
    Declined,
    /// `expired_token`.
    Expired,
    /// `bad_verification_code`.
    Bad,
}

/// Whether an assertion may be shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replay {
    /// Each `jti` counts once.
    Refuse,
    /// The same assertion may come again, another one with its `jti` may not.
    Same,
    /// Nobody looks.
    Allow,
}

/// The managed identities of a machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Managed {
    /// Whether there is a system-assigned one. Default `true`.
    pub system: bool,
    /// User-assigned ones. Default: one, made from the seed.
    pub user: Vec<Assigned>,
    /// Where Arc's challenge files are written. Default: a directory of temporary files.
    pub arc_directory: Option<String>,
    /// What Arc's challenge says. Default `"file"`.
    pub arc_challenge: ArcChallenge,
    /// Whether App Service says `expires_on` only, as it does. Default `true`.
    pub app_service_expires_on_only: bool,
    /// Seconds that tokens live. Default 86,400.
    pub lifetime: i64,
}

impl Default for Managed {
    fn default() -> Self {
        Self {
            system: true,
            user: vec![],
            arc_directory: None,
            arc_challenge: ArcChallenge::File,
            app_service_expires_on_only: true,
            lifetime: 86_400,
        }
    }
}

/// A user-assigned identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assigned {
    /// Its client id.
    pub client_id: String,
    /// The id of its service principal.
    pub object_id: String,
    /// Its id as a resource of Azure.
    pub resource_id: String,
}

/// What the challenge of the Arc agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArcChallenge {
    /// The path of a key file that is there.
    File,
    /// A path elsewhere, which no client may read.
    Foreign,
    /// A key file of more than 4,096 bytes.
    Large,
    /// No path.
    Absent,
}

impl Identity {
    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.behaviour.check("identity.behaviour.")?;
        if self.apps.iter().filter(|app| app.client_id.is_none()).count() > 1 {
            return Err(ConfigError("identity.apps: more than one without clientId".into()));
        }
        if self.managed.lifetime <= 0 {
            return Err(ConfigError("identity.managed.lifetime: must be above 0".into()));
        }
        self.users.iter().try_for_each(User::check)
    }
}

impl User {
    fn check(&self) -> Result<(), ConfigError> {
        if self.name.contains('@') {
            return Ok(());
        }
        Err(ConfigError(format!("identity.users: name: {:?} is not of the form name@domain", self.name)))
    }
}

impl Behaviour {
    /// Refuses what cannot be; `place` is how the member is called where it was written.
    pub(crate) fn check(&self, place: &str) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError(format!("{place}{what}")));
        if self.device.is_empty() {
            return wrong("device: must name at least one step");
        }
        for (seconds, name) in [
            (self.device_interval, "deviceInterval"),
            (self.refresh_grace, "refreshGrace"),
            (self.refresh_in.unwrap_or(0), "refreshIn"),
            (self.ext_expires_in.unwrap_or(0), "extExpiresIn"),
        ] {
            if !(0..=MOST).contains(&seconds) {
                return wrong(&format!("{name}: {seconds} is not between 0 and {MOST}"));
            }
        }
        for (seconds, name) in [
            (self.device_lifetime, "deviceLifetime"),
            (self.code_lifetime, "codeLifetime"),
            (self.refresh_lifetime, "refreshLifetime"),
            (self.capable_lifetime.unwrap_or(1), "capableLifetime"),
        ] {
            if !(1..=MOST).contains(&seconds) {
                return wrong(&format!("{name}: {seconds} is not between 1 and {MOST}"));
            }
        }
        Ok(())
    }
}

/// Ten years: lifetimes beyond it are mistakes.
const MOST: i64 = 315_360_000;
