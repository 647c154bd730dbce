//! Bytes to download, and addresses that lead to them: at the same host, or at another that wants no token.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};

use super::error;
use crate::answer::Answer;
use crate::call::Call;
use crate::random::Random;
use crate::tenant::Tenant;

/// Where bytes lie for whoever knows their address.
pub(crate) const ELSEWHERE: &str = "/elsewhere/bytes";

/// `n` bytes, which begin with `start`, of the kind `type`, in a file called `name`.
pub(super) fn some(tenant: &Tenant, call: &Call) -> Answer {
    const MOST: usize = 256 * 1024 * 1024;
    let Some(length) = call.param("n").unwrap_or("1024").parse().ok().filter(|&length| length <= MOST) else {
        let message = "n: must be a number of bytes, at most 256 MiB.";
        return error(tenant, StatusCode::BAD_REQUEST, "BadRequest", message);
    };
    let mut random = Random::new(tenant.config.seed);
    let mut body = Vec::with_capacity(length + 8);
    body.extend_from_slice(call.param("start").unwrap_or_default().as_bytes());
    while body.len() < length {
        body.extend_from_slice(&random.next().to_le_bytes());
    }
    body.truncate(length);
    let mut answer = Answer::whole(StatusCode::OK, "application/octet-stream", Bytes::from(body));
    if let Some(kind) = call.param("type") {
        answer = answer.with(CONTENT_TYPE, kind);
    }
    if let Some(name) = call.param("name") {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        answer = answer.with(CONTENT_DISPOSITION, &format!("attachment; filename=\"{quoted}\""));
    }
    answer
}

/// What goes for a user's photo.
pub(super) fn photo(tenant: &Tenant, call: &Call) -> Answer {
    some(tenant, call).with(CONTENT_TYPE, "image/jpeg")
}

/// Leads to bytes by `hops` redirects, of which the last goes to another host if `elsewhere` is there.
pub(super) fn moved(tenant: &Tenant, call: &Call) -> Answer {
    let hops: u32 = call.param("hops").and_then(|hops| hops.parse().ok()).unwrap_or(1);
    let length = call.param("n").unwrap_or("1024");
    let location = match (hops, call.param("elsewhere")) {
        (0 | 1, None) => format!("/v1.0/bytes?n={length}"),
        // The same listener by another name, which makes it another origin.
        (0 | 1, Some(_)) => {
            format!("{}{ELSEWHERE}?n={length}", tenant.urls.graph.replace("127.0.0.1", "localhost"))
        }
        (_, None) => format!("/v1.0/moved?hops={}&n={length}", hops - 1),
        (_, Some(_)) => format!("/v1.0/moved?hops={}&n={length}&elsewhere=true", hops - 1),
    };
    Answer::empty(StatusCode::FOUND).with(LOCATION, &location)
}

/// Bytes that lie elsewhere. A token does not belong there.
pub(crate) fn elsewhere(tenant: &Tenant, call: &Call) -> Answer {
    if call.header(&AUTHORIZATION).is_some() {
        let message = "A token was sent to a host that it is not meant for.";
        return error(tenant, StatusCode::BAD_REQUEST, "UnexpectedToken", message);
    }
    some(tenant, call)
}
