//! What a request asks of a collection, or of one entity.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::evaluate::at;
use super::filter::{Filter, Path};
use super::parser::path;
use super::schema::{Kind, Property, Type};

/// The query options of a request.
#[derive(Debug, Default)]
pub(crate) struct Query {
    select: Option<Vec<&'static str>>,
    expand: Vec<(&'static Property, Query)>,
    filter: Option<Filter>,
    order: Vec<(Path, bool)>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) count: bool,
}

/// Rows that a query lets through, in its order.
pub(crate) type Rows<'a> = Vec<&'a Value>;

impl Query {
    /// Reads what is asked of a collection. Parameters without `$` are no query options.
    pub(crate) fn of_many(parameters: &[(String, String)], of: &'static Type) -> Result<Self, String> {
        Self::read(options(parameters), of, true)
    }

    /// Reads what is asked of one entity, which can only be shown in another way.
    pub(crate) fn of_one(parameters: &[(String, String)], of: &'static Type) -> Result<Self, String> {
        Self::read(options(parameters), of, false)
    }

    fn read<'a>(
        options: impl Iterator<Item = (&'a str, &'a str)>,
        of: &'static Type,
        many: bool,
    ) -> Result<Self, String> {
        let mut query = Self::default();
        let mut seen: Vec<&str> = vec![];
        for (name, value) in options {
            if seen.contains(&name) {
                return Err(format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                ));
            }
            seen.push(name);
            match name {
                "$select" => query.select = Some(select(value, of)?),
                "$expand" => query.expand = expand(value, of)?,
                "$filter" if many => {
                    query.filter = Some(
                        Filter::read(value, of).map_err(|what| format!("Invalid filter clause: {what}"))?,
                    );
                }
                "$orderby" if many => query.order = order(value, of)?,
                "$top" if many => query.top = Some(number(name, value)?),
                "$skip" if many => query.skip = number(name, value)?,
                "$count" if many => {
                    query.count = match value {
                        "true" => true,
                        "false" => false,
                        _ => return Err(format!("Invalid value '{value}' for $count query option found.")),
                    }
                }
                _ => return Err(format!("The query parameter '{name}' is not supported.")),
            }
        }
        Ok(query)
    }

    /// The rows it lets through, in its order.
    pub(crate) fn rows<'a>(&self, all: &'a [Value]) -> Rows<'a> {
        let lets = |row: &&Value| self.filter.as_ref().is_none_or(|filter| filter.lets(row));
        let mut rows: Rows<'a> = all.iter().filter(lets).collect();
        rows.sort_by(|a, b| {
            self.order.iter().fold(Ordering::Equal, |so_far, (path, descending)| {
                let order = at(path, a).partial_cmp(&at(path, b)).unwrap_or(Ordering::Equal);
                so_far.then(if *descending { order.reverse() } else { order })
            })
        });
        rows
    }

    /// A row as it was asked for: without what was not selected, and without links that were not expanded.
    pub(crate) fn shape(&self, row: &Value, of: &'static Type) -> Value {
        let Value::Object(members) = row else { return row.clone() };
        let shaped = members.iter().filter_map(|(name, value)| {
            let base = name.split_once('@').map_or(name.as_str(), |(base, _)| base);
            if let Some((property, inner)) = self.expand.iter().find(|(property, _)| property.name == name) {
                return Some((name.clone(), inner.linked(value, property)));
            }
            let property = of.find(base).ok();
            let shown = match property.map(|property| property.kind) {
                Some(Kind::Link(_) | Kind::Stream) => false,
                _ => base.is_empty() || self.select.as_ref().is_none_or(|names| names.contains(&base)),
            };
            shown.then(|| (name.clone(), value.clone()))
        });
        Value::Object(shaped.collect::<Map<_, _>>())
    }

    fn linked(&self, value: &Value, property: &Property) -> Value {
        let Kind::Link(of) = property.kind else { return value.clone() };
        match value {
            Value::Array(rows) => {
                let rows = self.rows(rows).into_iter().skip(self.skip).take(self.top.unwrap_or(usize::MAX));
                rows.map(|row| self.shape(row, of)).collect()
            }
            Value::Object(_) => self.shape(value, of),
            _ => value.clone(),
        }
    }
}

fn options(parameters: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    parameters
        .iter()
        .filter(|(name, _)| name.starts_with('$'))
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

fn select(text: &str, of: &'static Type) -> Result<Vec<&'static str>, String> {
    if text.trim() == "*" {
        return Ok(of.properties.iter().map(|property| property.name).collect());
    }
    text.split(',')
        .map(|name| of.find(name.trim()).map(|property| property.name))
        .collect::<Result<_, _>>()
        .map_err(|what| format!("Parsing OData Select and Expand failed: {what}"))
}

fn expand(text: &str, of: &'static Type) -> Result<Vec<(&'static Property, Query)>, String> {
    let failed = |what: String| format!("Parsing OData Select and Expand failed: {what}");
    let mut all = vec![];
    for part in split(text, ',') {
        let part = part.trim();
        let (name, inner) = match part.split_once('(') {
            None => (part, ""),
            Some((name, rest)) => {
                let inner =
                    rest.strip_suffix(')').ok_or_else(|| failed(format!("Syntax error in '{part}'.")))?;
                (name.trim(), inner)
            }
        };
        let property = of.find(name).map_err(failed)?;
        let Kind::Link(linked) = property.kind else {
            return Err(failed(format!(
                "Property '{name}' on type '{}' is not a navigation property.",
                of.name
            )));
        };
        let parts = split(inner, ';').into_iter().map(str::trim).filter(|part| !part.is_empty());
        let options: Vec<(&str, &str)> =
            parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        all.push((property, Query::read(options.into_iter(), linked, true)?));
    }
    Ok(all)
}

fn order(text: &str, of: &'static Type) -> Result<Vec<(Path, bool)>, String> {
    let one = |part: &str| {
        let part = part.trim();
        let (name, descending) = match part.rsplit_once(' ') {
            Some((name, "desc")) => (name, true),
            Some((name, "asc")) => (name, false),
            _ => (part, false),
        };
        path(name, of).map(|path| (path, descending)).map_err(|what| format!("Invalid $orderby: {what}"))
    };
    text.split(',').map(one).collect()
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."))
}

/// Splits where the mark is neither in parentheses nor in quotes.
fn split(text: &str, mark: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (vec![], 0, 0_i32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ if letter == mark && !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + mark.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
