//! The classes of credentials, and of what leads to one.

use std::fmt::Write as _;

use super::WIDTH;
use super::file::{Direction, File};
use super::records::must_be_said;
use super::text::{camel, doc, variable};
use crate::model::{Api, Credential, Field, Function};

pub(super) fn credentials_file(api: &Api) -> String {
    let mut file = File::new(api, "credentials".to_owned());
    for credential in &api.credentials {
        file.import("../credentials", "CredentialBase");
        file.given(credential, "CredentialBase");
    }
    for sign_in in &api.sign_ins {
        let base = format!("{}Base", sign_in.name);
        file.import("../sign-in", &base);
        file.given(sign_in, &base);
    }
    let names = |chosen: fn(&Credential) -> bool| {
        let chosen = api.credentials.iter().filter(move |credential| chosen(credential));
        chosen.map(|credential| credential.name.clone()).collect::<Vec<_>>()
    };
    let confidential = names(|credential| credential.confidential);
    let unions = [
        ("Credential", "How a client proves who it is.", names(|_| true)),
        ("ConfidentialClient", "The credential of an application that can prove who it is.", confidential),
        (
            "Application",
            "An application: its client id, or its credential if it can prove who it is.",
            vec!["string".to_owned(), "ConfidentialClient".to_owned()],
        ),
    ];
    for (name, about, members) in unions {
        file.body.push(doc(about, "", &[]) + &union(name, &members));
    }
    file.finish()
}

fn union(name: &str, members: &[String]) -> String {
    let line = format!("export type {name} = {};\n", members.join(" | "));
    let lines = format!("export type {name} =\n  | {};\n", members.join("\n  | "));
    if line.len() <= WIDTH + 1 { line } else { lines }
}

impl File<'_> {
    /// The class of what is given fields and perhaps a function.
    fn given(&mut self, credential: &Credential, base: &str) {
        let name = &credential.name;
        let mut members = Vec::new();
        let mut text = format!("{}export class {name} extends {base} {{\n", doc(&credential.doc, "", &[]));
        let fields: Vec<String> = shown(credential).map(|field| self.property(field)).collect();
        members.push(fields.concat());
        members.push(self.constructor(credential));
        if base == "CredentialBase" {
            let (about, kind) = (doc("What tells the credentials apart.", "  ", &[]), &credential.kind);
            members.push(format!("{about}  get kind(): '{kind}' {{\n    return '{kind}';\n  }}\n"));
        }
        members.retain(|member| !member.is_empty());
        text += &members.join("\n");
        self.body.push(text + "}\n");
    }

    /// What may be read of it.
    fn property(&mut self, field: &Field) -> String {
        let mark = if must_be_said(field) { "" } else { "?" };
        let ty = self.ty(&field.ty, Direction::In);
        format!("{}  readonly {}{mark}: {ty};\n", doc(&field.doc, "  ", &[]), camel(&field.name))
    }

    fn constructor(&mut self, credential: &Credential) -> String {
        if let Some(function) = &credential.function {
            self.import("../functions", &format!("type {}", function.ty));
        }
        // What stands alone is given as it is; more is named.
        match (credential.fields.as_slice(), &credential.function) {
            ([], None) => String::new(),
            ([field], None) if must_be_said(field) => {
                let name = variable(&field.name);
                let ty = self.ty(&field.ty, Direction::In);
                let member =
                    if name == camel(&field.name) { name.clone() } else { camel(&field.name) + ": " + &name };
                let takes = format!("super({{ {member} }});");
                let shows = shown(credential)
                    .map(|field| format!("    this.{} = {name};\n", camel(&field.name)))
                    .collect::<String>();
                alone(&name, &ty, &field.doc, &takes, &shows)
            }
            ([], Some(function)) if function.required => {
                let name = variable(&function.name);
                let takes = format!("super({{}}, {{ {}: {name} }});", function.asks);
                alone(&name, &function.ty, &function.doc, &takes, "")
            }
            (fields, function) => {
                self.options_of(credential, fields, function.as_ref());
                named(credential, fields, function.as_ref())
            }
        }
    }

    fn options_of(&mut self, credential: &Credential, fields: &[Field], function: Option<&Function>) {
        let name = &credential.name;
        let mut options =
            format!("/** What {{@link {name}}} consists of. */\nexport interface {name}Options {{\n");
        for field in fields {
            options += &self.member(field, Direction::In);
        }
        if let Some(function) = function {
            let mark = if function.required { "" } else { "?" };
            _ = write!(
                options,
                "{}  {}{mark}: {};\n",
                doc(&function.doc, "  ", &[]),
                camel(&function.name),
                function.ty
            );
        }
        self.body.push(options + "}\n");
    }
}

/// What may be read of it, and be printed.
fn shown(credential: &Credential) -> impl Iterator<Item = &Field> {
    credential.fields.iter().filter(|field| !credential.secrets.contains(&field.name))
}

/// A constructor with one parameter.
fn alone(name: &str, ty: &str, about: &str, takes: &str, shows: &str) -> String {
    let tag = [format!("@param {name} {about}")];
    format!("{}  constructor({name}: {ty}) {{\n    {takes}\n{shows}  }}\n", doc("", "  ", &tag))
}

/// A constructor that takes everything by name.
fn named(credential: &Credential, fields: &[Field], function: Option<&Function>) -> String {
    let needed = fields.iter().any(must_be_said) || function.is_some_and(|function| function.required);
    let usual = if needed { "" } else { " = {}" };
    let mut text = format!("  constructor(options: {}Options{usual}) {{\n", credential.name);
    if let Some(function) = function {
        let (member, name) = (camel(&function.name), variable(&function.name));
        let taken = if member == name { member } else { format!("{member}: {name}") };
        let asked = if function.asks == name { name } else { format!("{}: {name}", function.asks) };
        _ = write!(
            text,
            "    const {{ {taken}, ...fields }} = options;\n    super(fields, {{ {asked} }});\n"
        );
    } else {
        text += "    super(options);\n";
    }
    for field in shown(credential) {
        let name = camel(&field.name);
        let check =
            if must_be_said(field) { String::new() } else { format!("if (options.{name} !== undefined) ") };
        _ = writeln!(text, "    {check}this.{name} = options.{name};");
    }
    text + "  }\n"
}
