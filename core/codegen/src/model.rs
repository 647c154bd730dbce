//! What the writers see of the API: records, enums and operations, without any Rust.

use std::collections::{BTreeMap, BTreeSet};

use m365kit::dispatch::{Description, OperationDescription, describe};
use serde_json::{Map, Value};

/// The whole API.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// The groups of operations; the one without a name is the client itself.
    pub groups: Vec<Group>,
    /// The records, in the order in which operations mention them.
    pub records: Vec<Record>,
    /// The enumerations, likewise.
    pub enums: Vec<Enum>,
    /// The options of a client, without tenant, credential and cloud.
    pub options: Vec<Field>,
    /// The credentials.
    pub credentials: Vec<Credential>,
    /// The ways for a user to sign in before there is a credential.
    pub sign_ins: Vec<Credential>,
    /// The clouds.
    pub clouds: Clouds,
    /// The error kinds.
    pub error_kinds: Vec<ErrorKind>,
}

/// A group of operations, such as `audit`.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name; empty for the client itself.
    pub name: String,
    /// What it is about.
    pub doc: String,
    /// What it can do.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Such as `audit.list_content`.
    pub name: String,
    /// Such as `list_content`.
    pub method: String,
    /// What it does.
    pub doc: String,
    /// How it is called.
    pub shape: Shape,
    /// Its parameters.
    pub params: Vec<Field>,
    /// Its result, or the item of its pages.
    pub result: Type,
    /// What can be done with what it gives, such as `audit.follow.into_jsonl`: operations that take the
    /// arguments of this one, as one object, in the argument named like this method (`follow`), which is not
    /// among their own parameters.
    pub methods: Vec<Operation>,
}

/// The ways in which operations are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One result.
    Call {
        /// Whether bytes may travel beside the arguments.
        payload: bool,
    },
    /// Pages.
    Pages {
        /// Whether it goes on past failures and reports them.
        feed: bool,
        /// Whether it keeps a position, and so can be told to commit.
        commits: bool,
    },
    /// Pages that are read to the end: callers get the one item of the last one, and the progress by each
    /// page's report.
    Run,
    /// Arrow record batches, for languages that take them; pages of records with their bytes for the others.
    Columns,
    /// Bytes, which come piece by piece. Its result is what is said of them when they have been saved.
    Bytes,
}

/// A parameter, an option, or a field of a record.
#[derive(Debug, Clone)]
pub struct Field {
    /// As it crosses: `snake_case` for parameters and options, `camelCase` in records.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// What it holds.
    pub ty: Type,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it is when it is left out, if that is not null.
    pub default: Option<Value>,
    /// Whether it travels beside the JSON, as bytes.
    pub raw: bool,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A text.
    String,
    /// The path of a file or folder of this machine.
    Path,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// An instant.
    Time,
    /// A length of time.
    Duration,
    /// Bytes.
    Bytes,
    /// Any JSON.
    Json,
    /// The body of an answer: JSON or bytes.
    Body,
    /// Nothing.
    None,
    /// A record, by its name.
    Record(String),
    /// An enumeration, by its name.
    Enum(String),
    /// The credential of an application that can prove who it is.
    ConfidentialClient,
    /// The same, or the id of an application that cannot.
    Application,
    /// Which things a listing gives: a text, or a tree of conditions.
    Filter,
    /// A list.
    List(Box<Type>),
    /// A map from texts.
    Map(Box<Type>),
}

/// A record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The group that it belongs to; empty for what several share.
    pub group: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Whether it keeps members that it does not know.
    pub open: bool,
    /// Whether operations give it.
    pub output: bool,
    /// Whether operations take it.
    pub input: bool,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The group that it belongs to; empty for what several share.
    pub group: String,
    /// What its values are.
    pub kind: EnumKind,
    /// The values that are known.
    pub members: Vec<Member>,
    /// Whether others may come.
    pub open: bool,
}

/// What the values of an enumeration are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnumKind {
    /// Texts.
    Text,
    /// Whole numbers.
    Number,
}

/// A known value of an enumeration.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name, in `PascalCase`.
    pub name: String,
    /// The value on the wire.
    pub value: Value,
    /// What it means.
    pub doc: String,
}

/// A credential, or what leads to one.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The tag by which the core tells it, such as `client_secret`.
    pub kind: String,
    /// The name of its class, such as `ClientSecret`.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// What it is made from.
    pub fields: Vec<Field>,
    /// The names of the fields that must never be shown.
    pub secrets: Vec<String>,
    /// The function of the caller's that it takes.
    pub function: Option<Function>,
    /// Whether it proves an application's identity, for other credentials to build on.
    pub confidential: bool,
}

