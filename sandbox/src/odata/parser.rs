//! Reads expressions. What they cannot mean is found out here.

use super::filter::{Comparison, Match, Node, Operand, Path};
use super::lexer::{Literal, Token, tokens};
use super::schema::{Kind, Type};

/// How deep expressions may nest.
const DEEPEST: usize = 60;

/// Reads an expression over rows of a type.
pub(super) fn expression(text: &str, of: &'static Type) -> Result<Node, String> {
    let mut parser = Parser::new(text, of)?;
    let node = parser.any_of()?;
    parser.end()?;
    Ok(node)
}

/// Reads one path, as `$orderby` has them.
pub(super) fn path(text: &str, of: &'static Type) -> Result<Path, String> {
    let mut parser = Parser::new(text, of)?;
    let operand = parser.operand()?;
    parser.end()?;
    match operand {
        Operand::Path(path) if path.kind.element().is_none() && !matches!(path.kind, Kind::Record(_)) => {
            Ok(path)
        }
        _ => Err(format!("'{text}' cannot be ordered by.")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    of: &'static Type,
    variables: Vec<(String, Kind)>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, of: &'static Type) -> Result<Self, String> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, depth: 0, of, variables: vec![] })
    }

    fn any_of(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("The expression nests too deep.".into());
        }
        let mut node = self.all_of()?;
        while self.word("or") {
            node = Node::Or(Box::new(node), Box::new(self.all_of()?));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn all_of(&mut self) -> Result<Node, String> {
        let mut node = self.one()?;
        while self.word("and") {
            node = Node::And(Box::new(node), Box::new(self.one()?));
        }
        Ok(node)
    }

    fn one(&mut self) -> Result<Node, String> {
        let mut negations = 0;
        while self.word("not") {
            negations += 1;
        }
        let node = if self.mark('(') {
            let node = self.any_of()?;
            self.expect(')')?;
            node
        } else {
            self.comparison()?
        };
        Ok(if negations % 2 == 1 { Node::Not(Box::new(node)) } else { node })
    }

    fn comparison(&mut self) -> Result<Node, String> {
        if let Some(matching) = self.matching() {
            self.expect('(')?;
            let left = self.operand()?;
            self.expect(',')?;
            let right = self.operand()?;
            self.expect(')')?;
            for operand in [&left, &right] {
                if !matches!(operand.kind(), Some(Kind::Text)) {
                    return Err(format!(
                        "No function signature for the functions in '{}' matches its arguments.",
                        self.text
                    ));
                }
            }
            return Ok(Node::Match(matching, left, right));
        }
        let left = self.operand()?;
        if let Operand::Path(path) = &left
            && path.kind.element().is_some()
        {
            let path = path.clone();
            return self.lambda(path);
        }
        if self.word("in") {
            self.expect('(')?;
            let mut all = vec![];
            while all.is_empty() || self.mark(',') {
                let right = self.operand()?;
                all.push(self.fit(right, &left)?);
            }
            self.expect(')')?;
            return Ok(Node::In(left, all));
        }
        let Some(comparison) = self.operator()? else {
            return match left.kind() {
                Some(Kind::Bool) => Ok(Node::Truth(left)),
                _ => Err(format!(
                    "The $filter expression '{}' must evaluate to a single boolean value.",
                    self.text
                )),
            };
        };
        let right = self.operand()?;
        let right = self.fit(right, &left)?;
        let left = self.fit(left, &right)?;
        Ok(Node::Compare(left, comparison, right))
    }

    /// What follows a collection: `/any(x:...)`, `/all(x:...)`. The slash was taken as part of the path.
    fn lambda(&mut self, path: Path) -> Result<Node, String> {
        let all = match self.name().as_deref() {
            Some("any") => false,
            Some("all") => true,
            _ => {
                return Err(format!(
                    "A collection can only be asked with 'any' and 'all' in '{}'.",
                    self.text
                ));
            }
        };
        self.expect('(')?;
        if !all && self.mark(')') {
            return Ok(Node::Elements { path, all, body: None });
        }
        let name = self.name().ok_or_else(|| self.odd())?;
        self.expect(':')?;
        self.variables.push((name, path.kind.element().unwrap_or(path.kind)));
        let body = self.any_of()?;
        self.variables.pop();
        self.expect(')')?;
        Ok(Node::Elements { path, all, body: Some(Box::new(body)) })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if let Some(Token::Literal(literal)) = self.tokens.get(self.at) {
            self.at += 1;
            return Ok(Operand::Literal(literal.clone()));
        }
        let name = self.name().ok_or_else(|| self.odd())?;
        if self.mark('(') {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("The expression nests too deep.".into());
            }
            let inner = Box::new(self.operand()?);
            self.depth -= 1;
            self.expect(')')?;
            return match (name.as_str(), inner.kind()) {
                ("tolower", Some(Kind::Text)) => Ok(Operand::Lower(inner)),
                ("toupper", Some(Kind::Text)) => Ok(Operand::Upper(inner)),
                _ => Err(format!(
                    "An unknown function with name '{name}' was found, or its arguments do not fit."
                )),
            };
        }
        let variable = self.variables.iter().rposition(|(known, _)| *known == name);
        let (mut steps, mut kind) = (vec![], Kind::Record(self.of));
        let mut next = match variable {
            Some(place) => {
                kind = self.variables[place].1;
                None
            }
            None => Some(name),
        };
        loop {
            if let Some(name) = next.take() {
                let Kind::Record(of) = kind else { return Err(self.odd()) };
                let property = of.find(&name)?;
                if !property.filterable {
                    return Err(format!("Filtering or ordering by the property '{name}' is not supported."));
                }
                steps.push(property.name);
                kind = property.kind;
            }
            if !self.mark('/') {
                break;
            }
            if kind.element().is_some() {
                break;
            }
            next = Some(self.name().ok_or_else(|| self.odd())?);
        }
        Ok(Operand::Path(Path { variable, steps, kind }))
    }

    /// A literal as what it is compared with wants it.
    fn fit(&self, operand: Operand, other: &Operand) -> Result<Operand, String> {
        let Some(wanted) = other.kind() else { return Ok(operand) };
        let Operand::Literal(literal) = operand else {
            return match operand.kind() {
                Some(Kind::Record(_) | Kind::List(_) | Kind::Link(_) | Kind::Stream) => {
                    Err(format!("The value cannot be compared in '{}'.", self.text))
                }
                _ => Ok(operand),
            };
        };
        let fits = match (&literal, wanted) {
            (Literal::Null, _)
            | (Literal::Bool(_), Kind::Bool)
            | (Literal::Number(_), Kind::Number)
            | (Literal::Text(_), Kind::Text)
            | (Literal::Time(_), Kind::Time)
            | (Literal::Guid(_), Kind::Guid) => true,
            (Literal::Text(member), Kind::Enum(_, members)) => is_member(members, member),
            (Literal::Enum(name, member), Kind::Enum(known, members)) => {
                name == known && is_member(members, member)
            }
            _ => false,
        };
        if fits {
            return Ok(Operand::Literal(literal));
        }
        Err(format!(
            "A binary operator with incompatible types was detected: '{}' does not take {literal:?} in '{}'.",
            wanted.name(),
            self.text
        ))
    }

    fn operator(&mut self) -> Result<Option<Comparison>, String> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return Ok(None) };
        let comparison = match word.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "and" | "or" => return Ok(None),
            _ => return Err(self.odd()),
        };
        self.at += 1;
        Ok(Some(comparison))
    }

    fn matching(&mut self) -> Option<Match> {
        let (Token::Word(word), Token::Mark('(')) =
            (self.tokens.get(self.at)?, self.tokens.get(self.at + 1)?)
        else {
            return None;
        };
        let matching = match word.as_str() {
            "startswith" => Match::Starts,
            "endswith" => Match::Ends,
            "contains" => Match::Contains,
            _ => return None,
        };
        self.at += 1;
        Some(matching)
    }

    fn name(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return None };
        self.at += 1;
        Some(word.clone())
    }

    fn word(&mut self, wanted: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word == wanted);
        self.at += usize::from(there);
        there
    }

    fn mark(&mut self, wanted: char) -> bool {
        let there = self.tokens.get(self.at) == Some(&Token::Mark(wanted));
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.mark(wanted) { Ok(()) } else { Err(self.odd()) }
    }

    fn end(&self) -> Result<(), String> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.odd()) }
    }

    fn odd(&self) -> String {
        format!("Syntax error at token {} in '{}'.", self.at + 1, self.text)
    }
}

fn is_member(members: &[&str], text: &str) -> bool {
    members.iter().any(|member| member.eq_ignore_ascii_case(text))
}
