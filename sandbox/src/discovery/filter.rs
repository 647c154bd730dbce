//! `$filter`, as far as the service's lists need it: `eq`, `ne`, `and`, `or`, parentheses, `startswith`, `substringof`,
//! `contains`, texts and whole numbers (discovery-service, 4).

use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::Value;

use super::error::Error;
use super::services::{Row, property};

/// How deep parentheses may lie in each other.
const DEEPEST: usize = 64;

/// A predicate.
#[derive(Debug)]
pub(super) enum Filter {
    Any(Vec<Self>),
    All(Vec<Self>),
    /// Whether both are the same (`true`), or not.
    Same(Operand, Operand, bool),
    /// Whether the first begins with the second.
    Begins(Operand, Operand),
    /// Whether the first has the second in it.
    Holds(Operand, Operand),
}

/// What is compared.
#[derive(Debug)]
pub(super) enum Operand {
    Property(&'static str),
    Literal(Value),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
    Literal(Value),
}

struct Reader {
    tokens: Peekable<IntoIter<Token>>,
    depth: usize,
}

impl Filter {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let mut reader = Reader { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
        let filter = reader.any()?;
        match reader.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(unexpected(Some(&token))),
        }
    }

    /// Whether it lets a row through.
    pub(super) fn lets(&self, row: &Row) -> bool {
        let texts = |one: &Operand, other: &Operand, test: fn(&str, &str) -> bool| {
            match (one.value(row).as_str(), other.value(row).as_str()) {
                (Some(one), Some(other)) => test(one, other),
                // A null neither begins nor holds.
                _ => false,
            }
        };
        match self {
            Self::Any(all) => all.iter().any(|one| one.lets(row)),
            Self::All(all) => all.iter().all(|one| one.lets(row)),
            Self::Same(one, other, same) => (one.value(row) == other.value(row)) == *same,
            Self::Begins(one, other) => texts(one, other, |text, start| text.starts_with(start)),
            Self::Holds(one, other) => texts(one, other, |text, part| text.contains(part)),
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, row: &'a Row) -> &'a Value {
        match self {
            Self::Property(name) => row.get(name),
            Self::Literal(value) => value,
        }
    }

    /// Whether it is a number; of a null nobody knows.
    fn is_number(&self) -> Option<bool> {
        match self {
            Self::Property(name) => Some(*name == "serviceAccountType"),
            Self::Literal(Value::Null) => None,
            Self::Literal(value) => Some(value.is_number()),
        }
    }
}

impl Reader {
    fn any(&mut self) -> Result<Filter, Error> {
        let mut all = vec![self.all()?];
        while self.takes("or") {
            all.push(self.all()?);
        }
        Ok(Filter::Any(all))
    }

    fn all(&mut self) -> Result<Filter, Error> {
        let mut all = vec![self.one()?];
        while self.takes("and") {
            all.push(self.one()?);
        }
        Ok(Filter::All(all))
    }

    fn one(&mut self) -> Result<Filter, Error> {
        if self.tokens.next_if_eq(&Token::Open).is_some() {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(Error::bad("$filter: the parentheses lie too deep."));
            }
            let filter = self.any()?;
            self.depth -= 1;
            self.expect(&Token::Close)?;
            return Ok(filter);
        }
        for name in ["startswith", "substringof", "contains"] {
            if self.takes(name) {
                return self.function(name);
            }
        }
        let one = self.operand()?;
        let same = match self.tokens.next() {
            Some(Token::Word(word)) if word == "eq" => true,
            Some(Token::Word(word)) if word == "ne" => false,
            token => return Err(unexpected(token.as_ref())),
        };
        let other = self.operand()?;
        if let (Some(one), Some(other)) = (one.is_number(), other.is_number())
            && one != other
        {
            return Err(Error::bad("$filter: a text is compared with a number."));
        }
        Ok(Filter::Same(one, other, same))
    }

    fn function(&mut self, name: &str) -> Result<Filter, Error> {
        self.expect(&Token::Open)?;
        let one = self.operand()?;
        self.expect(&Token::Comma)?;
        let other = self.operand()?;
        self.expect(&Token::Close)?;
        if one.is_number() == Some(true) || other.is_number() == Some(true) {
            return Err(Error::bad(format!("$filter: {name} takes texts.")));
        }
        // Clients of the third version say that it is true.
        if self.takes("eq") {
            self.expect(&Token::Word("true".into()))?;
        }
        Ok(match name {
            "startswith" => Filter::Begins(one, other),
            // The older function has its arguments the other way round.
            "substringof" => Filter::Holds(other, one),
            _ => Filter::Holds(one, other),
        })
    }

    fn operand(&mut self) -> Result<Operand, Error> {
        match self.tokens.next() {
            Some(Token::Literal(value)) => Ok(Operand::Literal(value)),
            Some(Token::Word(word)) if word == "null" => Ok(Operand::Literal(Value::Null)),
            Some(Token::Word(word)) => property(&word).map(Operand::Property).ok_or_else(|| {
                Error::bad(format!(
                    "$filter: there is no property '{word}' on type '{}'.",
                    super::services::TYPE
                ))
            }),
            token => Err(unexpected(token.as_ref())),
        }
    }

    /// Takes a word if it is the next.
    fn takes(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(next) if next == word)).is_some()
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Error> {
        match self.tokens.next() {
            Some(token) if token == *wanted => Ok(()),
            token => Err(unexpected(token.as_ref())),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            ',' => (Token::Comma, &rest[1..]),
            '\'' => quoted(&rest[1..])?,
            _ => {
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || "_.-".contains(c))).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if word.is_empty() {
                    return Err(Error::bad(format!("$filter: '{first}' is not understood.")));
                }
                let number = word.parse::<i64>();
                (
                    number.map_or_else(|_| Token::Word(word.into()), |number| Token::Literal(number.into())),
                    after,
                )
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// A text up to its closing quote, and what follows. A doubled quote is one.
fn quoted(rest: &str) -> Result<(Token, &str), Error> {
    let mut from = 0;
    while let Some(at) = rest[from..].find('\'').map(|at| from + at) {
        if !rest[at + 1..].starts_with('\'') {
            return Ok((Token::Literal(rest[..at].replace("''", "'").into()), &rest[at + 1..]));
        }
        from = at + 2;
    }
    Err(Error::bad("$filter: a text has no end."))
}

fn unexpected(token: Option<&Token>) -> Error {
    match token {
        None => Error::bad("$filter: it ends too early."),
        Some(Token::Word(word)) => Error::bad(format!("$filter: '{word}' is not expected.")),
        Some(Token::Literal(value)) => Error::bad(format!("$filter: {value} is not expected.")),
        Some(_) => Error::bad("$filter: a parenthesis or comma is not expected."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "ends too early"),
            ("capability eq", "ends too early"),
            ("capability eq 'Mail", "no end"),
            ("colour eq 'red'", "no property 'colour'"),
            ("capability gt 'Mail'", "'gt' is not expected"),
            ("capability eq 1", "with a number"),
            ("serviceAccountType eq '2'", "with a number"),
            ("startswith(serviceAccountType,'2')", "takes texts"),
            ("startswith(capability 'M')", "not expected"),
            ("(capability eq 'Mail'", "ends too early"),
            ("capability eq 'Mail' 'x'", "\"x\" is not expected"),
            ("capability = 'Mail'", "'=' is not understood"),
        ] {
            let error = Filter::read(text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {}", error.message());
        }
        let deep = "(".repeat(50_000);
        assert!(Filter::read(&deep).unwrap_err().message().contains("too deep"));
    }

    #[test]
    fn quotes_are_doubled_in_texts() {
        let (token, rest) = quoted("it''s' eq").unwrap();
        assert_eq!((token, rest), (Token::Literal("it's".into()), " eq"));
        assert!(quoted("it''").is_err());
    }
}
