//! A small made-up API that holds every case the writers must be able to say.

use serde_json::{Value, json};

use crate::model::{
    Api, Clouds, Credential, Enum, EnumKind, ErrorKind, Field, Function, Group, Member, Operation, Record,
    Shape, Type,
};

/// The made-up API: a zoo.
pub(crate) fn api() -> Api {
    Api {
        groups: vec![zoo(), root()],
        records: vec![animal(), keeper(), table()],
        enums: vec![
            enumeration("Diet", EnumKind::Text, &[("Plants", json!("plants")), ("Class", json!("class"))]),
            enumeration("Danger", EnumKind::Number, &[("None", json!(0)), ("VeryHigh", json!(7))]),
        ],
        options: vec![optional("rate_limit", Type::Float), optional("read_timeout", Type::Duration)],
        credentials: vec![client_secret(), signer(), on_behalf_of(), callback()],
        sign_ins: vec![sign_in()],
        clouds: Clouds {
            doc: "A cloud.".to_owned(),
            named: vec![member("public", json!("public")), member("gcc_high", json!("gcc_high"))],
            custom: vec![optional("authority", Type::String)],
        },
        error_kinds: vec![ErrorKind { name: "NotFound".to_owned(), doc: "It is not there.".to_owned() }],
    }
}

fn zoo() -> Group {
    let count = Operation {
        params: vec![optional("batch_rows", Type::Int)],
        ..operation("zoo.visit.tables", Shape::Columns, Type::Record("Table".to_owned()))
    };
    let print = Operation {
        params: vec![
            required("target", Type::Path),
            Field { default: Some(json!(false)), ..required("overwrite", Type::Bool) },
        ],
        ..operation("zoo.visit.print", Shape::Run, Type::Record("Keeper".to_owned()))
    };
    let feed = Operation {
        methods: vec![count, print],
        params: vec![
            optional("diets", list(Type::Enum("Diet".to_owned()))),
            optional("start", Type::Time),
            optional("last", Type::Duration),
            Field { default: Some(json!("plants")), ..required("diet", Type::Enum("Diet".to_owned())) },
            Field { default: Some(json!(true)), ..required("awake", Type::Bool) },
        ],
        ..operation(
            "zoo.visit",
            Shape::Pages { feed: true, commits: false },
            Type::Record("Animal".to_owned()),
        )
    };
    let feeding = Operation {
        params: vec![
            required("name", Type::String),
            optional("keeper", Type::Record("Keeper".to_owned())),
            optional("class", Type::Int),
        ],
        ..operation("zoo.feed", Shape::Call { payload: false }, Type::None)
    };
    let keepers = operation(
        "zoo.list_keepers",
        Shape::Call { payload: false },
        list(Type::Record("Keeper".to_owned())),
    );
    let cages = Operation {
        params: vec![required("wing", Type::Enum("Danger".to_owned())), optional("filter", Type::Filter)],
        ..operation(
            "zoo.list_cages",
            Shape::Pages { feed: false, commits: false },
            Type::Record("Keeper".to_owned()),
        )
    };
    let save = Operation {
        params: vec![required("directory", Type::Path), optional("max_bytes", Type::Int)],
        ..operation(
            "zoo.watch.into_album",
            Shape::Pages { feed: true, commits: false },
            Type::Record("Keeper".to_owned()),
        )
    };
    let watch = Operation {
        params: vec![required("state", Type::Path), optional("poll_interval", Type::Duration)],
        methods: vec![save],
        ..operation(
            "zoo.watch",
            Shape::Pages { feed: true, commits: true },
            Type::Record("Animal".to_owned()),
        )
    };
    let photo = Operation {
        params: vec![required("animal", Type::String), optional("max_bytes", Type::Int)],
        ..operation("zoo.photo", Shape::Bytes, Type::Record("Keeper".to_owned()))
    };
    Group {
        name: "zoo".to_owned(),
        doc: "The zoo.".to_owned(),
        operations: vec![feed, feeding, keepers, cages, watch, photo],
    }
}

fn root() -> Group {
    let request = Operation {
        params: vec![
            required("path", Type::String),
            optional("query", Type::Map(Box::new(Type::String))),
            optional("json", Type::Json),
        ],
        ..operation("request", Shape::Call { payload: true }, Type::Body)
    };
    Group { name: String::new(), doc: "A client.".to_owned(), operations: vec![request] }
}

