//! Applications, sign-ins and tokens as tests see and change them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ControlError, Result, instant, none, read};
use crate::clock::{DAY, SECOND, millis};
use crate::config::{App, Behaviour, DeviceStep, User};
use crate::identity::{self, Assertion, Order, Whose, Wish};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct IssueToken {
    audience: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    roles: Option<Vec<String>>,
    lifetime: Option<i64>,
    user: Option<String>,
    capable: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RevokeTokens {
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    insist: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RevokeRefreshTokens {
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeviceCode {
    #[serde(default)]
    user_code: Option<String>,
    steps: Vec<DeviceStep>,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MakeCertificate {
    #[serde(default = "usual_subject")]
    subject: String,
    #[serde(default)]
    kind: KeyKind,
    #[serde(default)]
    bits: Option<u32>,
    #[serde(default)]
    not_before: Option<String>,
    #[serde(default)]
    not_after: Option<String>,
    #[serde(default)]
    chain: bool,
    /// Registers it for the client that every sandbox has.
    #[serde(default)]
    register: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyKind {
    #[default]
    Rsa,
    Ec,
}

fn usual_subject() -> String {
    "audit.contoso.example".into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FederatedToken {
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    audience: Option<String>,
    #[serde(default)]
    lifetime: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Secrets {
    kind: Option<String>,
}

/// What a key vault is asked, which signs and does not give its key away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sign {
    private_key: String,
    message: String,
    #[serde(default)]
    algorithm: identity::Algorithm,
}

/// Does the operation `name`.
pub(super) fn run(tenant: &Tenant, name: &str, args: Value) -> Result {
    let done = || Ok(json!({}));
    match name {
        "issue_token" => issue_token(tenant, read(name, args)?),
        "expire_tokens" => none(name, args).and_then(|()| {
            tenant.tokens.expire_all();
            done()
        }),
        "revoke_tokens" => Ok(revoke_tokens(tenant, read(name, args)?)),
        "relent" => none(name, args).and_then(|()| {
            tenant.tokens.relent();
            done()
        }),
        "revoke_refresh_tokens" => Ok(revoke_refresh_tokens(tenant, &read(name, args)?)),
        "set_behaviour" => set_behaviour(tenant, name, args),
        "set_app" => set_app(tenant, name, args),
        "device_code" => device_code(tenant, &read(name, args)?),
        "device_codes" => none(name, args).map(|()| json!({ "codes": identity::show_devices(tenant) })),
        "make_certificate" => make_certificate(tenant, read(name, args)?),
        "sign" => sign(&read(name, args)?),
        "federated_token" => Ok(federated_token(tenant, read(name, args)?)),
        "secrets" => read(name, args).map(|args| secrets(tenant, &args)),
        "aadsts" => none(name, args).map(|()| json!({ "numbers": identity::numbers().collect::<Vec<_>>() })),
        _ => Err(ControlError(format!("there is no control operation {name:?}"))),
    }
}

/// Gives out a token without asking anybody.
fn issue_token(tenant: &Tenant, args: IssueToken) -> Result {
    let roles = args.roles.unwrap_or_else(|| tenant.state().roles.clone());
    let wish = Wish {
        resource: args.audience.unwrap_or_else(|| tenant.urls.main.clone()),
        tenant: args.tenant.unwrap_or_else(|| tenant.id.clone()),
        app: args.client_id.or_else(|| tenant.config.client_id.clone()).unwrap_or_default(),
        roles,
        lifetime: args.lifetime.unwrap_or(tenant.config.token_lifetime),
        user: args.user.map(|name| user(tenant, &name)).transpose()?,
        strength: 1,
        capable: args.capable,
        ..Wish::default()
    };
    let now = tenant.clock.now();
    let token = tenant.tokens.issue(&wish, &tenant.urls, tenant.config.seed, now);
    Ok(json!({ "token": token, "expiresOn": millis(now + wish.lifetime * SECOND) }))
}

/// Changes what is given of the authority's behaviour.
fn set_behaviour(tenant: &Tenant, name: &str, args: Value) -> Result {
    let changed: Behaviour = merged(name, &tenant.identity.book().behaviour, args)?;
    changed.check(&format!("{name}: ")).map_err(|error| ControlError(error.0))?;
    tenant.identity.book().behaviour = changed.clone();
    Ok(json!(changed))
}

/// Registers an application, or changes what is given of one.
fn set_app(tenant: &Tenant, name: &str, args: Value) -> Result {
    let ours = tenant.config.client_id.clone().unwrap_or_default();
    let id = args["clientId"].as_str().map_or(ours, str::to_owned);
    let known = tenant.identity.book().app(&id).cloned();
    let known = known.unwrap_or_else(|| App { client_id: Some(id), ..App::default() });
    let app: App = merged(name, &known, args)?;
    let shown = json!(app);
    tenant.identity.book().put_app(app);
    Ok(shown)
}

/// Revokes access tokens, so that the APIs challenge who understands it.
fn revoke_tokens(tenant: &Tenant, args: RevokeTokens) -> Value {
    let whose = Whose { user: args.user, app: args.client_id, number: args.number };
    json!({ "revoked": tenant.tokens.revoke(&whose, tenant.clock.now(), args.insist) })
}

/// Revokes refresh tokens.
fn revoke_refresh_tokens(tenant: &Tenant, args: &RevokeRefreshTokens) -> Value {
    let revoked = identity::revoke_refresh_tokens(tenant, args.user.as_deref(), args.client_id.as_deref());
    json!({ "revoked": revoked })
}

/// Says how device codes go on.
fn device_code(tenant: &Tenant, args: &DeviceCode) -> Result {
    if args.steps.is_empty() {
        return Err(ControlError("device_code: steps: must name at least one".into()));
    }
    let changed = identity::direct(tenant, args.user_code.as_deref(), &args.steps, args.user.as_deref());
    Ok(json!({ "changed": changed }))
}

/// All secrets, or those of a kind, and the last of them.
fn secrets(tenant: &Tenant, args: &Secrets) -> Value {
    let mut secrets = identity::secrets(tenant);
    secrets.retain(|secret| args.kind.as_ref().is_none_or(|kind| secret["kind"] == **kind));
    let last = secrets.last().map(|secret| secret["value"].clone());
    json!({ "secrets": secrets, "last": last })
}

/// Signs bytes as a key vault would.
fn sign(args: &Sign) -> Result {
    let signature = identity::sign_for(&args.private_key, &args.message, args.algorithm);
    let wrong = "sign: privateKey must be PEM (PKCS #8, RSA), and message base64";
    signature.map(|signature| json!({ "signature": signature })).ok_or_else(|| ControlError(wrong.into()))
}

/// Makes a certificate for a client to sign in with.
fn make_certificate(tenant: &Tenant, args: MakeCertificate) -> Result {
    let time = |text: &Option<String>, member: &str, usual: i64| match text {
        Some(text) => instant("make_certificate", member, text),
        None => Ok(tenant.clock.now() + usual),
    };
    let bits = match args.kind {
        KeyKind::Rsa => Some(args.bits.unwrap_or(2_048)),
        KeyKind::Ec => None,
    };
    let order = Order {
        not_before: time(&args.not_before, "notBefore", -DAY)?,
        not_after: time(&args.not_after, "notAfter", 365 * DAY)?,
        subject: args.subject,
        bits,
        chain: args.chain,
    };
    let made = identity::make(&order).map_err(|error| ControlError(format!("make_certificate: {error}")))?;
    identity::note_private_key(tenant, made["privateKey"].as_str().unwrap_or_default());
    if args.register
        && let Some(pem) = made["certificate"].as_str()
    {
        let ours = tenant.config.client_id.clone().unwrap_or_default();
        let mut book = tenant.identity.book();
        if let Some(mut app) = book.app(&ours).cloned() {
            app.certificates.push(pem.to_owned());
            book.put_app(app);
        }
    }
    Ok(made)
}

/// A token of the issuer that workloads bring.
fn federated_token(tenant: &Tenant, args: FederatedToken) -> Value {
    let FederatedToken { issuer, subject, audience, lifetime } = args;
    json!({ "token": identity::assert(tenant, Assertion { issuer, subject, audience, lifetime }) })
}

fn user(tenant: &Tenant, name: &str) -> std::result::Result<User, ControlError> {
    tenant
        .identity
        .book()
        .find_user(name)
        .cloned()
        .ok_or_else(|| ControlError(format!("issue_token: user: there is no {name:?}")))
}

/// What `known` becomes with the members of `args`.
pub(super) fn merged<T: Serialize + DeserializeOwned>(
    name: &str,
    known: &T,
    args: Value,
) -> std::result::Result<T, ControlError> {
    let wrong = || ControlError(format!("{name}: the arguments are not an object"));
    let mut whole = serde_json::to_value(known).map_err(|error| ControlError(format!("{name}: {error}")))?;
    let members = match args {
        Value::Null => serde_json::Map::new(),
        Value::Object(members) => members,
        _ => return Err(wrong()),
    };
    let into = whole.as_object_mut().ok_or_else(wrong)?;
    into.extend(members);
    read(name, whole)
}
