//! Memory of this side that Swift reads in place: nothing of it is written into a crossing and read out of it again.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use m365kit::dispatch::{Cell, Page};

use crate::failure::Failure;

/// Memory that is never written to, and stays where it is for as long as this is held.
#[derive(uniffi::Object)]
pub struct NativeMemory {
    kept: Kept,
}

enum Kept {
    /// Bytes that items of a page refer to by place and length.
    Bytes(Bytes),
    /// The fields of a page's records.
    Cells(Cells),
}

#[uniffi::export]
impl NativeMemory {
    /// Where it begins.
    pub fn address(&self) -> u64 {
        match &self.kept {
            Kept::Bytes(bytes) => address(bytes),
            Kept::Cells(cells) => address(&cells.slots),
        }
    }

    /// How much there is of it: bytes, or records.
    pub fn count(&self) -> u64 {
        match &self.kept {
            Kept::Bytes(bytes) => bytes.len() as u64,
            Kept::Cells(cells) => cells.records as u64,
        }
    }
}

impl NativeMemory {
    pub(crate) fn of_bytes(bytes: Bytes) -> Arc<Self> {
        Arc::new(Self { kept: Kept::Bytes(bytes) })
    }

    /// The named fields of each record of a page.
    pub(crate) fn of_cells(page: &Page, fields: &[String]) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self { kept: Kept::Cells(Cells::read(page, fields)?) }))
    }
}

/// The fields of a page's records: for each record a row, and in it a slot for each field.
struct Cells {
    records: usize,
    slots: Vec<Slot>,
    /// What the slots point into beside the page. Kept for its memory.
    #[expect(dead_code, reason = "slots hold its address")]
    texts: Vec<u8>,
    /// What is not copied: most texts, and the records' own bytes. Kept for its memory.
    #[expect(dead_code, reason = "slots hold addresses in it")]
    page: Page,
}

/// A field of a record. `Cells.swift` knows this layout.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Slot {
    /// A whole number, or the address of bytes.
    value: u64,
    /// How many bytes there are.
    length: u32,
    kind: Kind,
}

#[repr(u32)]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Absent = 0,
    Int = 1,
    /// Text, JSON, or a record's own bytes.
    Bytes = 2,
}

impl Cells {
    fn read(page: &Page, fields: &[String]) -> Result<Cells, Failure> {
        let records = page.len();
        let mut slots = Vec::with_capacity(records * fields.len());
        let mut texts = Vec::new();
        // The texts move while they grow: what lies in them has a place first, and an address in the end.
        let mut placed = Vec::with_capacity(slots.capacity());
        let mut add = |slots: &mut Vec<Slot>, text: &[u8]| {
            placed.push(slots.len());
            slots.push(Slot { value: texts.len() as u64, length: length(text)?, kind: Kind::Bytes });
            texts.extend_from_slice(text);
            Ok::<_, Failure>(())
        };
        let in_page = |bytes: &[u8]| {
            Ok::<_, Failure>(Slot { value: address(bytes), length: length(bytes)?, kind: Kind::Bytes })
        };
        for record in 0..records {
            for field in fields {
                match page.cell(record, field) {
                    Cell::Absent => slots.push(Slot::default()),
                    Cell::Int(number) => {
                        slots.push(Slot { value: number.cast_unsigned(), length: 0, kind: Kind::Int });
                    }
                    Cell::Text(Cow::Borrowed(text)) => slots.push(in_page(text.as_bytes())?),
                    Cell::Raw(bytes) => slots.push(in_page(bytes)?),
                    Cell::Text(Cow::Owned(text)) | Cell::Json(text) => add(&mut slots, text.as_bytes())?,
                }
            }
        }
        let start = address(&texts);
        for place in placed {
            slots[place].value += start;
        }
        Ok(Cells { records, slots, texts, page: page.clone() })
    }
}

fn length(bytes: &[u8]) -> Result<u32, Failure> {
    u32::try_from(bytes.len()).map_err(|_| Failure::internal("a field of a record is longer than 4 GiB"))
}

fn address<T>(memory: &[T]) -> u64 {
    memory.as_ptr().expose_provenance() as u64
}
