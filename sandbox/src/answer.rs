//! What an API answers, before faults and the wire have their say.

use std::io::Write;

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::config::{Coding, Compression};
use crate::feed::{Blob, Shelf};

/// A body that is made while it is sent.
pub(crate) type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// A body.
pub(crate) enum Content {
    /// All of it; goes out with its length.
    Whole(Bytes),
    /// Pieces; go out without a length.
    Pieces(Pieces),
}

/// Status, headers and body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Box<HeaderMap>,
    pub(crate) content: Content,
    /// The blob that the body is that of, if it is kept.
    kept: Option<Blob>,
}

impl Answer {
    /// No body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Box::default(), content: Content::Whole(Bytes::new()), kept: None }
    }

    /// A JSON body.
    pub(crate) fn json<T: Serialize + ?Sized>(status: StatusCode, body: &T) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::whole(status, "application/json; charset=utf-8", Bytes::from(body))
    }

    /// A body of any type.
    pub(crate) fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        Self::empty(status).typed(content_type, Content::Whole(body))
    }

    /// A JSON body that is made while it is sent.
    pub(crate) fn pieces(status: StatusCode, pieces: Pieces) -> Self {
        Self::empty(status).typed("application/json; charset=utf-8", Content::Pieces(pieces))
    }

    /// What a gateway says when what is behind it does not answer.
    pub(crate) fn html(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let page = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self::whole(status, "text/html", Bytes::from(page))
    }

    /// Says that the body is kept as that of a blob, so that its compressed form can be kept as well.
    pub(crate) fn kept_as(self, blob: Blob) -> Self {
        Self { kept: Some(blob), ..self }
    }

    /// Adds a header; one that cannot be sent is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Puts another body in the place of the one that is there.
    pub(crate) fn replace(&mut self, body: Bytes) {
        self.content = Content::Whole(body);
        self.kept = None;
    }

    /// Makes sure that the body is there as a whole.
    pub(crate) fn collect(&mut self) -> Bytes {
        if let Content::Pieces(pieces) = &mut self.content {
            let body: Vec<u8> = pieces.fold(Vec::new(), |mut body, piece| {
                body.extend_from_slice(&piece);
                body
            });
            self.content = Content::Whole(Bytes::from(body));
        }
        match &self.content {
            Content::Whole(body) => body.clone(),
            Content::Pieces(_) => Bytes::new(),
        }
    }

    /// Compresses the body if the client asked for it and it is worth it.
    pub(crate) fn compress(&mut self, accepted: &str, allowed: Compression, bodies: &Shelf) {
        const WORTH_IT: usize = 512;
        let Some(coding) = choose(accepted, allowed) else { return };
        match &mut self.content {
            Content::Whole(body) if body.len() < WORTH_IT => return,
            Content::Whole(body) => {
                let squeeze = || {
                    let mut squeezer = Squeezer::new(coding);
                    let mut out = squeezer.push(body);
                    out.extend_from_slice(&squeezer.finish());
                    Bytes::from(out)
                };
                *body = match self.kept {
                    Some(blob) => bodies.get(blob, Some(coding), squeeze),
                    None => squeeze(),
                };
            }
            Content::Pieces(pieces) => {
                let pieces = std::mem::replace(pieces, Box::new(std::iter::empty()));
                self.content = Content::Pieces(Box::new(squeeze(pieces, Squeezer::new(coding))));
            }
        }
        let name = match coding {
            Coding::Gzip => "gzip",
            Coding::Brotli => "br",
        };
        self.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        self.headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }

    fn typed(mut self, content_type: &'static str, content: Content) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.content = content;
        self
    }
}

fn choose(accepted: &str, allowed: Compression) -> Option<Coding> {
    let asked = |name: &str| {
        accepted.split(',').any(|offer| {
            let (coding, quality) = offer.split_once(';').unwrap_or((offer, ""));
            coding.trim().eq_ignore_ascii_case(name) && !matches!(quality.trim(), "q=0" | "q=0.0")
        })
    };
    let allow = |coding| match allowed {
        Compression::Any(any) => any,
        Compression::Only(only) => only == coding,
    };
    // gzip first: it is the cheaper one to make, and a sandbox is not short of bandwidth.
    [(Coding::Gzip, "gzip"), (Coding::Brotli, "br")]
        .into_iter()
        .find(|&(coding, name)| allow(coding) && asked(name))
        .map(|(coding, _)| coding)
}

fn squeeze(mut pieces: Pieces, squeezer: Squeezer) -> impl Iterator<Item = Bytes> + Send {
    let mut squeezer = Some(squeezer);
    std::iter::from_fn(move || {
        loop {
            let active = squeezer.as_mut()?;
            let Some(piece) = pieces.next() else {
                return squeezer.take().map(|last| Bytes::from(last.finish()));
            };
            let out = active.push(&piece);
            if !out.is_empty() {
                return Some(Bytes::from(out));
            }
        }
    })
}

enum Squeezer {
    Gzip(Box<flate2::write::GzEncoder<Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Squeezer {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => {
                Self::Gzip(Box::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast())))
            }
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 65_536, 0, 20)))
            }
        }
    }

    // Writing into a vector cannot fail, so neither can these.
    fn push(&mut self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => {
                let _ = encoder.write_all(data);
                std::mem::take(encoder.get_mut())
            }
            Self::Brotli(encoder) => {
                let _ = encoder.write_all(data);
                std::mem::take(encoder.get_mut())
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => encoder.finish().unwrap_or_default(),
            Self::Brotli(encoder) => encoder.into_inner(),
        }
    }
}
