//! The first of several identities that there is one of here.

use secrecy::SecretString;
use serde::Deserialize;

use super::ask::Ask;
use super::azure_cli::{AzureCli, NoToken};
use super::token::Grant;
use super::workload_identity::check_authority;
use super::{ClientCertificate, ClientSecret, ManagedIdentity, WorkloadIdentity};
use crate::error::{Error, ErrorKind, Result};

/// The identity of where the program runs: of the environment's variables, of the workload, of the machine, or of
/// the developer.
///
/// Asked in this order: a secret or a certificate in `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET` or
/// `AZURE_CLIENT_CERTIFICATE_PATH` (with `AZURE_CLIENT_CERTIFICATE_PASSWORD`); a federated token in
/// `AZURE_FEDERATED_TOKEN_FILE`; the managed identity, which `AZURE_CLIENT_ID` may choose; the Azure command line.
/// The first that has a token is asked from then on. One that is set up and is refused ends the search, so that no
/// other identity steps in unnoticed. The error says what each one answered. The tenant is the client's.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DefaultCredential {}

/// The identities, in the order in which they are asked.
const SOURCES: [&str; 4] = ["environment", "workload identity", "managed identity", "Azure command line"];

/// What one of them answered.
enum Answer {
    Token(Box<Grant>),
    /// It is not set up here.
    Absent(String),
    Refused(Error),
}

impl DefaultCredential {
    /// The identity of where the program runs.
    pub fn new() -> Self {
        DefaultCredential {}
    }

    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        if let Some(source) = ask.session.source() {
            return match answer(ask, source).await {
                Answer::Token(grant) => Ok(*grant),
                Answer::Refused(error) => Err(error),
                Answer::Absent(why) => Err(Error::new(
                    ErrorKind::Auth,
                    format!("the {} is no longer there: {why}", SOURCES[source]),
                )),
            };
        }
        let mut answers = Vec::new();
        for (source, name) in SOURCES.iter().enumerate() {
            match answer(ask, source).await {
                Answer::Token(grant) => {
                    tracing::debug!(target: "m365kit::identity", source = name, "an identity was found");
                    ask.session.settle(source);
                    return Ok(*grant);
                }
                Answer::Absent(why) => answers.push(format!("{name}: {why}")),
                Answer::Refused(error) => {
                    answers.push(format!("{name}: refused, {}", error.message()));
                    return Err(summary(&answers, Some(error)));
                }
            }
        }
        Err(summary(&answers, None))
    }
}

fn summary(answers: &[String], refused: Option<Error>) -> Error {
    let said = answers.join("; ");
    match refused {
        Some(error) => {
            let mut of =
                Error::new(error.kind(), format!("the identity that is set up here was refused ({said})"))
                    .with_code(error.code().map(str::to_owned))
                    .with_request_id(error.request_id().map(str::to_owned))
                    .with_retry_after(error.retry_after())
                    .with_repeat(error.repeat());
            of = error.status().into_iter().fold(of, Error::with_status);
            of = error.hint().into_iter().fold(of, Error::with_hint);
            let told = error.sign_in().clone();
            of.with_sign_in(|own| *own = told).with_source(error)
        }
        None => Error::new(ErrorKind::Auth, format!("there is no identity here ({said})"))
            .with_hint("Set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or sign in with `az login`"),
    }
}

async fn answer(ask: &Ask<'_>, source: usize) -> Answer {
    let told = |outcome: Result<Grant>| match outcome {
        Ok(grant) => Answer::Token(Box::new(grant)),
        Err(error) => Answer::Refused(error),
    };
    let environment = ask.environment;
    match source {
        0 => match from_environment(ask) {
            Ok(Some(credential)) => told(credential.token(ask).await),
            Ok(None) => Answer::Absent(
                "AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH is not set"
                    .to_owned(),
            ),
            Err(error) => Answer::Refused(error),
        },
        1 => match environment.text("AZURE_FEDERATED_TOKEN_FILE").zip(environment.text("AZURE_CLIENT_ID")) {
            Some(_) => told(WorkloadIdentity::new().token(ask).await),
            None => Answer::Absent("AZURE_FEDERATED_TOKEN_FILE is not set".to_owned()),
        },
        2 => {
            let identity = environment
                .text("AZURE_CLIENT_ID")
                .map_or_else(ManagedIdentity::new, ManagedIdentity::with_client_id);
            match identity.token_if_any(ask).await {
                Ok(Some(grant)) => Answer::Token(Box::new(grant)),
                Ok(None) => Answer::Absent("no endpoint answers here".to_owned()),
                // A machine without an identity says so in this way.
                Err(error) if error.status() == Some(400) => Answer::Absent(error.message().to_owned()),
                Err(error) => Answer::Refused(error),
            }
        }
        _ => match AzureCli::new().try_token(ask).await {
            Ok(token) => Answer::Token(Box::new(token.into())),
            Err(NoToken::Unavailable(error)) => Answer::Absent(error.message().to_owned()),
            Err(NoToken::Refused(error)) => Answer::Refused(error),
        },
    }
}

enum FromEnvironment {
    Secret(ClientSecret),
    Certificate(Box<ClientCertificate>),
}

impl FromEnvironment {
    async fn token(&self, ask: &Ask<'_>) -> Result<Grant> {
        if let Some(host) = ask.environment.text("AZURE_AUTHORITY_HOST") {
            check_authority(ask, &host).await?;
        }
        match self {
            FromEnvironment::Secret(credential) => credential.token(ask).await,
            FromEnvironment::Certificate(credential) => {
                credential.check()?;
                credential.token(ask).await
            }
        }
    }
}

fn from_environment(ask: &Ask<'_>) -> Result<Option<FromEnvironment>> {
    let environment = ask.environment;
    let Some(client_id) = environment.text("AZURE_CLIENT_ID") else { return Ok(None) };
    if let Some(secret) = environment.text("AZURE_CLIENT_SECRET").map(SecretString::from) {
        let credential = ClientSecret::from_parts(client_id, secret);
        credential.check()?;
        return Ok(Some(FromEnvironment::Secret(credential)));
    }
    let Some(path) = environment.path("AZURE_CLIENT_CERTIFICATE_PATH") else { return Ok(None) };
    let credential = ClientCertificate::from_file(client_id, path);
    let credential = match environment.text("AZURE_CLIENT_CERTIFICATE_PASSWORD") {
        Some(password) => credential.password(password),
        None => credential,
    };
    Ok(Some(FromEnvironment::Certificate(Box::new(credential))))
}
