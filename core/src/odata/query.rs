//! The query options of a request, and how they stand in its address.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::filter::Filter;
use crate::error::{Error, Result};

/// The most that one page holds at Microsoft Graph.
const LARGEST_PAGE: u32 = 1_000;

/// What needs no escaping within the value of an option.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query options of a listing or a read. Everything left out is for the service to decide.
///
/// Written with [`Display`](fmt::Display) it is the query of an address, escaped.
///
/// Source: "Use query parameters", Microsoft Graph; "OData Version 4.01, URL Conventions".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The properties to give; all, if it is left out.
    pub select: Option<Vec<String>>,
    /// Which things to give.
    pub filter: Option<Filter>,
    /// The order: properties, each with ` desc` behind it for the opposite order.
    pub orderby: Option<Vec<String>>,
    /// At most so many things in all.
    pub top: Option<u32>,
    /// How many things to pass over.
    pub skip: Option<u32>,
    /// Whether to say how many there are in all.
    pub count: Option<bool>,
    /// What to give beside each thing, such as `issues` or `issues($filter=isResolved eq false)`.
    pub expand: Option<Vec<String>>,
    /// Words to search for.
    pub search: Option<String>,
    /// How many things to ask for in one page; a preference, sent as a header.
    pub page_size: Option<u32>,
}

impl Query {
    /// Refuses what no service could read, and properties that its API cannot filter: their names, and why.
    pub(crate) fn check(&self, closed: &[(&str, &str)]) -> Result<()> {
        if let Some(filter) = &self.filter {
            filter.check(closed)?;
        }
        for (name, values) in [("select", &self.select), ("orderby", &self.orderby), ("expand", &self.expand)]
        {
            let Some(values) = values else { continue };
            if values.is_empty() {
                return Err(Error::invalid(format!("{name} is empty: leave it out instead")));
            }
            if let Some(odd) = values.iter().find(|value| !is_readable(name, value)) {
                return Err(Error::invalid(format!("{name} {odd:?} is not the name of a property")));
            }
        }
        if self.search.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Err(Error::invalid("search is empty: leave it out instead"));
        }
        for (name, number) in [("top", self.top), ("page_size", self.page_size)] {
            if number.is_some_and(|number| !(1..=LARGEST_PAGE).contains(&number)) {
                let number = number.unwrap_or_default();
                return Err(Error::invalid(format!("{name} {number} is not between 1 and {LARGEST_PAGE}")));
            }
        }
        Ok(())
    }

    /// The same, with the key among the properties: without it, nothing can be told from anything else.
    pub(crate) fn with_key(&self) -> Query {
        let mut query = self.clone();
        if let Some(select) = &mut query.select
            && !select.iter().any(|name| name.eq_ignore_ascii_case("id"))
        {
            select.push("id".to_owned());
        }
        query
    }

    /// Puts it into an address.
    pub(crate) fn apply(&self, url: &mut Url) {
        let query = self.to_string();
        if !query.is_empty() {
            url.set_query(Some(&query));
        }
    }

    fn options(&self) -> impl Iterator<Item = (&'static str, String)> {
        let list = |values: &Option<Vec<String>>| values.as_ref().map(|values| values.join(","));
        [
            ("$select", list(&self.select)),
            ("$filter", self.filter.as_ref().map(ToString::to_string)),
            ("$orderby", list(&self.orderby)),
            ("$top", self.top.map(|top| top.to_string())),
            ("$skip", self.skip.map(|skip| skip.to_string())),
            ("$count", self.count.filter(|count| *count).map(|_| "true".to_owned())),
            ("$expand", list(&self.expand)),
            ("$search", self.search.as_deref().map(quoted)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.options().enumerate() {
            let and = if index > 0 { "&" } else { "" };
            write!(f, "{and}{name}={}", escaped(&value))?;
        }
        Ok(())
    }
}

/// A text as it stands in an address.
pub(crate) fn escaped(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, ESCAPED)
}

/// Words in quotes, unless the caller has put quotes where they belong.
fn quoted(text: &str) -> String {
    if text.contains('"') { text.to_owned() } else { format!("\"{text}\"") }
}

fn is_readable(option: &str, value: &str) -> bool {
    let name = match option {
        "orderby" => value.strip_suffix(" desc").or_else(|| value.strip_suffix(" asc")).unwrap_or(value),
        "expand" => value.split('(').next().unwrap_or_default(),
        _ => value,
    };
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'*'))
}

#[cfg(test)]
mod tests {
    use super::super::field;
    use super::*;

    #[test]
    fn the_specification_s_examples_are_escaped_as_it_says() {
        let since: jiff::Timestamp = "2026-11-14T00:00:00Z".parse().unwrap();
        let filter = |filter: Filter| Query { filter: Some(filter), ..Query::default() }.to_string();
        assert_eq!(
            filter(field("Workload").eq("Exchange").and(field("StatusTime").ge(since))),
            "$filter=Workload%20eq%20%27Exchange%27%20and%20StatusTime%20ge%202026-11-14T00%3A00%3A00Z"
        );
        assert_eq!(filter(field("Id").eq("O'Brien")), "$filter=Id%20eq%20%27O%27%27Brien%27");
    }

    #[test]
    fn all_options_stand_in_the_address() {
        let query = Query {
            select: Some(vec!["id".into(), "title".into()]),
            orderby: Some(vec!["lastModifiedDateTime desc".into()]),
            top: Some(5),
            skip: Some(10),
            count: Some(true),
            expand: Some(vec!["issues($filter=isResolved eq false)".into()]),
            search: Some("mail & more".into()),
            page_size: Some(1_000),
            filter: None,
        };
        query.check(&[]).unwrap();
        assert_eq!(
            query.to_string(),
            "$select=id%2Ctitle&$orderby=lastModifiedDateTime%20desc&$top=5&$skip=10&$count=true\
             &$expand=issues%28%24filter%3DisResolved%20eq%20false%29&$search=%22mail%20%26%20more%22"
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let names = |name: &str| Some(vec![name.to_owned()]);
        for (query, why) in [
            (Query { top: Some(0), ..Query::default() }, "top 0"),
            (Query { top: Some(1_001), ..Query::default() }, "top 1001"),
            (Query { page_size: Some(5_000), ..Query::default() }, "page_size 5000"),
            (Query { select: names("a b"), ..Query::default() }, "select \"a b\""),
            (Query { select: names(""), ..Query::default() }, "select \"\""),
            (Query { select: Some(Vec::new()), ..Query::default() }, "select is empty"),
            (Query { orderby: names("a down"), ..Query::default() }, "orderby \"a down\""),
            (Query { search: Some(" ".into()), ..Query::default() }, "search is empty"),
        ] {
            let error = query.check(&[]).unwrap_err();
            assert!(error.message().contains(why), "{error}");
        }
    }
}
