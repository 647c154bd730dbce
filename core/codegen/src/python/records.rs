//! Enums and records.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::text::{constant, docstring, field_name, group, literal, of_group, quoted, stem, tuple};
use super::{Module, Types, parameter};
use crate::model::{Enum, EnumKind, Member, Record, Type};

pub(super) fn enum_module<'a>(
    types: &Types<'_>,
    group: &str,
    enums: impl Iterator<Item = &'a Enum>,
) -> Option<Module> {
    let mut module =
        Module::new(format!("{}_enums", stem(group)), format!("Open enums{}.", of_group(types, group)));
    for item in enums {
        module.typing("typing", "ClassVar");
        let text = enum_class(&mut module, item);
        module.class(&item.name, &text);
    }
    (!module.public.is_empty()).then_some(module)
}

fn enum_class(module: &mut Module, item: &Enum) -> String {
    let (base, note) = match item.kind {
        EnumKind::Text => ("OpenText", "A value that this version does not know keeps its text."),
        EnumKind::Number => ("OpenNumber", "A value that this version does not know keeps its number."),
    };
    module.import(".._record", base);
    let mut text = format!("class {}({base}):\n", item.name);
    docstring(&mut text, "    ", &format!("{}\n\n{note}", item.doc), &[]);
    text.push_str("\n    __slots__ = ()\n\n");
    let mut members = String::new();
    let mut seen = BTreeSet::new();
    for Member { name, value, doc } in &item.members {
        let constant = constant(name);
        assert!(seen.insert(constant.clone()), "two values of {} would be called {constant}", item.name);
        _ = writeln!(text, "    {constant}: ClassVar[{}]", item.name);
        if !doc.is_empty() {
            docstring(&mut text, "    ", doc, &[]);
        }
        let begin = format!("{}: ", quoted(&constant));
        members.push_str(&match item.kind {
            EnumKind::Text => format!("        {begin}{},\n", literal(value)),
            EnumKind::Number => {
                group("        ", &begin, ("(", ")"), &[literal(value), quoted(name)], ",", false)
            }
        });
    }
    _ = write!(text, "\n    _members = {{\n{members}    }}\n");
    text
}

pub(super) fn record_module(types: &Types<'_>, group: &str, records: &[&Record]) -> Option<Module> {
    let mut module =
        Module::new(format!("{}_records", stem(group)), format!("Records{}.", of_group(types, group)));
    for record in in_order_of_use(records) {
        let text = record_class(types, &mut module, record);
        module.class(&record.name, &text);
    }
    (!module.public.is_empty()).then_some(module)
}

/// Records after those that they are made of, since a class body names the classes of its fields.
fn in_order_of_use<'a>(records: &[&'a Record]) -> Vec<&'a Record> {
    fn add<'a>(
        record: &'a Record,
        records: &[&'a Record],
        begun: &mut Vec<&'a str>,
        done: &mut Vec<&'a Record>,
    ) {
        if done.iter().any(|known| known.name == record.name) {
            return;
        }
        assert!(!begun.contains(&record.name.as_str()), "the record {} is made of itself", record.name);
        begun.push(&record.name);
        for field in &record.fields {
            let mut ty = &field.ty;
            while let Type::List(inner) | Type::Map(inner) = ty {
                ty = inner;
            }
            if let Type::Record(name) = ty
                && let Some(part) = records.iter().find(|part| part.name == *name)
            {
                add(part, records, begun, done);
            }
        }
        done.push(record);
    }
    let (mut begun, mut done) = (Vec::new(), Vec::new());
    for record in records {
        add(record, records, &mut begun, &mut done);
    }
    done
}

fn record_class(types: &Types<'_>, module: &mut Module, record: &Record) -> String {
    let beside = record.fields.iter().find(|field| field.raw);
    let bytes = beside.filter(|field| field.ty == Type::Bytes);
    let base = match (beside, bytes) {
        (_, Some(_)) => "BytesRecord",
        (Some(_), None) => "RawRecord",
        (None, None) => "Record",
    };
    module.import(".._record", base);
    let names: Vec<String> = record.fields.iter().map(|field| field_name(&field.name)).collect();
    let mut docs: Vec<(String, String)> =
        names.iter().zip(&record.fields).map(|(name, field)| (name.clone(), field.doc.clone())).collect();
    let mut slots: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let matched = slots.clone();
    if record.open {
        docs.push(("extra".into(), "Members that this version does not know, as they came.".into()));
        slots.push(quoted("extra"));
    }

    let mut text = format!("class {}({base}):\n", record.name);
    docstring(&mut text, "    ", &record.doc, &[("Attributes", docs)]);
    text.push('\n');
    text.push_str(&tuple("    ", "__slots__ = ", &slots));
    text.push_str(&tuple("    ", "__match_args__ = ", &matched));
    let fields: Vec<String> = record
        .fields
        .iter()
        .zip(&names)
        .map(|(field, name)| {
            let reader = types.reader(module, &field.ty).unwrap_or_else(|| "None".to_owned());
            format!("({}, {}, {reader})", quoted(name), quoted(&field.name))
        })
        .collect();
    text.push_str(&tuple("    ", "_fields = ", &fields));
    if let Some(field) = bytes {
        _ = writeln!(text, "    _heavy = {}", quoted(&field_name(&field.name)));
    }
    if record.open {
        text.push_str("    _open = True\n");
    }
    text.push('\n');

    let mut parameters = vec!["self".to_owned(), "*".to_owned()];
    for (field, name) in record.fields.iter().zip(&names) {
        parameters.push(parameter(types, module, field, name, false));
    }
    if record.open {
        module.typing("typing", "Any");
        parameters.push("extra: dict[str, Any] | None = None".to_owned());
    }
    if parameters.len() == 2 {
        parameters.pop();
    }
    text.push_str(&group("    ", "def __init__", ("(", ")"), &parameters, " -> None:", false));
    for name in &names {
        _ = writeln!(text, "        self.{name} = {name}");
    }
    if record.open {
        text.push_str("        self.extra = extra\n");
    } else if names.is_empty() {
        text.push_str("        pass\n");
    }
    text
}
