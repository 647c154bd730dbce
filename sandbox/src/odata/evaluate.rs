//! Tries a row against an expression.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::filter::{Comparison, Filter, Match, Node, Operand, Path};
use super::lexer::Literal;
use super::schema::Kind;

/// A value, as far as values are compared.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Datum<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Time(Timestamp),
    Text(Cow<'a, str>),
}

impl Filter {
    /// Whether it lets a row through.
    pub(crate) fn lets(&self, row: &Value) -> bool {
        holds(&self.0, row, &mut vec![])
    }
}

fn holds<'a>(node: &Node, row: &'a Value, elements: &mut Vec<&'a Value>) -> bool {
    match node {
        Node::And(left, right) => holds(left, row, elements) && holds(right, row, elements),
        Node::Or(left, right) => holds(left, row, elements) || holds(right, row, elements),
        Node::Not(inner) => !holds(inner, row, elements),
        Node::Truth(operand) => value(operand, row, elements) == Datum::Bool(true),
        Node::In(left, all) => {
            // Members of an enum are the same in any case.
            let fold = |datum| if is_enum(left) { lower(datum) } else { datum };
            let wanted = fold(value(left, row, elements));
            all.iter().any(|right| fold(value(right, row, elements)) == wanted)
        }
        Node::Compare(left, comparison, right) => {
            let ignore = is_enum(left) || is_enum(right);
            let (mut left, mut right) = (value(left, row, elements), value(right, row, elements));
            if ignore {
                (left, right) = (lower(left), lower(right));
            }
            compare(&left, *comparison, &right)
        }
        Node::Match(matching, left, right) => {
            let (Datum::Text(left), Datum::Text(right)) =
                (value(left, row, elements), value(right, row, elements))
            else {
                return false;
            };
            match matching {
                Match::Starts => left.starts_with(right.as_ref()),
                Match::Ends => left.ends_with(right.as_ref()),
                Match::Contains => left.contains(right.as_ref()),
            }
        }
        Node::Elements { path, all, body } => {
            let several = walk(path, row, elements).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let Some(body) = body else { return !several.is_empty() };
            let mut one = |element: &'a Value| {
                elements.push(element);
                let so = holds(body, row, elements);
                elements.pop();
                so
            };
            if *all { several.iter().all(&mut one) } else { several.iter().any(&mut one) }
        }
    }
}

/// The value of a path in a row.
pub(super) fn at<'a>(path: &Path, row: &'a Value) -> Datum<'a> {
    walk(path, row, &[]).map_or(Datum::Null, |found| datum(found, path.kind))
}

fn walk<'a>(path: &Path, row: &'a Value, elements: &[&'a Value]) -> Option<&'a Value> {
    let start = match path.variable {
        None => row,
        Some(place) => elements.get(place)?,
    };
    path.steps.iter().try_fold(start, |value, step| value.get(step))
}

fn value<'a>(operand: &'a Operand, row: &'a Value, elements: &[&'a Value]) -> Datum<'a> {
    match operand {
        Operand::Path(path) => walk(path, row, elements).map_or(Datum::Null, |found| datum(found, path.kind)),
        Operand::Lower(inner) => lower(value(inner, row, elements)),
        Operand::Upper(inner) => match value(inner, row, elements) {
            Datum::Text(text) => Datum::Text(text.to_uppercase().into()),
            other => other,
        },
        Operand::Literal(literal) => match literal {
            Literal::Null => Datum::Null,
            Literal::Bool(so) => Datum::Bool(*so),
            Literal::Number(number) => Datum::Number(*number),
            Literal::Time(time) => Datum::Time(*time),
            Literal::Text(text) | Literal::Guid(text) | Literal::Enum(_, text) => Datum::Text(text.into()),
        },
    }
}

fn datum(value: &Value, kind: Kind) -> Datum<'_> {
    match (value, kind) {
        (Value::Bool(so), _) => Datum::Bool(*so),
        (Value::Number(number), _) => number.as_f64().map_or(Datum::Null, Datum::Number),
        (Value::String(text), Kind::Time) => text.parse().map_or(Datum::Null, Datum::Time),
        (Value::String(text), Kind::Guid) => Datum::Text(text.to_ascii_lowercase().into()),
        (Value::String(text), _) => Datum::Text(text.into()),
        _ => Datum::Null,
    }
}

fn is_enum(operand: &Operand) -> bool {
    matches!(operand, Operand::Path(Path { kind: Kind::Enum(..), .. }) | Operand::Literal(Literal::Enum(..)))
}

fn lower(datum: Datum<'_>) -> Datum<'_> {
    match datum {
        Datum::Text(text) => Datum::Text(text.to_lowercase().into()),
        other => other,
    }
}

fn compare(left: &Datum<'_>, comparison: Comparison, right: &Datum<'_>) -> bool {
    match comparison {
        Comparison::Eq => return left == right,
        Comparison::Ne => return left != right,
        _ => {}
    }
    // Nothing is before or after null.
    if matches!(left, Datum::Null) || matches!(right, Datum::Null) {
        return false;
    }
    let Some(order) = left.partial_cmp(right) else { return false };
    match comparison {
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Ge => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Le => order != Ordering::Greater,
        Comparison::Eq | Comparison::Ne => false,
    }
}
