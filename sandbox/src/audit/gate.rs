//! What every request to the API has to pass: token, tenant, permission, publisher, limit (management-activity, 2 and 3).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;

use super::ContentType;
use super::errors::{code, gateway_refusal, operation_name};
use crate::answer::Answer;
use crate::call::Call;
use crate::identity::{Audience, Denied, Grant, challenge};
use crate::random::is_guid;
use crate::tenant::{Standing, Tenant};

/// A path below `/api/`.
pub(super) struct Path<'a> {
    tenant: &'a str,
    /// What follows `/activity/feed/`.
    pub(super) operation: &'a str,
}

/// Splits a path; both spellings of the version are taken.
pub(super) fn split(path: &str) -> Option<Path<'_>> {
    let rest = path.strip_prefix("/api/v1.0/").or_else(|| path.strip_prefix("/api/v1/"))?;
    let (tenant, operation) = rest.split_once("/activity/feed/")?;
    (!tenant.contains('/')).then_some(Path { tenant, operation })
}

/// Lets a request in, or says why not.
pub(super) fn check(tenant: &Tenant, call: &Call, path: &Path<'_>) -> Result<Arc<Grant>, Answer> {
    let now = tenant.clock.now();
    let grant = call.bearer().ok_or(Denied::Dead).and_then(|token| tenant.tokens.check(token, now));
    let grant = grant.map_err(|denied| match denied {
        Denied::Dead => gateway_refusal(),
        Denied::Challenged(claims) => {
            gateway_refusal().with(WWW_AUTHENTICATE, &challenge(&tenant.urls, &claims))
        }
    })?;
    if grant.audience != Audience::Management {
        return Err(gateway_refusal());
    }
    check_tenant(tenant, path.tenant, &grant)?;
    check_role(&grant, "ActivityFeed.Read")?;
    let publisher = call.param("PublisherIdentifier").filter(|publisher| !publisher.is_empty());
    if let Some(publisher) = publisher.filter(|publisher| !is_guid(publisher)) {
        let message =
            format!("Invalid parameter type: PublisherIdentifier. Expected type: Guid. Value: {publisher}");
        return Err(code(StatusCode::BAD_REQUEST, "AF20002", &message));
    }
    tenant.throttle().take(publisher, now).map_err(|refusal| {
        tenant.ledger.count_refused();
        refusal.answer(operation_name(call.operation), publisher, now)
    })?;
    Ok(grant)
}

/// The content type of a request, which the token must be allowed to read.
pub(super) fn content_type(call: &Call, grant: &Grant) -> Result<ContentType, Answer> {
    let Some(name) = call.param("contentType").filter(|name| !name.is_empty()) else {
        return Err(code(StatusCode::BAD_REQUEST, "AF20001", "Missing parameter: contentType."));
    };
    let Some(content_type) = ContentType::parse(name) else {
        let message = format!("The content type {name} is not valid.");
        return Err(code(StatusCode::BAD_REQUEST, "AF20020", &message));
    };
    check_permission(content_type, grant)?;
    Ok(content_type)
}

/// DLP content needs a permission of its own.
pub(super) fn check_permission(content_type: ContentType, grant: &Grant) -> Result<(), Answer> {
    if content_type == ContentType::Dlp { check_role(grant, "ActivityFeed.ReadDlp") } else { Ok(()) }
}

fn check_role(grant: &Grant, role: &str) -> Result<(), Answer> {
    if grant.roles.iter().any(|known| known == role) {
        return Ok(());
    }
    let message = format!(
        "The permission set ({}) sent in the request did not include the expected permission {role}.",
        grant.roles.join(" ")
    );
    Err(code(StatusCode::UNAUTHORIZED, "AF10001", &message))
}

fn check_tenant(tenant: &Tenant, asked: &str, grant: &Grant) -> Result<(), Answer> {
    if !is_guid(asked) {
        let message = format!("The tenant ID passed in the URL ({asked}) is not a valid GUID.");
        return Err(code(StatusCode::BAD_REQUEST, "AF20013", &message));
    }
    if tenant.config.strict_tenant && !asked.eq_ignore_ascii_case(&grant.tenant) {
        let message = format!(
            "The tenant ID passed in the URL ({asked}) does not match the tenant ID passed in the access token ({}).",
            grant.tenant
        );
        return Err(code(StatusCode::FORBIDDEN, "AF20010", &message));
    }
    let standing = tenant.state().standing;
    if standing == Standing::Missing || tenant.config.strict_tenant && !asked.eq_ignore_ascii_case(&tenant.id)
    {
        let message =
            format!("Specified tenant ID ({asked}) does not exist in the system or has been deleted.");
        return Err(code(StatusCode::NOT_FOUND, "AF20011", &message));
    }
    if standing == Standing::Misconfigured {
        let message = format!("Specified tenant ID ({asked}) is incorrectly configured in the system.");
        return Err(code(StatusCode::FORBIDDEN, "AF20012", &message));
    }
    Ok(())
}
