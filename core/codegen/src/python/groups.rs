//! Groups of operations, and the clients that they hang from.

use std::fmt::Write as _;

use super::text::{docstring, group, pascal, python_name, quoted, stem};
use super::{Module, Types, arguments, arguments_below, parameter};
use crate::model::{Api, Field, Group, Operation, Shape, Type};

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Blocking,
    Async,
}

impl Manner {
    fn prefix(self) -> &'static str {
        if self == Manner::Async { "Async" } else { "" }
    }
}

pub(super) fn group_module(types: &Types<'_>, group: &Group) -> Module {
    let mut module = Module::new(stem(&group.name), format!("The group `{}` of a client.", group.name));
    for manner in [Manner::Blocking, Manner::Async] {
        for operation in &group.operations {
            if let Some(class) = handle(operation, manner) {
                let text = handle_class(types, &mut module, operation, manner, &class);
                module.class(&class, &text);
            }
        }
        let base = module.import(".._base", &format!("{}Group", manner.prefix()));
        let class = format!("{}{}", manner.prefix(), pascal(&group.name));
        let mut text = format!("class {class}({base}):\n");
        docstring(&mut text, "    ", &group.doc, &[]);
        text.push_str("\n    __slots__ = ()\n");
        for operation in &group.operations {
            text.push('\n');
            text.push_str(&method(types, &mut module, operation, manner, None));
        }
        module.class(&class, &text);
    }
    module
}

/// The name of the class of what a listing gives, where it can do more than other listings.
fn handle(operation: &Operation, manner: Manner) -> Option<String> {
    let commits = matches!(operation.shape, Shape::Pages { commits: true, .. });
    (commits || !operation.methods.is_empty())
        .then(|| format!("{}{}", manner.prefix(), pascal(&operation.name)))
}

/// The class of what a shape gives, which a [`handle`] stands on.
fn listing_class(module: &mut Module, operation: &Operation, manner: Manner) -> String {
    let (home, base) = match operation.shape {
        Shape::Columns => (".._columns", "Batches"),
        Shape::Bytes => (".._download", "Download"),
        Shape::Pages { commits: true, .. } => (".._following", "Following"),
        _ if operation.methods.iter().any(|below| below.shape == Shape::Columns) => (".._columns", "Records"),
        _ => (".._paged", "Paged"),
    };
    module.import(home, &format!("{}{base}", manner.prefix()))
}

/// Whether it takes long enough for its progress to be of interest, and tells of it.
fn tells_progress(operation: &Operation) -> bool {
    matches!(operation.shape, Shape::Pages { feed: true, .. } | Shape::Run | Shape::Columns)
}

fn handle_class(
    types: &Types<'_>,
    module: &mut Module,
    operation: &Operation,
    manner: Manner,
    class: &str,
) -> String {
    let base = listing_class(module, operation, manner);
    let item = types.annotation(module, &operation.result, false);
    let mut text = format!("class {class}({base}[{item}]):\n");
    let about = format!("What `client.{}(...)` gives; see there.", operation.name);
    docstring(&mut text, "    ", &about, &[]);
    text.push_str("\n    __slots__ = ()\n");
    for below in &operation.methods {
        text.push('\n');
        text.push_str(&method(types, module, below, manner, Some(operation)));
    }
    text
}

