//! The client, and what it is made with.

use std::fmt::Write as _;

use super::names::{identifier, pascal};
use super::params::{Param, arguments};
use super::text::{doc, invocation, signature};
use super::{Writer, file};

impl Writer<'_> {
    pub(super) fn client(&self) -> String {
        let mut params = vec![
            Param::plain("tenant", "String", "The tenant: its directory id or one of its domains."),
            Param::plain("credential", "Credential", "What the client proves its identity with."),
            Param::plain(
                "cloud",
                "Cloud",
                "The cloud that the tenant lives in. Default: the worldwide commercial cloud.",
            )
            .default(".public"),
            Param::plain(
                "tokenCache",
                "TokenCache?",
                "Where tokens are kept. Default: with this client, for as long as it lives.",
            )
            .default("nil"),
        ];
        let options: Vec<Param> = self.api.options.iter().map(|field| self.param(field)).collect();
        let arguments = arguments(&self.api.options);
        params.extend(options);
        let mut text = String::from(
            "/// A client of one tenant. Its calls share connections, tokens and pace; it can be used from any task.\n\
             public final class Client: Sendable {\n",
        );
        text += "    /// The tenant, as it was given.\n    public let tenant: String\n";
        text += "    /// The cloud that the tenant lives in.\n    public let cloud: Cloud\n";
        text += "    let credential: Credential\n    let scope: Scope\n\n";
        text += &doc("Opens a client. Nothing is sent before the first call.", 1, &params);
        text += &signature(1, "public init", &params, " throws");
        text += "        self.tenant = tenant\n        self.cloud = cloud\n        self.credential = credential\n";
        text += &invocation(
            2,
            "scope = try Scope(",
            &[
                "tenant: tenant".into(),
                "credential: credential".into(),
                "cloud: cloud".into(),
                "tokenCache: tokenCache".into(),
                "options: ".to_owned() + &arguments,
            ],
        );
        text += "    }\n";
        for group in self.api.groups.iter().filter(|group| !group.name.is_empty()) {
            let name = pascal(&group.name);
            _ = write!(text, "\n{}", doc(&group.doc, 1, &[]));
            _ = writeln!(
                text,
                "    public var {}: {name} {{ {name}(scope: scope) }}",
                identifier(&group.name)
            );
        }
        for operation in
            self.api.groups.iter().filter(|group| group.name.is_empty()).flat_map(|group| &group.operations)
        {
            text.push('\n');
            text += &self.method(operation);
        }
        file("Foundation", &[text + "}\n"])
    }

    pub(super) fn clouds(&self) -> String {
        let clouds = &self.api.clouds;
        let mut text = String::from("extension Cloud {\n");
        for named in &clouds.named {
            text += &doc(&named.doc, 1, &[]);
            _ = writeln!(
                text,
                "    public static let {} = Cloud(name: \"{}\")",
                identifier(&named.name),
                named.name
            );
        }
        let params: Vec<Param> = clouds.custom.iter().map(|field| self.param(field)).collect();
        text.push('\n');
        text += &doc("Hosts of your own: a proxy, or the sandbox.", 1, &params);
        text += &signature(1, "public static func custom", &params, " -> Cloud");
        let hosts = format!("hosts: {}", arguments(&clouds.custom));
        text += &invocation(2, "Cloud(", &["name: \"custom\"".to_owned(), hosts]);
        text += "    }\n";
        file("", &[text + "}\n"])
    }

    pub(super) fn error_kinds(&self) -> String {
        let mut text = String::from("extension M365Error.Kind {\n");
        for kind in &self.api.error_kinds {
            text += &doc(&kind.doc, 1, &[]);
            _ = writeln!(
                text,
                "    public static let {}: M365Error.Kind = \"{}\"",
                identifier(&kind.name),
                kind.name
            );
        }
        file("", &[text + "}\n"])
    }
}
