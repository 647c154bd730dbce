//! The table by which the conformance runner finds the operations, since Swift has no reflection.

use std::fmt::Write as _;

use super::names::identifier;
use super::params::{Param, ordered, takes_payload};
use super::text::invocation;
use super::{Writer, file};
use crate::model::{Field, Operation, Shape, Type};

impl Writer<'_> {
    /// The way from an operation's name and JSON to the public face, for the conformance runner.
    pub(super) fn table(&self) -> String {
        let mut text =
            String::from("/// Calls an operation through the public face, with what a scenario gives.\n");
        text += "func perform(_ name: String, _ client: Client, _ given: Given) async throws -> Outcome {\n";
        text += "    switch name {\n";
        for operation in self.api.groups.iter().flat_map(|group| &group.operations) {
            text += &self.entry(operation);
            for method in &operation.methods {
                text += &self.entry_below(operation, method);
            }
        }
        text += "    default:\n        throw UnknownOperation(name: name)\n    }\n}\n";
        file("Foundation\nimport M365Kit", &[text, self.opening()])
    }

    fn entry(&self, operation: &Operation) -> String {
        let mut text = format!("    case \"{}\":\n", operation.name);
        let call = self.call_of(operation, "given");
        // Only decoding throws where pages are named but not yet asked for.
        let (bind, sink) = match (&operation.shape, &operation.result) {
            (Shape::Pages { .. } | Shape::Columns, _) if call.arguments.is_empty() => {
                ("let listing = ", COLLECT)
            }
            (Shape::Pages { .. } | Shape::Columns, _) => ("let listing = try ", COLLECT),
            (Shape::Bytes, _) => {
                ("let download = try await ", "        return try await given.collect(download)\n")
            }
            (_, Type::None) => ("try await ", "        return .result(.null)\n"),
            _ => ("let result = try await ", "        return try .result(json(result))\n"),
        };
        text += &invocation(2, &format!("{bind}{}", call.head), &call.arguments);
        text + sink
    }

    /// What hangs below another operation, whose arguments stand in one of its own.
    fn entry_below(&self, operation: &Operation, method: &Operation) -> String {
        let mut text = format!("    case \"{}\":\n", method.name);
        let whole = self.call_of(operation, "inner");
        _ = writeln!(text, "        let inner = given.inner(\"{}\")", operation.method);
        text += &invocation(2, &format!("let whole = try {}", whole.head), &whole.arguments);
        let mut passed = self.passed(method, "given");
        let name = identifier(&method.method);
        if method.shape == Shape::Run {
            text += "        return try await given.run(whole) { progress in\n";
            passed.push("progress: progress".to_owned());
            text += &invocation(3, &format!("try await whole.{name}("), &passed);
            return text + "        }\n";
        }
        let attempt = if passed.is_empty() { "" } else { "try " };
        text += &invocation(2, &format!("let listing = {attempt}whole.{name}("), &passed);
        text + COLLECT
    }

    fn call_of(&self, operation: &Operation, given: &str) -> Call {
        let (path, _) = operation.name.rsplit_once('.').unwrap_or_default();
        let target = if path.is_empty() { String::new() } else { format!(".{}", identifier(path)) };
        let head = format!("client{target}.{}(", identifier(&operation.method));
        Call { head, arguments: self.passed(operation, given) }
    }

    fn passed(&self, operation: &Operation, given: &str) -> Vec<String> {
        let params = self.params(operation);
        let fields = params.iter().zip(ordered(operation));
        let mut passed: Vec<String> = fields.map(|(param, field)| passed(given, param, field)).collect();
        if takes_payload(operation) {
            passed.push(format!("payload: {given}.payload"));
        }
        passed
    }
}

const COLLECT: &str = "        return try await given.collect(listing)\n";

/// A call as the table writes it.
struct Call {
    /// Up to the parenthesis.
    head: String,
    arguments: Vec<String>,
}

/// How the table passes a parameter on.
pub(super) fn passed(given: &str, param: &Param, field: &Field) -> String {
    let value = match (field.required, param.default.as_str()) {
        _ if field.ty == Type::ConfidentialClient => {
            format!("makeConfidentialClient({given}.inner(\"{}\"))", field.name)
        }
        _ if field.ty == Type::Application => format!("makeApplication({given}.inner(\"{}\"))", field.name),
        (true, _) => format!("{given}.required(\"{}\")", field.name),
        (false, "nil") => format!("{given}.optional(\"{}\")", field.name),
        (false, default) => format!("{given}.optional(\"{}\") ?? {default}", field.name),
    };
    if param.labelled { format!("{}: {value}", param.name) } else { value }
}