/// A function of the caller's.
#[derive(Debug, Clone)]
pub struct Function {
    /// The name of the parameter.
    pub name: String,
    /// The name under which the core asks it, such as `device_code`.
    pub asks: String,
    /// The name of its type, such as `DeviceCodeFunction`.
    pub ty: String,
    /// What it is called with, and gives.
    pub doc: String,
    /// Whether it must be given.
    pub required: bool,
}

/// The clouds.
#[derive(Debug, Clone, Default)]
pub struct Clouds {
    /// What a cloud is.
    pub doc: String,
    /// Those with a name: as it crosses, such as `gcc_high`.
    pub named: Vec<Member>,
    /// The hosts of one without.
    pub custom: Vec<Field>,
}

/// A kind of error.
#[derive(Debug, Clone)]
pub struct ErrorKind {
    /// Its name, which is that of its class.
    pub name: String,
    /// When it is raised.
    pub doc: String,
}

impl Api {
    /// The same with docs that spell parameters and operations as a language does.
    #[must_use]
    pub fn spelled(&self, spell: fn(&str) -> String) -> Self {
        let mut api = self.clone();
        let operations = self.groups.iter().flat_map(|group| &group.operations);
        let operations =
            operations.flat_map(|operation| std::iter::once(operation).chain(&operation.methods));
        let names: BTreeSet<&str> = operations
            .flat_map(|operation| {
                let params = operation.params.iter().map(|param| param.name.as_str());
                params.chain([operation.method.as_str()])
            })
            .filter(|name| name.contains('_'))
            .collect();
        let respell = |doc: &mut String| {
            for name in &names {
                *doc = doc.replace(&format!("`{name}`"), &format!("`{}`", spell(name)));
            }
        };
        for operation in api.groups.iter_mut().flat_map(|group| &mut group.operations) {
            let Operation { doc, params, methods, .. } = operation;
            let below = methods.iter_mut().flat_map(|below| {
                std::iter::once(&mut below.doc).chain(below.params.iter_mut().map(|param| &mut param.doc))
            });
            params.iter_mut().map(|param| &mut param.doc).chain([doc]).chain(below).for_each(respell);
        }
        for record in &mut api.records {
            let fields = record.fields.iter_mut().map(|field| &mut field.doc);
            fields.chain([&mut record.doc]).for_each(respell);
        }
        api
    }

    /// The API that the core describes.
    pub fn of_the_core() -> Self {
        let description = describe();
        let reader = Reader { definitions: &description.definitions };
        let mut api = Api {
            groups: groups(&reader, &description),
            options: reader.fields(description.options.as_value()),
            credentials: description
                .credentials
                .iter()
                .map(|(kind, schema)| reader.credential(kind, schema.as_value()))
                .collect(),
            sign_ins: description
                .sign_ins
                .iter()
                .map(|(kind, schema)| reader.credential(kind, schema.as_value()))
                .collect(),
            clouds: Clouds {
                doc: "A Microsoft cloud: where tokens come from, and which hosts they may be sent to."
                    .to_owned(),
                named: description
                    .clouds
                    .iter()
                    .map(|(name, doc)| Member {
                        name: (*name).to_owned(),
                        value: (*name).into(),
                        doc: (*doc).to_owned(),
                    })
                    .collect(),
                custom: reader.fields(description.custom_cloud.as_value()),
            },
            error_kinds: description
                .error_kinds
                .iter()
                .map(|(name, doc)| ErrorKind { name: (*name).to_owned(), doc: (*doc).to_owned() })
                .collect(),
            ..Api::default()
        };
        api.options.retain(|field| field.name != "tenant");
        let mut used = uses(&reader, &api.groups);
        for option in &api.options {
            reader.mark(&option.ty, "", true, &mut used);
        }
        let folded = folded(&reader, &description);
        for (name, schema) in description.definitions.iter().filter(|(name, _)| !folded.contains(*name)) {
            let (group, input, output) =
                used.get(name).cloned().unwrap_or_else(|| (String::new(), false, true));
            if schema.get("x-m365-enum").is_some() {
                api.enums.push(reader.enumeration(name, schema, group));
            } else {
                api.records.push(reader.record(name, schema, group, input, output));
            }
        }
        api
    }
}

