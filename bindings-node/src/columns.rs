//! The items of a page by their fields, as JSON that JavaScript reads in half the time, and their texts on demand.
//!
//! The names of the fields cross once a run and not once an item, and what comes again and again in a page, such as
//! the name of an operation, is one text and then its number.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use m365kit::dispatch::{Cell, Page};
use napi::bindgen_prelude::ObjectFinalize;
use napi::{Env, Result};
use napi_derive::napi;
use serde::Serialize;

/// The field whose text is made when it is wanted.
const RAW: &str = "raw";

/// How many items show whether the values of a field repeat.
const SAMPLE: usize = 32;

/// The texts of a page's items, which stay where they are.
#[napi(custom_finalize)]
pub struct NativeTexts {
    page: Page,
    /// What it holds in memory, in bytes, as JavaScript was told.
    held: i64,
}

impl NativeTexts {
    pub(crate) fn new(page: Page) -> Self {
        let held: usize = (0..page.len()).map(|at| raw(&page, at).len()).sum();
        Self { page, held: i64::try_from(held).unwrap_or(i64::MAX) }
    }

    /// Tells JavaScript, which would see next to nothing and be in no hurry to collect it.
    pub(crate) fn announce(&self, env: Env) -> Result<()> {
        env.adjust_external_memory(self.held).map(drop)
    }
}

impl ObjectFinalize for NativeTexts {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-self.held).map(drop)
    }
}

#[napi]
impl NativeTexts {
    /// The text that an item came as.
    #[napi(catch_unwind)]
    pub fn at(&self, item: u32) -> String {
        String::from_utf8_lossy(raw(&self.page, item as usize)).into_owned()
    }
}

/// The fields of all items, and behind them how many items there are.
///
/// A column is a list of values, `null` where an item has none; `[]` if no item has any; or
/// `{"of": values, "at": [number of the value, ...]}`, where `at` is empty if all have the one value.
pub(crate) fn columns(page: &Page, fields: &[String]) -> serde_json::Result<Vec<u8>> {
    let mut json = Json::default();
    json.mark(b'[');
    for field in fields {
        json.item();
        column(&mut json, page, field)?;
    }
    json.item();
    json.value(&page.len())?;
    json.mark(b']');
    Ok(json.text)
}

fn raw(page: &Page, item: usize) -> &[u8] {
    match page.cell(item, RAW) {
        Cell::Raw(bytes) => bytes,
        _ => &[],
    }
}

fn column(json: &mut Json, page: &Page, field: &str) -> serde_json::Result<()> {
    // Once, because some are made only when they are asked for.
    let cells: Vec<_> = (0..page.len()).map(|at| page.cell(at, field)).collect();
    if cells.iter().all(|cell| *cell == Cell::Absent) {
        json.mark(b'[');
        json.mark(b']');
        return Ok(());
    }
    if repeats(&cells[..cells.len().min(SAMPLE)]) {
        let mut values = Values::default();
        for cell in &cells {
            values.push(cell)?;
        }
        return values.write(json);
    }
    json.mark(b'[');
    for cell in &cells {
        json.item();
        json.cell(cell)?;
    }
    json.mark(b']');
    Ok(())
}

/// Whether most of the cells are texts that stood in one before.
fn repeats(cells: &[Cell<'_>]) -> bool {
    let (mut seen, mut texts): (Vec<&str>, usize) = (Vec::new(), 0);
    for cell in cells {
        if let Cell::Text(text) = cell {
            texts += 1;
            if !seen.contains(&&**text) {
                seen.push(text);
            }
        }
    }
    seen.len() * 2 < texts
}

/// The different values of a column, and which of them each item has.
#[derive(Default)]
struct Values<'a> {
    of: Json,
    count: usize,
    at: Vec<usize>,
    /// The number of each text. What is no text is not looked for: objects must not be shared by items.
    numbers: HashMap<&'a str, usize, RandomState>,
    before: Option<(&'a str, usize)>,
    /// The number of what is not there.
    absent: Option<usize>,
}

impl<'a> Values<'a> {
    fn push(&mut self, cell: &'a Cell<'_>) -> serde_json::Result<()> {
        let text: &str = match (cell, self.absent) {
            (Cell::Text(text), _) => text,
            (Cell::Absent, Some(number)) => {
                self.at.push(number);
                return Ok(());
            }
            (other, _) => {
                if *other == Cell::Absent {
                    self.absent = Some(self.count);
                }
                self.at.push(self.count);
                return self.add(other);
            }
        };
        let known = match &self.before {
            Some((before, number)) if *before == text => Some(*number),
            _ => self.numbers.get(text).copied(),
        };
        let number = known.unwrap_or(self.count);
        self.at.push(number);
        if known.is_none() {
            self.add(cell)?;
            self.numbers.insert(text, number);
        }
        self.before = Some((text, number));
        Ok(())
    }

    fn add(&mut self, cell: &Cell<'_>) -> serde_json::Result<()> {
        self.count += 1;
        self.of.item();
        self.of.cell(cell)
    }

    fn write(self, json: &mut Json) -> serde_json::Result<()> {
        json.text.extend_from_slice(b"{\"of\":[");
        json.text.extend_from_slice(&self.of.text);
        json.text.extend_from_slice(b"],\"at\":");
        let at: &[usize] = if self.count == 1 { &[] } else { &self.at };
        json.value(&at)?;
        json.mark(b'}');
        Ok(())
    }
}

/// JSON text under way.
#[derive(Default)]
struct Json {
    text: Vec<u8>,
}

impl Json {
    fn mark(&mut self, bracket: u8) {
        self.text.push(bracket);
    }

    /// Goes on to the next item of a list.
    fn item(&mut self) {
        if !matches!(self.text.last(), None | Some(b'[')) {
            self.text.push(b',');
        }
    }

    fn value(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.text, value)
    }

    fn cell(&mut self, cell: &Cell<'_>) -> serde_json::Result<()> {
        match cell {
            Cell::Absent | Cell::Raw(_) => self.text.extend_from_slice(b"null"),
            Cell::Text(text) => self.value(text)?,
            Cell::Int(number) => self.value(number)?,
            Cell::Json(json) => self.text.extend_from_slice(json.as_bytes()),
        }
        Ok(())
    }
}
