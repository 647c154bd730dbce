//! Consent of an administrator for a whole directory (identity, 5.9).

use hyper::Method;

use super::pages;
use super::redirect::{Parameters, Return, kind_of};
use super::refusal::{Refused, numbered, unknown_app};
use super::registry::id;
use super::request::Segment;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::{App, SignIn};
use crate::tenant::Tenant;

/// Answers a browser at the admin consent endpoint.
pub(super) fn answer(tenant: &Tenant, call: &Call, directory: &str) -> Answer {
    let parameters = Parameters::of(call);
    let (app, back) = match registered(tenant, directory, &parameters) {
        Ok(known) => known,
        Err(refusal) => return pages::error(tenant, call, &refusal),
    };
    let behaviour = tenant.identity.behaviour();
    let decided = if call.method == Method::POST { parameters.get("decision") } else { None };
    match (behaviour.authorize, decided) {
        (SignIn::Form, None) => return pages::sign_in(tenant, call, &app, &parameters),
        (SignIn::Refuse, _) | (_, Some("decline")) => return back.refuse(tenant, &numbered(65_004)),
        _ => {}
    }
    if let Some(app) = tenant.identity.book().apps.iter_mut().find(|known| id(known) == id(&app)) {
        app.consented = true;
    }
    let mut pairs = vec![("admin_consent", "True".to_owned()), ("tenant", tenant.id.clone())];
    pairs.extend(parameters.get("scope").map(|scope| ("scope", scope.to_owned())));
    back.send(&pairs)
}

fn registered(tenant: &Tenant, directory: &str, parameters: &Parameters) -> Result<(App, Return), Refused> {
    Segment::read(tenant, directory)?;
    let client = parameters.get("client_id").unwrap_or_default();
    let app = tenant.identity.app(client).ok_or_else(|| unknown_app(client, directory))?;
    let uri = parameters.get("redirect_uri").unwrap_or_default();
    if kind_of(&app, uri).is_none() {
        return Err(numbered(50_011).because(format!("'{uri}' is not registered for '{}'.", id(&app))));
    }
    let back = Return::new(uri, parameters)?;
    Ok((app, back))
}
