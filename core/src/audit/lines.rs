//! The feed as JSON Lines: `records(...).lines()`.

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, stream};
use serde::{Deserialize, Serialize};

use super::blob::Blob;
use super::feed::{Feed, InHand};
use super::pipeline::Form;
use super::records::ListRecords;
use super::scan::Finds;
use crate::Client;
use crate::dispatch::{Item, Listing, Operation};
use crate::error::Result;
use crate::page::Paged;

/// Small blobs are joined until they are as long as this, in bytes.
const WORTH_A_PAGE: usize = 64 * 1024;

/// Streams the records as JSON Lines: each as it came, on a line of its own.
///
/// The fastest way to have them all: nothing is read that need not be. Line breaks between the members of a
/// record become spaces, which changes no value. `extended` is of no use here: a line has all fields. Ids are
/// read with `dedupe` only, so that records without one are not told of otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordLines {
    /// Which records.
    pub records: ListRecords,
}

/// Whole lines, each with one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lines {
    /// How many lines there are.
    pub records: u64,
    /// The lines, in UTF-8, each with its line break.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("x-m365-bytes" = true)))]
    pub bytes: Bytes,
}

impl Item for Lines {
    const RAW: &'static str = "bytes";

    fn raw(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }
}

impl Operation for RecordLines {
    const NAME: &'static str = "audit.records.lines";
}

impl Listing for RecordLines {
    type Item = Lines;
    const IS_FEED: bool = true;

    fn open(self, client: Client) -> Result<Paged<Lines>> {
        let pages = LinePages::new(client, self.records)?;
        Ok(Paged::new(stream::unfold(pages, |mut pages| {
            async move {
                let page = match pages.next().await {
                    Ok(Some(lines)) => Some(Ok(pages.feed.page(vec![lines]))),
                    Ok(None) => pages.feed.last_page(),
                    Err(error) => Some(Err(error)),
                };
                page.map(|page| (page, pages))
            }
            .boxed()
        })))
    }
}

/// The feed as lines, in pieces that are worth handing out.
pub(super) struct LinePages {
    pub(super) feed: Feed<AsLines>,
    /// What came after the lines that were handed out last.
    ahead: Option<Result<Option<InHand<Piece>>>>,
}

impl LinePages {
    pub(super) fn new(client: Client, records: ListRecords) -> Result<Self> {
        let form = AsLines { dedupe: records.dedupe };
        Ok(LinePages { feed: Feed::new(client, records, form)?, ahead: None })
    }

    /// The next lines; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Lines>> {
        let next = match self.ahead.take() {
            Some(next) => next?,
            None => self.feed.next().await?,
        };
        let Some(InHand { piece, .. }) = next else { return Ok(None) };
        let mut lines = piece.lines();
        if lines.bytes.len() >= WORTH_A_PAGE {
            return Ok(Some(lines));
        }
        // Small blobs share a page if they are there already.
        let mut joined = BytesMut::new();
        while lines.bytes.len() + joined.len() < WORTH_A_PAGE {
            match self.feed.next().now_or_never() {
                Some(Ok(Some(InHand { piece, .. }))) => {
                    let more = piece.lines();
                    if joined.is_empty() {
                        joined = BytesMut::from(std::mem::take(&mut lines.bytes));
                    }
                    joined.extend_from_slice(&more.bytes);
                    lines.records += more.records;
                }
                end => {
                    self.ahead = end;
                    break;
                }
            }
        }
        if !joined.is_empty() {
            lines.bytes = joined.freeze();
        }
        Ok(Some(lines))
    }
}

/// A blob as lines.
pub(super) struct AsLines {
    dedupe: bool,
}

/// What a blob becomes: where duplicates are left out it is cut into lines when it is known which these are.
pub(super) enum Piece {
    Lines(Lines),
    Blob(Blob),
}

impl Piece {
    fn lines(self) -> Lines {
        match self {
            Piece::Lines(lines) => lines,
            Piece::Blob(blob) => Lines { records: blob.rows().len() as u64, bytes: blob.into_lines() },
        }
    }
}

impl Form for AsLines {
    type Piece = Piece;

    fn finds(&self) -> Finds {
        if self.dedupe { Finds::Ids } else { Finds::Places }
    }

    fn make(&self, blob: Blob) -> Piece {
        let piece = Piece::Blob(blob);
        if self.dedupe { piece } else { Piece::Lines(piece.lines()) }
    }

    fn count(piece: &Piece) -> usize {
        match piece {
            Piece::Lines(lines) => usize::try_from(lines.records).unwrap_or(usize::MAX),
            Piece::Blob(blob) => blob.rows().len(),
        }
    }

    fn retain(piece: &mut Piece, mut is_new: impl FnMut(Option<&str>) -> bool) {
        if let Piece::Blob(blob) = piece {
            blob.retain(|record| is_new(record.id()));
        }
    }

    fn without_id(piece: &Piece) -> usize {
        match piece {
            Piece::Lines(_) => 0,
            Piece::Blob(blob) => blob.fields().filter(|record| record.id().is_none()).count(),
        }
    }

    fn held(piece: &Piece) -> usize {
        match piece {
            Piece::Lines(lines) => lines.bytes.len(),
            Piece::Blob(blob) => blob.held(),
        }
    }
}
