//! `select`, `filter` and `top` where there is no service that could apply them: on the built-in table.

use serde_json::{Map, Value};

use super::members::{self, PROPERTIES};
use super::model::ServiceInfo;
use crate::error::{Error, Result};
use crate::odata::{Filter, Word, words};

/// How deep the parentheses of a filter may stand.
const DEEPEST: u32 = 64;
/// The properties that services have on the wire; the others are ours.
const ON_THE_WIRE: usize = 10;

/// Names of properties in the model's spelling, in any case. One that is none is named, with what it may have been
/// meant to be.
pub(super) fn selected(names: &[String], all: bool) -> Result<Vec<&'static str>> {
    if names.is_empty() {
        return Err(Error::invalid("select is empty: leave it out instead"));
    }
    names.iter().map(|name| named("select", name, all)).collect()
}

/// Leaves out what was not asked for.
pub(super) fn project(service: ServiceInfo, selected: &[&str]) -> ServiceInfo {
    let wire = service.wire.clone();
    let members =
        object(&service).into_iter().filter(|(name, _)| selected.contains(&name.as_str())).collect();
    // What was a record a moment ago is one with less in it.
    members::service(members, wire).unwrap_or(service)
}

fn object(service: &ServiceInfo) -> Map<String, Value> {
    match serde_json::to_value(service) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn named(option: &str, name: &str, all: bool) -> Result<&'static str> {
    let known = if all { &PROPERTIES[..] } else { &PROPERTIES[..ON_THE_WIRE] };
    if let Some(property) = members::property(name.trim()).filter(|property| known.contains(property)) {
        return Ok(property);
    }
    let names = known.join(", ");
    let error = Error::invalid(format!("{option}: {name:?} is no property of a service; there are {names}"));
    let alike = |known: &&&str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let nearest = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    Err(match nearest.filter(|nearest| alike(nearest) > 0.8) {
        // What the reference has in its example, and no service ever had.
        _ if name.eq_ignore_ascii_case("ServiceUri") => error.with_hint("It is called serviceEndpointUri"),
        Some(nearest) => error.with_hint(format!("Did you mean {nearest}?")),
        None => error,
    })
}

/// A filter that can be held against a service.
#[derive(Debug)]
pub(super) struct Predicate(Test);

#[derive(Debug)]
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Compare(Operand, Comparison, Operand),
    /// Whether the first text begins with, ends with or holds the second.
    Text(fn(&str, &str) -> bool, Operand, Operand),
}

#[derive(Debug)]
enum Operand {
    Property(&'static str),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Predicate {
    pub(super) fn of(filter: &Filter) -> Result<Self> {
        let expression = filter.to_string();
        let words = words(&expression)?;
        let mut parser = Parser { words: &words, depth: 0 };
        let whole = parser.either()?;
        match parser.words {
            [] => Ok(Predicate(whole)),
            [odd, ..] => Err(parser.unexpected(Some(*odd))),
        }
    }

    pub(super) fn allows(&self, service: &ServiceInfo) -> bool {
        self.0.holds(&object(service))
    }
}

impl Test {
    fn holds(&self, row: &Map<String, Value>) -> bool {
        match self {
            Test::And(tests) => tests.iter().all(|test| test.holds(row)),
            Test::Or(tests) => tests.iter().any(|test| test.holds(row)),
            Test::Not(test) => !test.holds(row),
            Test::Compare(left, comparison, right) => comparison.holds(left.value(row), right.value(row)),
            Test::Text(fits, whole, part) => match (whole.value(row), part.value(row)) {
                (Value::String(whole), Value::String(part)) => fits(whole, part),
                _ => false,
            },
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, row: &'a Map<String, Value>) -> &'a Value {
        match self {
            Operand::Property(name) => row.get(*name).unwrap_or(&Value::Null),
            Operand::Literal(value) => value,
        }
    }
}

impl Comparison {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            _ => return None,
        })
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = match (left, right) {
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            _ => left.as_i64().zip(right.as_i64()).map(|(left, right)| left.cmp(&right)),
        };
        match self {
            Comparison::Eq => left == right,
            Comparison::Ne => left != right,
            Comparison::Gt => order.is_some_and(std::cmp::Ordering::is_gt),
            Comparison::Ge => order.is_some_and(std::cmp::Ordering::is_ge),
            Comparison::Lt => order.is_some_and(std::cmp::Ordering::is_lt),
            Comparison::Le => order.is_some_and(std::cmp::Ordering::is_le),
        }
    }
}

