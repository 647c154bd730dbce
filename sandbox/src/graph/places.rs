//! Where a tenant's sites and files are: what the Discovery Service knew and no table does (discovery-service, 9.2).

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::error;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::User;
use crate::discovery::{personal_host, root_host};
use crate::identity::Grant;
use crate::random::{guid, hash_text};
use crate::tenant::Tenant;

/// The site of the tenant.
pub(super) fn root(tenant: &Tenant, call: &Call, grant: &Grant) -> Answer {
    let user = user(tenant, grant);
    if user.as_ref().is_some_and(|user| user.personal) {
        let message = "This API is not supported for MSA accounts.";
        return error(tenant, StatusCode::BAD_REQUEST, "BadRequest", message);
    }
    if !licensed(tenant, user.as_ref()) {
        return missing(tenant);
    }
    let host = root_host(tenant);
    let made = |part: &str| guid(hash_text(tenant.config.seed, part));
    let members = json!({
        "id": format!("{host},{},{}", made("root site"), made("root web")),
        "displayName": "Communication site",
        "name": "",
        "webUrl": format!("https://{host}"),
        "siteCollection": {"hostname": host},
        "root": {},
    });
    selected(tenant, call, "sites/$entity", "microsoft.graph.site", members)
}

/// The files of the user.
pub(super) fn drive(tenant: &Tenant, call: &Call, grant: &Grant) -> Answer {
    let user = user(tenant, grant);
    if !licensed(tenant, user.as_ref()) {
        return missing(tenant);
    }
    let name = user.as_ref().map(|user| user.name.clone()).unwrap_or_default();
    let id = guid(hash_text(tenant.config.seed, &format!("drive of {name}")));
    let (kind, address) = if user.is_some_and(|user| user.personal) {
        ("personal", format!("https://onedrive.live.com/?cid={}", id.replace('-', "").split_at(16).0))
    } else {
        let folder = name.replace(['@', '.'], "_");
        ("business", format!("https://{}/personal/{folder}/Documents", personal_host(tenant)))
    };
    let members = json!({"id": id, "driveType": kind, "name": "OneDrive", "webUrl": address});
    selected(tenant, call, "drives/$entity", "microsoft.graph.drive", members)
}

/// Whose token it is. An application sees what the first of the users sees.
fn user(tenant: &Tenant, grant: &Grant) -> Option<User> {
    grant.user.clone().or_else(|| tenant.identity.book().first_user().cloned())
}

fn licensed(tenant: &Tenant, user: Option<&User>) -> bool {
    user.is_none_or(|user| tenant.discovery().user(&user.name).licensed)
}

fn missing(tenant: &Tenant) -> Answer {
    let message = "User's mysite not found: the tenant does not have a SPO license.";
    error(tenant, StatusCode::NOT_FOUND, "ResourceNotFound", message)
}

fn selected(tenant: &Tenant, call: &Call, context: &str, kind: &str, members: Value) -> Answer {
    let Value::Object(members) = members else { return missing(tenant) };
    let mut context = format!("{}/v1.0/$metadata#{context}", tenant.urls.graph);
    let wanted: Option<Vec<&str>> =
        call.param("$select").map(|names| names.split(',').map(str::trim).collect());
    if let Some(names) = &wanted {
        if let Some(name) = names.iter().find(|name| !members.contains_key(**name)) {
            let message = format!("Could not find a property named '{name}' on type '{kind}'.");
            return error(tenant, StatusCode::BAD_REQUEST, "BadRequest", &message);
        }
        context = context.replace("/$entity", &format!("({})/$entity", names.join(",")));
    }
    let mut shown = Map::from_iter([("@odata.context".to_owned(), Value::from(context))]);
    let kept = members
        .into_iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|names| names.contains(&name.as_str())));
    shown.extend(kept);
    Answer::json(StatusCode::OK, &shown)
}
