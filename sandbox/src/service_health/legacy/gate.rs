//! Who may ask (2.2 and 2.10).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;

use super::error;
use crate::answer::Answer;
use crate::call::Call;
use crate::identity::{Audience, Denied, Grant, challenge};
use crate::random::is_guid;
use crate::tenant::{Standing, Tenant};

/// Lets a request in, or says why not.
pub(super) fn check(
    tenant: &Tenant,
    call: &Call,
    directory: &str,
    operation: &str,
) -> Result<Arc<Grant>, Answer> {
    let now = tenant.clock.now();
    let bare = || {
        let ask = format!("Bearer authorization_uri=\"{}/common/oauth2/authorize\"", tenant.urls.main);
        Answer::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, &ask)
    };
    let grant = call.bearer().ok_or(Denied::Dead).and_then(|token| tenant.tokens.check(token, now));
    let grant = grant.map_err(|denied| match denied {
        Denied::Dead => bare(),
        Denied::Challenged(claims) => bare().with(WWW_AUTHENTICATE, &challenge(&tenant.urls, &claims)),
    })?;
    if grant.audience != Audience::Management {
        return Err(bare());
    }
    check_directory(tenant, directory, &grant)?;
    if !grant.roles.iter().any(|role| role == "ServiceHealth.Read") {
        let message = format!(
            "The permission set ({}) sent in the request did not include the expected permission ServiceHealth.Read.",
            grant.roles.join(" ")
        );
        return Err(error(tenant, StatusCode::FORBIDDEN, "AF10001", &message));
    }
    let refused = tenant.throttle().take(Some(&grant.app), now);
    refused.map_err(|refusal| {
        tenant.ledger.count_refused();
        refusal.answer(&format!("Get{operation}"), Some(&grant.app), now)
    })?;
    Ok(grant)
}

/// The tenant in the path, by id or by domain, is that of the token.
fn check_directory(tenant: &Tenant, asked: &str, grant: &Grant) -> Result<(), Answer> {
    let ours = asked.eq_ignore_ascii_case(&tenant.config.domain);
    if !is_guid(asked) && !asked.contains('.') {
        let message = format!("The tenant ID passed in the URL ({asked}) is not a valid GUID.");
        return Err(error(tenant, StatusCode::BAD_REQUEST, "AF20013", &message));
    }
    let standing = tenant.state().standing;
    let unknown = || {
        let message =
            format!("Specified tenant ID ({asked}) does not exist in the system or has been deleted.");
        Err(error(tenant, StatusCode::NOT_FOUND, "AF20011", &message))
    };
    if standing == Standing::Missing || !is_guid(asked) && !ours {
        return unknown();
    }
    let named = if ours { tenant.id.as_str() } else { asked };
    if tenant.config.strict_tenant && !named.eq_ignore_ascii_case(&grant.tenant) {
        let message = format!(
            "The tenant ID passed in the URL ({asked}) does not match the tenant ID passed in the access token ({}).",
            grant.tenant
        );
        return Err(error(tenant, StatusCode::FORBIDDEN, "AF20010", &message));
    }
    if tenant.config.strict_tenant && !named.eq_ignore_ascii_case(&tenant.id) {
        return unknown();
    }
    if standing == Standing::Misconfigured {
        let message = format!("Specified tenant ID ({asked}) is incorrectly configured in the system.");
        return Err(error(tenant, StatusCode::BAD_REQUEST, "AF20012", &message));
    }
    Ok(())
}
