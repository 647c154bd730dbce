//! Azure Arc: the endpoint names a file that only those who may have a token can read.
//!
//! Source: "Authenticate against Azure resources with Azure Arc-enabled servers".

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Request, challenge};
use crate::identity::ask::Ask;
use crate::identity::environment::Environment;
use crate::identity::token::{Grant, read_token};

/// No key is longer.
const LONGEST_KEY: u64 = 4096;

pub(super) fn is_installed(environment: &Environment) -> bool {
    let agent = match environment.path("ProgramFiles") {
        Some(programs) if cfg!(windows) => programs.join(r"AzureConnectedMachineAgent\himds.exe"),
        _ => PathBuf::from("/opt/azcmagent/bin/himds"),
    };
    // An environment that is given is all there is.
    !environment.is_given() && agent.is_file()
}

/// Where keys lie, and nowhere else. Only Windows says where that is.
fn folder(environment: &Environment) -> PathBuf {
    let says = cfg!(windows) || environment.is_given();
    match environment.path("ProgramData").filter(|_| says) {
        Some(data) => data.join("AzureConnectedMachineAgent").join("Tokens"),
        None => PathBuf::from("/var/opt/azcmagent/tokens"),
    }
}

pub(super) async fn token(ask: &Ask<'_>, request: Request) -> Result<Grant> {
    let first = request.clone().expecting(StatusCode::UNAUTHORIZED);
    let realm = Box::pin(ask.corridor.exchange(&first, |answer| {
        let challenges = challenge::challenges(&answer.headers);
        let basic = challenges.iter().find(|challenge| challenge.scheme == "basic");
        Ok(basic.and_then(|challenge| challenge.parameter("realm").map(str::to_owned)))
    }))
    .await?;
    let realm =
        realm.ok_or_else(|| Error::new(ErrorKind::Auth, "the Arc endpoint did not name its key file"))?;
    let key = read_key(&realm, &folder(ask.environment)).await?;
    let mut value = HeaderValue::from_str(&format!("Basic {}", key.as_str()))
        .map_err(|_| Error::new(ErrorKind::Auth, "the Arc key holds characters that no header may hold"))?;
    value.set_sensitive(true);
    let second = request.header("authorization", value);
    Box::pin(ask.corridor.exchange(&second, read_token)).await
}

async fn read_key(realm: &str, folder: &Path) -> Result<Zeroizing<String>> {
    let path = key_file(realm, folder)?;
    let unreadable = |e: std::io::Error| {
        Error::new(ErrorKind::Auth, format!("the Arc key {} cannot be read: {e}", path.display()))
            .with_source(e)
            .with_hint("Add the user of this program to the group himds")
    };
    let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
    let mut key = Zeroizing::new(String::new());
    file.take(LONGEST_KEY + 1).read_to_string(&mut key).await.map_err(unreadable)?;
    if key.len() as u64 > LONGEST_KEY {
        return Err(Error::new(ErrorKind::Auth, format!("the Arc key {} is too long", path.display())));
    }
    Ok(Zeroizing::new(key.trim().to_owned()))
}

/// The file that an endpoint may name: one with a plain name, in the one folder.
fn key_file(realm: &str, folder: &Path) -> Result<PathBuf> {
    let stem = Path::new(realm).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let plain =
        !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let file = folder.join(format!("{stem}.key"));
    if plain && Path::new(realm) == file {
        return Ok(file);
    }
    Err(Error::new(ErrorKind::Auth, format!("the Arc endpoint names {realm:?}, which is no key of its own")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_of_the_folder_is_read() {
        let folder = Path::new("/var/opt/azcmagent/tokens");
        assert!(key_file("/var/opt/azcmagent/tokens/3f-a_B.key", folder).is_ok());
        for bad in [
            "",
            "/etc/shadow",
            "/var/opt/azcmagent/tokens/../../../../etc/x.key",
            "/var/opt/azcmagent/tokens/x.txt",
            "/var/opt/azcmagent/tokens/.key",
            "x.key",
            "/var/opt/azcmagent/tokens/sub/x.key",
        ] {
            assert!(key_file(bad, folder).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_key_that_is_too_long_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        tokio::fs::write(path("good.key"), " key\n").await.unwrap();
        tokio::fs::write(path("long.key"), "k".repeat(5_000)).await.unwrap();
        let read = async |name: &str| read_key(path(name).to_str().unwrap(), folder.path()).await;
        assert_eq!(read("good.key").await.unwrap().as_str(), "key");
        assert!(read("long.key").await.is_err() && read("none.key").await.is_err());
    }
}
