//! What all sign-ins of users have in common: scopes, accounts, refresh tokens.
//!
//! Source: "Refresh tokens in the Microsoft identity platform"; "Scopes and permissions".

use std::collections::BTreeSet;

use secrecy::SecretString;

use super::application::{Application, Proof};
use super::ask::Ask;
use super::authority::{Form, Redeem, redeem};
use super::cache::{Principal, RefreshKey};
use super::refusal::ends_refresh_token;
use super::token::Grant;
use super::{TokenEndpoint, jwt, random};
use crate::cloud::Service;
use crate::error::{Error, ErrorKind, Result};

/// Asked for beside an API's own: who signed in, and a refresh token.
const ABOUT_THE_USER: &str = "openid profile offline_access";

/// A way for a user to sign in.
pub(super) trait UserSignIn: Sync {
    fn application(&self) -> &Application;

    /// The permissions to ask for, of all APIs; none for those that the application is registered with.
    fn scopes(&self) -> &[String];

    /// Signs a user in: by asking them, or with what they left.
    fn sign_in(&self, ask: &Ask<'_>) -> impl Future<Output = Result<Grant>> + Send;

    /// The API that the sign-in itself gives a token for; none if that is whichever is asked for.
    fn first_api(&self, _: &Ask<'_>) -> Option<String> {
        None
    }

    /// Whether the user can be asked again when the refresh token has ended.
    fn can_repeat(&self) -> bool {
        false
    }
}

/// The scopes of one API, in lower case: what its token is kept under.
pub(super) fn scopes_of(ask: &Ask<'_>, scopes: &[String]) -> BTreeSet<String> {
    api_scopes(ask, scopes).iter().map(|scope| scope.to_ascii_lowercase()).collect()
}

/// A token is of one API, so only its scopes are asked for; without any, all that the application may have.
fn api_scopes(ask: &Ask<'_>, scopes: &[String]) -> Vec<String> {
    let is_graph = ask.corridor.hosts.audience(&Service::Graph).is_ok_and(|graph| graph == ask.audience);
    let own = scopes.iter().filter(|scope| match scope.strip_prefix(ask.audience) {
        Some(rest) => rest.starts_with('/'),
        // Names without a host are Graph's.
        None => is_graph && !scope.contains("://"),
    });
    let own: Vec<String> = own.cloned().collect();
    if own.is_empty() { vec![ask.scope()] } else { own }
}

/// The API that a sign-in was for in the first place; none if that is the one asked for.
///
/// A code is redeemed for an API that the user was asked about; for the others there is the refresh token.
pub(super) fn first_api(ask: &Ask<'_>, scopes: &[String]) -> Option<String> {
    let graph = ask.corridor.hosts.audience(&Service::Graph).ok();
    let api_of = |scope: &String| match scope.rsplit_once('/') {
        Some((api, _)) if scope.contains("://") => Some(api.to_owned()),
        _ => graph.clone(),
    };
    let apis: Vec<String> = scopes.iter().filter_map(api_of).collect();
    if apis.iter().any(|api| api == ask.audience) { None } else { apis.into_iter().next() }
}

/// The form's part that is the same for all: the API's scopes, who it is for, and the claims.
pub(super) async fn complete(ask: &Ask<'_>, user: &impl UserSignIn, form: Form) -> Result<Form> {
    let scope = format!("{} {ABOUT_THE_USER}", api_scopes(ask, user.scopes()).join(" "));
    let form = form.with("scope", &scope).with("client_info", "1").claims(ask);
    user.application().prove(ask, &TokenEndpoint::V2, form).await
}

/// Redeems a refresh token.
pub(super) async fn refresh(ask: &Ask<'_>, user: &impl UserSignIn, token: &SecretString) -> Result<Grant> {
    let form = Form::new("refresh_token").secret("refresh_token", token);
    let form = complete(ask, user, form).await?;
    let grant = redeem(ask, &TokenEndpoint::V2, form, Redeem::Often).await?;
    check(ask, user, grant, None)
}

/// Checks the id token that came along, if one did.
pub(super) fn check(
    ask: &Ask<'_>,
    user: &impl UserSignIn,
    grant: Grant,
    nonce: Option<&SecretString>,
) -> Result<Grant> {
    match (&grant.id_token, nonce) {
        (Some(token), nonce) => {
            let client_id = user.application().client_id(ask.environment)?;
            jwt::check_id_token(token, &client_id, nonce, ask.corridor.now())?;
        }
        (None, Some(_)) => {
            return Err(Error::new(
                ErrorKind::Auth,
                "the sign-in cannot be trusted: it came without an id token",
            ));
        }
        (None, None) => {}
    }
    Ok(grant)
}

/// Who signed in. Where nobody says, it is somebody of whom only this sign-in is known.
pub(super) fn account(grant: &Grant) -> String {
    jwt::account(grant.client_info.as_deref(), grant.id_token.as_ref())
        .unwrap_or_else(|| format!("unnamed.{}", random::guid()))
}

/// Another token for the account that signed in: by its refresh token, or else by asking the user again.
pub(super) async fn renew(ask: &Ask<'_>, user: &impl UserSignIn, owner: &RefreshKey) -> Result<Grant> {
    if let Some(token) = ask.cache.refresh_token(owner).await {
        match refresh(ask, user, &token).await {
            Ok(grant) => return Ok(grant),
            Err(error) => {
                // Any other refusal may concern one API's policy only, and the token go on serving the others.
                if ends_refresh_token(&error) {
                    ask.cache.end_refresh_token(owner, &token);
                }
                if !(error.sign_in().interaction_required && user.can_repeat()) {
                    return Err(error);
                }
            }
        }
    } else if !user.can_repeat() {
        return Err(Error::new(
            ErrorKind::Auth,
            "the sign-in has ended, and nothing is left to renew it with",
        )
        .with_sign_in(|told| told.interaction_required = true)
        .with_hint("Have the user sign in again"));
    }
    let grant = user.sign_in(ask).await?;
    let (before, now) = (&owner.principal, account(&grant));
    match before {
        Principal::User(before) if *before != now && !now.starts_with("unnamed.") => Err(Error::new(
            ErrorKind::Auth,
            "another user signed in than before: make a client of their own for each user",
        )),
        _ => Ok(grant),
    }
}
