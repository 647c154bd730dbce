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
    /// there is more to be done with that than to read it. `owner` is the class, empty for the client.
    pub(super) fn around(&mut self, owner: &str, operation: &Operation) {
        self.options(owner, operation);
        if !has_class(operation) {
            return;
        }
        assert!(is_feed(operation), "{}: only feeds have methods of their own", operation.name);
        let class = class_name(owner, operation);
        for below in &operation.methods {
            let reads = is_feed(below) && !commits(below);
            assert!(reads && below.methods.is_empty(), "{}: what hangs below a feed reads it", below.name);
            self.options(&class, below);
        }
        self.listing(owner, &class, operation);
    }

    /// The class of a listing that keeps its position, or can be read in several ways.
    fn listing(&mut self, owner: &str, class: &str, operation: &Operation) {
        self.import("../base", "type FeedOptions");
        self.import("../base", "type Scope");
        let (base, about) = if commits(operation) {
            ("Following", "a listing that keeps its position.")
        } else {
            ("Listing", "a listing that can be read in other ways too.")
        };
        self.import(if commits(operation) { "../following" } else { "../listing" }, base);
        let read = self.reader(&operation.result).unwrap_or_else(|| {
            self.import("../records", "readItems");
            "readItems".to_owned()
        });
        let item = self.ty(&operation.result, Direction::Out);
        let about = format!("What {{@link {}}} gives: {about}", link(owner, operation));
        let mut text = format!(
            "{}export class {class} extends {base}<{item}> {{\n  /** @internal */\n  constructor(scope: Scope, \
             options: FeedOptions) {{\n    super(scope, '{}', options, {read});\n  }}\n",
            doc(&about, "", &[]),
            operation.name
        );
        for below in &operation.methods {
            text.push('\n');
            text += &self.method(class, below);
        }
        self.body.push(text + "}\n");
    }

    /// What reads the items of a page, if they have bytes beside their JSON.
    fn reader(&mut self, ty: &Type) -> Option<String> {
        let field = self.raw_field(ty)?;
        if field.ty == Type::Bytes {
            self.import("../records", "readItemsWithBytes");
            return Some(format!("readItemsWithBytes('{}')", field.name));
        }
        let record = self.ty(ty, Direction::Out);
        Some(format!("read{record}s"))
    }

    /// The interface of what an operation may be told, if it has any.
    fn options(&mut self, owner: &str, operation: &Operation) {
        let Some(name) = options_name(owner, operation) else { return };
        let base = self.common_options(operation);
        let about = format!("What {{@link {}}} may be told.", link(owner, operation));
        let mut text = format!("{}export interface {name} extends {base} {{\n", doc(&about, "", &[]));
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

    /// What every operation of its shape may be told.
    fn common_options(&mut self, operation: &Operation) -> &'static str {
        let name = if is_feed(operation) { "FeedOptions" } else { "CallOptions" };
        self.import("../base", &format!("type {name}"));
        name
    }

    pub(super) fn method(&mut self, owner: &str, operation: &Operation) -> String {
        let required: Vec<&Field> = operation.params.iter().filter(|field| must_be_said(field)).collect();
        let options =
            options_name(owner, operation).unwrap_or_else(|| self.common_options(operation).to_owned());
        let mut params = Vec::new();
        let mut tags = Vec::new();
        for field in &required {
            assert_eq!(snake(&camel(&field.name)), field.name, "this name does not survive the crossing");
            let name = variable(&field.name);
            params.push(format!("{name}: {}", self.ty(&field.ty, Direction::In)));
            tags.push(format!("@param {name} {}", field.doc));
        }
        params.push(format!("options: {options} = {{}}"));
        let result = match operation.shape {
            Shape::Bytes => String::new(),
            _ => self.ty(&operation.result, Direction::Out),
        };
        let generic = if operation.result == Type::Body { "<T = unknown>" } else { "" };
        let name = &operation.name;
        let mut read = None;
        let (result, call) = match &operation.shape {
            Shape::Call { .. } => (format!("Promise<{result}>"), format!("call('{name}'")),
            Shape::Run => (format!("Promise<{result}>"), format!("run('{name}'")),
            Shape::Columns => {
                self.import("../batches", "type Batches");
                ("Batches".to_owned(), format!("columns('{name}'"))
            }
            Shape::Bytes => {
                self.import("../download", "type Download");
                ("Promise<Download>".to_owned(), format!("bytes('{name}'"))
            }
            Shape::Pages { .. } if has_class(operation) => {
                let class = class_name(owner, operation);
                (class.clone(), format!("listing({class}"))
            }
            Shape::Pages { feed, .. } => {
                self.import("../paged", "type Paged");
                read = self.reader(&operation.result);
                (
                    format!("Paged<{result}>"),
                    format!("{}('{name}'", if *feed { "pagedFeed" } else { "paged" }),
                )
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
        let end = read.map_or_else(|| ");".to_owned(), |read| format!(", {read});"));
        let line = format!("{opening}{{ {} }}{end}", args.join(", "));
        if required.is_empty() {
            _ = writeln!(text, "{opening}options{end}");
        } else if line.len() <= WIDTH {
            _ = writeln!(text, "{line}");
        } else {
            _ = writeln!(text, "{opening}{{\n      {},\n    }}{end}", args.join(",\n      "));
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

fn is_feed(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Pages { feed: true, .. } | Shape::Run | Shape::Columns)
}

/// Whether there is more to be done with what it gives than to read it.
fn has_class(operation: &Operation) -> bool {
    commits(operation) || !operation.methods.is_empty()
}

/// The class of what such an operation gives.
fn class_name(owner: &str, operation: &Operation) -> String {
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