fn animal() -> Record {
    let raw = Field { raw: true, nullable: false, ..required("raw", Type::String) };
    Record {
        name: "Animal".to_owned(),
        doc: "An animal.\n\nSource: the zoo's own \"Guide\".".to_owned(),
        group: "zoo".to_owned(),
        fields: vec![
            required("id", Type::String),
            optional("bornAt", Type::Time),
            optional("weight", Type::Float),
            optional("legs", Type::Int),
            optional("danger", Type::Enum("Danger".to_owned())),
            optional("friends", list(Type::Record("Keeper".to_owned()))),
            optional("websiteUrl", Type::String),
            optional("notes", Type::Map(Box::new(Type::Json))),
            raw,
        ],
        open: true,
        output: true,
        input: false,
    }
}

fn table() -> Record {
    let bytes = Field { raw: true, nullable: false, ..required("bytes", Type::Bytes) };
    Record {
        name: "Table".to_owned(),
        doc: "Rows.".to_owned(),
        group: "zoo".to_owned(),
        fields: vec![required("rows", Type::Int), bytes],
        open: false,
        output: true,
        input: false,
    }
}

fn keeper() -> Record {
    Record {
        name: "Keeper".to_owned(),
        doc: "Who feeds the animals.".to_owned(),
        group: "zoo".to_owned(),
        fields: vec![
            required("keeperId", Type::String),
            optional("class", Type::String),
            optional("since", Type::Time),
        ],
        open: false,
        output: true,
        input: true,
    }
}

fn operation(name: &str, shape: Shape, result: Type) -> Operation {
    Operation {
        name: name.to_owned(),
        method: name.rsplit('.').next().unwrap_or(name).to_owned(),
        doc: format!(
            "Does `{name}`.\n\nA second paragraph, which is long enough to have to be broken into several lines by whoever writes it."
        ),
        shape,
        params: Vec::new(),
        result,
        methods: Vec::new(),
    }
}

fn required(name: &str, ty: Type) -> Field {
    let doc = format!("What `{name}` means.");
    Field { name: name.to_owned(), doc, ty, required: true, nullable: false, default: None, raw: false }
}

fn optional(name: &str, ty: Type) -> Field {
    Field { required: false, nullable: true, ..required(name, ty) }
}

fn list(of: Type) -> Type {
    Type::List(Box::new(of))
}

fn enumeration(name: &str, kind: EnumKind, members: &[(&str, Value)]) -> Enum {
    Enum {
        name: name.to_owned(),
        doc: format!("A {name}."),
        group: "zoo".to_owned(),
        kind,
        members: members.iter().map(|(name, value)| member(name, value.clone())).collect(),
        open: true,
    }
}

fn member(name: &str, value: Value) -> Member {
    Member { name: name.to_owned(), value, doc: format!("It is {name}.") }
}

fn client_secret() -> Credential {
    let fields = vec![required("client_id", Type::String), required("secret", Type::String)];
    Credential {
        secrets: vec!["secret".to_owned()],
        confidential: true,
        ..credential("client_secret", "ClientSecret", fields)
    }
}

fn signer() -> Credential {
    let fields = vec![required("client_id", Type::String), optional("key_path", Type::Path)];
    Credential {
        function: Some(function("sign", "sign", "SignFunction", false)),
        confidential: true,
        ..credential("client_certificate", "ClientCertificate", fields)
    }
}

fn on_behalf_of() -> Credential {
    let fields = vec![required("client", Type::ConfidentialClient), required("user_token", Type::String)];
    Credential { secrets: vec!["user_token".to_owned()], ..credential("on_behalf_of", "OnBehalfOf", fields) }
}

fn callback() -> Credential {
    Credential {
        function: Some(function("function", "token", "TokenFunction", true)),
        ..credential("callback", "Callback", Vec::new())
    }
}

fn sign_in() -> Credential {
    let scopes = optional("scopes", Type::List(Box::new(Type::String)));
    let fields = vec![required("client", Type::Application), scopes];
    Credential {
        function: Some(function("open", "open_browser", "OpenBrowserFunction", false)),
        ..credential("browser_sign_in", "BrowserSignIn", fields)
    }
}

fn credential(kind: &str, name: &str, fields: Vec<Field>) -> Credential {
    Credential {
        kind: kind.to_owned(),
        name: name.to_owned(),
        doc: "A credential.".to_owned(),
        fields,
        secrets: Vec::new(),
        function: None,
        confidential: false,
    }
}

fn function(name: &str, asks: &str, ty: &str, required: bool) -> Function {
    Function {
        name: name.to_owned(),
        asks: asks.to_owned(),
        ty: ty.to_owned(),
        doc: "Called when it is needed.".to_owned(),
        required,
    }
}
