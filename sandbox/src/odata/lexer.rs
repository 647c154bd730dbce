//! Tokens of an expression.

use jiff::Timestamp;

use crate::random::is_guid;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, an operator or a keyword; paths come in several.
    Word(String),
    Literal(Literal),
    /// `(`, `)`, `,`, `:`, `/`, `;`
    Mark(char),
}

/// A value that is written out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Time(Timestamp),
    Guid(String),
    /// A member with the name of its type.
    Enum(String, String),
}

/// Splits an expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_whitespace() {
            rest = rest.trim_ascii_start();
        } else if let Some(guid) = rest.get(..36).filter(|guid| is_guid(guid)) {
            tokens.push(Token::Literal(Literal::Guid(guid.to_ascii_lowercase())));
            rest = &rest[36..];
        } else if matches!(first, '(' | ')' | ',' | ':' | '/' | ';') {
            tokens.push(Token::Mark(first));
            rest = &rest[1..];
        } else if first == '\'' {
            let (value, after) = quoted(rest)?;
            tokens.push(Token::Literal(Literal::Text(value)));
            rest = after;
        } else if first.is_ascii_digit() || matches!(first, '-' | '+') {
            let (word, after) =
                cut(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b':' | b'.'));
            tokens.push(Token::Literal(number_or_time(word)?));
            rest = after;
        } else if first.is_ascii_alphabetic() || matches!(first, '_' | '$' | '@') {
            let (word, after) =
                cut(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'@'));
            rest = after;
            if rest.starts_with('\'') {
                let (value, after) = quoted(rest)?;
                tokens.push(Token::Literal(prefixed(word, value)?));
                rest = after;
            } else {
                tokens.push(match word {
                    "null" => Token::Literal(Literal::Null),
                    "true" => Token::Literal(Literal::Bool(true)),
                    "false" => Token::Literal(Literal::Bool(false)),
                    _ => Token::Word(word.to_owned()),
                });
            }
        } else {
            let place = text.len() - rest.len();
            return Err(format!(
                "Syntax error: character '{first}' is not valid at position {place} in '{text}'."
            ));
        }
    }
    Ok(tokens)
}

fn cut(text: &str, inside: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !inside(byte)).unwrap_or(text.len()))
}

/// A text in quotes, with `''` for one of them.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut rest = &text[1..];
    loop {
        let Some((piece, after)) = rest.split_once('\'') else {
            return Err(format!("There is an unterminated string literal in '{text}'."));
        };
        value.push_str(piece);
        let Some(more) = after.strip_prefix('\'') else { return Ok((value, after)) };
        value.push('\'');
        rest = more;
    }
}

fn prefixed(name: &str, value: String) -> Result<Literal, String> {
    match name {
        "guid" if is_guid(&value) => Ok(Literal::Guid(value.to_ascii_lowercase())),
        "datetime" | "guid" | "duration" | "binary" => {
            Err(format!("Unrecognized literal '{name}'{value}''."))
        }
        _ => Ok(Literal::Enum(name.to_owned(), value)),
    }
}

fn number_or_time(word: &str) -> Result<Literal, String> {
    if let Ok(number) = word.parse::<f64>() {
        return Ok(Literal::Number(number));
    }
    if let Ok(time) = word.parse::<Timestamp>() {
        return Ok(Literal::Time(time));
    }
    // A day is the instant it begins with, where an instant is asked for.
    if word.len() == 10
        && let Ok(day) = word.parse::<jiff::civil::Date>()
        && let Ok(day) = day.to_zoned(jiff::tz::TimeZone::UTC)
    {
        return Ok(Literal::Time(day.timestamp()));
    }
    Err(format!("Invalid literal '{word}': a time needs a zone, such as 2026-11-20T10:00:00Z."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_told_apart() {
        let one = |text: &str| tokens(text).map(|mut tokens| tokens.remove(0));
        assert_eq!(one("'O''Brien'"), Ok(Token::Literal(Literal::Text("O'Brien".into()))));
        assert_eq!(one("-12.5"), Ok(Token::Literal(Literal::Number(-12.5))));
        assert!(matches!(one("2026-11-20T10:00:00.1234567Z"), Ok(Token::Literal(Literal::Time(_)))));
        assert_eq!(one("2026-11-20"), one("2026-11-20T01:00:00+01:00"));
        assert!(matches!(one("E2131E38-0000-4000-8000-000000000000"), Ok(Token::Literal(Literal::Guid(_)))));
        assert_eq!(
            one("microsoft.graph.bodyType'html'"),
            Ok(Token::Literal(Literal::Enum("microsoft.graph.bodyType".into(), "html".into())))
        );
        for wrong in ["'open", "2026-11-20T10:00:00", "datetime'2026'", "a & b", "«"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }
}
