//! The authority's endpoints: where they are, and the one way in which a token is asked for.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::ask::Ask;
use super::random::guid;
use super::refusal::{judge, judge_once};
use super::token::{Grant, read_token};
use super::{TokenEndpoint, claims, is_guid};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, Corridor, Patience, Refusal, Request, Retry, as_asked};

/// Token endpoints answer at once or not at all, so they are given up sooner than a feed.
pub(super) static PATIENCE: Patience = Patience {
    retry: Retry { attempts: 4, deadline: Duration::from_secs(60), wait: as_asked },
    timeout: Duration::from_secs(30),
};
/// So much room that a form is not moved while it grows, which would leave its secrets behind.
const FORM_ROOM: usize = 16 * 1024;
/// Refusals that may come of a clock that is wrong.
const ABOUT_TIME: [&str; 5] = ["AADSTS700024", "AADSTS700027", "AADSTS50012", "AADSTS50013", "AADSTS500133"];

/// The fields of a token request. Wiped when it has been sent.
pub(super) struct Form(Zeroizing<String>);

impl Form {
    pub(super) fn new(grant_type: &str) -> Self {
        Form::empty().with("grant_type", grant_type)
    }

    /// A form that is no grant yet: what asks for a device code.
    pub(super) fn empty() -> Self {
        Form(Zeroizing::new(String::with_capacity(FORM_ROOM)))
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        Serializer::new(&mut *self.0).append_pair(name, value);
        self
    }

    pub(super) fn secret(self, name: &str, value: &SecretString) -> Self {
        self.with(name, value.expose_secret())
    }

    /// What the token is for: a resource of the v1 endpoint, a scope of all others.
    pub(super) fn target(self, ask: &Ask<'_>, endpoint: &TokenEndpoint) -> Self {
        match endpoint {
            TokenEndpoint::V1 => self.with("resource", ask.audience),
            _ => self.with("scope", &ask.scope()).claims(ask),
        }
    }

    /// The claims that the token has to have, if there are any.
    pub(super) fn claims(self, ask: &Ask<'_>) -> Self {
        match claims::merged(ask.claims, ask.continuous_access) {
            Some(claims) => self.with("claims", &claims),
            None => self,
        }
    }

    fn finish(mut self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *self.0).into_bytes()))
    }
}

/// Whether a grant may be sent again after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redeem {
    /// Each answer is a token of its own.
    Often,
    /// Worth one answer, whatever that is.
    Once,
}

/// The URL of the token endpoint: what the form is sent to, and what an assertion is for.
pub(super) fn token_endpoint(ask: &Ask<'_>, endpoint: &TokenEndpoint) -> Result<Url> {
    let version = if *endpoint == TokenEndpoint::V1 { "oauth2/token" } else { "oauth2/v2.0/token" };
    at_authority(ask.corridor, ask.tenant, version)
}

/// Sends a grant to the token endpoint and reads the token.
pub(super) async fn redeem(
    ask: &Ask<'_>,
    endpoint: &TokenEndpoint,
    form: Form,
    how: Redeem,
) -> Result<Grant> {
    let url = token_endpoint(ask, endpoint)?;
    let request = match how {
        Redeem::Often => post(url, form).repeatable().judge(judge),
        Redeem::Once => post(url, form).judge(judge_once),
    };
    let outcome = Box::pin(ask.corridor.exchange(&request, read_token)).await;
    outcome.map_err(|error| explain_clock(ask.corridor, error)).map_err(|error| {
        // Whoever signs in next has to bring what the service demanded.
        let demanded = ask.claims.filter(|_| error.sign_in().interaction_required);
        match demanded.filter(|_| error.sign_in().claims.is_none()) {
            Some(claims) => error.with_sign_in(|told| told.claims = Some(claims.to_owned())),
            None => error,
        }
    })
}

/// Sends a form to an endpoint of the authority; its refusals are states that `judge` tells apart.
pub(super) async fn submit<T: Send>(
    ask: &Ask<'_>,
    path: &str,
    form: Form,
    judge: fn(&Refusal) -> Error,
    decode: impl Fn(&Answer) -> Result<T> + Send + Sync,
) -> Result<T> {
    let request = post(at_authority(ask.corridor, ask.tenant, path)?, form).judge(judge);
    Box::pin(ask.corridor.exchange(&request, decode)).await
}

