//! Records and enumerations, and how they are read and written.

use std::fmt::Write as _;

use super::names::{camel, identifier};
use super::text::{doc, listed};
use super::{WIDTH, Writer};
use crate::model::{Enum, EnumKind, Field, Record, Type};

impl Writer<'_> {
    pub(super) fn record(&self, record: &Record) -> String {
        let name = self.type_name(&record.name);
        let mut text = doc(&record.doc, 0, &[]);
        _ = writeln!(text, "public struct {name}: Codable, Hashable, Sendable {{");
        let mut inits = Vec::new();
        for field in &record.fields {
            let property = identifier(&field.name);
            let label = camel(&field.name);
            let ty = self.ty(&field.ty);
            if is_text_of_bytes(field) {
                text += &doc(&field.doc, 1, &[]);
                _ = writeln!(text, "    public var {label}Bytes: Data");
                inits.push((
                    format!("{label}: String = \"\""),
                    format!("{label}Bytes = Data({property}.utf8)"),
                ));
                continue;
            }
            text += &doc(&field.doc, 1, &[]);
            let (ty, default) = if field.required { (ty, "") } else { (ty + "?", " = nil") };
            _ = writeln!(text, "    public var {property}: {ty}");
            inits.push((format!("{label}: {ty}{default}"), format!("self.{property} = {property}")));
        }
        if record.open {
            text += "    /// Members that this version has no field for, written back as they came.\n";
            text += "    public var extra: [String: JSON]\n";
            inits.push(("extra: [String: JSON] = [:]".to_owned(), "self.extra = extra".to_owned()));
        }
        for field in record.fields.iter().filter(|field| is_text_of_bytes(field)) {
            let label = camel(&field.name);
            text += "\n    /// The same as text.\n";
            _ = writeln!(
                text,
                "    public var {}: String {{ String(decoding: {label}Bytes, as: UTF8.self) }}",
                identifier(&field.name)
            );
            text += "\n    /// The same as native values, read each time it is asked for.\n";
            _ = writeln!(text, "    public func data() throws -> JSON {{ try JSON(parsing: {label}Bytes) }}");
        }
        text.push('\n');
        let heads: Vec<String> = inits.iter().map(|(head, _)| head.clone()).collect();
        text += &listed(1, "public init(", &heads, ") {");
        for (_, assignment) in &inits {
            _ = writeln!(text, "        {assignment}");
        }
        text += "    }\n";
        text += &decoding(record);
        text += &encoding(record);
        text + "}\n"
    }

    pub(super) fn enumeration(&self, item: &Enum) -> String {
        let name = self.type_name(&item.name);
        let (protocol, raw) = match item.kind {
            EnumKind::Text => ("OpenText", "String"),
            EnumKind::Number => ("OpenNumber", "Int"),
        };
        let mut text = doc(&item.doc, 0, &[]);
        _ = writeln!(text, "public struct {name}: {protocol} {{");
        _ = writeln!(text, "    public let rawValue: {raw}");
        _ = writeln!(text, "    public init(rawValue: {raw}) {{ self.rawValue = rawValue }}\n");
        for member in &item.members {
            text += &doc(&member.doc, 1, &[]);
            _ = writeln!(
                text,
                "    public static let {}: {name} = {}",
                identifier(&member.name),
                member.value
            );
        }
        if item.kind == EnumKind::Number {
            text += "\n    /// The service's name of each value that this version knows.\n";
            text += "    public static let names: [Int: String] = [\n";
            for member in &item.members {
                _ = writeln!(text, "        {}: \"{}\",", member.value, member.name);
            }
            text += "    ]\n";
        }
        text + "}\n"
    }
}

/// Whether a field is a text that is kept as the bytes it came in, and not bytes of another kind.
fn is_text_of_bytes(field: &Field) -> bool {
    field.raw && field.ty != Type::Bytes
}

fn decoding(record: &Record) -> String {
    let mut text = String::from("\n    public init(from decoder: any Decoder) throws {\n");
    text += "        let members = try MemberReader(decoder)\n";
    for field in &record.fields {
        let name = &field.name;
        if is_text_of_bytes(field) {
            _ = writeln!(text, "        {}Bytes = try members.bytes(\"{name}\")", camel(name));
        } else if field.raw {
            _ = writeln!(text, "        {} = try members.data(\"{name}\")", identifier(name));
        } else {
            let way = if field.required { "required" } else { "optional" };
            _ = writeln!(text, "        {} = try members.{way}(\"{name}\")", identifier(name));
        }
    }
    if record.open {
        text += "        extra = try members.rest(besides: Self.known)\n";
    }
    text += "    }\n";
    if record.open {
        let names: Vec<String> = record.fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
        text += "\n    private static let known: Set<String> = ";
        let line = format!("[{}]\n", names.join(", "));
        if text.lines().last().map_or(0, str::len) + line.trim_end().len() <= WIDTH {
            text += &line;
        } else {
            _ = writeln!(text, "[\n        {},\n    ]", names.join(",\n        "));
        }
    }
    text
}

fn encoding(record: &Record) -> String {
    let mut text = String::from("\n    public func encode(to encoder: any Encoder) throws {\n");
    text += "        var members = MemberWriter(encoder)\n";
    for field in &record.fields {
        _ = writeln!(text, "        try members.write({}, \"{}\")", identifier(&field.name), field.name);
    }
    if record.open {
        text += "        try members.write(rest: extra)\n";
    }
    text + "    }\n"
}
