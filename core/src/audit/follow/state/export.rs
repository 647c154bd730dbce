//! Reading the state as a whole.

use jiff::Timestamp;
use redb::{Key, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle};
use serde_json::{Map, Value};

use super::open::{Failure, State};
use super::rows::{self, TypeRow, WorkRow};
use super::tables::{FILES, FRESH, GAPS, HEAD, KNOWN, PARKED, SPANS, TYPES};
use crate::audit::content_type::ContentType;
use crate::error::Result;

/// The rows of one table, by their keys.
type Rows = Map<String, Value>;

impl State {
    /// The content types that were ever followed, and how far they have come.
    pub(in crate::audit::follow) fn types(&self) -> Result<Vec<(ContentType, TypeRow)>> {
        self.read(|transaction| {
            let mut types = Vec::new();
            for row in transaction.open_table(TYPES)?.iter()? {
                let (of, json) = row?;
                types.push((ContentType::from(of.value()), rows::read("types", json.value())?));
            }
            Ok(types)
        })
    }

    /// How many content ids are remembered.
    pub(in crate::audit::follow) fn remembered(&self) -> Result<u64> {
        self.read(|transaction| Ok(transaction.open_table(KNOWN)?.len()?))
    }

    /// Visits every blob of the work list, with the time at which it is due if it is parked.
    pub(in crate::audit::follow) fn each_work(
        &self,
        mut visit: impl FnMut(Option<Timestamp>, WorkRow),
    ) -> Result<()> {
        self.read(|transaction| {
            for row in transaction.open_table(FRESH)?.iter()? {
                visit(None, rows::read("fresh", row?.1.value())?);
            }
            for row in transaction.open_table(PARKED)?.iter()? {
                let (key, json) = row?;
                let due = Timestamp::from_second(key.value().0).unwrap_or(Timestamp::MAX);
                visit(Some(due), rows::read("parked", json.value())?);
            }
            Ok(())
        })
    }

    /// Every table with its rows.
    pub(in crate::audit::follow) fn export_tables(&self) -> Result<Vec<(&'static str, Rows)>> {
        self.read(|transaction| {
            let mut known = Rows::new();
            for row in transaction.open_table(KNOWN)?.iter()? {
                let (key, forget_at) = row?;
                known.insert(key.value().to_owned(), forget_at.value().into());
            }
            Ok(vec![
                ("head", table(transaction, HEAD, str::to_owned)?),
                ("types", table(transaction, TYPES, str::to_owned)?),
                ("fresh", table(transaction, FRESH, |order: u64| order.to_string())?),
                ("parked", table(transaction, PARKED, |(due, order): (i64, u64)| format!("{due}/{order}"))?),
                ("known", known),
                ("spans", table(transaction, SPANS, |(of, start): (&str, i64)| format!("{of}/{start}"))?),
                ("gaps", table(transaction, GAPS, |number: u64| number.to_string())?),
                ("files", table(transaction, FILES, str::to_owned)?),
            ])
        })
    }
}

fn table<K: Key + 'static>(
    transaction: &ReadTransaction,
    definition: TableDefinition<'static, K, &'static [u8]>,
    name: impl for<'a> Fn(K::SelfType<'a>) -> String,
) -> Result<Rows, Failure> {
    let mut found = Rows::new();
    for row in transaction.open_table(definition)?.iter()? {
        let (key, json) = row?;
        found.insert(name(key.value()), rows::read(definition.name(), json.value())?);
    }
    Ok(found)
}
