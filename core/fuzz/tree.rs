//! Filters over messages, made from bytes, and what they mean. `tests/filter.rs` uses it as well.

use std::cmp::Ordering;

use jiff::Timestamp;
use m365kit::odata::{Condition, Filter, Literal, Operator, enum_literal};
use serde_json::{Value, json};

/// What texts are put together from: all that a filter could take for its own.
const PIECES: [&str; 16] =
    ["a", "b", "B", "'", "''", "%27", "&", "+", "é", "日本", " and ", "(", ")", "/", "$filter=", "null"];
const CATEGORIES: [&str; 3] = ["preventOrFixIssue", "planForChange", "stayInformed"];
const COMPARISONS: [Operator; 6] =
    [Operator::Eq, Operator::Ne, Operator::Gt, Operator::Ge, Operator::Lt, Operator::Le];
const FUNCTIONS: [Operator; 3] = [Operator::StartsWith, Operator::EndsWith, Operator::Contains];
const DEEPEST: usize = 4;

/// A filter, and messages to try it with.
pub(crate) fn made_from(data: &[u8]) -> (Filter, Vec<Value>) {
    let mut bytes = Bytes(data);
    let filter = bytes.filter(0, false);
    let rows = (0..4).map(|number| bytes.row(number)).collect();
    (filter, rows)
}

/// Choices; always the first when none are left.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn below(&mut self, most: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn text(&mut self) -> String {
        (0..self.below(4)).map(|_| self.of(&PIECES)).collect()
    }

    fn time(&mut self) -> Timestamp {
        let second = 1_795_168_800 + i64::try_from(self.below(4)).unwrap_or_default();
        let nanosecond = self.of(&[0, 500_000_000, 123_456_700]);
        Timestamp::new(second, nanosecond).unwrap_or_default()
    }

    fn maybe(&mut self, value: impl Fn(&mut Self) -> Value) -> Value {
        if self.below(4) == 3 { Value::Null } else { value(self) }
    }

    fn row(&mut self, number: usize) -> Value {
        let texts =
            |bytes: &mut Self| (0..bytes.below(3)).map(|_| Value::from(bytes.text())).collect::<Value>();
        json!({
            "id": format!("MC{number}"),
            "title": self.maybe(|bytes| bytes.text().into()),
            "category": self.of(&CATEGORIES),
            "isMajorChange": self.maybe(|bytes| (bytes.below(2) == 1).into()),
            "startDateTime": self.time().to_string(),
            "endDateTime": self.maybe(|bytes| bytes.time().to_string().into()),
            "tags": texts(self),
        })
    }

    fn filter(&mut self, depth: usize, in_collection: bool) -> Filter {
        let parts = |bytes: &mut Self| {
            (0..=bytes.below(3)).map(|_| bytes.filter(depth + 1, in_collection)).collect::<Vec<_>>()
        };
        match if depth < DEEPEST { self.below(9) } else { 0 } {
            4 => Filter::And(parts(self)),
            5 => Filter::Or(parts(self)),
            6 => self.filter(depth + 1, in_collection).not(),
            7 if !in_collection => Filter::Any("tags".into(), Box::new(self.filter(depth + 1, true))),
            8 if !in_collection => Filter::All("tags".into(), Box::new(self.filter(depth + 1, true))),
            _ => Filter::Is(self.condition(in_collection)),
        }
    }

    fn condition(&mut self, in_collection: bool) -> Condition {
        let (field, op, value) = match if in_collection { 0 } else { self.below(5) } {
            0 | 1 => {
                let field = if in_collection { "" } else { "title" };
                let op = if self.below(2) == 0 { self.of(&COMPARISONS) } else { self.of(&FUNCTIONS) };
                (field, op, Literal::Text(self.text()))
            }
            2 => ("isMajorChange", self.of(&COMPARISONS[..2]), Literal::Bool(self.below(2) == 1)),
            3 => ("category", self.of(&COMPARISONS[..2]), enum_literal(self.of(&CATEGORIES))),
            _ => (
                self.of(&["startDateTime", "endDateTime"]),
                self.of(&COMPARISONS),
                Literal::Time(self.time()),
            ),
        };
        let is_null = !in_collection && !FUNCTIONS.contains(&op) && self.below(8) == 7;
        Condition { field: field.to_owned(), op, value: if is_null { Literal::Null } else { value } }
    }
}

/// Whether a filter lets a message through.
pub(crate) fn holds(filter: &Filter, row: &Value) -> bool {
    match filter {
        Filter::Is(condition) => is(condition, row),
        Filter::And(parts) => parts.iter().all(|part| holds(part, row)),
        Filter::Or(parts) => parts.iter().any(|part| holds(part, row)),
        Filter::Not(inner) => !holds(inner, row),
        Filter::Any(of, inner) => {
            row[of].as_array().is_some_and(|all| all.iter().any(|one| holds(inner, one)))
        }
        Filter::All(of, inner) => {
            row[of].as_array().is_none_or(|all| all.iter().all(|one| holds(inner, one)))
        }
        other => unreachable!("{other} is not made here"),
    }
}

fn is(condition: &Condition, row: &Value) -> bool {
    let value = if condition.field.is_empty() { row } else { &row[&condition.field] };
    let text = value.as_str();
    let order = match &condition.value {
        Literal::Null => value.is_null().then_some(Ordering::Equal),
        Literal::Text(wanted) => {
            let matches = |how: fn(&str, &str) -> bool| text.is_some_and(|text| how(text, wanted));
            match condition.op {
                Operator::StartsWith => return matches(|text, part| text.starts_with(part)),
                Operator::EndsWith => return matches(|text, part| text.ends_with(part)),
                Operator::Contains => return matches(|text, part| text.contains(part)),
                _ => text.map(|text| text.cmp(wanted)),
            }
        }
        Literal::Enum(wanted) => text.map(|text| text.cmp(wanted)),
        Literal::Bool(wanted) => value.as_bool().map(|so| so.cmp(wanted)),
        Literal::Time(wanted) => {
            text.and_then(|text| text.parse::<Timestamp>().ok()).map(|at| at.cmp(wanted))
        }
        other => unreachable!("{other} is not made here"),
    };
    let is_null = matches!(condition.value, Literal::Null);
    match condition.op {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        // Nothing is before or after null.
        _ if is_null => false,
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => false,
    }
}
