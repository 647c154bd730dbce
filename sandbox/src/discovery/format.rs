//! In which format a request is answered: by `Accept`, or by the base where nothing is said (discovery-service, 1 and 4).

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderName};

use super::place::Base;
use crate::answer::Answer;
use crate::call::Call;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json(Metadata),
    /// `odata=verbose` of OData 3.
    Verbose,
    Atom,
}

/// How much a JSON body says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    None,
    Minimal,
    Full,
}

impl Format {
    /// What a base answers in when nothing is said.
    pub(super) const fn usual(base: Base) -> Self {
        match base {
            Base::Preview => Self::Atom,
            Base::V1 | Base::V2 => Self::Json(Metadata::Minimal),
        }
    }

    /// What the request accepts most; nothing if the service has none of it.
    pub(super) fn accepted(call: &Call, base: Base) -> Option<Self> {
        let ranges: Vec<&str> =
            call.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        Self::chosen(&ranges.join(","), base)
    }

    fn chosen(accept: &str, base: Base) -> Option<Self> {
        if accept.trim().is_empty() {
            return Some(Self::usual(base));
        }
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
            let said = |name: &str| {
                let found = parameters.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.trim().trim_matches('"').to_ascii_lowercase())
            };
            let quality = said("q").and_then(|text| text.parse().ok()).unwrap_or(1.0_f32);
            let Some(format) = of_media(&media.to_ascii_lowercase(), base, said) else { continue };
            if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, format));
            }
        }
        best.map(|(_, format)| format)
    }

    /// An answer in this format, with the version of the protocol.
    pub(super) fn answer(
        self,
        status: StatusCode,
        base: Base,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Answer {
        const NEW: HeaderName = HeaderName::from_static("odata-version");
        const OLD: HeaderName = HeaderName::from_static("dataserviceversion");
        let answer = Answer::whole(status, content_type, Bytes::from(body));
        match self {
            Self::Json(_) if base != Base::Preview => answer.with(NEW, "4.0"),
            Self::Verbose => answer.with(OLD, "2.0;"),
            _ => answer.with(OLD, "3.0;"),
        }
    }
}

fn of_media(media: &str, base: Base, said: impl Fn(&str) -> Option<String>) -> Option<Format> {
    match media {
        "*/*" | "application/*" => Some(Format::usual(base)),
        "application/atom+xml" => Some(Format::Atom),
        "application/json" => {
            let asked = said("odata.metadata").or_else(|| said("odata"));
            match asked.as_deref() {
                Some("verbose") => Some(Format::Verbose),
                None | Some("minimal" | "minimalmetadata") => Some(Format::Json(Metadata::Minimal)),
                Some("full" | "fullmetadata") => Some(Format::Json(Metadata::Full)),
                Some("none" | "nometadata") => Some(Format::Json(Metadata::None)),
                Some(_) => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_range_decides() {
        let chosen = |accept: &str| Format::chosen(accept, Base::V1);
        let minimal = Some(Format::Json(Metadata::Minimal));
        assert_eq!(chosen(""), minimal);
        assert_eq!(chosen("text/html, */*;q=0.1"), minimal);
        assert_eq!(Format::chosen("*/*", Base::Preview), Some(Format::Atom));
        assert_eq!(chosen("application/json;odata=verbose"), Some(Format::Verbose));
        assert_eq!(chosen("application/json; odata.metadata=FULL"), Some(Format::Json(Metadata::Full)));
        assert_eq!(chosen("application/json;odata.metadata=none"), Some(Format::Json(Metadata::None)));
        assert_eq!(chosen("application/json;q=0.5, application/atom+xml"), Some(Format::Atom));
        assert_eq!(chosen("application/atom+xml;q=0"), None);
        for nothing in ["text/html", "application/json;odata=loud", "application/xml", "json"] {
            assert_eq!(chosen(nothing), None, "{nothing}");
        }
    }
}
