//! Comments, literals and names as TypeScript and prettier want them.

use std::fmt::Write as _;

use super::WIDTH;

/// A comment in front of something: the text, wrapped, and tags after it.
pub(super) fn doc(text: &str, indent: &str, tags: &[String]) -> String {
    let room = WIDTH - indent.len() - 3;
    let mut lines = Vec::new();
    let mut fenced = false;
    for paragraph in paragraphs(&text.replace("*/", "*\\/")) {
        if paragraph.starts_with("```") || fenced {
            fenced ^= paragraph.starts_with("```");
            lines.push(paragraph);
        } else {
            lines.extend(wrap(&paragraph, room, ""));
        }
    }
    if !tags.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    for tag in tags {
        lines.extend(wrap(
            &tag.replace("*/", "*\\/").split_whitespace().collect::<Vec<_>>().join(" "),
            room,
            "  ",
        ));
    }
    match lines.as_slice() {
        [] => String::new(),
        [line] if indent.len() + line.len() + 7 <= WIDTH => format!("{indent}/** {line} */\n"),
        lines => {
            let mut comment = format!("{indent}/**\n");
            for line in lines {
                _ = writeln!(comment, "{}", format!("{indent} * {line}").trim_end());
            }
            comment + indent + " */\n"
        }
    }
}

/// Paragraphs joined to one line each; lists, tables and code keep their lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut fenced = false;
    for line in text.trim().lines() {
        let start = line.trim_start();
        let own =
            fenced || start.is_empty() || start.starts_with(['-', '*', '|', '#']) || start.starts_with("```");
        fenced ^= start.starts_with("```");
        match joined.last_mut() {
            Some(last) if !own && !last.is_empty() && !last.starts_with("```") => {
                *last += " ";
                *last += start;
            }
            _ => joined.push(if fenced { line.to_owned() } else { start.trim_end().to_owned() }),
        }
    }
    joined
}

fn wrap(text: &str, room: usize, continued: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{continued}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A JSON value as prettier writes it.
pub(super) fn literal(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) if !text.contains('\'') => {
            format!("'{}'", text.replace('\\', "\\\\"))
        }
        // JavaScript has one kind of number, and nobody writes `5.0` there.
        serde_json::Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").unwrap_or(&text).to_owned()
        }
        other => other.to_string(),
    }
}

/// A name as the key of an object.
pub(super) fn key(name: &str) -> String {
    let plain = !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '$');
    if plain { name.to_owned() } else { format!("'{name}'") }
}

pub(super) fn pascal(name: &str) -> String {
    name.split('_').map(capitalized).collect()
}

pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |joined, word| joined + &capitalized(word))
}

pub(super) fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut joined, letter| {
        if letter.is_ascii_uppercase() {
            joined.push('_');
        }
        joined.push(letter.to_ascii_lowercase());
        joined
    })
}

/// A parameter's name, with a `_` behind what the language keeps for itself.
pub(super) fn variable(name: &str) -> String {
    const RESERVED: [&str; 14] = [
        "case", "class", "const", "default", "delete", "enum", "export", "function", "import", "in", "new",
        "options", "switch", "with",
    ];
    let name = camel(name);
    if RESERVED.contains(&name.as_str()) { name + "_" } else { name }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
