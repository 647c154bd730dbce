//! A sign-in on another device: the user types a short code there.
//!
//! Source: "Microsoft identity platform and the OAuth 2.0 device authorization grant flow"; RFC 8628.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use super::application::Application;
use super::ask::Ask;
use super::authority::{Form, submit};
use super::refusal::judge_once;
use super::token::{Grant, Number, read_token};
use super::user::{self, UserSignIn};
use crate::cloud::require_https;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Answer;

/// How often is asked if the service does not say.
const INTERVAL: Duration = Duration::from_secs(5);
/// However often the service wants to be asked.
const SHORTEST: Duration = Duration::from_millis(200);
const SLOWER: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);
const LIFE: Duration = Duration::from_secs(900);

/// What a user is to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceCodePrompt {
    /// The code to type.
    pub user_code: String,
    /// The page to type it at.
    pub verification_uri: String,
    /// Both in a sentence, in English.
    pub message: String,
    /// How long the code can be used, in seconds.
    pub expires_in: f64,
}

/// Whatever can show a user where to sign in, and with which code.
pub trait DeviceCodeDisplay: Send + Sync + 'static {
    /// Shows it. The sign-in goes on when this has returned; an error ends it.
    fn show(
        &self,
        prompt: DeviceCodePrompt,
    ) -> BoxFuture<'static, Result<(), Box<dyn StdError + Send + Sync>>>;
}

impl<F, R> DeviceCodeDisplay for F
where
    F: Fn(DeviceCodePrompt) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
{
    fn show(
        &self,
        prompt: DeviceCodePrompt,
    ) -> BoxFuture<'static, Result<(), Box<dyn StdError + Send + Sync>>> {
        Box::pin(self(prompt))
    }
}

/// A user who signs in on another device, for programs without a browser of their own.
///
/// When the first token is needed the function is given a code and the address of a page, shows them, and the call
/// waits until the user has signed in there, has declined, or the code has ended after some 15 minutes. From then
/// on the refresh token renews. With a token cache that lasts, a user who has signed in before is not asked again;
/// if several have, `account` says which.
///
/// The application must allow public client flows.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    schemars(extend("x-m365-function" = {
        "name": "display",
        "asks": "device_code",
        "required": true,
        "doc": "Called with the code and the page to type it at, to show them to the user. It may be asynchronous."
    }))
)]
pub struct DeviceCode {
    /// The application (client) id.
    client_id: String,
    /// The permissions to ask for, such as `https://graph.microsoft.com/Mail.Read`. Default: all those that the
    /// application is registered with.
    #[serde(default)]
    scopes: Vec<String>,
    /// The account to go on with if the token cache knows several.
    #[serde(default)]
    account: Option<String>,
    #[serde(skip, default = "nobody")]
    client: Application,
    #[serde(skip)]
    display: Option<Arc<dyn DeviceCodeDisplay>>,
}

fn nobody() -> Application {
    Application::Public(String::new())
}

impl DeviceCode {
    /// A credential that shows its codes by a function, such as an async closure.
    pub fn new(client_id: impl Into<String>, display: impl DeviceCodeDisplay) -> Self {
        let mut credential = DeviceCode {
            client_id: client_id.into(),
            scopes: Vec::new(),
            account: None,
            client: nobody(),
            display: None,
        };
        credential.set_display(Arc::new(display));
        credential
    }

    /// The permissions to ask for.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The account to go on with.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    pub(crate) fn set_display(&mut self, display: Arc<dyn DeviceCodeDisplay>) {
        self.display = Some(display);
        self.client = Application::Public(self.client_id.clone());
    }

    pub(super) fn known_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    pub(super) fn check(&self) -> Result<()> {
        super::application::check_client_id(&self.client_id)?;
        if self.display.is_none() {
            return Err(Error::invalid("the device code has no function that shows it"));
        }
        Ok(())
    }
}

impl UserSignIn for DeviceCode {
    fn application(&self) -> &Application {
        &self.client
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }

    fn can_repeat(&self) -> bool {
        true
    }

