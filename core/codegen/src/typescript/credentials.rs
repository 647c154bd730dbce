//! The classes of credentials.

use std::fmt::Write as _;

use super::WIDTH;
use super::file::{Direction, File};
use super::records::must_be_said;
use super::text::{camel, doc};
use crate::model::{Api, Credential};

pub(super) fn credentials_file(api: &Api) -> String {
    let mut file = File::new(api, "credentials".to_owned());
    for credential in &api.credentials {
        file.credential(credential);
    }
    let all: Vec<&str> = api.credentials.iter().map(|credential| credential.name.as_str()).collect();
    let line = format!("export type Credential = {};", all.join(" | "));
    let line = if line.len() > WIDTH {
        format!("export type Credential =\n  | {};", all.join("\n  | "))
    } else {
        line
    };
    file.body.push(format!("/** How a client proves who it is. */\n{line}\n"));
    file.import("../arguments", "crossing");
    file.finish()
}

impl File<'_> {
    fn credential(&mut self, credential: &Credential) {
        let name = &credential.name;
        if credential.kind == "callback" {
            self.import("../tokens", "type TokenFunction");
            self.body.push(format!(
                "{}export class {name} {{\n  readonly #callback: TokenFunction;\n\n  constructor(callback: TokenFunction) \
                 {{\n    this.#callback = callback;\n  }}\n\n  /** @internal */\n  [crossing](): object {{\n    return {{ \
                 kind: '{}', callback: this.#callback }};\n  }}\n}}\n",
                doc(&credential.doc, "", &[]),
                credential.kind
            ));
            return;
        }
        // One value alone is given as it is; more are named.
        let alone = match credential.fields.as_slice() {
            [field] if must_be_said(field) => Some(field),
            _ => None,
        };
        if alone.is_none() {
            let mut options =
                format!("/** What {{@link {name}}} consists of. */\nexport interface {name}Options {{\n");
            for field in &credential.fields {
                options += &self.member(field, Direction::In);
            }
            self.body.push(options + "}\n");
        }
        let mut text = format!("{}export class {name} {{\n", doc(&credential.doc, "", &[]));
        let mut takes = String::new();
        let mut gives = format!("kind: '{}'", credential.kind);
        for field in &credential.fields {
            let secret = credential.secrets.contains(&field.name);
            let property = if secret { format!("#{}", camel(&field.name)) } else { camel(&field.name) };
            let ty = self.ty(&field.ty, Direction::In);
            if !secret {
                text += &doc(&field.doc, "  ", &[]);
            }
            let given =
                if alone.is_some() { camel(&field.name) } else { format!("options.{}", camel(&field.name)) };
            let (mark, check) = if must_be_said(field) {
                ("", String::new())
            } else {
                ("?", format!("if ({given} !== undefined) "))
            };
            _ = writeln!(text, "  readonly {property}{mark}: {ty};");
            _ = writeln!(takes, "    {check}this.{property} = {given};");
            _ = write!(gives, ", {}: this.{property}", field.name);
        }
        let parameter = match alone {
            Some(field) => format!("{}: {}", camel(&field.name), self.ty(&field.ty, Direction::In)),
            None => format!("options: {name}Options"),
        };
        _ = write!(
            text,
            "\n  constructor({parameter}) {{\n{takes}  }}\n\n  /** @internal */\n  [crossing](): object {{\n"
        );
        let line = format!("    return {{ {gives} }};");
        if line.len() <= WIDTH {
            _ = writeln!(text, "{line}");
        } else {
            _ = writeln!(text, "    return {{\n      {},\n    }};", gives.replace(", ", ",\n      "));
        }
        self.body.push(text + "  }\n}\n");
    }
}
