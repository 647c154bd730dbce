//! A sign-in in a browser: the address to open, and what comes back from it.
//!
//! A sign-in is begun, is pending while the user is in the browser, and is finished by the callback. Each state is a
//! type of its own, so that nothing can be redeemed that was not asked for.
//!
//! Source: "Microsoft identity platform and OAuth 2.0 authorization code flow"; RFC 7636 (PKCE), RFC 8252.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq;
use url::{Url, form_urlencoded};

use super::application::{Application, Proof, check_client_id};
use super::authorization_code::AuthorizationCode;
use super::environment::Environment;
use super::refusal::needs_a_person;
use super::{check_tenant, random};
use crate::cloud::{Cloud, Service, is_loopback};
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::text_enum;

text_enum! {
    /// What the sign-in page asks of the user.
    SignInPrompt {
        /// To type their password, even if they are signed in.
        Login = "login",
        /// Nothing: it fails where a question would be needed.
        None = "none",
        /// To consent to the permissions.
        Consent = "consent",
        /// To choose among their accounts.
        SelectAccount = "select_account",
    }
}

/// What the sign-in page can be told, for all who begin a sign-in.
macro_rules! page_setters {
    () => {
        /// The permissions to ask for, of one API or several. Default: all those of Microsoft Graph that the application
        /// is registered with.
        #[must_use]
        pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
            self.scopes = scopes.into_iter().map(Into::into).collect();
            self
        }

        /// What the page asks of the user. Default: as little as it can.
        #[must_use]
        pub fn prompt(mut self, prompt: SignInPrompt) -> Self {
            self.prompt = Some(prompt);
            self
        }

        /// The name that the page is filled in with.
        #[must_use]
        pub fn login_hint(mut self, name: impl Into<String>) -> Self {
            self.login_hint = Some(name.into());
            self
        }

        /// The domain whose own sign-in page is shown at once.
        #[must_use]
        pub fn domain_hint(mut self, domain: impl Into<String>) -> Self {
            self.domain_hint = Some(domain.into());
            self
        }

        /// The claims that an error of before has demanded, as JSON text.
        #[must_use]
        pub fn claims(mut self, claims: impl Into<String>) -> Self {
            self.claims = Some(claims.into());
            self
        }
    };
}
pub(super) use page_setters;

/// A sign-in that has not begun.
///
/// State, nonce and the proof key (PKCE, S256) are always part of it, from the system's randomness.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The application: its client id, or a credential if it is a confidential one.
    pub(super) client: Application,
    /// Where the sign-in comes back to, as registered: loopback, or https.
    pub(super) redirect_uri: String,
    /// The permissions to ask for, of one API or several. Default: all those of Microsoft Graph that the application
    /// is registered with.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// What the page asks of the user. Default: as little as it can.
    #[serde(default)]
    pub(super) prompt: Option<SignInPrompt>,
    /// The name that the page is filled in with.
    #[serde(default)]
    pub(super) login_hint: Option<String>,
    /// The domain whose own sign-in page is shown at once.
    #[serde(default)]
    pub(super) domain_hint: Option<String>,
    /// The claims that an error of before has demanded, as JSON text.
    #[serde(default)]
    pub(super) claims: Option<String>,
}

impl SignIn {
    /// A sign-in to an application, a public one by its id or a confidential one by its credential, that comes back
    /// to this address: loopback, or https.
    pub fn new(client: impl Into<Application>, redirect_uri: impl Into<String>) -> Self {
        SignIn {
            client: client.into(),
            redirect_uri: redirect_uri.into(),
            scopes: Vec::new(),
            prompt: None,
            login_hint: None,
            domain_hint: None,
            claims: None,
        }
    }

    page_setters!();

    /// Makes the address to open in a browser.
    ///
    /// The tenant is a directory id, a domain, or `common`, `organizations` or `consumers`.
    pub fn begin(self, cloud: &Cloud, tenant: &str) -> Result<PendingSignIn> {
        check_tenant(tenant, true)?;
        let redirect = check_redirect(&self.redirect_uri)?;
        let hosts = cloud.resolve()?;
        let mut url = hosts.authority()?.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.clear().extend([tenant, "oauth2", "v2.0", "authorize"]),
            Err(()) => return Err(Error::invalid("the authority is not a host")),
        }
        let (state, nonce, verifier) = (random::text(), random::text(), random::text());
        let scopes = if self.scopes.is_empty() {
            vec![super::ask::default_scope(&hosts.audience(&Service::Graph)?)]
        } else {
            self.scopes.clone()
        };
        // What it proves itself with is needed for the code that comes back, and looked at then.
        let client_id = self.client.client_id(&Environment::default())?;
        check_client_id(&client_id)?;
        // A server is sent the answer in a body, where no log of addresses finds it.
        let mode = if is_loopback(&redirect) { "query" } else { "form_post" };
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("client_id", &client_id)
                .append_pair("response_type", "code")
                .append_pair("redirect_uri", &self.redirect_uri)
                .append_pair("scope", &format!("{} openid profile offline_access", scopes.join(" ")))
                .append_pair("response_mode", mode)
                .append_pair("state", state.expose_secret())
                .append_pair("nonce", nonce.expose_secret())
                .append_pair("code_challenge", &challenge(&verifier))
                .append_pair("code_challenge_method", "S256")
                .append_pair("client_info", "1");
            let prompt = self.prompt.as_ref().map(SignInPrompt::as_str);
            for (name, value) in [
                ("prompt", prompt),
                ("login_hint", self.login_hint.as_deref()),
                ("domain_hint", self.domain_hint.as_deref()),
                ("claims", self.claims.as_deref()),
            ] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
        }
        let SignIn { client, redirect_uri, scopes, .. } = self;
        let sent = Sent { url, state, nonce, verifier, redirect_uri, scopes };
        Ok(PendingSignIn { client, sent, redeemed: Arc::default() })
    }
}