/// A method of a group or client, or of what the operation `parent` gives.
fn method(
    types: &Types<'_>,
    module: &mut Module,
    operation: &Operation,
    manner: Manner,
    parent: Option<&Operation>,
) -> String {
    let mut docs = Vec::new();
    let mut named: Vec<&Field> = operation.params.iter().filter(|field| field.required).collect();
    let mut optional: Vec<&Field> = operation.params.iter().filter(|field| !field.required).collect();
    // What a call is about goes without its name, also where it may be left out; a truth value says nothing then.
    if named.is_empty() && optional.first().is_some_and(|field| field.ty != Type::Bool) {
        named.push(optional.remove(0));
    }
    let mut parameters = vec!["self".to_owned()];
    for field in &named {
        parameters.push(parameter(types, module, field, &python_name(&field.name), true));
    }
    let payload = matches!(operation.shape, Shape::Call { payload: true });
    let progress = tells_progress(operation);
    if !optional.is_empty() || payload || progress {
        parameters.push("*".to_owned());
    }
    for field in &optional {
        parameters.push(parameter(types, module, field, &python_name(&field.name), true));
    }
    for field in named.iter().chain(&optional) {
        docs.push((python_name(&field.name), field.doc.clone()));
    }
    if payload {
        parameters.push("payload: bytes | None = None".to_owned());
        docs.push(("payload".to_owned(), "Bytes to send as the body.".to_owned()));
    }
    if progress {
        parameters.push(format!("progress: {} | None = None", module.typing(".._progress", "Progress")));
        let doc = "A function that gets a `Report` now and then, or `True` for a bar by tqdm or rich.";
        docs.push(("progress".to_owned(), doc.to_owned()));
    }

    let waits = manner == Manner::Async && matches!(operation.shape, Shape::Call { .. } | Shape::Run);
    let result = match &operation.shape {
        Shape::Call { .. } | Shape::Run => types.annotation(module, &operation.result, false),
        Shape::Columns | Shape::Bytes => listing_class(module, operation, manner),
        Shape::Pages { .. } => handle(operation, manner).unwrap_or_else(|| {
            let class = listing_class(module, operation, manner);
            format!("{class}[{}]", types.annotation(module, &operation.result, false))
        }),
    };
    let head = if waits { "async def" } else { "def" };
    let name = python_name(&operation.method);
    let mut text =
        group("    ", &format!("{head} {name}"), ("(", ")"), &parameters, &format!(" -> {result}:"), false);
    let mut sections = Vec::new();
    if !docs.is_empty() {
        sections.push(("Args", docs));
    }
    let mut doc = operation.doc.clone();
    match operation.shape {
        Shape::Pages { feed: true, .. } | Shape::Run => doc.push_str(
            "\n\nThe listing's `errors`, `warnings` and `report` tell what the feed met on its way.",
        ),
        Shape::Columns => {
            doc.push_str("\n\nIts `errors`, `warnings` and `report` tell what the feed met on its way.");
        }
        _ => {}
    }
    docstring(&mut text, "        ", &doc, &sections);
    text.push_str(&body(types, module, operation, manner, parent));
    text
}

fn body(
    types: &Types<'_>,
    module: &mut Module,
    operation: &Operation,
    manner: Manner,
    parent: Option<&Operation>,
) -> String {
    let indent = "        ";
    let mut text = String::new();
    let args = if operation.params.is_empty() && parent.is_none() {
        "{}"
    } else {
        let above = parent.map(|parent| parent.method.as_str());
        text.push_str(&arguments_below(module, indent, "args", above, &operation.params));
        "args"
    };
    let mut parts = vec![quoted(&operation.name), args.to_owned()];
    let wait = if manner == Manner::Async { "await " } else { "" };
    let begin = match (&operation.shape, &operation.result) {
        (Shape::Columns | Shape::Bytes, _) => {
            parts.insert(0, "self._scope".to_owned());
            format!("return {}", listing_class(module, operation, manner))
        }
        (Shape::Run, Type::Record(name)) => {
            assert!(parent.is_some(), "{} is done with no listing", operation.name);
            parts.extend([types.used(module, name), "progress".to_owned()]);
            format!("return {wait}self._run")
        }
        (Shape::Pages { .. }, Type::Record(name)) => {
            parts.insert(0, "self._scope".to_owned());
            parts.push(types.used(module, name));
            let class = handle(operation, manner);
            format!("return {}", class.unwrap_or_else(|| listing_class(module, operation, manner)))
        }
        (Shape::Pages { .. } | Shape::Run, other) => {
            panic!("{} lists what is no record: {other:?}", operation.name)
        }
        (Shape::Call { .. }, Type::Body) => format!("return {wait}self._scope.call_body"),
        (Shape::Call { .. }, result) => {
            parts.push(types.result_reader(module, result));
            let give = if matches!(result, Type::None) { "" } else { "return " };
            format!("{give}{wait}self._scope.call")
        }
    };
    if matches!(operation.shape, Shape::Call { payload: true }) {
        parts.push("payload".to_owned());
    }
    if tells_progress(operation) && operation.shape != Shape::Run {
        // Who watches a listing watches what is made of it.
        let progress = if parent.is_some() { "self._shown(progress)" } else { "progress" };
        parts.push(format!("progress={progress}"));
    }
    let follows = |of: &Operation| matches!(of.shape, Shape::Pages { commits: true, .. });
    if parent.is_some_and(follows) && matches!(operation.shape, Shape::Pages { .. }) {
        parts.push("endless=True".to_owned());
    }
    text.push_str(&group(indent, &begin, ("(", ")"), &parts, "", false));
    text
}

