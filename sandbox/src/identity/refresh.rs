//! Refresh tokens: bound to a user and a client, and to nothing else (identity, 5.7).

use super::client::{Proof, need};
use super::refusal::{Refused, numbered, refused};
use super::registry::id;
use super::request::Request;
use super::sign_in::Session;
use super::target::Wanted;
use super::token_endpoint::{Granted, for_user};
use crate::clock::{DAY, SECOND};
use crate::config::App;
use crate::tenant::Tenant;

/// A refresh token that was given out.
pub(crate) struct Refresh {
    client: String,
    session: Session,
    /// What the first request asked for.
    wanted: Wanted,
    lease: Lease,
    used: i64,
    /// When another took its place.
    replaced: Option<i64>,
    revoked: bool,
}

/// How a refresh token came about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    /// Whether its client authenticates.
    pub(super) confidential: bool,
    /// When a page in a browser signed in: its refresh tokens live a day from then on, however often they are used.
    pub(super) page: Option<i64>,
}

/// Gives out a refresh token.
pub(super) fn lease(tenant: &Tenant, app: &App, session: &Session, wanted: &Wanted, lease: Lease) -> String {
    let mut book = tenant.identity.book();
    let token = book.secret("refresh_token", 48);
    let refresh = Refresh {
        client: id(app).to_owned(),
        session: Session { nonce: None, ..session.clone() },
        wanted: wanted.clone(),
        lease,
        used: tenant.clock.now(),
        replaced: None,
        revoked: false,
    };
    book.refresh.insert(token.clone(), refresh);
    token
}

/// Redeems a refresh token.
pub(super) fn redeem(request: &Request<'_>, app: &App, proof: Proof) -> Result<Granted, Refused> {
    let tenant = request.tenant;
    let shown = request.required("refresh_token")?;
    let asked = request.wanted()?;
    let now = tenant.clock.now();
    let (session, wanted, lease, rotates) = {
        let mut book = tenant.identity.book();
        let behaviour = book.behaviour.clone();
        let refresh =
            book.refresh.get_mut(shown).filter(|refresh| refresh.client.eq_ignore_ascii_case(id(app)));
        let refresh = refresh.ok_or_else(|| {
            let text =
                "The provided value for the input parameter 'refresh_token' or 'assertion' is not valid.";
            refused("invalid_grant", 9_002_313, text)
        })?;
        refresh.check(proof, now, behaviour.refresh_lifetime, behaviour.refresh_grace)?;
        refresh.used = now;
        (refresh.session.clone(), refresh.wanted.clone(), refresh.lease, behaviour.rotation)
    };
    let wanted = if asked.apis.is_empty() && asked.open_id.is_empty() { wanted } else { asked };
    let mut granted = for_user(request, app, proof, session, &wanted, rotates.then_some(lease))?;
    if !rotates {
        granted.refresh_token = Some(shown.to_owned());
    } else if let Some(refresh) = tenant.identity.book().refresh.get_mut(shown) {
        // Only now: a refusal must not cost a client the token that it has.
        refresh.replaced.get_or_insert(now);
    }
    Ok(granted)
}

/// Revokes the refresh tokens of a user, a client, or all, and gives how many.
pub(crate) fn revoke(tenant: &Tenant, user: Option<&str>, client: Option<&str>) -> usize {
    let mut book = tenant.identity.book();
    let meant = book.refresh.values_mut().filter(|refresh| {
        user.is_none_or(|name| refresh.session.user.name.eq_ignore_ascii_case(name))
            && client.is_none_or(|client| refresh.client.eq_ignore_ascii_case(client))
    });
    let mut revoked = 0;
    for refresh in meant {
        refresh.revoked = true;
        revoked += 1;
    }
    revoked
}

impl Refresh {
    fn check(&self, proof: Proof, now: i64, lifetime: i64, grace: i64) -> Result<(), Refused> {
        if self.lease.confidential {
            need(proof)?;
        } else if proof != Proof::None {
            return Err(numbered(700_025));
        }
        if self.revoked {
            return Err(numbered(50_173).sub("bad_token"));
        }
        if self.lease.page.is_some_and(|start| now >= start + DAY) {
            return Err(numbered(700_084).sub("bad_token"));
        }
        if now >= self.used + lifetime * SECOND {
            return Err(numbered(700_082).sub("bad_token"));
        }
        if self.replaced.is_some_and(|at| now >= at + grace * SECOND) {
            return Err(numbered(70_000)
                .because("The refresh token was replaced by a newer one.")
                .sub("bad_token"));
        }
        Ok(())
    }
}