/// A sign-in whose user is in the browser.
pub struct PendingSignIn {
    client: Application,
    sent: Sent,
    redeemed: Arc<AtomicBool>,
}

/// What the answer is held against.
#[derive(Serialize, Deserialize)]
struct Sent {
    url: Url,
    #[serde(serialize_with = "expose")]
    state: SecretString,
    #[serde(serialize_with = "expose")]
    nonce: SecretString,
    #[serde(serialize_with = "expose")]
    verifier: SecretString,
    redirect_uri: String,
    scopes: Vec<String>,
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose_secret().serialize(serializer)
}

impl PendingSignIn {
    /// The address to open in the user's browser.
    pub fn url(&self) -> &Url {
        &self.sent.url
    }

    /// All that it takes to finish the sign-in elsewhere but the client: for web servers whose next request meets
    /// another process. It holds secrets of this user's session, so it belongs there and nowhere else.
    pub fn export(&self) -> SecretString {
        // Texts and a list of them: there is nothing that could not be written.
        serde_json::to_string(&self.sent).unwrap_or_default().into()
    }

    /// The sign-in that was exported.
    pub fn restore(client: impl Into<Application>, exported: &str) -> Result<PendingSignIn> {
        let sent = serde_json::from_str(exported)
            .map_err(|_| Error::invalid("that is no exported sign-in: pass what export() gave"))?;
        Ok(PendingSignIn { client: client.into(), sent, redeemed: Arc::default() })
    }

    /// Finishes the sign-in with what came back: the whole address that the browser was sent to, its query, or the
    /// body that it posted.
    ///
    /// An answer whose `state` is not this sign-in's is refused and changes nothing: it may be somebody else's, and the
    /// right one may still come.
    pub fn finish(&self, callback: &str) -> Result<AuthorizationCode> {
        let query = callback.split_once('?').map_or(callback, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let mut answer = CallbackAnswer::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let part = match &*name {
                "state" => &mut answer.state,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                "error_description" => &mut answer.description,
                _ => continue,
            };
            if part.replace(SecretString::from(value.into_owned())).is_some() {
                return Err(Error::invalid(format!("the callback has {name} twice")));
            }
        }
        let state = answer.state.as_ref().map_or("", ExposeSecret::expose_secret);
        if !bool::from(state.as_bytes().ct_eq(self.sent.state.expose_secret().as_bytes())) {
            return Err(Error::new(ErrorKind::Auth, "the callback's state is not that of this sign-in")
                .with_hint("It belongs to another sign-in, or somebody made it up; it was not used"));
        }
        if let Some(error) = &answer.error {
            return Err(refused(error.expose_secret(), answer.description.as_ref()));
        }
        let code = answer.code.filter(|code| !code.expose_secret().is_empty());
        let code = code.ok_or_else(|| Error::new(ErrorKind::Auth, "the callback has no code"))?;
        Ok(AuthorizationCode {
            client: self.client.clone(),
            code,
            redirect_uri: self.sent.redirect_uri.clone(),
            code_verifier: self.sent.verifier.clone(),
            nonce: Some(self.sent.nonce.clone()),
            scopes: self.sent.scopes.clone(),
            redeemed: Arc::clone(&self.redeemed),
        })
    }
}

impl fmt::Debug for PendingSignIn {
    // The address holds the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn").field("redirect_uri", &self.sent.redirect_uri).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct CallbackAnswer {
    state: Option<SecretString>,
    code: Option<SecretString>,
    error: Option<SecretString>,
    description: Option<SecretString>,
}

fn refused(error: &str, description: Option<&SecretString>) -> Error {
    let message = description.map_or(error, |text| text.expose_secret());
    Error::new(ErrorKind::Auth, message).with_code(Some(error.to_owned())).with_sign_in(|told| {
        told.error = Some(error.to_owned());
        told.interaction_required = needs_a_person(error);
    })
}

/// The challenge that a verifier answers.
fn challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose_secret().as_bytes()))
}