pub(super) fn client_module(types: &Types<'_>, api: &Api) -> Module {
    let mut module = Module::new("client", "The clients, and their options.");
    module.typing("typing", "TypedDict");
    module.import(".credentials", "Cloud");
    module.typing(".._credentials", "AnyCredential");
    module.typing(".._cache", "TokenCache");
    let mut options = "\n    class ClientOptions(TypedDict, total=False):\n".to_owned();
    docstring(&mut options, "        ", "The options of both clients, as keywords.", &[]);
    options.push('\n');
    options.push_str("        token_cache: TokenCache | None\n");
    for field in &api.options {
        let annotation = types.annotation(&mut module, &field.ty, true);
        _ = writeln!(options, "        {}: {annotation} | None", python_name(&field.name));
    }
    module.body.push_str(&options);
    for (manner, about) in [
        (Manner::Blocking, "A client of one tenant whose calls block: for scripts and notebooks."),
        (Manner::Async, "A client of one tenant whose calls are awaited."),
    ] {
        let text = client_class(types, &mut module, api, manner, about);
        module.class(&format!("{}Client", manner.prefix()), &text);
    }
    module
}

const CREDENTIAL: &str = "credential: AnyCredential";
const TOKEN_CACHE: &str = "token_cache: TokenCache | None = None";

fn client_class(types: &Types<'_>, module: &mut Module, api: &Api, manner: Manner, about: &str) -> String {
    let base = module.import(".._base", &format!("{}ClientBase", manner.prefix()));
    let mut docs = vec![
        (
            "tenant".to_owned(),
            "Its directory id (GUID) or one of its domains, such as `contoso.onmicrosoft.com`.".to_owned(),
        ),
        (
            "credential".to_owned(),
            "What the client proves its identity with: one of this package, or of `azure-identity`, or any object with \
             its `get_token`."
                .to_owned(),
        ),
        ("cloud".to_owned(), "The cloud that the tenant lives in.".to_owned()),
        (
            "token_cache".to_owned(),
            "Where tokens are kept. Default: in memory, for this client alone.".to_owned(),
        ),
    ];
    docs.extend(api.options.iter().map(|field| (python_name(&field.name), field.doc.clone())));
    let mut parameters: Vec<String> =
        ["self", "tenant: str", "*", CREDENTIAL, "cloud: Cloud = Cloud.PUBLIC", TOKEN_CACHE]
            .map(str::to_owned)
            .into();
    for field in &api.options {
        parameters.push(parameter(types, module, field, &python_name(&field.name), true));
    }
    let (with, closing) = match manner {
        Manner::Blocking => ("with", "`close`"),
        Manner::Async => ("async with", "`aclose`"),
    };
    let doc = format!(
        "{about}\n\nUse it in `{with}`, or call {closing} when done. It paces itself, and may be shared by many tasks and \
         threads, but not with a child process that was forked."
    );
    let mut text = format!("class {}Client({base}):\n", manner.prefix());
    docstring(
        &mut text,
        "    ",
        &doc,
        &[("Args", docs), ("Raises", vec![("InvalidRequest".into(), "An argument cannot be right.".into())])],
    );
    text.push_str("\n    __slots__ = ()\n\n");
    text.push_str(&group("    ", "def __init__", ("(", ")"), &parameters, " -> None:", false));
    text.push_str(&arguments(module, "        ", "options", &api.options));
    text.push_str("        super().__init__(tenant, credential, cloud, token_cache, options)\n");
    for group in api.groups.iter().filter(|group| !group.name.is_empty()) {
        let class = format!("{}{}", manner.prefix(), pascal(&group.name));
        module.import(&format!(".{}", stem(&group.name)), &class);
        _ = write!(text, "\n    @property\n    def {}(self) -> {class}:\n", group.name);
        docstring(&mut text, "        ", &group.doc, &[]);
        _ = writeln!(text, "        return {class}(self._scope)");
    }
    for group in api.groups.iter().filter(|group| group.name.is_empty()) {
        for operation in &group.operations {
            text.push('\n');
            text.push_str(&method(types, module, operation, manner, None));
        }
    }
    text
}
