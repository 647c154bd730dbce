//! Records and enumerations, and how they are read and written.

use std::fmt::Write as _;

use super::cells::stays_on_its_page;
use super::names::{camel, identifier};
use super::text::{doc, listed};
use super::{WIDTH, Writer};
use crate::model::{Enum, EnumKind, Field, Record, Type};

impl Writer<'_> {
    pub(super) fn record(&self, record: &Record) -> String {
        if stays_on_its_page(record) {
            return self.record_of_cells(record);
        }
        let name = self.type_name(&record.name);
        let mut text = doc(&record.doc, 0, &[]);
        _ = writeln!(text, "public struct {name}: Codable, Hashable, Sendable {{");
        let mut assignments = String::new();
        for field in &record.fields {
            let property = identifier(&field.name);
            text += &doc(&field.doc, 1, &[]);
            if is_text_of_bytes(field) {
                let label = camel(&field.name);
                _ = writeln!(text, "    public var {label}Bytes: Data");
                _ = writeln!(assignments, "        {label}Bytes = Data({property}.utf8)");
                continue;
            }
            let optional = if field.required { "" } else { "?" };
            _ = writeln!(text, "    public var {property}: {}{optional}", self.ty(&field.ty));
            _ = writeln!(assignments, "        self.{property} = {property}");
        }
        if record.open {
            text += "    /// Members that this version has no field for, written back as they came.\n";
            text += "    public var extra: [String: JSON]\n";
            assignments += "        self.extra = extra\n";
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
        text += &initializer(&self.inits(record), &assignments);
        text += &decoding(record, "public ");
        text += &encoding(record, "public ", |field| identifier(&field.name));
        text + "}\n"
    }

    /// What the initializer of a record takes.
    pub(super) fn inits(&self, record: &Record) -> Vec<String> {
        let init = |field: &Field| {
            let (label, ty) = (camel(&field.name), self.ty(&field.ty));
            match field.required {
                _ if is_text_of_bytes(field) => format!("{label}: String = \"\""),
                true => format!("{label}: {ty}"),
                false => format!("{label}: {ty}? = nil"),
            }
        };
        let mut inits: Vec<String> = record.fields.iter().map(init).collect();
        if record.open {
            inits.push("extra: [String: JSON] = [:]".to_owned());
        }
        inits
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

/// The initializer of a record.
pub(super) fn initializer(inits: &[String], body: &str) -> String {
    listed(1, "public init(", inits, ") {") + body + "    }\n"
}

/// Whether a field is a text that is kept as the bytes it came in, and not bytes of another kind.
pub(super) fn is_text_of_bytes(field: &Field) -> bool {
    field.raw && field.ty != Type::Bytes
}

pub(super) fn decoding(record: &Record, access: &str) -> String {
    let mut text = format!("\n    {access}init(from decoder: any Decoder) throws {{\n");
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

pub(super) fn encoding(record: &Record, access: &str, written: impl Fn(&Field) -> String) -> String {
    let mut text = format!("\n    {access}func encode(to encoder: any Encoder) throws {{\n");
    text += "        var members = MemberWriter(encoder)\n";
    for field in &record.fields {
        _ = writeln!(text, "        try members.write({}, \"{}\")", written(field), field.name);
    }
    if record.open {
        text += "        try members.write(rest: extra)\n";
    }
    text + "    }\n"
}
