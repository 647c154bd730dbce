//! How fast a feed can be read at all: programs that do less than any user could.

#![allow(missing_docs, reason = "a program has no users of its items")]

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use m365kit_bench::Error;
use m365kit_bench::lean::{Reader, Work};
use m365kit_bench::measure::Run;
use m365kit_bench::tenant::Tenant;
use serde_json::json;
use serde_json::value::RawValue;

/// Reads the feed of the server that `BENCH_TENANT` names, and prints what it took.
#[derive(Parser)]
struct Args {
    /// What is done with each blob.
    #[arg(value_enum)]
    what: What,
    /// Connections.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Reads these paths, a line each, in place of what is listed.
    #[arg(long)]
    paths: Option<PathBuf>,
    /// Reads the paths from this server, which asks for no token.
    #[arg(long, requires = "paths")]
    server: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Nothing is read; the paths of the blobs are printed, a line each.
    Paths,
    /// Its bytes are counted.
    Count,
    /// Parsed into the values of sonic-rs.
    ParseSonic,
    /// Parsed into the borrowed values of simd-json.
    ParseSimd,
    /// Parsed into the tape of simd-json.
    ParseTape,
    /// Split into lines by sonic-rs, which skips what is inside of a record; they go to /dev/null.
    LinesSonic,
    /// Split into lines by `serde_json`; they go to /dev/null.
    LinesSerde,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    if matches!(args.what, What::Paths) {
        let reader = Reader::sign_in(&Tenant::from_environment()?).await?;
        let text = reader.paths().await?.join("\n");
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    }
    let run = Run::new();
    let reader = match &args.server {
        Some(url) => Reader::of_bodies(url),
        None => Reader::sign_in(&Tenant::from_environment()?).await?,
    };
    let hands = || Hands::new(args.what);
    let done = match &args.paths {
        None => reader.read(args.concurrency, hands).await?,
        Some(path) => {
            let paths = fs::read_to_string(path)?.lines().map(str::to_owned).collect();
            reader.read_paths(paths, args.concurrency, hands).await?
        }
    };
    let sum = |of: fn(&Hands) -> usize| done.iter().map(of).sum::<usize>();
    run.end(&json!({
        "records": sum(|hands| hands.records),
        "bytes": sum(|hands| hands.bytes),
        "blobs": sum(|hands| hands.blobs),
    }));
    Ok(())
}

/// What one connection has done. Its buffers are used again for each blob.
struct Hands {
    what: What,
    body: Vec<u8>,
    lines: Vec<u8>,
    tape: simd_json::Buffers,
    sink: Option<File>,
    bytes: usize,
    records: usize,
    blobs: usize,
}

impl Hands {
    fn new(what: What) -> Self {
        Self {
            what,
            body: Vec::new(),
            lines: Vec::new(),
            tape: simd_json::Buffers::default(),
            sink: None,
            bytes: 0,
            records: 0,
            blobs: 0,
        }
    }

    fn add_line(&mut self, record: &[u8]) {
        self.lines.extend_from_slice(record);
        self.lines.push(b'\n');
        self.records += 1;
    }

    fn write_lines(&mut self) -> Result<(), Error> {
        let sink = match &mut self.sink {
            Some(sink) => sink,
            none => none.insert(File::create("/dev/null")?),
        };
        sink.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }
}

impl Work for Hands {
    fn piece(&mut self, piece: &Bytes) {
        self.bytes += piece.len();
        if !matches!(self.what, What::Count) {
            self.body.extend_from_slice(piece);
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let mut body = std::mem::take(&mut self.body);
        match self.what {
            What::Paths | What::Count => {}
            What::ParseSonic => {
                let value: sonic_rs::Value = sonic_rs::from_slice(&body)?;
                self.records +=
                    sonic_rs::JsonContainerTrait::as_array(&value).map_or(0, sonic_rs::Array::len);
            }
            What::ParseSimd => {
                let value = simd_json::to_borrowed_value_with_buffers(&mut body, &mut self.tape)?;
                self.records += simd_json::prelude::ValueAsArray::as_array(&value).map_or(0, Vec::len);
            }
            What::ParseTape => {
                let tape = simd_json::to_tape_with_buffers(&mut body, &mut self.tape)?;
                self.records += tape.as_value().as_array().map_or(0, |all| all.len());
            }
            What::LinesSonic => {
                for record in sonic_rs::to_array_iter(&body[..]) {
                    self.add_line(record?.as_raw_str().as_bytes());
                }
                self.write_lines()?;
            }
            What::LinesSerde => {
                for record in serde_json::from_slice::<Vec<&RawValue>>(&body)? {
                    self.add_line(record.get().as_bytes());
                }
                self.write_lines()?;
            }
        }
        body.clear();
        self.body = body;
        self.blobs += 1;
        Ok(())
    }
}