    async fn sign_in(&self, ask: &Ask<'_>) -> Result<Grant> {
        let Some(display) = &self.display else {
            return Err(Error::invalid("the device code has no function that shows it"));
        };
        let form = user::complete(ask, self, Form::empty()).await?;
        let begun = submit(ask, "oauth2/v2.0/devicecode", form, judge_once, Begun::read).await?;
        let deadline = Instant::now() + begun.life;
        display.show(begun.prompt).await.map_err(|e| {
            Error::new(ErrorKind::Auth, format!("the device code could not be shown: {e}")).with_source(e)
        })?;
        let mut wait = begun.interval;
        loop {
            if Instant::now() + wait >= deadline {
                return Err(expired());
            }
            tokio::time::sleep(wait).await;
            let form = Form::new("urn:ietf:params:oauth:grant-type:device_code")
                .with("client_id", &self.client_id)
                .secret("device_code", &begun.device_code)
                .claims(ask);
            match submit(ask, "oauth2/v2.0/token", form, judge_once, read_token).await {
                Ok(grant) => return user::check(ask, self, grant, None),
                Err(error) => wait = next_wait(wait, error)?,
            }
        }
    }
}

/// How long to wait before the next question; the error if the answer was the last.
fn next_wait(wait: Duration, error: Error) -> Result<Duration> {
    match error.sign_in().error.as_deref() {
        Some("authorization_pending") => Ok(wait),
        Some("slow_down") => Ok(wait + SLOWER),
        Some("authorization_declined" | "access_denied") => {
            Err(error.with_hint("The user has declined the sign-in"))
        }
        Some("expired_token" | "code_expired") => Err(expired().with_source(error)),
        _ => match error.kind() {
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Service | ErrorKind::Throttled => {
                let asked = error.retry_after().unwrap_or_default();
                Ok((wait * 2).min(LONGEST).max(asked))
            }
            _ => Err(error),
        },
    }
}

fn expired() -> Error {
    Error::new(ErrorKind::Auth, "the device code has expired before anybody signed in with it")
        .with_sign_in(|told| told.interaction_required = true)
        .with_hint("Make the call again for a new code")
}

/// A sign-in that waits for its user.
struct Begun {
    device_code: SecretString,
    prompt: DeviceCodePrompt,
    interval: Duration,
    life: Duration,
}

impl Begun {
    fn read(answer: &Answer) -> Result<Self> {
        #[derive(Deserialize)]
        struct Body {
            device_code: SecretString,
            user_code: String,
            verification_uri: String,
            #[serde(default)]
            message: Option<String>,
            #[serde(default)]
            interval: Option<Number>,
            #[serde(default)]
            expires_in: Option<Number>,
        }

        // Not quoted: the device code is a secret.
        let unreadable = |_| Error::new(ErrorKind::Auth, "the device code endpoint gave no usable code");
        let body: Body = serde_json::from_slice(&answer.body).map_err(unreadable)?;
        let page = Url::parse(&body.verification_uri)
            .map_err(|e| Error::new(ErrorKind::Auth, "the device code's page is not a URL").with_source(e))?;
        require_https("the device code's page", &page)?;
        let length = |number: Option<Number>| number.as_ref().and_then(Number::duration);
        let life = length(body.expires_in).unwrap_or(LIFE);
        let said = body.message.unwrap_or_else(|| {
            format!(
                "To sign in, open {} in a browser and enter the code {}",
                body.verification_uri, body.user_code
            )
        });
        Ok(Begun {
            device_code: body.device_code,
            prompt: DeviceCodePrompt {
                user_code: body.user_code,
                verification_uri: body.verification_uri,
                message: said,
                expires_in: life.as_secs_f64(),
            },
            interval: length(body.interval).unwrap_or(INTERVAL).max(SHORTEST),
            life,
        })
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(error: &str) -> Error {
        Error::new(ErrorKind::Auth, error)
            .with_status(400)
            .with_sign_in(|told| told.error = Some(error.to_owned()))
    }

    #[test]
    fn each_answer_has_its_next_step() {
        let five = Duration::from_secs(5);
        assert_eq!(next_wait(five, answered("authorization_pending")).unwrap(), five);
        assert_eq!(next_wait(five, answered("slow_down")).unwrap(), five * 2);
        for last in [
            "authorization_declined",
            "access_denied",
            "expired_token",
            "code_expired",
            "bad_verification_code",
            "x",
        ] {
            assert_eq!(next_wait(five, answered(last)).unwrap_err().kind(), ErrorKind::Auth, "{last}");
        }
        for passing in [ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Service, ErrorKind::Throttled] {
            assert_eq!(next_wait(five, Error::new(passing, "x")).unwrap(), five * 2);
        }
        let asked = Error::new(ErrorKind::Throttled, "x").with_retry_after(Some(Duration::from_secs(90)));
        assert_eq!(next_wait(five, asked).unwrap(), Duration::from_secs(90));
    }
}
