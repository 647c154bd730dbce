//! A service that acts for the user who has called it (identity, 5.8).

use super::client::{Proof, need};
use super::jwt::Jwt;
use super::refresh::Lease;
use super::refusal::{Refused, numbered};
use super::registry::id;
use super::request::{Claims, Request};
use super::sign_in::Session;
use super::token_endpoint::{Granted, for_user, of_one_api};
use crate::config::App;

/// Exchanges the token that a service was called with.
pub(super) fn exchange(request: &Request<'_>, app: &App, proof: Proof) -> Result<Granted, Refused> {
    need(proof)?;
    let tenant = request.tenant;
    let shown = request.required("assertion")?;
    tenant.identity.book().disclose("assertion", shown);
    if request.required("requested_token_use")? != "on_behalf_of" {
        return Err(
            numbered(9_002_313).because("The parameter 'requested_token_use' must be 'on_behalf_of'.")
        );
    }
    let token = Jwt::read(shown).map_err(|_| numbered(50_027))?;
    let forged = || numbered(50_013).because("[Reason - The key was not found, or the signature is wrong.]");
    if !token.is_signed_by(tenant.identity.keys.authority.public()) {
        return Err(forged());
    }
    let known = tenant.tokens.find(shown).ok_or_else(forged)?;
    if tenant.tokens.check(shown, tenant.clock.now()).is_err() {
        return Err(numbered(500_133));
    }
    let own = known.resource.strip_prefix("api://").unwrap_or(&known.resource);
    if !own.eq_ignore_ascii_case(id(app)) {
        return Err(numbered(500_131).because(format!("The audience is '{}'.", known.resource)));
    }
    let Some(user) = known.user.clone().filter(|_| app.on_behalf_of) else {
        return Err(numbered(7_000_114).because(format!("The application is '{}'.", id(app))));
    };
    let wanted = of_one_api(request.wanted()?)?;
    if wanted.apis.is_empty() {
        return Err(numbered(70_011).because("A downstream scope is needed."));
    }
    let session = Session { user, directory: known.tenant.clone(), nonce: None, claims: Claims::default() };
    let lease = wanted.has("offline_access").then_some(Lease { confidential: true, page: None });
    for_user(request, app, proof, session, &wanted, lease)
}
