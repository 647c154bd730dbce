//! Which folder a row belongs into: `date=2026-11-22/workload=Exchange`, as Hive names them.

use std::collections::HashMap;
use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use arrow_schema::{ArrowError, Schema};
use jiff::Timestamp;

use super::PartitionColumn;
use crate::error::{Error, Result};

/// The folder of rows that have no value.
const NOTHING: &str = "__HIVE_DEFAULT_PARTITION__";
/// Longer values are cut in the name of their folder, which file systems limit to 255 bytes.
const LONGEST: usize = 200;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const HOUR: i64 = 60 * 60 * 1_000_000;

/// Tells the rows of a batch apart.
#[derive(Debug, Clone)]
pub(super) struct Partitioning {
    by: Vec<PartitionColumn>,
}

/// Where a row's value for a folder stands.
enum Values<'a> {
    /// Days, or hours of the day, of these instants.
    Times(&'a TimestampMicrosecondArray, &'a PartitionColumn),
    /// Texts, by their numbers.
    Texts(&'a Int32Array, &'a StringArray),
}

impl Partitioning {
    /// Refuses what this version does not know, and what is named twice.
    pub(super) fn new(by: Option<&[PartitionColumn]>, extended: Option<&[String]>) -> Result<Partitioning> {
        let by = by.unwrap_or_default().to_vec();
        for (at, column) in by.iter().enumerate() {
            if let PartitionColumn::Unknown(name) = column {
                let known: Vec<_> = PartitionColumn::KNOWN.iter().map(PartitionColumn::as_str).collect();
                return Err(Error::invalid(format!(
                    "partition_by: {name:?} is none of {}",
                    known.join(", ")
                )));
            }
            if by[..at].contains(column) {
                return Err(Error::invalid(format!("partition_by names {column} twice")));
            }
            let is_it = |path: &&String| path.trim_start_matches('~').eq_ignore_ascii_case(column.as_str());
            if let Some(path) = extended.unwrap_or_default().iter().find(is_it) {
                return Err(Error::invalid(format!("extended names {path}, and so does partition_by")));
            }
        }
        Ok(Partitioning { by })
    }

    pub(super) fn is_none(&self) -> bool {
        self.by.is_empty()
    }

    /// The columns that the files have: what the folder says they do not.
    pub(super) fn columns_left(&self, schema: &Schema) -> Vec<usize> {
        let is_left = |name: &str| self.by.iter().all(|column| column.as_str() != name);
        (0..schema.fields().len()).filter(|at| is_left(schema.field(*at).name())).collect()
    }

    /// The rows of each folder, in the order in which the first of them stands.
    pub(super) fn split(&self, batch: &RecordBatch) -> Result<Vec<(String, UInt32Array)>, ArrowError> {
        let values = self.by.iter().map(|column| Values::of(batch, column)).collect::<Result<Vec<_>, _>>()?;
        let mut numbers: HashMap<Vec<Option<i64>>, usize> = HashMap::new();
        let mut groups: Vec<(usize, Vec<u32>)> = Vec::new();
        let (mut key, mut key_before, mut number) = (Vec::new(), Vec::new(), None);
        for (row, index) in (0..batch.num_rows()).zip(0_u32..) {
            key.clear();
            key.extend(values.iter().map(|values| values.number(row)));
            // Most rows belong where the row before does.
            let known = number.filter(|_| key == key_before).or_else(|| numbers.get(&key).copied());
            let at = known.unwrap_or_else(|| {
                groups.push((row, Vec::new()));
                numbers.insert(key.clone(), groups.len() - 1);
                groups.len() - 1
            });
            groups[at].1.push(index);
            number = Some(at);
            std::mem::swap(&mut key, &mut key_before);
        }
        let folder = |row: usize| {
            let parts = self.by.iter().zip(&values).map(|(column, values)| {
                let value = values.text(row).filter(|text| !text.is_empty());
                format!("{column}={}", value.map_or(NOTHING.to_owned(), |text| escaped(&text)))
            });
            parts.collect::<Vec<_>>().join("/")
        };
        Ok(groups.into_iter().map(|(first, rows)| (folder(first), UInt32Array::from(rows))).collect())
    }
}

