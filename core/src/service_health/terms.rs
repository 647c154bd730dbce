//! What the original calls can be narrowed by, whether it was said by parameters or by a filter.

use jiff::Timestamp;

use super::communication::Communication;
use super::names::MessageType;
use crate::error::{Error, Result};
use crate::odata::{Condition, Filter, Literal, Operator, Word, words};

/// The terms of a call: all of them hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Terms {
    pub(super) workload: Option<String>,
    pub(super) id: Option<String>,
    pub(super) message_type: Option<MessageType>,
    pub(super) status_time: Vec<Bound>,
    pub(super) start_time: Vec<Bound>,
    pub(super) end_time: Vec<Bound>,
}

/// A bound of a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) op: Operator,
    pub(super) time: Timestamp,
}

/// A property by which a call can be narrowed, as the original wire spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    Workload,
    Id,
    MessageType,
    StatusTime,
    StartTime,
    EndTime,
}

impl Term {
    const ALL: [Term; 6] =
        [Term::Workload, Term::Id, Term::MessageType, Term::StatusTime, Term::StartTime, Term::EndTime];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Term::Workload => "Workload",
            Term::Id => "Id",
            Term::MessageType => "MessageType",
            Term::StatusTime => "StatusTime",
            Term::StartTime => "StartTime",
            Term::EndTime => "EndTime",
        }
    }
}

impl Bound {
    pub(super) fn on(self, property: &str) -> Filter {
        Filter::Is(Condition { field: property.to_owned(), op: self.op, value: self.time.into() })
    }

    fn takes(self, time: Option<Timestamp>) -> bool {
        time.is_some_and(|time| match self.op {
            Operator::Gt => time > self.time,
            Operator::Ge => time >= self.time,
            Operator::Lt => time < self.time,
            Operator::Le => time <= self.time,
            _ => time == self.time,
        })
    }
}

impl Terms {
    /// Adds what a filter says. The wire of these calls knows only conditions that all hold.
    pub(super) fn add(&mut self, filter: Option<&Filter>, allowed: &[Term]) -> Result<()> {
        let Some(filter) = filter else { return Ok(()) };
        filter.check(&[])?;
        conditions(filter)?.iter().try_for_each(|condition| self.add_condition(condition, allowed))
    }

    fn add_condition(&mut self, condition: &Condition, allowed: &[Term]) -> Result<()> {
        let is_meant = |term: &&Term| term.as_str().eq_ignore_ascii_case(&condition.field);
        let Some(property) = Term::ALL.iter().find(is_meant).filter(|term| allowed.contains(term)) else {
            let names: Vec<&str> = allowed.iter().map(|term| term.as_str()).collect();
            return Err(Error::invalid(format!(
                "{} cannot be filtered here: {} can",
                condition.field,
                names.join(", ")
            )));
        };
        let wrong = |why: &str| Error::invalid(format!("the filter compares {} {why}", property.as_str()));
        match property {
            Term::StatusTime | Term::StartTime | Term::EndTime => {
                let Literal::Time(time) = condition.value else { return Err(wrong("with what is no time")) };
                if matches!(
                    condition.op,
                    Operator::Ne | Operator::StartsWith | Operator::EndsWith | Operator::Contains
                ) {
                    return Err(wrong("by what is none of eq, gt, ge, lt, le"));
                }
                let bounds = match property {
                    Term::StatusTime => &mut self.status_time,
                    Term::StartTime => &mut self.start_time,
                    _ => &mut self.end_time,
                };
                bounds.push(Bound { op: condition.op, time });
                Ok(())
            }
            _ => {
                let (Literal::Text(text) | Literal::Enum(text)) = &condition.value else {
                    return Err(wrong("with what is no text"));
                };
                if condition.op != Operator::Eq {
                    return Err(wrong("by what is not eq"));
                }
                match property {
                    Term::Workload => once(&mut self.workload, *property, text.clone()),
                    Term::Id => once(&mut self.id, *property, text.clone()),
                    _ => once(&mut self.message_type, *property, MessageType::from(text.as_str())),
                }
            }
        }
    }