/// A code goes over https, or to this machine.
pub(super) fn check_redirect(uri: &str) -> Result<Url> {
    let url =
        Url::parse(uri).map_err(|e| Error::invalid(format!("the redirect URI {uri:?} is not a URL: {e}")))?;
    let loopback = is_loopback(&url);
    let good = url.scheme() == "https" || url.scheme() == "http" && loopback;
    if !good || url.fragment().is_some() {
        return Err(Error::invalid(format!(
            "the redirect URI {uri:?} is neither https nor http://localhost: a code sent there could be read by others"
        )));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const TENANT: &str = "contoso.onmicrosoft.com";

    fn pending() -> PendingSignIn {
        SignIn::new("app", "http://localhost:8400").begin(&Cloud::Public, TENANT).unwrap()
    }

    fn parameters(pending: &PendingSignIn) -> HashMap<String, String> {
        pending.url().query_pairs().into_owned().collect()
    }

    #[test]
    fn the_address_asks_for_all_that_is_needed() {
        let sign_in = SignIn::new("app", "https://contoso.com/back")
            .scopes(["User.Read", "https://manage.office.com/ActivityFeed.Read"])
            .prompt(SignInPrompt::SelectAccount)
            .login_hint("a@b.c");
        let pending = sign_in.begin(&Cloud::GccHigh, "organizations").unwrap();
        assert!(
            pending
                .url()
                .as_str()
                .starts_with("https://login.microsoftonline.us/organizations/oauth2/v2.0/authorize?")
        );
        let has = parameters(&pending);
        for (name, value) in [
            ("client_id", "app"),
            ("response_type", "code"),
            ("response_mode", "form_post"),
            ("redirect_uri", "https://contoso.com/back"),
            ("scope", "User.Read https://manage.office.com/ActivityFeed.Read openid profile offline_access"),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
            ("login_hint", "a@b.c"),
        ] {
            assert_eq!(has[name], value);
        }
        assert_eq!(has["code_challenge"], challenge(&pending.sent.verifier));
        assert!(has["state"].len() >= 43 && has["nonce"].len() >= 43 && has["state"] != has["nonce"]);
        assert_eq!(parameters(&self::pending())["response_mode"], "query");
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = SecretString::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn only_its_own_answer_finishes_a_sign_in() {
        let pending = pending();
        let state = pending.sent.state.expose_secret().to_owned();
        for wrong in ["", "code=c", "code=c&state=", "code=c&state=other", &format!("code=c&state={state}x")]
        {
            assert!(pending.finish(wrong).unwrap_err().message().contains("state"), "{wrong}");
        }
        for form in [
            format!("http://localhost:8400/?code=c&state={state}&session_state=x"),
            format!("code=c&state={state}"),
            format!("http://localhost:8400/?state={state}&code=c#fragment"),
        ] {
            let code = pending.finish(&form).unwrap();
            assert_eq!(code.code.expose_secret(), "c");
            code.check().unwrap();
        }
        let error = pending
            .finish(&format!("error=access_denied&error_description=No+way&state={state}"))
            .unwrap_err();
        assert_eq!((error.message(), error.code()), ("No way", Some("access_denied")));
        assert!(pending.finish(&format!("state={state}")).is_err());
        assert!(pending.finish(&format!("code=a&code=b&state={state}")).is_err());
    }

    #[test]
    fn a_redirect_that_others_can_read_is_refused() {
        for good in
            ["http://localhost", "http://localhost:1/x", "http://127.0.0.1:5", "https://contoso.com/back"]
        {
            assert!(check_redirect(good).is_ok(), "{good}");
        }
        for bad in [
            "http://contoso.com",
            "myapp://back",
            "localhost",
            "",
            "http://localhost.evil.example",
            "https://a/#b",
        ] {
            assert!(SignIn::new("app", bad).begin(&Cloud::Public, TENANT).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_that_can_be_printed_shows_a_secret() {
        let pending = pending();
        let state = pending.sent.state.expose_secret().to_owned();
        let code = pending.finish(&format!("code=s3cret&state={state}")).unwrap();
        let shown = format!("{pending:?}{code:?}");
        for secret in
            ["s3cret", &state, pending.sent.verifier.expose_secret(), pending.sent.nonce.expose_secret()]
        {
            assert!(!shown.contains(secret));
        }
    }

    #[test]
    fn a_sign_in_is_finished_where_it_was_not_begun() {
        let begun = pending();
        let elsewhere = PendingSignIn::restore("app", begun.export().expose_secret()).unwrap();
        assert_eq!(elsewhere.url(), begun.url());
        let code = elsewhere.finish(&format!("code=c&state={}", begun.sent.state.expose_secret())).unwrap();
        assert_eq!(code.code_verifier.expose_secret(), begun.sent.verifier.expose_secret());
        assert!(PendingSignIn::restore("app", "{\"url\":7}").is_err());
    }

    proptest! {
        #[test]
        fn any_callback_is_refused_without_the_state(callback in ".{0,120}") {
            prop_assert!(pending().finish(&callback).is_err());
        }
    }
}
