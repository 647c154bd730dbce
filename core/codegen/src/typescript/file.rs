//! A file under way, and how types are spelled in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{NOTICE, WIDTH, enums_of, module_of};
use crate::model::{Api, Field, Type};

/// Which way a value goes, which decides how freely it may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

/// Its parts, and what they need from other files.
pub(super) struct File<'a> {
    api: &'a Api,
    module: String,
    imports: BTreeMap<String, BTreeSet<String>>,
    pub(super) body: Vec<String>,
}

impl<'a> File<'a> {
    pub(super) fn new(api: &'a Api, module: String) -> Self {
        Self { api, module, imports: BTreeMap::new(), body: Vec::new() }
    }

    /// Asks for a name (`type Name` for a type alone) from a module.
    pub(super) fn import(&mut self, from: &str, name: &str) {
        self.imports.entry(from.to_owned()).or_default().insert(name.to_owned());
    }

    pub(super) fn finish(self) -> String {
        let mut text = format!("{NOTICE}\n");
        if !self.imports.is_empty() {
            text.push('\n');
        }
        for (from, names) in &self.imports {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.sort_by_key(|name| name.trim_start_matches("type ").to_lowercase());
            let types_only = names.iter().all(|name| name.starts_with("type "));
            let keyword = if types_only { "import type" } else { "import" };
            if types_only {
                for name in &mut names {
                    *name = name.trim_start_matches("type ");
                }
            }
            let line = format!("{keyword} {{ {} }} from '{from}';", names.join(", "));
            if line.len() <= WIDTH {
                _ = writeln!(text, "{line}");
            } else {
                _ = writeln!(text, "{keyword} {{\n  {},\n}} from '{from}';", names.join(",\n  "));
            }
        }
        for part in &self.body {
            text.push('\n');
            text += part;
        }
        text
    }

    pub(super) fn ty(&mut self, ty: &Type, direction: Direction) -> String {
        match ty {
            Type::String | Type::Path => "string".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::Time => {
                self.import("../arguments", "type DateTime");
                if direction == Direction::In { "Date | DateTime" } else { "DateTime" }.to_owned()
            }
            Type::Duration if direction == Direction::In => {
                self.import("../arguments", "type Duration");
                "Duration".to_owned()
            }
            Type::Int | Type::Float | Type::Duration => "number".to_owned(),
            Type::Bytes if direction == Direction::In => {
                self.import("../base", "type Payload");
                "Payload".to_owned()
            }
            Type::Bytes => "Buffer".to_owned(),
            Type::ConfidentialClient => "ConfidentialClient".to_owned(),
            Type::Application => "Application".to_owned(),
            Type::Filter => {
                self.import("../filter", "type Filter");
                "string | Filter".to_owned()
            }
            Type::Json => "unknown".to_owned(),
            Type::Body => "T".to_owned(),
            Type::None => "void".to_owned(),
            Type::Record(name) | Type::Enum(name) => self.named(name),
            Type::List(item) => {
                let item = self.ty(item, direction);
                let item = if item.contains(' ') { format!("({item})") } else { item };
                if direction == Direction::In { format!("readonly {item}[]") } else { format!("{item}[]") }
            }
            Type::Map(value) => format!("Record<string, {}>", self.ty(value, direction)),
        }
    }

    /// A type of the API, imported if another file has it.
    fn named(&mut self, name: &str) -> String {
        let records = self.api.records.iter().map(|record| (&record.name, module_of(&record.group)));
        let enums = self.api.enums.iter().map(|item| (&item.name, enums_of(&item.group)));
        let home = records.chain(enums).find(|(known, _)| *known == name).map(|(_, module)| module);
        match home {
            Some(module) if module != self.module => {
                self.import(&format!("./{module}"), &format!("type {name}"));
            }
            Some(_) => {}
            None => panic!("the type {name} is named but not described"),
        }
        name.to_owned()
    }

    /// The field of a record that travels beside its JSON.
    pub(super) fn raw_field(&self, ty: &Type) -> Option<&'a Field> {
        let Type::Record(name) = ty else { return None };
        let record = self.api.records.iter().find(|record| record.name == *name)?;
        record.fields.iter().find(|field| field.raw)
    }
}
