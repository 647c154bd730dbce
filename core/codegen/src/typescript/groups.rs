//! Groups of operations, what keeps a position, and the options that operations take.

use std::fmt::Write as _;

use super::WIDTH;
use super::file::{Direction, File};
use super::records::must_be_said;
use super::text::{camel, doc, pascal, snake, variable};
use crate::model::{Field, Group, Operation, Shape, Type};

impl File<'_> {
    /// The class of a group, with all that its operations take and give.
    pub(super) fn group(&mut self, group: &Group) {
        let owner = pascal(&group.name);
        for operation in &group.operations {
            self.around(&owner, operation);
        }
        self.import("../base", "Group");
        let mut text = format!("{}export class {owner} extends Group {{\n", doc(&group.doc, "", &[]));
        let methods: Vec<String> =
            group.operations.iter().map(|operation| self.method(&owner, operation)).collect();
        text += &methods.join("\n");
        self.body.push(text + "}\n");
    }

    /// What stands in front of the class that has an operation: its options, and the class of what it gives if
    /// that keeps a position. `owner` is the class, empty for the client.
    pub(super) fn around(&mut self, owner: &str, operation: &Operation) {
        self.options(owner, operation);
        if !commits(operation) {
            let below = operation.methods.iter().map(|below| below.name.as_str()).collect::<Vec<_>>();
            assert!(below.is_empty(), "{below:?}: only what keeps a position has methods of its own");
            return;
        }
        let class = following_name(owner, operation);
        for below in &operation.methods {
            let pages = matches!(below.shape, Shape::Pages { commits: false, .. });
            assert!(
                pages && below.methods.is_empty(),
                "{}: what hangs below another gives pages",
                below.name
            );
            self.options(&class, below);
        }
        self.following(owner, &class, operation);
    }

    /// The class of a listing that keeps its position.
    fn following(&mut self, owner: &str, class: &str, operation: &Operation) {
        self.import("../base", "type Scope");
        self.import("../following", "Following");
        let read = if self.has_raw(&operation.result) { "readItemsWithRaw" } else { "readItems" };
        self.import("../records", read);
        let item = self.ty(&operation.result, Direction::Out);
        let about =
            format!("What {{@link {}}} gives: a listing that keeps its position.", link(owner, operation));
        let mut text = format!(
            "{}export class {class} extends Following<{item}> {{\n  /** @internal */\n  constructor(scope: Scope, \
             options: object) {{\n    super(scope, '{}', options, {read});\n  }}\n",
            doc(&about, "", &[]),
            operation.name
        );
        for below in &operation.methods {
            text.push('\n');
            text += &self.method(class, below);
        }
        self.body.push(text + "}\n");
    }

    /// The interface of what an operation may be told, if it has any.
    fn options(&mut self, owner: &str, operation: &Operation) {
        let Some(name) = options_name(owner, operation) else { return };
        self.import("../base", "type CallOptions");
        let about = format!("What {{@link {}}} may be told.", link(owner, operation));
        let mut text = format!("{}export interface {name} extends CallOptions {{\n", doc(&about, "", &[]));
        for field in operation.params.iter().filter(|field| !must_be_said(field)) {
            text += &self.member(field, Direction::In);
        }
        if takes_payload(operation) {
            self.import("../base", "type Payload");
            let about = "The body, as bytes or text.";
            _ = write!(text, "{}  payload?: Payload;\n", doc(about, "  ", &[]));
        }
        self.body.push(text + "}\n");
    }

    pub(super) fn method(&mut self, owner: &str, operation: &Operation) -> String {
        let required: Vec<&Field> = operation.params.iter().filter(|field| must_be_said(field)).collect();
        let options = options_name(owner, operation).unwrap_or_else(|| {
            self.import("../base", "type CallOptions");
            "CallOptions".to_owned()
        });
        let mut params = Vec::new();
        let mut tags = Vec::new();
        for field in &required {
            assert_eq!(snake(&camel(&field.name)), field.name, "this name does not survive the crossing");
            let name = variable(&field.name);
            params.push(format!("{name}: {}", self.ty(&field.ty, Direction::In)));
            tags.push(format!("@param {name} {}", field.doc));
        }
        params.push(format!("options: {options} = {{}}"));
        let result = self.ty(&operation.result, Direction::Out);
        let generic = if operation.result == Type::Body { "<T = unknown>" } else { "" };
        let name = &operation.name;
        let (result, call) = match &operation.shape {
            Shape::Call { .. } => (format!("Promise<{result}>"), format!("call('{name}'")),
            Shape::Pages { commits: true, .. } => {
                let class = following_name(owner, operation);
                (class.clone(), format!("following({class}"))
            }
            Shape::Pages { .. } | Shape::Run | Shape::Columns => {
                self.import("../paged", "type Paged");
                let call = if self.has_raw(&operation.result) { "pagedWithRaw" } else { "paged" };
                (format!("Paged<{result}>"), format!("{call}('{name}'"))
            }
        };
        let head = format!("{}{generic}", camel(&operation.method));
        let mut text = doc(&operation.doc, "  ", &tags);
        let line = format!("  {head}({}): {result} {{", params.join(", "));
        if line.len() <= WIDTH {
            _ = writeln!(text, "{line}");
        } else {
            _ = writeln!(text, "  {head}(\n    {},\n  ): {result} {{", params.join(",\n    "));
        }
        let mut args = vec!["...options".to_owned()];
        for field in &required {
            let (member, name) = (camel(&field.name), variable(&field.name));
            args.push(if member == name { name } else { format!("{member}: {name}") });
        }
        let opening = format!("    return this.{call}, ");
        let line = format!("{opening}{{ {} }});", args.join(", "));
        if required.is_empty() {
            _ = writeln!(text, "{opening}options);");
        } else if line.len() <= WIDTH {
            _ = writeln!(text, "{line}");
        } else {
            _ = writeln!(text, "{opening}{{\n      {},\n    }});", args.join(",\n      "));
        }
        text + "  }\n"
    }
}

fn takes_payload(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Call { payload: true })
}

fn commits(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Pages { commits: true, .. })
}

/// The class of what an operation gives that keeps a position.
fn following_name(owner: &str, operation: &Operation) -> String {
    format!("{owner}{}", pascal(&operation.method))
}

/// The name of the options of an operation that has some of its own.
fn options_name(owner: &str, operation: &Operation) -> Option<String> {
    let any = takes_payload(operation) || operation.params.iter().any(|field| !must_be_said(field));
    any.then(|| format!("{owner}{}Options", pascal(&operation.method)))
}

/// An operation as a comment refers to it.
fn link(owner: &str, operation: &Operation) -> String {
    let owner = if owner.is_empty() { "Client" } else { owner };
    format!("{owner}.{}", camel(&operation.method))
}
