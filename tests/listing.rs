//! Listings as scenarios read them: to their end, some items, or some pages with the rest left for later.

use m365kit::dispatch::{Page, Pages};
use m365kit::{Client, Error};
use serde_json::Value;

use crate::matching::parse;

/// How far a listing is read.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// To its end.
    End,
    /// Until so many items were seen, leaving the rest of their page.
    Items(usize),
    /// Whole pages until there are so many items.
    Filled(usize),
    /// So many pages.
    Pages(usize),
}

/// What came of a paged operation before it ended, failed or was left.
#[derive(Default)]
pub struct Outcome {
    /// The items, each with its original text if it has one.
    pub items: Vec<Value>,
    /// What could not be delivered.
    pub errors: Vec<Value>,
    /// What the caller should know.
    pub warnings: Vec<Value>,
    /// The newest report.
    pub report: Value,
    /// The error that was raised.
    pub error: Option<Error>,
}

/// Whether an operation is answered with pages.
pub fn is_paged(operation: &str) -> bool {
    matches!(
        operation,
        "audit.list_content"
            | "audit.get_content"
            | "audit.list_notifications"
            | "audit.records"
            | "audit.follow"
            | "audit.follow.into_jsonl"
            | "audit.search"
    )
}

/// Opens a listing; the outcome is the refusal.
pub fn open(client: &Client, name: &str, args: &Value) -> Result<Pages, Box<Outcome>> {
    client
        .pages(name, args.to_string().as_bytes())
        .map_err(|error| Box::new(Outcome { error: Some(error), ..Outcome::default() }))
}

/// Reads on from where `pages` is.
pub async fn read(pages: &mut Pages, until: Until) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let mut count = 0;
    loop {
        let page = match pages.next().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(error) => return Ok(Outcome { error: Some(error), ..outcome }),
        };
        count += 1;
        outcome.take_in(&page)?;
        let seen = outcome.items.len();
        match until {
            Until::Items(enough) if seen >= enough => {
                outcome.items.truncate(enough);
                return Ok(outcome);
            }
            Until::Filled(enough) if seen >= enough => return Ok(outcome),
            Until::Pages(enough) if count >= enough => return Ok(outcome),
            _ => {}
        }
    }
    match until {
        Until::Filled(wanted) => Err(format!("it ended after {} of {wanted} items", outcome.items.len())),
        Until::Pages(wanted) => Err(format!("it ended after {count} of {wanted} pages")),
        Until::End | Until::Items(_) => Ok(outcome),
    }
}

impl Outcome {
    fn take_in(&mut self, page: &Page) -> Result<(), String> {
        let meta: Value = parse(&page.meta)?;
        self.errors.extend(meta["errors"].as_array().into_iter().flatten().cloned());
        self.warnings.extend(meta["warnings"].as_array().into_iter().flatten().cloned());
        if !meta["report"].is_null() {
            self.report = meta["report"].clone();
        }
        let json = page.json().map_err(|error| error.to_string())?;
        let Value::Array(items) = parse(&json.items)? else { return Err("items are no list".into()) };
        for mut item in items {
            if let Some(place) = item.get("raw").cloned() {
                item["raw"] = original(&place, &json.payload)?.into();
            }
            self.items.push(item);
        }
        Ok(())
    }
}

/// The original text of a record, which lies beside the page.
fn original(place: &Value, payload: &[u8]) -> Result<String, String> {
    let number = |index: usize| place[index].as_u64().and_then(|n| usize::try_from(n).ok());
    let text = number(0).zip(number(1)).and_then(|(start, length)| payload.get(start..start + length));
    let text =
        text.ok_or_else(|| format!("raw {place} lies outside of the page's {} bytes", payload.len()))?;
    Ok(String::from_utf8_lossy(text).into_owned())
}
