//! How Python text is set: names, literals, brackets and docstrings.

use std::fmt::Write as _;

use serde_json::Value;

use super::Types;

const WIDTH: usize = 100;

const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];
/// What every record has already.
const RECORD_NAMES: &[&str] = &["data", "extra", "from_dict", "from_json", "to_dict"];

pub(super) fn stem(group: &str) -> String {
    if group.is_empty() { "shared".to_owned() } else { group.to_owned() }
}

pub(super) fn of_group(types: &Types<'_>, group: &str) -> String {
    let known = types.api.groups.iter().any(|known| known.name == group && !group.is_empty());
    if known { format!(" of `client.{group}`") } else { " that all groups share".to_owned() }
}

pub(super) fn python_name(name: &str) -> String {
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

pub(super) fn field_name(name: &str) -> String {
    let name = python_name(name);
    if RECORD_NAMES.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// The words of a name in any of the usual spellings.
fn words(name: &str) -> Vec<String> {
    // Product names that are one word although they are written with two capitals.
    const PRODUCTS: &[(&str, &str)] = &[
        ("SharePoint", "Sharepoint"),
        ("OneDrive", "Onedrive"),
        ("PowerShell", "Powershell"),
        ("OData", "Odata"),
    ];
    let name = PRODUCTS.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to));
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let after_small = at > 0 && !letters[at - 1].is_uppercase();
        let before_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && at > 0 && (after_small || before_small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn snake(name: &str) -> String {
    words(name).join("_")
}

pub(super) fn constant(name: &str) -> String {
    let name = snake(name).to_uppercase();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

pub(super) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect()
}

pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// Items between brackets: on one line if they fit, else one a line with a comma after each.
///
/// `bare` leaves the brackets out where everything is on one line, as imports have it.
pub(super) fn group(
    indent: &str,
    begin: &str,
    brackets: (&str, &str),
    items: &[String],
    end: &str,
    bare: bool,
) -> String {
    let (open, close) = if bare { ("", "") } else { brackets };
    let line = format!("{indent}{begin}{open}{}{close}{end}", items.join(", "));
    if line.chars().count() <= WIDTH {
        return line + "\n";
    }
    let mut text = format!("{indent}{begin}{}\n", brackets.0);
    for item in items {
        _ = writeln!(text, "{indent}    {item},");
    }
    _ = writeln!(text, "{indent}{}{end}", brackets.1);
    text
}

pub(super) fn tuple(indent: &str, begin: &str, items: &[String]) -> String {
    match items {
        [one] => format!("{indent}{begin}({one},)\n"),
        items => group(indent, begin, ("(", ")"), items, "", false),
    }
}

/// A docstring with Google's sections.
pub(super) fn docstring(
    text: &mut String,
    indent: &str,
    doc: &str,
    sections: &[(&str, Vec<(String, String)>)],
) {
    let doc = escape(doc.trim());
    // A quotation mark at the end must not run into those of the docstring.
    let gap = if doc.ends_with('"') { " " } else { "" };
    let one_line = format!("{indent}\"\"\"{doc}{gap}\"\"\"");
    if sections.is_empty() && !doc.contains('\n') && one_line.chars().count() <= WIDTH {
        _ = writeln!(text, "{one_line}");
        return;
    }
    let mut lines = Vec::new();
    for (index, paragraph) in doc.split("\n\n").enumerate() {
        if index > 0 {
            lines.push(String::new());
        }
        let first = if index == 0 { format!("{indent}\"\"\"") } else { indent.to_owned() };
        wrap(&mut lines, &first, indent, paragraph);
    }
    for (name, entries) in sections {
        lines.push(String::new());
        lines.push(format!("{indent}{name}:"));
        for (name, doc) in entries {
            let doc = escape(doc).split_whitespace().collect::<Vec<_>>().join(" ");
            wrap(&mut lines, &format!("{indent}    {name}: "), &format!("{indent}        "), &doc);
        }
    }
    lines.push(format!("{indent}\"\"\""));
    for line in lines {
        _ = writeln!(text, "{}", line.trim_end());
    }
}

fn escape(doc: &str) -> String {
    doc.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"")
}

/// Adds a paragraph to `lines`, no wider than the page; its list items keep lines of their own.
fn wrap(lines: &mut Vec<String>, first: &str, rest: &str, paragraph: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    for source in paragraph.lines() {
        let item = source.trim_start().starts_with("- ") || source.trim_start().starts_with("* ");
        if item && !empty {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        for word in source.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
    }
    lines.push(line);
}
