//! Groups of operations, and the listings with methods of their own.

use std::fmt::Write as _;

use super::names::{identifier, pascal};
use super::params::{arguments, takes_payload};
use super::text::{doc, invocation, signature};
use super::{Writer, file};
use crate::model::{Group, Operation, Shape, Type};

impl Writer<'_> {
    pub(super) fn group(&self, group: &Group) -> String {
        let mut text = doc(&group.doc, 0, &[]);
        _ = write!(text, "public struct {}: Sendable {{\n    let scope: Scope\n", pascal(&group.name));
        for operation in &group.operations {
            text.push('\n');
            text += &self.method(operation);
        }
        file("Foundation", &[text + "}\n"])
    }

    pub(super) fn method(&self, operation: &Operation) -> String {
        let params = self.params(operation);
        let result = self.ty(&operation.result);
        let (returns, verb) = match (&operation.shape, &operation.result) {
            (Shape::Pages { commits: true, .. }, _) => {
                let name = pascal(&operation.name);
                (format!(" -> {name}"), format!("{name}("))
            }
            (Shape::Pages { .. }, _) => (format!(" -> Paged<{result}>"), "scope.paged(".to_owned()),
            (_, Type::None) => (" async throws".to_owned(), "try await scope.call(".to_owned()),
            (_, Type::Body) => (format!(" async throws -> {result}"), "try await scope.body(".to_owned()),
            _ => (format!(" async throws -> {result}"), "try await scope.call(".to_owned()),
        };
        assert!(
            operation.methods.is_empty() || commits(operation),
            "{}: only a listing that commits has methods in Swift",
            operation.name
        );
        let mut crossing = if commits(operation) {
            vec!["scope: scope".to_owned(), format!("arguments: {}", arguments(&operation.params))]
        } else {
            vec![format!("\"{}\"", operation.name), arguments(&operation.params)]
        };
        if takes_payload(operation) {
            crossing.push("payload: payload".to_owned());
        }
        let mut text = doc(&operation.doc, 1, &params);
        text += &signature(1, &format!("public func {}", identifier(&operation.method)), &params, &returns);
        text += &invocation(2, &verb, &crossing);
        text + "    }\n"
    }

    /// What a listing that commits is, and what else can be done with it.
    pub(super) fn following(&self, group: &Group, operation: &Operation) -> String {
        let name = pascal(&operation.name);
        let about = format!(
            "What `{}` of ``{}`` gives. Nothing is sent before it is iterated.",
            identifier(&operation.method),
            pascal(&group.name)
        );
        let mut text = doc(&about, 0, &[]);
        _ = writeln!(text, "public struct {name}: Following {{");
        let item = self.ty(&operation.result);
        _ = writeln!(text, "    public typealias AsyncIterator = Paged<{item}>.AsyncIterator\n");
        _ = writeln!(text, "    public let listing: Paged<{item}>");
        if !operation.methods.is_empty() {
            text += "    private let scope: Scope\n    private let arguments: Arguments\n";
        }
        text += "\n    init(scope: Scope, arguments: Arguments) {\n";
        _ = writeln!(text, "        listing = scope.endless(\"{}\", arguments)", operation.name);
        if !operation.methods.is_empty() {
            text += "        self.scope = scope\n        self.arguments = arguments\n";
        }
        text += "    }\n";
        for method in &operation.methods {
            text.push('\n');
            text += &self.method_below(operation, method);
        }
        file("Foundation", &[text + "}\n"])
    }

    /// Goes over with the arguments of the listing, of which nothing else is begun.
    fn method_below(&self, operation: &Operation, method: &Operation) -> String {
        let params = self.params(method);
        let result = self.ty(&method.result);
        assert!(
            matches!(method.shape, Shape::Pages { commits: false, .. }),
            "{}: what hangs below a listing is a listing in Swift",
            method.name
        );
        let mut passed = arguments(&method.params);
        passed.insert_str(1, &format!("\"{}\": arguments, ", operation.method));
        let mut text = doc(&method.doc, 1, &params);
        let head = format!("public func {}", identifier(&method.method));
        text += &signature(1, &head, &params, &format!(" -> Paged<{result}>"));
        text += &invocation(2, "scope.endless(", &[format!("\"{}\"", method.name), passed]);
        text + "    }\n"
    }
}

pub(super) fn commits(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Pages { commits: true, .. })
}
