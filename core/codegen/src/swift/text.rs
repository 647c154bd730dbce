//! The text of Swift: doc comments, and lists broken where they are too long for a line.

use std::fmt::Write as _;

use super::WIDTH;
use super::params::Param;

/// A doc comment, and the parameters it explains.
pub(super) fn doc(text: &str, level: usize, params: &[Param]) -> String {
    let margin = "    ".repeat(level);
    let mut out = String::new();
    for (place, paragraph) in paragraphs(text).iter().enumerate() {
        if place > 0 {
            _ = writeln!(out, "{margin}///");
        }
        out += &wrapped(paragraph, &format!("{margin}/// "), &format!("{margin}/// "));
    }
    let explained: Vec<&Param> = params.iter().filter(|param| !param.doc.is_empty()).collect();
    let flat = |param: &Param| paragraphs(&param.doc).join(" ");
    if !explained.is_empty() && !out.is_empty() {
        _ = writeln!(out, "{margin}///");
    }
    if let [only] = explained.as_slice() {
        out += &wrapped(
            &flat(only),
            &format!("{margin}/// - Parameter {}: ", only.name),
            &format!("{margin}///   "),
        );
    } else if !explained.is_empty() {
        _ = writeln!(out, "{margin}/// - Parameters:");
        for param in explained {
            out += &wrapped(
                &flat(param),
                &format!("{margin}///   - {}: ", param.name),
                &format!("{margin}///     "),
            );
        }
    }
    out
}

fn paragraphs(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.filter(|part| !part.is_empty()).collect()
}

fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    lines.push(line);
    lines.join("\n") + "\n"
}

pub(super) fn signature(level: usize, head: &str, params: &[Param], tail: &str) -> String {
    let heads: Vec<String> = params.iter().map(Param::head).collect();
    listed(level, &format!("{head}("), &heads, &format!("){tail} {{"))
}

/// Things between parentheses: on one line if they fit, else one a line.
pub(super) fn listed(level: usize, open: &str, items: &[String], close: &str) -> String {
    let margin = "    ".repeat(level);
    let line = format!("{margin}{open}{}{close}", items.join(", "));
    if line.chars().count() <= WIDTH || items.is_empty() {
        return line + "\n";
    }
    let inner = format!("{margin}    ");
    format!("{margin}{open}\n{inner}{}\n{margin}{close}\n", items.join(&format!(",\n{inner}")))
}

/// A call: on one line if it fits, else one argument a line, and a dictionary among them one member a line.
pub(super) fn invocation(level: usize, open: &str, items: &[String]) -> String {
    let margin = "    ".repeat(level);
    let line = format!("{margin}{open}{})", items.join(", "));
    if line.chars().count() <= WIDTH {
        return line + "\n";
    }
    let inner = format!("{margin}    ");
    let mut broken = Vec::new();
    for item in items {
        let members = item.split_once('[').filter(|_| item.ends_with(']') && item.contains(": "));
        match members {
            Some((label, members)) if inner.len() + item.chars().count() + 1 > WIDTH => {
                let members = members.trim_end_matches(']').replace(", ", &format!(",\n{inner}    "));
                broken.push(format!("{label}[\n{inner}    {members},\n{inner}]"));
            }
            _ => broken.push(item.clone()),
        }
    }
    format!("{margin}{open}\n{inner}{}\n{margin})\n", broken.join(&format!(",\n{inner}")))
}
