//! Groups of operations, and the listings with methods of their own.

use std::fmt::Write as _;

use super::names::{identifier, pascal};
use super::params::{Param, arguments, takes_payload};
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
            _ if has_own_type(operation) => {
                let name = pascal(&operation.name);
                (format!(" -> {name}"), format!("{name}("))
            }
            (Shape::Pages { .. } | Shape::Columns, _) => {
                (format!(" -> Paged<{result}>"), "scope.paged(".to_owned())
            }
            (Shape::Bytes, _) => {
                (" async throws -> Download".to_owned(), "try await scope.download(".to_owned())
            }
            (Shape::Run, _) => panic!("{}: what runs hangs below a listing in Swift", operation.name),
            (_, Type::None) => (" async throws".to_owned(), "try await scope.call(".to_owned()),
            (_, Type::Body) => (format!(" async throws -> {result}"), "try await scope.body(".to_owned()),
            _ => (format!(" async throws -> {result}"), "try await scope.call(".to_owned()),
        };
        let mut crossing = if has_own_type(operation) {
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

    /// What a listing with a type of its own is, and what else can be done with it.
    pub(super) fn listing(&self, group: &Group, operation: &Operation) -> String {
        let name = pascal(&operation.name);
        let about = format!(
            "What `{}` of ``{}`` gives. Nothing is sent before it is iterated, or one of its methods is called.",
            identifier(&operation.method),
            pascal(&group.name)
        );
        let protocol = if commits(operation) { "Following" } else { "Listing" };
        let mut text = doc(&about, 0, &[]);
        _ = writeln!(text, "public struct {name}: {protocol} {{");
        let item = self.ty(&operation.result);
        _ = writeln!(text, "    public typealias AsyncIterator = Paged<{item}>.AsyncIterator\n");
        _ = writeln!(text, "    public let listing: Paged<{item}>");
        if !operation.methods.is_empty() {
            text += "    private let scope: Scope\n    private let arguments: Arguments\n";
        }
        text += "\n    init(scope: Scope, arguments: Arguments) {\n";
        _ = writeln!(
            text,
            "        listing = scope.{}(\"{}\", arguments)",
            begun_by(operation),
            operation.name
        );
        if !operation.methods.is_empty() {
            text += "        self.scope = scope\n        self.arguments = arguments\n";
        }
        text += "    }\n";
        for method in &operation.methods {
            text.push('\n');
            text += &self.method_below(operation, method);
        }
        text + "}\n"
    }

    /// Goes over with the arguments of the listing, of which nothing else is begun.
    fn method_below(&self, operation: &Operation, method: &Operation) -> String {
        let mut params = self.params(method);
        let result = self.ty(&method.result);
        let mut passed = arguments(&method.params);
        let whole = format!("\"{}\": arguments", operation.method);
        passed.insert_str(1, &if method.params.is_empty() { whole } else { whole + ", " });
        let passed = passed.replace(":]", "]");
        let mut crossing = vec![format!("\"{}\"", method.name), passed];
        let (returns, verb) = match method.shape {
            Shape::Pages { commits: false, .. } | Shape::Columns => {
                (format!(" -> Paged<{result}>"), format!("scope.{}(", begun_by(operation)))
            }
            Shape::Run => {
                params.push(Param::plain("progress", "ProgressHandler?", PROGRESS).default("nil"));
                crossing.push("as: listing".to_owned());
                crossing.push("progress: progress".to_owned());
                (format!(" async throws -> {result}"), "try await scope.run(".to_owned())
            }
            _ => panic!("{}: what hangs below a listing is a listing, or runs, in Swift", method.name),
        };
        let mut text = doc(&method.doc, 1, &params);
        let head = format!("public func {}", identifier(&method.method));
        text += &signature(1, &head, &params, &returns);
        text += &invocation(2, &verb, &crossing);
        text + "    }\n"
    }
}

const PROGRESS: &str = "Is told how far it has come, again and again, and once at the end.";

/// Whether what an operation gives is more than pages.
pub(super) fn has_own_type(operation: &Operation) -> bool {
    commits(operation) || !operation.methods.is_empty()
}

fn commits(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Pages { commits: true, .. })
}

/// The function that begins a listing, or one that hangs below it: what has no end keeps less of what it told.
fn begun_by(operation: &Operation) -> &'static str {
    if commits(operation) { "endless" } else { "paged" }
}
