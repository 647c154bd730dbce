//! The query options of lists: `$select`, `$filter`, `$top`, and the mark of a next page (discovery-service, 4).

use super::error::Error;
use super::filter::Filter;
use super::services::{TYPE, property};
use super::{Asked, DiscoveryMischief};
use crate::call::Call;

/// What a request wants of a list.
#[derive(Debug, Default)]
pub(super) struct Options {
    select: Option<Vec<&'static str>>,
    filter: Option<Filter>,
    top: Option<usize>,
    /// Rows of the pages before.
    skip: usize,
}

impl Options {
    pub(super) fn read(call: &Call) -> Result<Self, Error> {
        let mut options = Self::default();
        for (name, value) in call.query.iter().filter(|(name, _)| name.starts_with('$')) {
            let number = || {
                let message = format!("{name}: '{value}' is not a whole number that is not negative.");
                value.parse::<usize>().map_err(|_| Error::bad(message))
            };
            match name.to_ascii_lowercase().as_str() {
                "$select" => options.select = select(value)?,
                "$filter" => options.filter = Some(Filter::read(value)?),
                "$top" => options.top = Some(number()?),
                "$skiptoken" => options.skip = number()?,
                _ => return Err(Error::bad(format!("The query option '{name}' is not supported."))),
            }
        }
        Ok(options)
    }

    /// Leaves what is wanted, and says where the rest is.
    pub(super) fn apply(self, asked: &mut Asked<'_>, call: &Call) -> Result<(), Error> {
        if asked.alone && (self.filter.is_some() || self.top.is_some()) {
            return Err(Error::bad("$filter, $top: one entity was asked for by its key."));
        }
        if let Some(filter) = &self.filter {
            asked.rows.retain(|row| filter.lets(row));
        }
        asked.rows.truncate(self.top.unwrap_or(usize::MAX));
        if !asked.alone {
            let size = asked.discovery.page_size.unwrap_or(usize::MAX);
            let end = self.skip.saturating_add(size);
            let more = asked.rows.len() > end;
            asked.rows.truncate(end);
            asked.rows.drain(..self.skip.min(asked.rows.len()));
            asked.next = match asked.discovery.mischief {
                Some(DiscoveryMischief::ForeignNext) => Some("https://pages.evil.example/services".into()),
                Some(DiscoveryMischief::LoopNext) => Some(link(asked, call, self.skip)),
                _ if more => Some(link(asked, call, end)),
                _ => None,
            };
        }
        if let Some(names) = &self.select {
            asked.rows.iter_mut().for_each(|row| row.select(names));
        }
        Ok(())
    }
}

/// The properties of a list of names; nothing if it is all of them.
fn select(text: &str) -> Result<Option<Vec<&'static str>>, Error> {
    let mut names = vec![];
    for name in text.split(',').map(str::trim) {
        if name == "*" {
            return Ok(None);
        }
        let known = property(name)
            .ok_or_else(|| Error::bad(format!("$select: there is no property '{name}' on type '{TYPE}'.")))?;
        names.push(known);
    }
    Ok(Some(names))
}

/// The address of the page after so many rows.
fn link(asked: &Asked<'_>, call: &Call, skip: usize) -> String {
    let kept = call.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("$skiptoken", &skip.to_string())
        .finish();
    format!("{}/{}?{query}", asked.url, asked.list)
}
