//! The Discovery Service as it was: its four operations on three bases, in three formats (discovery-service).

mod atom;
mod error;
mod filter;
mod first_sign_in;
mod format;
mod json;
mod mischief;
mod options;
mod place;
mod services;
mod verbose;

use hyper::header::{ALLOW, CACHE_CONTROL};
use hyper::{Method, StatusCode};

use crate::answer::Answer;
use crate::call::Call;
use crate::config::{Discovery, DiscoveryMischief};
use crate::tenant::Tenant;
use error::Error;
use format::{Format, Metadata};
use options::Options;
use place::{Base, Place, What};
use services::Row;

pub(crate) use place::is_at;
pub(crate) use services::{personal_host, root_host};

/// What is asked of a list, with all that its bodies need to know.
struct Asked<'a> {
    base: Base,
    /// The address of the base.
    url: String,
    /// The list, as addresses spell it.
    list: &'static str,
    format: Format,
    rows: Vec<Row>,
    /// Whether one row was asked for by its key.
    alone: bool,
    next: Option<String>,
    /// The time of the answer, in Atom.
    updated: String,
    discovery: &'a Discovery,
}

/// Answers a request below `/discovery`.
pub(crate) fn answer(tenant: &Tenant, call: &Call) -> Answer {
    let discovery = tenant.discovery();
    let place = Place::read(&call.path);
    let base = place.as_ref().map_or(Base::V1, |place| place.base);
    let format = Format::accepted(call, base);
    let spoken = format.unwrap_or_else(|| Format::usual(base));
    if discovery.retired {
        return Error::new(StatusCode::GONE, "Gone", "The Discovery Service has been retired.")
            .answer(spoken, base);
    }
    let Some(place) = place else { return Answer::empty(StatusCode::NOT_FOUND) };
    if place.what == What::FirstSignIn {
        return first_sign_in::answer(tenant, call, base, &discovery)
            .unwrap_or_else(|refused| refused.answer(spoken, base));
    }
    if call.method != Method::GET {
        return Answer::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, "GET");
    }
    read(tenant, call, &discovery, &place, format).unwrap_or_else(|refused| refused.answer(spoken, base))
}

/// What the service says with a status when nothing else is said.
pub(crate) fn usual(call: &Call, status: StatusCode) -> Answer {
    if status == StatusCode::NOT_FOUND {
        return Answer::empty(status);
    }
    let base = Place::read(&call.path).map_or(Base::V1, |place| place.base);
    let format = Format::accepted(call, base).unwrap_or_else(|| Format::usual(base));
    let reason = status.canonical_reason().unwrap_or("Error");
    Error::new(status, &reason.replace(' ', ""), reason).answer(format, base)
}

fn read(
    tenant: &Tenant,
    call: &Call,
    discovery: &Discovery,
    place: &Place,
    format: Option<Format>,
) -> Result<Answer, Error> {
    let unacceptable = || {
        let message = "The service has none of the formats that the request accepts.";
        Error::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    };
    let base = place.base;
    let url = format!("{}{}", tenant.urls.main, base.path());
    let rows = match place.what {
        What::Services => services::of_caller(tenant, call, discovery, base)?,
        What::AllServices => services::all(tenant, base),
        What::Document | What::FirstSignIn => {
            let format = format.ok_or_else(unacceptable)?;
            return Ok(document(format, base, &url));
        }
    };
    let format = format.ok_or_else(unacceptable)?;
    let options = Options::read(call)?;
    let mut asked = Asked {
        base,
        list: place.what.list(),
        format,
        rows,
        alone: place.key.is_some(),
        next: None,
        updated: format!("{}Z", crate::clock::seconds(tenant.clock.now())),
        url,
        discovery,
    };
    if let Some(key) = &place.key {
        // Where a key names several rows, it is the first: the service never said which.
        let found = asked.rows.into_iter().find(|row| row.key().eq_ignore_ascii_case(key));
        let found = found.ok_or_else(|| {
            let message = format!("There is no entity with the key '{key}'.");
            Error::new(StatusCode::NOT_FOUND, "ResourceNotFound", &message)
        })?;
        asked.rows = vec![found];
    }
    options.apply(&mut asked, call)?;
    Ok(asked.answer())
}

impl Asked<'_> {
    fn answer(&self) -> Answer {
        let (body, content_type) = match self.format {
            Format::Json(metadata) => (json::list(self, metadata), json::content_type(self.base, metadata)),
            Format::Verbose => (verbose::list(self), verbose::CONTENT_TYPE),
            Format::Atom => (atom::list(self), atom::content_type(self.alone)),
        };
        let (body, content_type) = mischief::spoil(self.discovery.mischief, self.format, body, content_type);
        self.format.answer(StatusCode::OK, self.base, content_type, body).with(CACHE_CONTROL, "no-cache")
    }

    /// The name of a member in this answer.
    fn member(&self, name: &str) -> String {
        let pascal = match self.format {
            Format::Json(_) => {
                self.base == Base::Preview || (self.base == Base::V1 && self.discovery.pascal_case)
            }
            Format::Verbose | Format::Atom => true,
        };
        if pascal { services::pascal(name) } else { name.to_owned() }
    }
}

/// What a base has, for clients that ask.
fn document(format: Format, base: Base, url: &str) -> Answer {
    let (body, content_type) = match format {
        Format::Json(metadata) => (json::document(url, metadata), json::content_type(base, metadata)),
        Format::Verbose => (verbose::document(), verbose::CONTENT_TYPE),
        Format::Atom => (atom::document(url), atom::DOCUMENT),
    };
    format.answer(StatusCode::OK, base, content_type, body.into_bytes())
}
