//! Listings as scenarios read them: to their end, some items, or some pages with the rest left for later.

use m365kit::dispatch::{Page, Pages};
use m365kit::{Client, Error};
use serde::Deserialize;
use serde_json::{Value, json};

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
            | "audit.records.lines"
            | "audit.records.batches"
            | "audit.follow.into_jsonl"
            | "audit.follow.into_parquet"
            | "audit.search"
            | "discovery.services"
            | "discovery.all_services"
            | "discovery.live_services"
    )
}

/// Whether an operation is read to its end for the one item of its last page.
pub fn runs(operation: &str) -> bool {
    matches!(operation, "audit.records.write_jsonl" | "audit.records.write_parquet")
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
            if let Some(place) = item.get("bytes").filter(|place| place.is_array()) {
                self.items.extend(single_lines(&item["records"], beside(place, &json.payload)?)?);
                continue;
            }
            if let Some(place) = item.get("ipc") {
                // Each batch is a stream of its own, which begins with the mark that a schema follows.
                if !beside(place, &json.payload)?.starts_with(&[0xff; 4]) {
                    return Err("the bytes of a batch are no Arrow stream".into());
                }
                item = json!({"rows": item["rows"]});
            }
            if let Some(place) = item.get("raw").cloned() {
                item["raw"] = String::from_utf8_lossy(beside(&place, &json.payload)?).into();
            }
            self.items.push(item);
        }
        Ok(())
    }
}

/// The bytes of an item, which lie beside the page.
fn beside<'a>(place: &Value, payload: &'a [u8]) -> Result<&'a [u8], String> {
    let number = |index: usize| place[index].as_u64().and_then(|n| usize::try_from(n).ok());
    let bytes = number(0).zip(number(1)).and_then(|(start, length)| payload.get(start..start + length));
    bytes.ok_or_else(|| format!("{place} lies outside of the page's {} bytes", payload.len()))
}

/// Lines as items: the id that each has, and its text.
fn single_lines(count: &Value, bytes: &[u8]) -> Result<Vec<Value>, String> {
    /// A record may hold what no text of this language can, so that nothing but its id is read.
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "Id")]
        id: Option<String>,
    }

    if !bytes.is_empty() && bytes.last() != Some(&b'\n') {
        return Err("the last line has no end".into());
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let items = lines.map(|line| {
        let text = String::from_utf8_lossy(line);
        let read: Line = serde_json::from_slice(line).map_err(|e| format!("{e} in {text}"))?;
        Ok(json!({"id": read.id, "raw": text}))
    });
    let items = items.collect::<Result<Vec<_>, String>>()?;
    if count.as_u64() != Some(items.len() as u64) {
        return Err(format!("{count} records are said to be on {} lines", items.len()));
    }
    Ok(items)
}
