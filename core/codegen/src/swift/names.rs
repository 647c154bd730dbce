//! How names are spelled in Swift.

/// Spelled in one case within a name, as Swift does.
const ACRONYMS: &[(&str, &str)] = &[
    ("cli", "CLI"),
    ("id", "ID"),
    ("ids", "IDs"),
    ("ip", "IP"),
    ("jsonl", "JSONL"),
    ("uri", "URI"),
    ("uris", "URIs"),
    ("url", "URL"),
    ("urls", "URLs"),
];

/// Words that stand for something else where a name may stand.
const RESERVED: &[&str] = &[
    "Any",
    "Protocol",
    "Self",
    "Type",
    "as",
    "associatedtype",
    "break",
    "case",
    "catch",
    "class",
    "continue",
    "default",
    "defer",
    "deinit",
    "do",
    "else",
    "enum",
    "extension",
    "fallthrough",
    "false",
    "fileprivate",
    "for",
    "func",
    "guard",
    "if",
    "import",
    "in",
    "init",
    "inout",
    "internal",
    "is",
    "let",
    "nil",
    "operator",
    "precedencegroup",
    "private",
    "protocol",
    "public",
    "repeat",
    "rethrows",
    "return",
    "self",
    "static",
    "struct",
    "subscript",
    "super",
    "switch",
    "throw",
    "throws",
    "true",
    "try",
    "typealias",
    "var",
    "where",
    "while",
];

/// The words of a name, whichever way it is written.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    for (place, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = place.checked_sub(1).map(|place| letters[place]);
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase()
                    || after.is_some_and(|after| after.is_lowercase() && before.is_uppercase())
            });
        if begins || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capitalized(word: &str) -> String {
    if let Some((_, spelled)) = ACRONYMS.iter().find(|(plain, _)| word.eq_ignore_ascii_case(plain)) {
        return (*spelled).to_owned();
    }
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `content_uri` and `contentUri` as `contentURI`.
pub(super) fn camel(name: &str) -> String {
    let words = words(name);
    let (first, rest) =
        words.split_first().map(|(first, rest)| (first.to_lowercase(), rest)).unwrap_or_default();
    rest.iter().fold(first, |text, word| text + &capitalized(word))
}

pub(super) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capitalized(word)).collect()
}

/// [`camel`], in backticks where Swift has another use for the word.
pub(super) fn identifier(name: &str) -> String {
    let name = camel(name);
    if RESERVED.contains(&name.as_str()) { format!("`{name}`") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_swift_spells_them() {
        for (name, swift) in [
            ("content_uri", "contentURI"),
            ("clientIp", "clientIP"),
            ("id", "id"),
            ("publisher_id", "publisherID"),
            ("AzureActiveDirectoryStsLogon", "azureActiveDirectoryStsLogon"),
            ("DLPEndpoint", "dlpEndpoint"),
            ("PowerBIAudit", "powerBIAudit"),
            ("M365ComplianceConnector", "m365ComplianceConnector"),
            ("Default", "`default`"),
            ("public", "`public`"),
            ("gcc_high", "gccHigh"),
            ("into_jsonl", "intoJSONL"),
        ] {
            assert_eq!(identifier(name), swift);
        }
        assert_eq!(pascal("audit.follow"), "AuditFollow");
    }
}
