//! Pages of a collection, and the link from one to the next.

use std::fmt::Write;
use std::ops::Range;

use hyper::HeaderMap;

/// A page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The rows on it.
    pub(crate) window: Range<usize>,
    /// How many rows the next page skips.
    next: Option<usize>,
}

impl Page {
    /// The page that begins after `skip` of `total` rows. `top` rows are all that is wanted, so that there is no link.
    pub(crate) fn new(total: usize, skip: usize, top: Option<usize>, size: usize) -> Self {
        let start = skip.min(total);
        let end = start.saturating_add(top.unwrap_or(size)).min(total);
        Self { window: start..end, next: (top.is_none() && end < total).then_some(end) }
    }

    /// The link to the next page: the same request, but for what it skips.
    pub(crate) fn link(&self, address: &str, query: &[(String, String)]) -> Option<String> {
        let next = self.next?;
        let mut link = format!("{address}?");
        for (name, value) in query.iter().filter(|(name, _)| name != "$skip") {
            push_encoded(&mut link, name);
            link.push('=');
            push_encoded(&mut link, value);
            link.push('&');
        }
        let _ = write!(link, "$skip={next}");
        Some(link)
    }
}

/// The page size of `Prefer: odata.maxpagesize=n`.
pub(crate) fn preferred_size(headers: &HeaderMap) -> Option<usize> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut wishes = values.flat_map(|value| value.split([',', ';'])).filter_map(|wish| wish.split_once('='));
    let (_, size) = wishes.find(|(name, _)| {
        let name = name.trim();
        name.eq_ignore_ascii_case("odata.maxpagesize") || name.eq_ignore_ascii_case("maxpagesize")
    })?;
    size.trim().parse().ok().filter(|&size| size > 0)
}

fn push_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$'(),:/;".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
