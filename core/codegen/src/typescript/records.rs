//! Records, their members, and enumerations.

use std::fmt::Write as _;

use super::WIDTH;
use super::file::{Direction, File};
use super::text::{camel, doc, key, literal};
use crate::model::{Enum, EnumKind, Field, Record, Type};

impl File<'_> {
    pub(super) fn enumeration(&mut self, item: &Enum) {
        let name = &item.name;
        let mut text = format!("{}export const {name} = {{\n", doc(&item.doc, "", &[]));
        for member in &item.members {
            _ = write!(
                text,
                "{}  {}: {},\n",
                doc(&member.doc, "  ", &[]),
                key(&member.name),
                literal(&member.value)
            );
        }
        let known = format!("(typeof {name})[keyof typeof {name}]");
        let values = match (&item.kind, item.open) {
            (EnumKind::Number, _) => "number".to_owned(),
            (EnumKind::Text, true) => format!("{known} | (string & {{}})"),
            (EnumKind::Text, false) => known,
        };
        _ = write!(text, "}} as const;\n\n");
        let about = match (&item.kind, item.open) {
            (EnumKind::Number, _) => {
                format!("A number of {{@link {name}}}, or one that this version does not know.")
            }
            (EnumKind::Text, true) => {
                format!("A value of {{@link {name}}}, or one that this version does not know.")
            }
            (EnumKind::Text, false) => format!("A value of {{@link {name}}}."),
        };
        let line = format!("export type {name} = {values};\n");
        let lines = format!("export type {name} =\n  {values};\n");
        text += &doc(&about, "", &[]);
        text += if line.len() <= WIDTH + 1 { &line } else { &lines };
        self.body.push(text);
    }

    pub(super) fn record(&mut self, record: &Record) {
        let mut text = format!("{}export interface {} {{\n", doc(&record.doc, "", &[]), record.name);
        let direction = if record.input && !record.output { Direction::In } else { Direction::Out };
        for field in &record.fields {
            if field.raw && field.ty == Type::Bytes {
                let ty = self.ty(&field.ty, Direction::Out);
                _ = write!(text, "{}  {}: {ty};\n", doc(&field.doc, "  ", &[]), key(&camel(&field.name)));
            } else if field.raw {
                assert_eq!(
                    field.name, "raw",
                    "{}: src-ts/records.ts gives a record `raw` and `data`",
                    record.name
                );
                self.import("../records", "type Original");
                let data = "The original record as native values, read from `raw` when first asked for. Whole numbers \
                            beyond 2^53 are rounded; `raw` has their digits.";
                _ = write!(text, "{}  readonly raw: string;\n", doc(&field.doc, "  ", &[]));
                _ = write!(text, "{}  readonly data: Original;\n", doc(data, "  ", &[]));
            } else {
                text += &self.member(field, direction);
            }
        }
        if record.open {
            text += "  /** What this version has no field for stays on the record. */\n  [extra: string]: unknown;\n";
        }
        self.body.push(text + "}\n");
        if record.fields.iter().any(|field| field.raw && field.ty != Type::Bytes) {
            self.columns(record);
        }
    }

    /// What makes records with a text from the columns of a page.
    fn columns(&mut self, record: &Record) {
        self.import("../records", "readRecords");
        let fields = record.fields.iter().filter(|field| !field.raw);
        let names: Vec<String> = fields.map(|field| format!("'{}'", field.name)).collect();
        let opening = format!("const read{0}s = readRecords<{0}>([", record.name);
        let line = format!("{opening}{}]);\n", names.join(", "));
        let lines = format!("{opening}\n  {},\n]);\n", names.join(",\n  "));
        self.body.push(if line.len() <= WIDTH { line } else { lines });
    }

    /// A field as a member of an interface.
    pub(super) fn member(&mut self, field: &Field, direction: Direction) -> String {
        // What may be left out is left out, both ways; only what is always there can be null.
        let mark = if must_be_said(field) { "" } else { "?" };
        let null =
            if field.nullable && must_be_said(field) && field.ty != Type::Json { " | null" } else { "" };
        let ty = self.ty(&field.ty, direction);
        let default = field.default.as_ref().filter(|value| !value.is_null());
        let tags: Vec<String> =
            default.map(|value| format!("@defaultValue {}", literal(value))).into_iter().collect();
        format!("{}  {}{mark}: {ty}{null};\n", doc(&field.doc, "  ", &tags), key(&camel(&field.name)))
    }
}

/// Whether there is nothing to fall back on.
pub(super) fn must_be_said(field: &Field) -> bool {
    field.required && field.default.is_none()
}
