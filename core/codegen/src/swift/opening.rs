//! How the conformance runner opens a client, with every option and credential that there is.

use std::fmt::Write as _;

use super::Writer;
use super::names::{camel, identifier};
use super::params::Param;
use super::table::passed;
use super::text::invocation;
use crate::model::{Credential, Field};

impl Writer<'_> {
    /// The functions that open a client with what a scenario gives.
    pub(super) fn opening(&self) -> String {
        [self.make_client(), self.make_credential(), self.make_confidential_client(), self.make_cloud()]
            .join("\n")
    }

    fn make_client(&self) -> String {
        let mut text = String::from(
            "/// Opens a client through its public initializer, with the options of a scenario.\n",
        );
        text += "func makeClient(_ given: Given) async throws -> Client {\n";
        let mut options = vec![
            "tenant: given.required(\"tenant\")".to_owned(),
            "credential: makeCredential(given.inner(\"credential\"))".to_owned(),
            "cloud: makeCloud(given.inner(\"cloud\"))".to_owned(),
            "tokenCache: makeTokenCache(given)".to_owned(),
        ];
        options.extend(self.all_passed(&self.api.options));
        text += &invocation(1, "try await Client(", &options);
        text + "}\n"
    }

    fn make_credential(&self) -> String {
        let mut text =
            String::from("private func makeCredential(_ given: Given) async throws -> Credential {\n");
        text += "    switch try given.required(\"kind\") as String {\n";
        for item in &self.api.credentials {
            text += &self.made_in_place(item);
        }
        for item in &self.api.sign_ins {
            let name = camel(&item.kind);
            _ = writeln!(text, "    case \"{}\":", item.kind);
            text +=
                &invocation(2, &format!("let {name} = try {}(", item.name), &self.credential_passed(item));
            _ = writeln!(text, "        return try await given.finish({name})");
        }
        text + UNKNOWN
    }

    fn make_confidential_client(&self) -> String {
        let mut text =
            String::from("func makeConfidentialClient(_ given: Given) throws -> ConfidentialClient {\n");
        text += "    switch try given.required(\"kind\") as String {\n";
        for item in self.api.credentials.iter().filter(|credential| credential.confidential) {
            text += &self.made_in_place(item);
        }
        text + UNKNOWN
    }

    fn make_cloud(&self) -> String {
        let mut text = String::from("func makeCloud(_ given: Given) throws -> Cloud {\n");
        text += "    switch try given.optional(\"name\") as String? {\n";
        for named in self.api.clouds.named.iter().filter(|named| named.value != "public") {
            _ = writeln!(text, "    case {}: return .{}", named.value, identifier(&named.name));
        }
        text += "    case \"custom\":\n";
        text += &invocation(2, "return try .custom(", &self.all_passed(&self.api.clouds.custom));
        text + "    default: return .public\n    }\n}\n"
    }

    fn made_in_place(&self, credential: &Credential) -> String {
        let case = format!("    case \"{}\":\n", credential.kind);
        // What a callback crosses with is a Swift protocol, written by hand.
        if credential.kind == "callback" {
            return case + "        return try .tokenProvider(given.provider())\n";
        }
        let passed = self.credential_passed(credential);
        let attempt = if passed.is_empty() { "" } else { "try " };
        case + &invocation(2, &format!("return {attempt}.{}(", identifier(&credential.kind)), &passed)
    }

    fn credential_passed(&self, credential: &Credential) -> Vec<String> {
        let params = self.credential_params(credential);
        let mut all: Vec<String> = params
            .iter()
            .zip(&credential.fields)
            .map(|(param, field)| passed("given", param, field))
            .collect();
        let name = |name: &str| format!("{name}: given.function(\"{name}\")");
        all.extend(credential.function.iter().map(|function| name(&function.name)));
        all
    }

    fn all_passed(&self, fields: &[Field]) -> Vec<String> {
        let params: Vec<Param> = fields.iter().map(|field| self.param(field)).collect();
        params.iter().zip(fields).map(|(param, field)| passed("given", param, field)).collect()
    }
}

const UNKNOWN: &str = "    default:\n        throw NotSwift(argument: \"kind\", value: given.arguments[\"kind\"] ?? .null)\n    }\n}\n";
