//! Looks for what must not be there: secrets and tokens in what the library logs and prints.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aho_corasick::AhoCorasick;
use m365kit_sandbox::Sandbox;
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;

/// Shorter ones, such as the word `wrong`, are part of many texts.
const SHORTEST: usize = 12;

/// Every secret and token of the sandboxes that were played with, and its kind.
#[derive(Clone, Default)]
pub struct Issued(Arc<Mutex<BTreeMap<String, String>>>);

impl Issued {
    /// Notes all that a sandbox gave out, or was shown.
    pub fn note(&self, sandbox: &Sandbox) -> Result<(), String> {
        let told = sandbox.control("secrets", json!({})).map_err(|e| format!("secrets: {e}"))?;
        let mut known = self.known();
        for secret in told["secrets"].as_array().into_iter().flatten() {
            if let (Some(kind), Some(value)) = (secret["kind"].as_str(), secret["value"].as_str())
                && value.len() >= SHORTEST
            {
                known.insert(value.to_owned(), kind.to_owned());
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log of everything, at every level, of every crate.
pub struct Log {
    path: PathBuf,
    file: Arc<Mutex<BufWriter<File>>>,
}

/// What was looked for, and found.
#[derive(Debug)]
pub struct Found {
    /// How many secrets and tokens there were.
    pub secrets: usize,
    /// How many lines they were looked for in.
    pub lines: usize,
    /// How many bytes those have.
    pub bytes: usize,
    /// Where one was found: its kind, and the line.
    pub occurrences: Vec<String>,
}

impl Log {
    /// Begins to write all that is logged in this process.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let file = Arc::new(Mutex::new(BufWriter::new(File::create(path)?)));
        let writer = Arc::clone(&file);
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || Writer(Arc::clone(&writer)))
            .init();
        Ok(Log { path: path.to_owned(), file })
    }

    /// Looks for all that was issued.
    pub fn search(&self, issued: &Issued) -> io::Result<Found> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        let known = issued.known();
        let (values, kinds): (Vec<&String>, Vec<&String>) = known.iter().unzip();
        let any = AhoCorasick::new(&values).map_err(io::Error::other)?;
        let mut found = Found { secrets: values.len(), lines: 0, bytes: 0, occurrences: Vec::new() };
        let mut reader = BufReader::new(File::open(&self.path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            found.lines += 1;
            found.bytes += line.len();
            for hit in any.find_iter(&line) {
                let text = String::from_utf8_lossy(&line);
                found.occurrences.push(format!("{}: {}", kinds[hit.pattern().as_usize()], text.trim_end()));
            }
            line.clear();
        }
        Ok(found)
    }
}

struct Writer(Arc<Mutex<BufWriter<File>>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
