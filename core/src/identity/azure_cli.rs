//! The account that is signed in to the Azure command line: for a developer's own machine.
//!
//! Source: "az account get-access-token".

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::ask::Ask;
use super::environment::Environment;
use super::token::{Number, Token};
use crate::error::{Error, ErrorKind, Result};

/// The command line starts Python, and asks the service.
const TIMEOUT: Duration = Duration::from_secs(30);
#[cfg(windows)]
const PROGRAM: &str = "az.cmd";
#[cfg(not(windows))]
const PROGRAM: &str = "az";

/// The account that is signed in to the Azure command line (`az login`).
///
/// For a developer's own machine: a program that runs elsewhere has an identity of its own there.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AzureCli {}

/// Why there is no token, and whether the command line could be asked at all.
pub(super) enum NoToken {
    Unavailable(Error),
    Refused(Error),
}

impl AzureCli {
    /// The account that is signed in.
    pub fn new() -> Self {
        AzureCli {}
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Token> {
        self.try_token(ask).await.map_err(|why| match why {
            NoToken::Unavailable(error) | NoToken::Refused(error) => error,
        })
    }

    pub(super) async fn try_token(&self, ask: &Ask<'_>) -> Result<Token, NoToken> {
        let unavailable = |message: &str| NoToken::Unavailable(Error::new(ErrorKind::Auth, message));
        let program = find(ask.environment).ok_or_else(|| {
            unavailable("the Azure command line is not installed: there is no `az` on the PATH")
        })?;
        let mut command = Command::new(program);
        // No shell: neither scope nor tenant is read as anything else.
        command
            .args(["account", "get-access-token", "--output", "json"])
            .args(["--scope", &ask.scope(), "--tenant", ask.tenant])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = match tokio::time::timeout(TIMEOUT, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(e)) => {
                let error =
                    Error::new(ErrorKind::Auth, format!("`az` cannot be started: {e}")).with_source(e);
                return Err(NoToken::Unavailable(error));
            }
            Err(_) => return Err(unavailable("`az` gave no answer within 30 s")),
        };
        let stdout = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(refused(&String::from_utf8_lossy(&output.stderr)));
        }
        read(&stdout).map_err(NoToken::Refused)
    }
}

/// The program on the PATH, by its full name: never the one in the current directory.
fn find(environment: &Environment) -> Option<PathBuf> {
    let path = environment.text("PATH")?;
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}

fn refused(stderr: &str) -> NoToken {
    let said = stderr.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it gave no reason");
    // What it says may quote its own arguments, never a token.
    let said: String = said.trim_start_matches("ERROR: ").chars().take(500).collect();
    let signed_out = said.contains("az login") || said.contains("az account set");
    let error = Error::new(ErrorKind::Auth, format!("`az` gave no token: {said}"));
    if signed_out {
        NoToken::Unavailable(error.with_hint("Sign in with `az login`"))
    } else {
        NoToken::Refused(error)
    }
}

fn read(stdout: &[u8]) -> Result<Token> {
    #[derive(Deserialize)]
    struct Output {
        #[serde(rename = "accessToken")]
        access_token: SecretString,
        #[serde(default)]
        expires_on: Option<Number>,
        /// Local time without a zone: all that older versions say.
        #[serde(default, rename = "expiresOn")]
        local: Option<String>,
    }

    let unreadable =
        || Error::new(ErrorKind::Auth, "`az` answered without a usable token").with_hint("Update it");
    let output: Output = serde_json::from_slice(stdout).map_err(|_| unreadable())?;
    if output.access_token.expose_secret().is_empty() {
        return Err(unreadable());
    }
    let expires = output.expires_on.as_ref().and_then(Number::time);
    let expires = expires.or_else(|| local_time(output.local.as_deref()?)).ok_or_else(unreadable)?;
    Ok(Token::new(output.access_token, Some(expires)))
}

fn local_time(text: &str) -> Option<Timestamp> {
    let time: DateTime = text.trim().parse().ok()?;
    time.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_say_when_it_ends_are_read() {
        let now = Timestamp::now();
        let epoch = format!(r#"{{"accessToken":"t","expires_on":{}}}"#, now.as_second() + 3_600);
        let local = now.to_zoned(TimeZone::system()).datetime();
        let older = format!(
            r#"{{"accessToken":"t","expiresOn":"{}","tenant":"x"}}"#,
            (local + jiff::SignedDuration::from_hours(1)).strftime("%Y-%m-%d %H:%M:%S.%6f")
        );
        for output in [epoch, older] {
            let life = read(output.as_bytes()).unwrap().life().unwrap().length.as_secs();
            assert!((3_590..=3_600).contains(&life), "{output}: {life}");
        }
        for bad in ["", "{}", r#"{"accessToken":"s3cret"}"#, r#"{"accessToken":"","expires_on":1}"#] {
            assert!(!format!("{:?}", read(bad.as_bytes()).unwrap_err()).contains("s3cret"));
        }
    }

    #[test]
    fn being_signed_out_is_told_from_being_refused() {
        assert!(matches!(refused("ERROR: Please run 'az login' to setup account."), NoToken::Unavailable(_)));
        assert!(matches!(refused("ERROR: AADSTS50076: second factor"), NoToken::Refused(_)));
    }
}
