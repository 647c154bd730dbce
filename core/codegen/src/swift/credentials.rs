//! Credentials, the clients among them that others build on, and the sign-ins that lead to one.

use std::fmt::Write as _;

use super::names::identifier;
use super::params::{Param, arguments};
use super::text::{doc, invocation, signature};
use super::{Writer, file};
use crate::model::{Credential, Function};

impl Writer<'_> {
    pub(super) fn credentials(&self) -> String {
        // What a callback crosses with is a Swift protocol, written by hand.
        let all = || self.api.credentials.iter().filter(|credential| credential.kind != "callback");
        let clients: Vec<String> = all()
            .filter(|it| it.confidential)
            .map(|it| self.factory(it, "ConfidentialClient", Made::OfParts))
            .collect();
        let made = |it: &Credential| if it.confidential { Made::OfClient } else { Made::OfParts };
        let credentials: Vec<String> = all().map(|it| self.factory(it, "Credential", made(it))).collect();
        let extension =
            |name: &str, factories: &[String]| format!("extension {name} {{\n{}}}\n", factories.join("\n"));
        let clients = extension("ConfidentialClient", &clients);
        file("", &[extension("Credential", &credentials), clients])
    }

    pub(super) fn sign_ins(&self) -> String {
        let types: Vec<String> = self.api.sign_ins.iter().map(|it| self.sign_in(it)).collect();
        file("", &types)
    }

    fn factory(&self, credential: &Credential, ty: &str, made: Made) -> String {
        let params = self.credential_params(credential);
        let name = identifier(&credential.kind);
        let mut text = doc(&credential.doc, 1, &params);
        text += &signature(1, &format!("public static func {name}"), &params, &format!(" -> {ty}"));
        match made {
            Made::OfParts => {
                text += &invocation(2, "let identity = Identity(", &credential.parts());
                _ = writeln!(text, "        return {ty}(identity: identity)");
            }
            Made::OfClient => {
                let passed: Vec<String> = params.iter().map(Param::passed_on).collect();
                text += &invocation(2, &format!("let client = ConfidentialClient.{name}("), &passed);
                _ = writeln!(text, "        return {ty}(client)");
            }
        }
        text + "    }\n"
    }

    fn sign_in(&self, sign_in: &Credential) -> String {
        let params = self.credential_params(sign_in);
        let mut text = doc(&sign_in.doc, 0, &[]);
        _ = writeln!(text, "public struct {}: Sendable {{", sign_in.name);
        text += "    let client: Application\n    let identity: Identity\n\n";
        text += &doc("Describes a sign-in. Nothing happens before it begins.", 1, &params);
        text += &signature(1, "public init", &params, "");
        text += "        self.client = client\n";
        text += &invocation(2, "identity = Identity(", &sign_in.parts());
        text + "    }\n}\n"
    }

    /// A function comes last, where a closure can trail.
    pub(super) fn credential_params(&self, credential: &Credential) -> Vec<Param> {
        let mut params: Vec<Param> = credential.fields.iter().map(|field| self.param(field)).collect();
        if let ([only], None) = (params.as_mut_slice(), &credential.function) {
            only.labelled = false;
        }
        params.extend(credential.function.as_ref().map(Param::of_function));
        params
    }
}

/// What a credential is made of.
#[derive(Clone, Copy)]
enum Made {
    OfParts,
    /// It is a client, and nothing beside it.
    OfClient,
}

impl Credential {
    /// What makes it up, as `Identity` takes it.
    fn parts(&self) -> Vec<String> {
        let mut parts = vec![format!("kind: \"{}\"", self.kind)];
        if !self.fields.is_empty() {
            parts.push(format!("members: {}", arguments(&self.fields)));
        }
        if !self.secrets.is_empty() {
            let names: Vec<String> = self.secrets.iter().map(|name| format!("\"{name}\"")).collect();
            parts.push(format!("secrets: [{}]", names.join(", ")));
        }
        if let Some(function) = &self.function {
            parts.push(format!("functions: .{}({})", identifier(&function.asks), identifier(&function.name)));
        }
        parts
    }
}

impl Param {
    fn of_function(function: &Function) -> Self {
        if function.required {
            Param::plain(&function.name, &format!("@escaping {}", function.ty), &function.doc)
        } else {
            Param::plain(&function.name, &format!("{}?", function.ty), &function.doc).default("nil")
        }
    }
}