    /// Refuses what is empty or cannot be.
    pub(super) fn check(&self) -> Result<()> {
        for (name, text) in [("workload", &self.workload), ("id", &self.id)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Error::invalid(format!("{name} is empty: leave it out instead")));
            }
        }
        if let Some(MessageType::Unknown(name)) = &self.message_type {
            let known: Vec<&str> = MessageType::KNOWN.iter().map(MessageType::as_str).collect();
            return Err(Error::invalid(format!("message_type {name:?} is none of {}", known.join(", "))));
        }
        Ok(())
    }

    /// The filter of the original wire; none without terms.
    pub(super) fn original(&self) -> Option<Filter> {
        let text = |term: Term, value: &Option<String>| {
            let value = value.as_ref()?;
            Some(Filter::Is(Condition {
                field: term.as_str().to_owned(),
                op: Operator::Eq,
                value: Literal::Text(value.clone()),
            }))
        };
        let message_type = self.message_type.as_ref().map(original_spelling);
        let times = [
            (Term::StatusTime, &self.status_time),
            (Term::StartTime, &self.start_time),
            (Term::EndTime, &self.end_time),
        ];
        let bounds =
            times.iter().flat_map(|(term, bounds)| bounds.iter().map(|bound| bound.on(term.as_str())));
        let texts = [
            text(Term::Workload, &self.workload),
            text(Term::MessageType, &message_type),
            text(Term::Id, &self.id),
        ];
        texts.into_iter().flatten().chain(bounds).reduce(Filter::and)
    }

    /// Whether a thing that was had by its id fits the other terms.
    pub(super) fn take(&self, found: &Communication) -> bool {
        self.message_type.as_ref().is_none_or(|of| *of == found.message_type)
            && self.start_time.iter().all(|bound| bound.takes(found.start_date_time))
            && self.end_time.iter().all(|bound| bound.takes(found.end_date_time))
            && self.workload.as_ref().is_none_or(|workload| found.is_of(workload))
    }

    pub(super) fn takes_time(&self, day: Timestamp) -> bool {
        self.status_time.iter().all(|bound| bound.takes(Some(day)))
    }
}

fn once<T>(slot: &mut Option<T>, term: Term, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!("{} is asked for twice, and only one can be", term.as_str()))),
    }
}

/// `MessageCenter` where the model has `messageCenter`.
fn original_spelling(of: &MessageType) -> String {
    let mut letters = of.as_str().chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The conditions of a filter that joins them by `and` alone.
fn conditions(filter: &Filter) -> Result<Vec<Condition>> {
    match filter {
        Filter::Is(condition) => Ok(vec![condition.clone()]),
        Filter::And(parts) => {
            parts.iter().map(conditions).collect::<Result<Vec<_>>>().map(|parts| parts.concat())
        }
        Filter::Raw(text) => raw_conditions(text),
        Filter::Or(_) | Filter::Not(_) | Filter::Any(..) | Filter::All(..) => Err(only_and()),
    }
}

fn raw_conditions(text: &str) -> Result<Vec<Condition>> {
    let words = words(text)?;
    words
        .split(|word| matches!(word, Word::Name(name) if name.eq_ignore_ascii_case("and")))
        .map(|clause| {
            let [Word::Name(field), Word::Name(op), value] = clause else { return Err(only_and()) };
            let op = Operator::named(&op.to_ascii_lowercase()).ok_or_else(only_and)?;
            let value = match value {
                Word::Text(text) => Literal::Text(text.replace("''", "'")),
                Word::Time(time) => Literal::Time(
                    time.parse()
                        .map_err(|e| Error::invalid(format!("{time} in the filter is no time: {e}")))?,
                ),
                _ => return Err(only_and()),
            };
            Ok(Condition { field: (*field).to_owned(), op, value })
        })
        .collect()
}

fn only_and() -> Error {
    Error::invalid(
        "the filter must be conditions such as Workload eq 'Exchange', joined by and: this call knows nothing else",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odata::field;

    fn terms(filter: &Filter) -> Result<Terms> {
        let mut terms = Terms::default();
        terms.add(Some(filter), &Term::ALL)?;
        terms.check()?;
        Ok(terms)
    }

    #[test]
    fn a_filter_is_understood_in_either_form_and_written_for_the_original_wire() {
        let time: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let raw = "Workload eq 'Exchange' and messagetype eq 'MessageCenter' and Id eq 'O''Brien' \
                   and StartTime ge 2026-11-01T00:00:00Z";
        let tree = field("workload")
            .eq("Exchange")
            .and(field("messageType").eq(MessageType::MessageCenter))
            .and(field("id").eq("O'Brien"))
            .and(field("startTime").ge(time));
        assert_eq!(terms(&raw.into()).unwrap(), terms(&tree).unwrap());
        assert_eq!(
            terms(&raw.into()).unwrap().original().unwrap().to_string(),
            "Workload eq 'Exchange' and MessageType eq 'MessageCenter' and Id eq 'O''Brien' \
             and StartTime ge 2026-11-01T00:00:00Z"
        );
    }

    #[test]
    fn what_the_wire_does_not_know_is_refused_by_name() {
        for (filter, why) in [
            ("Title eq 'x'", "Title cannot be filtered"),
            ("Workload eq 'a' or Workload eq 'b'", "joined by and"),
            ("contains(Title,'x')", "joined by and"),
            ("Workload ne 'a'", "not eq"),
            ("StartTime ge 'x'", "no time"),
            ("StartTime ge 2026-11-01T00:00:00", "has no zone"),
            ("Workload eq 'a' and Workload eq 'b'", "asked for twice"),
            ("MessageType eq 'Other'", "Other"),
            ("Id eq ''", "id is empty"),
        ] {
            let error = terms(&filter.into()).unwrap_err();
            assert!(error.message().contains(why), "{filter}: {error}");
        }
    }
}
