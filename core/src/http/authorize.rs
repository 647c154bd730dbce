//! First step: may this host be given a token, and which one?

use super::{Corridor, Request};
use crate::error::{Error, Repeat, Result};
use crate::identity::Token;

/// The token for a request; none if it carries none. A foreign host is refused here, whoever named it.
pub(super) async fn bearer(corridor: &Corridor, request: &Request) -> Result<Option<Token>> {
    let Some(service) = &request.bearer else { return Ok(None) };
    if !corridor.hosts.trusts(service, &request.url) {
        let host = request.url.host_str().unwrap_or("no host");
        return Err(Error::invalid(format!(
            "{host} is not the {service} host of this cloud: it gets no token"
        )));
    }
    corridor.identity.token(corridor, service).await.map(Some)
}

/// Gives up a token that the service refused, and notes the claims that the next one needs. Where there can be
/// no other, the refusal is final.
pub(super) fn after_refusal(
    corridor: &Corridor,
    request: &Request,
    token: Option<&Token>,
    error: Error,
) -> Error {
    let (Some(service), Some(token), Repeat::WithNewToken) = (&request.bearer, token, error.repeat()) else {
        return if error.repeat() == Repeat::WithNewToken { error.with_repeat(Repeat::Never) } else { error };
    };
    let claims = error.sign_in().claims.as_deref();
    if corridor.identity.give_up(corridor, service, token, claims) {
        error
    } else {
        error.with_repeat(Repeat::Never)
    }
}