fn groups(reader: &Reader<'_>, description: &Description) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for operation in &description.operations {
        let (group, method) = operation.name.split_once('.').unwrap_or(("", operation.name));
        if let Some((parent, method)) = method.split_once('.') {
            let mut operation = reader.operation(operation, method);
            operation.params.retain(|param| param.name != parent);
            parent_of(&mut groups, group, parent).methods.push(operation);
            continue;
        }
        let operation = reader.operation(operation, method);
        if let Some(present) = groups.iter_mut().find(|present| present.name == group) {
            present.operations.push(operation);
        } else {
            let doc = group_doc(group).to_owned();
            groups.push(Group { name: group.to_owned(), doc, operations: vec![operation] });
        }
    }
    groups
}

/// The records that hold the arguments of an operation for what hangs below it: nobody writes one by hand.
fn folded(reader: &Reader<'_>, description: &Description) -> BTreeSet<String> {
    let below = description.operations.iter().filter_map(|operation| {
        let mut path = operation.name.split('.').skip(1);
        Some((operation, path.next()?, path.next()?))
    });
    below
        .flat_map(|(operation, parent, method)| {
            let params = reader.operation(operation, method).params;
            params.into_iter().filter(move |param| param.name == parent)
        })
        .filter_map(|param| if let Type::Record(name) = param.ty { Some(name) } else { None })
        .collect()
}

fn parent_of<'a>(groups: &'a mut [Group], group: &str, method: &str) -> &'a mut Operation {
    let operations = groups.iter_mut().filter(|present| present.name == group);
    let mut operations = operations.flat_map(|group| &mut group.operations);
    operations
        .find(|operation| operation.method == method)
        .unwrap_or_else(|| panic!("{group}.{method} stands after what can be done with it"))
}

/// A group has no type of its own in the core that could carry its doc.
fn group_doc(group: &str) -> &'static str {
    match group {
        "audit" => "The Office 365 Management Activity API: the audit feed.",
        "service_health" => {
            "Service health: how the services of a tenant are, what is wrong with them, and what the message center says."
        }
        "discovery" => "Discovery: where a user signs in, and where each service of Office 365 is.",
        "" => "A client of one tenant.",
        other => panic!("the group {other:?} has no doc: add it here"),
    }
}

/// Which group each type belongs to, and whether operations take it or give it.
fn uses(reader: &Reader<'_>, groups: &[Group]) -> BTreeMap<String, (String, bool, bool)> {
    let mut uses = BTreeMap::new();
    for group in groups {
        for operation in group.operations.iter().flat_map(|of| std::iter::once(of).chain(&of.methods)) {
            reader.mark(&operation.result, &group.name, false, &mut uses);
            for param in &operation.params {
                reader.mark(&param.ty, &group.name, true, &mut uses);
            }
        }
    }
    uses
}

