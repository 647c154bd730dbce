//! Sign-ins, which come before there is a client.

use std::sync::Arc;

use m365kit::dispatch;
use m365kit::identity::PendingSignIn;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::functions::{NativeFunctions, host};
use crate::runtime::{Cancel, run};

/// Begins a sign-in: `{sign_in, tenant, cloud}` gives `{url, pending}`.
#[uniffi::export]
pub fn begin_sign_in(args: Vec<u8>) -> Result<Vec<u8>, Failure> {
    Ok(dispatch::begin_sign_in(&Zeroizing::new(args))?.into())
}

/// The address of a sign-in that was exported.
#[uniffi::export]
pub fn address_of_sign_in(pending: String) -> Result<String, Failure> {
    let pending = SecretString::from(pending);
    // The address says who the client is; nothing here asks for it.
    Ok(PendingSignIn::restore("", pending.expose_secret())?.url().to_string())
}

/// Finishes a sign-in: `{pending, callback}` gives the fields of an authorization code but its client.
#[uniffi::export]
pub fn finish_sign_in(args: Vec<u8>) -> Result<Vec<u8>, Failure> {
    Ok(dispatch::finish_sign_in(&Zeroizing::new(args))?.into())
}

/// Signs in with the browser of this machine: `{sign_in, tenant, cloud}` gives what finishing a sign-in does.
#[uniffi::export]
pub async fn browser_sign_in(
    args: Vec<u8>,
    functions: Option<Arc<dyn NativeFunctions>>,
    cancel: Arc<Cancel>,
) -> Result<Vec<u8>, Failure> {
    let args = Zeroizing::new(args);
    let functions = host(functions)?;
    run(&cancel, async move { Ok(dispatch::browser_sign_in(&args, functions).await?.into()) }).await
}
