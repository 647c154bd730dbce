//! Sign-ins in a browser, as they cross into another language: before there is a client to call.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::host::{HostFunctions, function};
use super::{read, write};
use crate::cloud::Cloud;
use crate::error::Result;
use crate::identity::{BrowserSignIn, PendingSignIn, SignIn};

/// What each way to begin is given, beside its own options.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin<S> {
    sign_in: S,
    tenant: String,
    cloud: Cloud,
}

/// Begins a sign-in: `{sign_in, tenant, cloud}` gives `{url, pending}`, of which the second holds secrets.
pub fn begin_sign_in(args: &[u8]) -> Result<Bytes> {
    #[derive(Serialize)]
    struct Begun<'a> {
        url: &'a str,
        pending: &'a str,
    }

    let args: Begin<SignIn> = read("argument", args)?;
    let pending = args.sign_in.begin(&args.cloud, &args.tenant)?;
    write(&Begun { url: pending.url().as_str(), pending: pending.export().expose_secret() })
}

/// Finishes one: `{pending, callback}` gives the fields of an `AuthorizationCode` but its client.
pub fn finish_sign_in(args: &[u8]) -> Result<Bytes> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Finish {
        pending: SecretString,
        callback: SecretString,
    }

    let args: Finish = read("argument", args)?;
    // The client stays with the caller.
    let pending = PendingSignIn::restore("", args.pending.expose_secret())?;
    Ok(pending.finish(args.callback.expose_secret())?.crossing())
}

/// Signs in with the browser of this machine: `{sign_in, tenant, cloud}` gives the same as finishing one.
pub async fn browser_sign_in(args: &[u8], functions: Option<HostFunctions>) -> Result<Bytes> {
    let args: Begin<BrowserSignIn> = read("argument", args)?;
    let mut sign_in = args.sign_in;
    if let Some(functions) = functions.and_then(|given| given.giving(function::OPEN_BROWSER)) {
        sign_in = sign_in.open_with(move |url| functions.open_browser(&url));
    }
    Ok(sign_in.run(&args.cloud, &args.tenant).await?.crossing())
}