/// Reads JSON Schema, and refuses what the writers cannot say well.
struct Reader<'a> {
    definitions: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn operation(&self, description: &OperationDescription, method: &str) -> Operation {
        let request = description.request.as_value();
        let shape = if description.runs {
            Shape::Run
        } else if description.columns {
            Shape::Columns
        } else if description.bytes {
            Shape::Bytes
        } else if description.pages {
            Shape::Pages { feed: description.feed, commits: description.commits }
        } else {
            Shape::Call { payload: description.payload }
        };
        Operation {
            name: description.name.to_owned(),
            method: method.to_owned(),
            doc: doc(request),
            shape,
            params: self.fields(request),
            result: self.type_of(description.name, description.result.as_value()).0,
            methods: Vec::new(),
        }
    }

    fn credential(&self, kind: &str, schema: &Value) -> Credential {
        let secret = |(name, field): (&String, &Value)| field.get("x-m365-secret").map(|_| name.clone());
        Credential {
            kind: kind.to_owned(),
            name: pascal(kind),
            doc: doc(schema),
            fields: self.fields(schema),
            secrets: properties(schema).filter_map(secret).collect(),
            function: schema.get("x-m365-function").map(function),
            confidential: CONFIDENTIAL.contains(&kind),
        }
    }

    fn record(&self, name: &str, schema: &Value, group: String, input: bool, output: bool) -> Record {
        Record {
            name: name.to_owned(),
            doc: doc(schema),
            group,
            fields: self.fields(schema),
            open: schema.get("additionalProperties") == Some(&Value::Bool(true)),
            output,
            input,
        }
    }

    #[allow(clippy::unused_self)] // beside its siblings
    fn enumeration(&self, name: &str, schema: &Value, group: String) -> Enum {
        let text = |member: &Value, key: &str| member[key].as_str().unwrap_or_default().trim().to_owned();
        let members = schema["x-m365-enum"].as_array().into_iter().flatten();
        Enum {
            name: name.to_owned(),
            doc: doc(schema),
            group,
            kind: if schema["type"] == "integer" { EnumKind::Number } else { EnumKind::Text },
            members: members
                .map(|m| Member { name: text(m, "name"), value: m["value"].clone(), doc: text(m, "doc") })
                .collect(),
            open: true,
        }
    }

    fn fields(&self, schema: &Value) -> Vec<Field> {
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|r| r.iter().any(|n| n == name));
        properties(schema)
            .map(|(name, field)| {
                let (ty, nullable) = self.type_of(name, field);
                let nothing = |default: &&Value| default.is_null() || **default == Value::Array(Vec::new());
                let default = field.get("default").filter(|default| !nothing(default)).cloned();
                let raw = field.get("x-m365-raw").is_some() || field.get("x-m365-bytes").is_some();
                Field {
                    name: name.clone(),
                    doc: doc(field),
                    ty,
                    required: required(name) && default.is_none(),
                    nullable,
                    default,
                    raw,
                }
            })
            .collect()
    }

    /// The type, and whether null is allowed.
    fn type_of(&self, at: &str, schema: &Value) -> (Type, bool) {
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            let mut others = choices.iter().filter(|choice| choice["type"] != "null");
            return match (others.next(), others.next()) {
                (Some(only), None) => (self.type_of(at, only).0, true),
                _ => panic!("{at}: a choice between types cannot be said in every language"),
            };
        }
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
        {
            let is_enum = self.definitions.get(name).is_some_and(|d| d.get("x-m365-enum").is_some());
            return (
                if is_enum { Type::Enum(name.to_owned()) } else { Type::Record(name.to_owned()) },
                false,
            );
        }
        match schema.get("x-m365-client").and_then(Value::as_str) {
            Some("confidential") => return (Type::ConfidentialClient, false),
            Some("any") => return (Type::Application, false),
            _ => {}
        }
        if schema.get("x-m365-filter").is_some() {
            return (Type::Filter, false);
        }
        if schema.get("x-m365-body").is_some() {
            return (Type::Body, false);
        }
        if schema.get("x-m365-bytes").is_some() {
            return (Type::Bytes, false);
        }
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => return (Type::Json, true),
        };
        let nullable = names.contains(&"null");
        let format = schema.get("format").and_then(Value::as_str);
        let inner = |key: &str| Box::new(self.type_of(at, &schema[key]).0);
        let ty = match (names[0], format) {
            _ if format == Some("duration") => Type::Duration,
            ("string", Some("path")) => Type::Path,
            ("string", Some("date-time")) => Type::Time,
            ("string", _) => Type::String,
            ("boolean", _) => Type::Bool,
            ("integer", _) => Type::Int,
            ("number", _) => Type::Float,
            ("null", _) => Type::None,
            ("array", _) if schema.get("items").is_some() => Type::List(inner("items")),
            ("object", _) => match schema.get("additionalProperties") {
                Some(Value::Object(_)) => Type::Map(inner("additionalProperties")),
                _ => Type::Map(Box::new(Type::Json)),
            },
            (other, _) => panic!("{at}: {other} cannot be said in every language"),
        };
        (ty, nullable)
    }

    fn mark(&self, ty: &Type, group: &str, input: bool, uses: &mut BTreeMap<String, (String, bool, bool)>) {
        match ty {
            Type::List(inner) | Type::Map(inner) => self.mark(inner, group, input, uses),
            Type::Enum(name) | Type::Record(name) => {
                let known = uses.contains_key(name);
                let entry = uses.entry(name.clone()).or_insert_with(|| (group.to_owned(), false, false));
                let seen = if input { &mut entry.1 } else { &mut entry.2 };
                let repeated = known && *seen;
                *seen = true;
                if entry.0 != group {
                    entry.0.clear();
                }
                if let (false, Some(schema)) = (repeated, self.definitions.get(name)) {
                    for field in self.fields(schema) {
                        self.mark(&field.ty, group, input, uses);
                    }
                }
            }
            _ => {}
        }
    }
}

fn function(schema: &Value) -> Function {
    let text = |key: &str| schema[key].as_str().unwrap_or_default().to_owned();
    Function {
        name: text("name"),
        ty: format!("{}Function", pascal(&text("asks"))),
        asks: text("asks"),
        doc: text("doc"),
        required: schema["required"] == true,
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The doc with its paragraphs, each on one line.
fn doc(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// The credentials that prove an application's identity.
const CONFIDENTIAL: [&str; 3] = ["client_secret", "client_certificate", "workload_identity"];

fn pascal(snake: &str) -> String {
    let capital =
        |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
    snake.split('_').map(capital).collect::<Vec<String>>().concat()
}