struct Parser<'a> {
    words: &'a [Word<'a>],
    depth: u32,
}

impl<'a> Parser<'a> {
    fn either(&mut self) -> Result<Test> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::invalid(format!("filter: parentheses more than {DEEPEST} deep")));
        }
        let mut tests = vec![self.both()?];
        while self.take_name("or") {
            tests.push(self.both()?);
        }
        self.depth -= 1;
        Ok(Test::Or(tests))
    }

    fn both(&mut self) -> Result<Test> {
        let mut tests = vec![self.one()?];
        while self.take_name("and") {
            tests.push(self.one()?);
        }
        Ok(Test::And(tests))
    }

    fn one(&mut self) -> Result<Test> {
        let mut negated = false;
        while self.take_name("not") {
            negated = !negated;
        }
        let test = self.test()?;
        Ok(if negated { Test::Not(Box::new(test)) } else { test })
    }

    fn test(&mut self) -> Result<Test> {
        if self.take(Word::Mark('(')) {
            let test = self.either()?;
            self.expect(')')?;
            return Ok(test);
        }
        if let [Word::Name(function), Word::Mark('('), rest @ ..] = self.words {
            self.words = rest;
            return self.function(function);
        }
        let left = self.operand()?;
        let comparison = match self.next() {
            Some(Word::Name(name)) => {
                Comparison::named(name).ok_or_else(|| self.unexpected(Some(Word::Name(name))))?
            }
            other => return Err(self.unexpected(other)),
        };
        Ok(Test::Compare(left, comparison, self.operand()?))
    }

    fn function(&mut self, name: &str) -> Result<Test> {
        let fits: fn(&str, &str) -> bool = match name {
            "startswith" => |text, part| text.starts_with(part),
            "endswith" => |text, part| text.ends_with(part),
            "contains" | "substringof" => |text, part| text.contains(part),
            _ => {
                return Err(Error::invalid(format!(
                    "filter: {name:?} cannot be applied here; startswith, endswith, contains and substringof can"
                )));
            }
        };
        let first = self.operand()?;
        self.expect(',')?;
        let second = self.operand()?;
        self.expect(')')?;
        // The older of the two has its arguments the other way round.
        let (whole, part) = if name == "substringof" { (second, first) } else { (first, second) };
        let test = Test::Text(fits, whole, part);
        // Version 3 had the functions compared: `startswith(a,'b') eq true`.
        if let [Word::Name("eq"), Word::Name(truth @ ("true" | "false")), rest @ ..] = self.words {
            self.words = rest;
            return Ok(if *truth == "true" { test } else { Test::Not(Box::new(test)) });
        }
        Ok(test)
    }

    fn operand(&mut self) -> Result<Operand> {
        Ok(match self.next() {
            Some(Word::Name("null")) => Operand::Literal(Value::Null),
            Some(Word::Name(name)) => Operand::Property(named("filter", name, true)?),
            Some(Word::Text(text)) => Operand::Literal(text.replace("''", "'").into()),
            Some(Word::Value(number)) => match number.parse::<i64>() {
                Ok(number) => Operand::Literal(number.into()),
                Err(_) => return Err(self.unexpected(Some(Word::Value(number)))),
            },
            other => return Err(self.unexpected(other)),
        })
    }

    fn next(&mut self) -> Option<Word<'a>> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(*first)
    }

    fn take(&mut self, word: Word<'_>) -> bool {
        let is_there = self.words.first() == Some(&word);
        if is_there {
            self.words = &self.words[1..];
        }
        is_there
    }

    fn take_name(&mut self, name: &str) -> bool {
        self.take(Word::Name(name))
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        match self.next() {
            Some(Word::Mark(found)) if found == mark => Ok(()),
            other => Err(self.unexpected(other)),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as what it is")]
    fn unexpected(&self, word: Option<Word<'_>>) -> Error {
        let what = match word {
            None => "it ends too early".to_owned(),
            Some(Word::Mark(mark)) => format!("{mark:?} is not expected there"),
            Some(Word::Text(text)) => format!("'{text}' is not expected there"),
            Some(Word::Name(text) | Word::Value(text) | Word::Time(text) | Word::TimeWithoutZone(text)) => {
                format!("{text:?} is not expected there")
            }
        };
        Error::invalid(format!("filter: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::graph;
    use super::super::tests::client;
    use super::*;
    use crate::odata::field;
    use crate::wire::Wire;

    fn raw(text: &str) -> Filter {
        Filter::Raw(text.to_owned())
    }

    fn found(filter: &Filter) -> Result<Vec<String>> {
        let predicate = Predicate::of(filter)?;
        let rows = graph::of_tenant(&client(Wire::Graph)).into_iter().filter(|row| predicate.allows(row));
        Ok(rows.filter_map(|row| row.capability).map(|capability| capability.to_string()).collect())
    }

    #[test]
    fn a_filter_is_applied_whatever_the_case_of_its_names() {
        for (filter, expected) in [
            ("entityKey eq 'Mail@GRAPH'", &["Mail"][..]),
            ("EntityKey eq 'Mail@GRAPH' or CAPABILITY eq 'Notes'", &["Mail", "Notes"]),
            ("startswith(capability,'M') and not (capability eq 'Mail')", &["MyFiles", "ManagementActivity"]),
            ("substringof('Site', Capability)", &["RootSite"]),
            ("contains(capability,'Site') eq true", &["RootSite"]),
            ("endswith(serviceEndpointUri, '/me')", &["Directory"]),
            ("serviceAccountType eq 1", &[]),
            ("serviceAccountType ne 2 or serviceId eq 'MANAGEMENT'", &["ManagementActivity"]),
            ("serviceAccountType lt 2", &[]),
            ("webUrl ne null", &[]),
            ("capability eq 'O''Brien' or 'Mail' eq capability", &["Mail"]),
            ("not not capability eq 'Mail'", &["Mail"]),
        ] {
            assert_eq!(found(&raw(filter)).unwrap(), expected, "{filter}");
        }
        let tree = field("capability").eq("Mail").or(field("capability").eq("Notes"));
        assert_eq!(found(&tree).unwrap(), ["Mail", "Notes"]);
    }

    #[test]
    fn a_filter_that_cannot_be_applied_is_refused_with_the_reason() {
        for (filter, why) in [
            ("ServiceUri eq 'x'", "ServiceUri"),
            ("capability", "too early"),
            ("capability eq", "too early"),
            ("capability is 'Mail'", "\"is\""),
            ("capability eq 'Mail' 'x'", "'x'"),
            ("tolower(capability) eq 'mail'", "tolower"),
            ("startswith(capability)", "')'"),
            ("serviceAccountType eq 1.5", "1.5"),
            ("(capability eq 'Mail'", "parentheses"),
            ("capability eq 'Mail", "quote"),
            (&format!("{}capability eq 'Mail'{}", "(".repeat(90_000), ")".repeat(90_000)), "64 deep"),
        ] {
            let error = found(&raw(filter)).unwrap_err();
            assert!(error.message().contains(why), "{error}");
        }
    }

    #[test]
    fn what_is_selected_is_all_there_is() {
        let row = graph::of_tenant(&client(Wire::Graph)).remove(0);
        let names = selected(&["Capability".into(), "SERVICEID".into()], true).unwrap();
        let less = project(row.clone(), &names);
        assert_eq!(
            (&less.capability, &less.service_id, &less.wire),
            (&row.capability, &row.service_id, &row.wire)
        );
        assert!(less.service_name.is_none() && less.scopes.is_none() && less.service_account_type.is_none());
        let all: Vec<String> = PROPERTIES.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(project(row.clone(), &selected(&all, true).unwrap()), row);
    }

    #[test]
    fn a_property_that_nobody_has_is_named() {
        let refused = |name: &str, all: bool| selected(&[name.to_owned()], all).unwrap_err();
        let error = refused("ServiceUri", false);
        assert!(
            error.message().contains("ServiceUri") && error.hint().unwrap().contains("serviceEndpointUri"),
            "{error}"
        );
        assert!(refused("capabilty", false).hint().unwrap().contains("capability"));
        assert!(refused("", true).message().contains("\"\""));
        assert!(selected(&["scopes".into()], true).is_ok() && selected(&["scopes".into()], false).is_err());
        assert!(selected(&[], true).is_err());
    }

    proptest! {
        #[test]
        fn any_filter_is_applied_or_refused_without_a_panic(
            filter in r"((capability|serviceid|eq|ne|and|or|not|null|startswith|'x'|[0-9(),]) ?){0,12}"
        ) {
            let _ = found(&raw(&filter));
        }
    }
}
