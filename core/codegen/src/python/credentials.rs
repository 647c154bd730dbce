//! Credentials, sign-ins and clouds.

use std::fmt::Write as _;

use super::text::{docstring, group, python_name, quoted, tuple};
use super::{Module, Types, arguments, parameter};
use crate::model::{Api, Clouds, Credential};

pub(super) fn credential_module(types: &Types<'_>, api: &Api) -> Module {
    let mut module =
        Module::new("credentials", "What a client proves its identity with, and where it does so.");
    module.import(".._credentials", "CloudBase");
    for credential in &api.credentials {
        let base = module.import(".._credentials", "Credential");
        let text = credential_class(types, &mut module, credential, &base);
        module.class(&credential.name, &text);
    }
    for sign_in in &api.sign_ins {
        let base = module.import(".._sign_in", &format!("{}Base", sign_in.name));
        let text = credential_class(types, &mut module, sign_in, &base);
        module.class(&sign_in.name, &text);
    }
    let text = cloud_class(types, &mut module, &api.clouds);
    module.class("Cloud", &text);
    module
}

fn credential_class(types: &Types<'_>, module: &mut Module, credential: &Credential, base: &str) -> String {
    let mut parameters = vec!["self".to_owned()];
    let mut docs = Vec::new();
    let (needed, wished): (Vec<_>, Vec<_>) = credential.fields.iter().partition(|field| field.required);
    let function = credential.function.as_ref();
    for field in needed {
        let name = python_name(&field.name);
        parameters.push(parameter(types, module, field, &name, true));
        docs.push((name, field.doc.clone()));
    }
    if let Some(function) = function.filter(|function| function.required) {
        parameters.push(format!("{}: {}", function.name, module.typing(".._functions", &function.ty)));
        docs.push((function.name.clone(), function.doc.clone()));
    }
    let wished_function = function.filter(|function| !function.required);
    if !wished.is_empty() || wished_function.is_some() {
        parameters.push("*".to_owned());
    }
    for field in wished {
        let name = python_name(&field.name);
        parameters.push(parameter(types, module, field, &name, true));
        docs.push((name, field.doc.clone()));
    }
    if let Some(function) = wished_function {
        let ty = module.typing(".._functions", &function.ty);
        parameters.push(format!("{}: {ty} | None = None", function.name));
        docs.push((function.name.clone(), function.doc.clone()));
    }
    let mut text = format!("class {}({base}):\n", credential.name);
    let sections = if docs.is_empty() { Vec::new() } else { vec![("Args", docs)] };
    docstring(&mut text, "    ", &credential.doc, &sections);
    text.push_str("\n    __slots__ = ()\n\n");
    text.push_str(&group("    ", "def __init__", ("(", ")"), &parameters, " -> None:", false));
    let mut parts = vec![quoted(&credential.kind)];
    if credential.fields.is_empty() {
        parts.push("{}".to_owned());
    } else {
        text.push_str(&arguments(module, "        ", "fields", &credential.fields));
        parts.push("fields".to_owned());
    }
    if !credential.secrets.is_empty() {
        let secrets: Vec<String> = credential.secrets.iter().map(|name| quoted(name)).collect();
        let comma = if secrets.len() == 1 { "," } else { "" };
        parts.push(format!("secrets=({}{comma})", secrets.join(", ")));
    }
    if let Some(function) = function {
        parts.push(format!("functions={{{}: {}}}", quoted(&function.asks), function.name));
    }
    text.push_str(&group("        ", "super().__init__", ("(", ")"), &parts, "", false));
    text
}

fn cloud_class(types: &Types<'_>, module: &mut Module, clouds: &Clouds) -> String {
    module.typing("typing", "ClassVar");
    let mut text = "class Cloud(CloudBase):\n".to_owned();
    docstring(&mut text, "    ", &clouds.doc, &[]);
    text.push_str("\n    __slots__ = ()\n\n");
    for cloud in &clouds.named {
        _ = writeln!(text, "    {}: ClassVar[Cloud]", cloud.name.to_uppercase());
        docstring(&mut text, "    ", &cloud.doc, &[]);
    }
    let names: Vec<String> = clouds.named.iter().map(|cloud| quoted(&cloud.name)).collect();
    text.push('\n');
    text.push_str(&tuple("    ", "_names = ", &names));
    text.push_str("\n    @classmethod\n");
    let mut parameters = vec!["cls".to_owned(), "*".to_owned()];
    let mut docs = Vec::new();
    for field in &clouds.custom {
        let name = python_name(&field.name);
        parameters.push(parameter(types, module, field, &name, true));
        docs.push((name, field.doc.clone()));
    }
    text.push_str(&group("    ", "def custom", ("(", ")"), &parameters, " -> Cloud:", false));
    let doc = "A cloud with hosts of its own: a proxy, a sandbox. A host that is left out cannot be called.\n\n\
               Each is a URL; plain `http` is taken for loopback addresses only.";
    docstring(&mut text, "        ", doc, &[("Args", docs)]);
    text.push_str(&arguments(module, "        ", "hosts", &clouds.custom));
    text.push_str("        return cls(\"custom\", hosts)\n");
    text
}
