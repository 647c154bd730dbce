//! `$filter`: an expression is read against the type of the rows, so that what it cannot mean is refused before any row
//! is looked at.

use super::lexer::Literal;
use super::parser;
use super::schema::{Kind, Type};

/// An expression that rows of a type can be tried against.
#[derive(Debug)]
pub(crate) struct Filter(pub(super) Node);

#[derive(Debug)]
pub(super) enum Node {
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
    Match(Match, Operand, Operand),
    /// Whether some elements, or all of them, are so. Without a condition, whether there are any.
    Elements {
        path: Path,
        all: bool,
        body: Option<Box<Node>>,
    },
    Truth(Operand),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Match {
    Starts,
    Ends,
    Contains,
}

#[derive(Debug)]
pub(super) enum Operand {
    Path(Path),
    Literal(Literal),
    Lower(Box<Operand>),
    Upper(Box<Operand>),
}

/// The way to a value: from the row, or from the element that a lambda is at.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The how many-th lambda variable it begins with, from outside.
    pub(super) variable: Option<usize>,
    pub(super) steps: Vec<&'static str>,
    pub(super) kind: Kind,
}

impl Filter {
    /// Reads an expression over rows of a type.
    pub(crate) fn read(text: &str, of: &'static Type) -> Result<Self, String> {
        parser::expression(text, of).map(Self)
    }
}

impl Operand {
    /// What its values are, as far as that is known without a row.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Path(path) => Some(path.kind),
            Self::Lower(_) | Self::Upper(_) | Self::Literal(Literal::Text(_)) => Some(Kind::Text),
            Self::Literal(Literal::Bool(_)) => Some(Kind::Bool),
            Self::Literal(_) => None,
        }
    }
}