impl<'a> Values<'a> {
    fn of(batch: &'a RecordBatch, column: &'a PartitionColumn) -> Result<Values<'a>, ArrowError> {
        let missing = |name: &str| ArrowError::SchemaError(format!("there is no column {name}"));
        if matches!(column, PartitionColumn::Date | PartitionColumn::Hour) {
            let times = batch.column_by_name("creation_time");
            let times = times.and_then(|of| of.as_primitive_opt::<TimestampMicrosecondType>());
            return Ok(Values::Times(times.ok_or_else(|| missing("creation_time"))?, column));
        }
        let texts = batch.column_by_name(column.as_str()).and_then(|of| of.as_dictionary_opt::<Int32Type>());
        let texts = texts.and_then(|of| Some((of.keys(), of.values().as_string_opt::<i32>()?)));
        let (numbers, texts) = texts.ok_or_else(|| missing(column.as_str()))?;
        Ok(Values::Texts(numbers, texts))
    }

    /// What tells the value of a row from others.
    fn number(&self, row: usize) -> Option<i64> {
        match self {
            Values::Times(times, PartitionColumn::Hour) => {
                times.is_valid(row).then(|| times.value(row).rem_euclid(DAY) / HOUR)
            }
            Values::Times(times, _) => times.is_valid(row).then(|| times.value(row).div_euclid(DAY)),
            Values::Texts(numbers, _) => numbers.is_valid(row).then(|| i64::from(numbers.value(row))),
        }
    }

    fn text(&self, row: usize) -> Option<String> {
        let number = self.number(row)?;
        match self {
            Values::Times(_, PartitionColumn::Hour) => Some(format!("{number:02}")),
            Values::Times(times, _) => {
                let time = Timestamp::from_microsecond(times.value(row)).ok()?;
                Some(time.strftime("%Y-%m-%d").to_string())
            }
            Values::Texts(_, texts) => usize::try_from(number)
                .ok()
                .filter(|at| *at < texts.len())
                .map(|at| texts.value(at).to_owned()),
        }
    }
}

/// As Hive does, and dots and blanks at the end as well, which some file systems drop.
fn escaped(value: &str) -> String {
    let mut name = String::with_capacity(value.len());
    let trimmed = value.trim_end_matches(['.', ' ']).len();
    for (at, c) in value.char_indices() {
        let is_special = c.is_ascii_control()
            || matches!(
                c,
                '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '[' | ']' | '^'
            )
            || matches!(c, '<' | '>' | '|')
            || at >= trimmed;
        let length = if is_special { 3 } else { c.len_utf8() };
        if name.len() + length > LONGEST {
            break;
        }
        if is_special {
            // Writing into a text cannot fail.
            let _ = write!(name, "%{:02X}", u32::from(c));
        } else {
            name.push(c);
        }
    }
    // One that was cut may end in them too.
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_become_names_of_folders_as_hive_writes_them() {
        for (value, name) in [
            ("Exchange", "Exchange"),
            ("Add User.", "Add User%2E"),
            ("a/b=c%", "a%2Fb%3Dc%25"),
            ("..", "%2E%2E"),
            ("Ω", "Ω"),
            ("tab\t", "tab%09"),
        ] {
            assert_eq!(escaped(value), name, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let new = |by: &[&str], extended: &[&str]| {
            let by: Vec<_> = by.iter().map(|name| PartitionColumn::from(*name)).collect();
            let extended: Vec<_> = extended.iter().map(|path| (*path).to_owned()).collect();
            Partitioning::new(Some(&by), Some(&extended)).map(drop).map_err(|e| e.message().to_owned())
        };
        assert!(new(&["date", "hour"], &["Item.Subject"]).is_ok());
        assert!(new(&["date", "date"], &[]).unwrap_err().contains("date twice"));
        assert!(new(&["user_id"], &[]).unwrap_err().contains("user_id"));
        assert!(new(&["date"], &["~Date"]).unwrap_err().contains("~Date"));
    }

    proptest! {
        #[test]
        fn any_value_is_a_name(value in ".{1,300}") {
            let name = escaped(&value);
            prop_assert!(name.len() <= LONGEST && !name.is_empty());
            prop_assert!(!name.contains(['/', '\\', '\0', '=']) && !name.ends_with(['.', ' ']));
        }
    }
}