fn post(url: Url, form: Form) -> Request {
    let mut request = Request::new(Method::POST, url)
        .body("application/x-www-form-urlencoded", form.finish())
        .patience(&PATIENCE)
        .header("return-client-request-id", HeaderValue::from_static("true"))
        .header("x-client-sku", HeaderValue::from_static("m365kit"))
        .header("x-client-ver", HeaderValue::from_static(env!("CARGO_PKG_VERSION")))
        // Says that throttling is honoured, which is so.
        .header("x-ms-lib-capability", HeaderValue::from_static("retry-after, h429"));
    if let Ok(id) = HeaderValue::from_str(&guid()) {
        request = request.header("client-request-id", id);
    }
    request
}

fn explain_clock(corridor: &Corridor, error: Error) -> Error {
    match corridor.clock.skew() {
        Some(skew) if error.code().is_some_and(|code| ABOUT_TIME.contains(&code)) => {
            error.with_hint(format!("The local clock differs from the service's by {skew} s: set it"))
        }
        _ => error,
    }
}

/// What a tenant's metadata says.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

/// The directory id of a domain, from the issuer that its metadata names.
pub(super) async fn tenant_id(corridor: &Corridor, domain: &str) -> Result<String> {
    let metadata = metadata(corridor, domain, ".well-known/openid-configuration").await?;
    let id = metadata.issuer.split('/').find(|part| is_guid(part)).map(str::to_ascii_lowercase);
    id.ok_or_else(|| Error::new(ErrorKind::Auth, format!("the tenant {domain:?} has no directory id")))
}

/// Checks that the tenant exists and that its endpoints are the authority's own.
pub(super) async fn validate(corridor: &Corridor, tenant: &str) -> Result<()> {
    let metadata = metadata(corridor, tenant, "v2.0/.well-known/openid-configuration").await?;
    let endpoints =
        [metadata.token_endpoint, metadata.authorization_endpoint, metadata.device_authorization_endpoint];
    for endpoint in endpoints.iter().flatten() {
        let foreign = || {
            Error::new(
                ErrorKind::Auth,
                format!("the tenant's metadata names {endpoint:?}, which is not of this authority"),
            )
        };
        let url = Url::parse(endpoint).map_err(|_| foreign())?;
        let own = corridor.hosts.authority()?;
        let alias = url.scheme() == "https"
            && url.port().is_none()
            && matches!(url.host(), Some(Host::Domain(host)) if corridor.hosts.is_authority(host));
        if url.origin() != own.origin() && !alias {
            return Err(foreign());
        }
    }
    Ok(())
}

async fn metadata(corridor: &Corridor, tenant: &str, path: &str) -> Result<Metadata> {
    let url = at_authority(corridor, tenant, path)?;
    let request = Request::new(Method::GET, url).patience(&PATIENCE).judge(judge);
    Box::pin(corridor.exchange(&request, |answer| {
        serde_json::from_slice(&answer.body)
            .map_err(|e| Error::decode("the tenant's metadata cannot be read").with_source(e))
    }))
    .await
}

/// What an authority says of a tenant, whatever it says. Nothing is sent but the tenant's name.
pub(crate) async fn open_id(
    corridor: &Corridor,
    authority: &Url,
    tenant: &str,
) -> Result<Map<String, Value>> {
    let url = below(authority, tenant, "v2.0/.well-known/openid-configuration")?;
    let request = Request::new(Method::GET, url).patience(&PATIENCE).judge(judge);
    Box::pin(corridor.exchange(&request, |answer| {
        serde_json::from_slice(&answer.body)
            .map_err(|e| Error::decode("the tenant's metadata cannot be read").with_source(e))
    }))
    .await
}

/// An endpoint of a tenant. The tenant is one segment of the path, whatever is in it.
pub(super) fn at_authority(corridor: &Corridor, tenant: &str, path: &str) -> Result<Url> {
    below(corridor.hosts.authority()?, tenant, path)
}

fn below(authority: &Url, tenant: &str, path: &str) -> Result<Url> {
    let mut url = authority.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => _ = segments.clear().push(tenant).extend(path.split('/')),
        Err(()) => return Err(Error::invalid("the authority is not a host")),
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_encoded_as_forms_are() {
        let form = Form::new("client_credentials").with("client_secret", "p@ss+w&rd=%");
        assert_eq!(form.finish(), "grant_type=client_credentials&client_secret=p%40ss%2Bw%26rd%3D%25");
        assert_eq!(Form::empty().with("a", "\u{e9} ").finish(), "a=%C3%A9+");
    }
}
