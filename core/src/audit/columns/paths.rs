//! The paths of `extended`: checked against the tables, and laid out for finding all in one pass.

use crate::audit::schema::{Unknown, ValueType, value_type};
use crate::error::{Error, Result};

/// What a path begins with that is to be taken as it is, known or not.
const AS_IT_IS: char = '~';

/// The paths that have columns.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// In the caller's order.
    pub(super) columns: Vec<PathColumn>,
    /// The names at the top of a record that lead to one of them.
    pub(super) roots: Vec<Node>,
}

/// A path that has a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathColumn {
    /// The path, which is the column's name.
    pub(super) path: String,
    pub(super) type_: ValueType,
}

/// A name that stands in a path, and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) leads: Leads,
}

/// Where a name leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// To the value of a column, by its number.
    To(usize),
    /// To an object, in which these are looked for.
    Into(Vec<Node>),
}

impl Node {
    /// The columns at which it may end.
    pub(super) fn each_column(&self, tell: &mut impl FnMut(usize)) {
        match &self.leads {
            Leads::To(column) => tell(*column),
            Leads::Into(nodes) => nodes.iter().for_each(|node| node.each_column(tell)),
        }
    }
}

impl Paths {
    /// Refuses paths that cannot be meant; `taken` are the columns that are there without them, with the field
    /// that each is made of.
    pub(super) fn check(paths: &[String], taken: &[(&str, &str)]) -> Result<Paths> {
        let mut checked = Paths::default();
        for written in paths {
            let path = written.strip_prefix(AS_IT_IS).unwrap_or(written);
            if path.split('.').any(|part| part.trim().is_empty()) {
                return Err(Error::invalid(format!("extended holds an empty path: {written:?}")));
            }
            if let Some((column, _)) = taken.iter().find(|(_, field)| *field == path) {
                return Err(Error::invalid(format!("extended names the common field {path}"))
                    .with_hint(format!("It has a column already: {column}")));
            }
            if taken.iter().any(|(column, _)| column.eq_ignore_ascii_case(path)) {
                return Err(Error::invalid(format!(
                    "extended names {path}, and there is a column of that name already"
                )));
            }
            let type_ = match value_type(path) {
                Ok(type_) => type_,
                Err(_) if written.starts_with(AS_IT_IS) => ValueType::Text,
                Err(why) => return Err(unknown(path, why)),
            };
            let column = checked.columns.len();
            insert(&mut checked.roots, path, path, column)?;
            checked.columns.push(PathColumn { path: path.to_owned(), type_ });
        }
        Ok(checked)
    }
}

/// Puts a path among the others; `rest` is the part of it that stands below these nodes.
fn insert(nodes: &mut Vec<Node>, path: &str, rest: &str, column: usize) -> Result<()> {
    let (name, further) = rest.split_once('.').map_or((rest, None), |(name, rest)| (name, Some(rest)));
    let Some(node) = nodes.iter_mut().find(|node| node.name == name) else {
        let leads = match further {
            None => Leads::To(column),
            Some(further) => {
                let mut below = Vec::new();
                insert(&mut below, path, further, column)?;
                Leads::Into(below)
            }
        };
        nodes.push(Node { name: name.to_owned(), leads });
        return Ok(());
    };
    match (&mut node.leads, further) {
        (Leads::Into(below), Some(further)) => insert(below, path, further, column),
        (Leads::To(_), None) => Err(Error::invalid(format!("extended names {path} twice"))),
        (Leads::Into(_), None) => Err(both(path)),
        (Leads::To(_), Some(further)) => Err(both(&path[..path.len() - further.len() - 1])),
    }
}

fn both(path: &str) -> Error {
    Error::invalid(format!("extended names {path} both as a field and as an object with fields of its own"))
        .with_hint("Ask for the whole, which comes as JSON text, or for single fields of it")
}

fn unknown(path: &str, why: Unknown) -> Error {
    let as_it_is = format!("If records do have it, write {AS_IT_IS}{path}");
    match why {
        Unknown::Name(name, near) => {
            let meant =
                if near.is_empty() { String::new() } else { format!("Did you mean {}? ", near.join(", ")) };
            Error::invalid(format!("extended: unknown path {path}: no table has a field {name} there"))
                .with_hint(meant + &as_it_is)
        }
        Unknown::NotAnObject(above) => Error::invalid(format!(
            "extended: unknown path {path}: {above} is a single value and has no fields of its own"
        ))
        .with_hint(as_it_is),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str]) -> Result<Paths> {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        Paths::check(&paths, &[("operation", "Operation"), ("raw", "")])
    }

    #[test]
    fn paths_that_share_a_beginning_are_found_together() {
        let paths = check(&["Item.Subject", "LogonError", "Item.ParentFolder.Path"]).unwrap();
        assert_eq!(paths.roots.len(), 2);
        let mut columns = Vec::new();
        paths.roots[0].each_column(&mut |column| columns.push(column));
        assert_eq!(columns, [0, 2]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_name() {
        for (paths, message) in [
            (&["Item..Subject"][..], "empty"),
            (&[""], "empty"),
            (&["~"], "empty"),
            (&["LogonError", "LogonError"], "LogonError twice"),
            (&["Item.Subject", "~Item.Subject"], "Item.Subject twice"),
            (&["Item", "Item.Subject"], "Item both as a field and as an object"),
            (&["Item.ParentFolder.Path", "Item.ParentFolder"], "Item.ParentFolder both"),
            (&["Operation"], "common field Operation"),
            (&["~Raw"], "a column of that name"),
            (&["Item.Subjct"], "unknown path Item.Subjct"),
            (&["LogonError.Code"], "LogonError is a single value"),
        ] {
            let error = check(paths).unwrap_err();
            assert!(error.message().contains(message), "{paths:?}: {error}");
        }
        let hint = check(&["Item.Subjct"]).unwrap_err();
        assert!(
            hint.hint().unwrap().contains("Item.Subject") && hint.hint().unwrap().contains("~Item.Subjct")
        );
    }

    #[test]
    fn what_the_tables_do_not_know_yet_is_taken_when_it_is_insisted_on() {
        let paths = check(&["~BrandNew.Field", "~recipientCount"]).unwrap();
        assert_eq!(paths.columns[0], PathColumn { path: "BrandNew.Field".into(), type_: ValueType::Text });
        assert_eq!(paths.columns[1].type_, ValueType::Int);
    }
}
