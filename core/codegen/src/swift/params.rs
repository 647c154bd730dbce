//! Parameters of functions: how they are declared, and how they are passed on.

use std::borrow::Cow;

use serde_json::Value;

use super::Writer;
use super::names::{camel, identifier};
use crate::model::{Field, Operation, Shape, Type};

impl Writer<'_> {
    pub(super) fn params(&self, operation: &Operation) -> Vec<Param> {
        let (required, others): (Vec<&Field>, Vec<&Field>) =
            operation.params.iter().partition(|field| field.required);
        let mut params: Vec<Param> =
            required.into_iter().chain(others).map(|field| self.param(field)).collect();
        // The subject of the call needs no label: `start(.exchange)`, `records([.exchange])`.
        if let Some(first) = params.first_mut()
            && (first.default.is_empty() || first.ty.starts_with('['))
        {
            first.labelled = false;
        }
        if takes_payload(operation) {
            let doc = if operation.params.iter().any(|field| field.ty == Type::Json) {
                "A body of bytes, where it is not JSON."
            } else {
                "The body, as it came."
            };
            params.push(Param::plain("payload", "Data?", doc).default("nil"));
        }
        params
    }

    pub(super) fn param(&self, field: &Field) -> Param {
        let ty = self.ty(&field.ty);
        let default = field.default.as_ref().filter(|value| !value.is_null());
        let (ty, default) = match default {
            _ if field.required => (ty, String::new()),
            Some(value) => (ty, self.literal(&field.ty, value)),
            None => (ty + "?", "nil".to_owned()),
        };
        Param { name: camel(&field.name), ty, default, doc: field.doc.clone(), labelled: true }
    }

    fn literal(&self, ty: &Type, value: &Value) -> String {
        match (ty, value) {
            (Type::Enum(name), value) => {
                let known =
                    self.api.enums.iter().filter(|item| item.name == *name).flat_map(|item| &item.members);
                let member = known.into_iter().find(|member| member.value == *value);
                member.map_or_else(|| value.to_string(), |member| format!(".{}", identifier(&member.name)))
            }
            (Type::Duration, Value::String(text)) => duration(text),
            (Type::Int, Value::Number(number)) => grouped(&number.to_string()),
            (Type::Duration, Value::Number(seconds)) => format!(".seconds({seconds})"),
            (_, Value::String(_) | Value::Number(_) | Value::Bool(_)) => value.to_string(),
            _ => panic!("{value} cannot be the default of a Swift parameter"),
        }
    }
}

/// A parameter of a Swift function.
pub(super) struct Param {
    pub(super) name: String,
    pub(super) ty: String,
    /// As it is written; empty when the parameter must be given.
    pub(super) default: String,
    pub(super) doc: String,
    pub(super) labelled: bool,
}

impl Param {
    pub(super) fn plain(name: &str, ty: &str, doc: &str) -> Self {
        Param {
            name: name.to_owned(),
            ty: ty.to_owned(),
            default: String::new(),
            doc: doc.to_owned(),
            labelled: true,
        }
    }

    pub(super) fn default(mut self, default: &str) -> Self {
        default.clone_into(&mut self.default);
        self
    }

    /// How it is passed on to another function that takes it under the same name.
    pub(super) fn passed_on(&self) -> String {
        let value = identifier(&self.name);
        if self.labelled { format!("{}: {value}", self.name) } else { value }
    }

    pub(super) fn head(&self) -> String {
        let label = if self.labelled { "" } else { "_ " };
        let default = if self.default.is_empty() { String::new() } else { format!(" = {}", self.default) };
        format!("{label}{}: {}{default}", self.name, self.ty)
    }
}

/// A length of time such as `10m`.
fn duration(text: &str) -> String {
    let (count, unit) = text.split_at(text.len().saturating_sub(1));
    let unit = match unit {
        "s" => "seconds",
        "m" => "minutes",
        "h" => "hours",
        "d" => "days",
        _ => panic!("{text} is not a duration of one unit"),
    };
    let count: u32 = count.parse().unwrap_or_else(|_| panic!("{text} is not a duration"));
    format!(".{unit}({count})")
}

/// A whole number, as `swift format` wants long ones.
fn grouped(digits: &str) -> String {
    if digits.len() < 7 {
        return digits.to_owned();
    }
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(String::from_utf8_lossy);
    std::iter::once(head.into())
        .filter(|head: &Cow<'_, str>| !head.is_empty())
        .chain(groups)
        .collect::<Vec<_>>()
        .join("_")
}

pub(super) fn takes_payload(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Call { payload: true })
}

/// The fields in the order of [`Writer::params`].
pub(super) fn ordered(operation: &Operation) -> Vec<&Field> {
    let (mut required, others): (Vec<&Field>, Vec<&Field>) =
        operation.params.iter().partition(|field| field.required);
    required.extend(others);
    required
}

/// The dictionary that crosses, on one line; [`invocation`] breaks it where it is too long.
pub(super) fn arguments(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "[:]".to_owned();
    }
    let crossing = |field: &Field| match field.ty {
        Type::ConfidentialClient | Type::Application => identifier(&field.name) + ".crossing",
        _ => identifier(&field.name),
    };
    let pairs: Vec<String> =
        fields.iter().map(|field| format!("\"{}\": {}", field.name, crossing(field))).collect();
    format!("[{}]", pairs.join(", "))
}
