//! Records that come many at a time and of which few fields are touched: they read a field from their page when it is
//! asked for, and have fields of their own only when they are made or changed by hand.

use std::fmt::Write as _;

use super::names::{camel, identifier};
use super::records::{decoding, encoding, initializer, is_text_of_bytes};
use super::text::doc;
use super::{WIDTH, Writer};
use crate::model::{Field, Record, Type};

/// Whether records of the type are read from their page. They carry their original, can be without any other field, since
/// nothing can fail when one is asked for, and keep no members that have no field.
pub(super) fn stays_on_its_page(record: &Record) -> bool {
    let (originals, others): (Vec<&Field>, Vec<&Field>) =
        record.fields.iter().partition(|field| is_text_of_bytes(field));
    let can_be_without = |field: &&Field| !field.required && !field.raw && field.ty != Type::Duration;
    originals.len() == 1 && others.iter().all(can_be_without) && !record.open
}

/// How a cell is read.
fn reader(field: &Field) -> &'static str {
    match field.ty {
        Type::String | Type::Path | Type::Int | Type::Time | Type::Enum(_) => "optional",
        _ => "json",
    }
}

impl Writer<'_> {
    pub(super) fn record_of_cells(&self, record: &Record) -> String {
        let name = self.type_name(&record.name);
        let mut text = doc(&record.doc, 0, &[]);
        text += "///\n/// A field is read when it is asked for. A record keeps the page that it came with in memory; ";
        text +=
            "one that is\n/// kept for long while the others are not wanted is better kept ``detached()``.\n";
        _ = writeln!(text, "public struct {name}: Codable, Hashable, Sendable {{");
        for (place, field) in record.fields.iter().enumerate() {
            text += &self.property(place, field);
        }
        let made = |field: &Field| {
            let (property, label) = (identifier(&field.name), camel(&field.name));
            if is_text_of_bytes(field) {
                format!("{label}Bytes: Data({property}.utf8)")
            } else {
                format!("{label}: {property}")
            }
        };
        let made: Vec<String> = record.fields.iter().map(made).collect();
        let body = format!(
            "        source = RecordSource(\n            Fields(\n                {}\n            )\n        )\n",
            made.join(",\n                ")
        );
        text += &initializer(&self.inits(record), &body);
        _ = write!(
            text,
            "
    /// The same record apart from its page, which need not stay in memory because of it.
    public func detached() -> {name} {{ {name}(source: RecordSource(source.fields)) }}

    public init(from decoder: any Decoder) throws {{ source = RecordSource(try Fields(from: decoder)) }}

    public func encode(to encoder: any Encoder) throws {{ try source.fields.encode(to: encoder) }}

    var source: RecordSource<Fields>

    init(source: RecordSource<Fields>) {{ self.source = source }}
}}

extension {name}: PageRecord {{}}

extension {name}: CustomReflectable {{
    public var customMirror: Mirror {{ source.mirror(of: self) }}
}}

"
        );
        text + &self.fields_of_cells(record, &name)
    }

    /// A field, from wherever the record has it.
    fn property(&self, place: usize, field: &Field) -> String {
        let (property, label) = (identifier(&field.name), camel(&field.name));
        let mut text = doc(&field.doc, 1, &[]);
        let (stored, ty, getter) = if is_text_of_bytes(field) {
            let stored = format!("{label}Bytes");
            let getter = format!("source.cells?.bytes({place}) ?? source.own?.{stored} ?? Data()");
            (stored, "Data".to_owned(), getter)
        } else {
            let getter = format!("source.cells?.{}({place}) ?? source.own?.{property}", reader(field));
            (property.clone(), self.ty(&field.ty) + "?", getter)
        };
        _ = write!(
            text,
            "    public var {stored}: {ty} {{
        get {{ {getter} }}
        set {{ source.change {{ $0.{stored} = newValue }} }}
    }}

"
        );
        if is_text_of_bytes(field) {
            _ = write!(
                text,
                "    /// The same as text.
    public var {property}: String {{ source.cells?.text({place}) ?? String(decoding: {stored}, as: UTF8.self) }}

    /// The same as native values, read each time it is asked for.
    public func data() throws -> JSON {{ try JSON(parsing: {stored}) }}

"
            );
        }
        text
    }

    /// The fields by themselves.
    fn fields_of_cells(&self, record: &Record, name: &str) -> String {
        let mut text =
            format!("extension {name} {{\n    /// The fields of a record that is not on a page.\n");
        text += "    struct Fields {\n";
        for field in &record.fields {
            _ = if is_text_of_bytes(field) {
                writeln!(text, "        var {}Bytes: Data", camel(&field.name))
            } else {
                writeln!(text, "        var {}: {}?", identifier(&field.name), self.ty(&field.ty))
            };
        }
        _ = write!(text, "    }}\n}}\n\nextension {name}.Fields: RecordFields {{\n");
        let names: Vec<String> = record.fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
        let line = format!("    static let names = [{}]\n", names.join(", "));
        if line.trim_end().len() <= WIDTH {
            text += &line;
        } else {
            _ = writeln!(text, "    static let names = [\n        {},\n    ]", names.join(",\n        "));
        }
        text += "\n    init(_ cells: CellRow) {\n";
        for (place, field) in record.fields.iter().enumerate() {
            _ = if is_text_of_bytes(field) {
                writeln!(text, "        {}Bytes = cells.bytes({place}) ?? Data()", camel(&field.name))
            } else {
                writeln!(text, "        {} = cells.{}({place})", identifier(&field.name), reader(field))
            };
        }
        text += "    }\n";
        // Its text is written from its bytes, as the property of the record does.
        let written = |field: &Field| {
            if is_text_of_bytes(field) {
                format!("String(decoding: {}Bytes, as: UTF8.self)", camel(&field.name))
            } else {
                identifier(&field.name)
            }
        };
        text += &decoding(record, "");
        text += &encoding(record, "", written);
        text + "}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Api;

    #[test]
    fn the_records_of_the_feed_stay_on_their_pages() {
        let api = Api::of_the_core();
        let names = api.records.iter().filter(|record| stays_on_its_page(record)).map(|record| &record.name);
        assert_eq!(names.collect::<Vec<_>>(), ["AuditRecord"]);
    }

    #[test]
    fn a_field_is_read_from_the_slot_that_its_name_has() {
        let api = Api::of_the_core();
        let record = api.records.iter().find(|record| record.name == "AuditRecord").unwrap();
        let text = Writer { api: &api }.record(record);
        let place = record.fields.iter().position(|field| field.name == "clientIp").unwrap();
        for line in [
            "    public var clientIP: String? {".to_owned(),
            format!("        get {{ source.cells?.optional({place}) ?? source.own?.clientIP }}"),
            format!("        clientIP = cells.optional({place})"),
        ] {
            assert!(text.lines().any(|found| found == line), "no {line:?} in\n{text}");
        }
        assert!(text.contains("source.cells?.json("), "what is neither text nor number is JSON");
    }
}
