//! The kill test: a follower into files, killed at random moments while the feed grows and the service misbehaves.
//! Afterwards the files must hold every record of the feed, once, on a whole line or in a whole row.
//!
//! `cargo run -p m365kit-tests --bin kill -- --sink parquet --kills 200 [--seed 1] [--blobs-per-minute 240]`
#![allow(clippy::print_stdout, reason = "it is a report")]

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use m365kit_tests::parquet;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is there when it begins; the rest grows meanwhile.
const BLOBS: u32 = 900;
/// So slow that the follower has something to do whenever it is killed.
const REQUESTS_PER_MINUTE: f64 = 2_400.0;
/// How long a run lives, in seconds.
const LIFE: std::ops::Range<f64> = 0.2..1.5;
/// What fails is tried again after a while; so many runs must be enough to have all of it.
const LAST_RUNS: u32 = 20;

/// What happens to requests, and to which share of them, each the first time.
fn faults() -> Vec<Value> {
    let rule = |operation: &str, action: Value, share: f64, seed: u32| json!({"match": {"operation": operation}, "action": action, "when": {"share": share, "seed": seed}});
    vec![
        rule("blob", json!({"cutAfter": 3_000}), 0.06, 1),
        rule("blob", json!({"truncate": 3_000}), 0.06, 2),
        rule("blob", json!({"status": 500}), 0.06, 3),
        rule("blob", json!({"throttle": {"shape": "403-text", "retryAfter": 1}}), 0.01, 4),
        rule("content", json!({"status": 503, "headers": {"Retry-After": "0"}}), 0.05, 5),
        rule("content", json!({"cutAfter": 200}), 0.03, 6),
    ]
}

/// What kind of files is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Jsonl,
    Parquet,
}

struct Options {
    sink: Sink,
    kills: u32,
    seed: u64,
    blobs_per_minute: u32,
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some("--child") = args.first().map(String::as_str) {
        let [_, folder, sink, rest @ ..] = args.as_slice() else {
            return Err("--child needs a folder and a sink".into());
        };
        return follow(Path::new(folder), Sink::named(sink)?, rest.iter().any(|arg| arg == "--to-the-end"));
    }
    run(&options(&args)?)
}

impl Sink {
    fn named(name: &str) -> Outcome<Sink> {
        match name {
            "jsonl" => Ok(Sink::Jsonl),
            "parquet" => Ok(Sink::Parquet),
            other => Err(format!("{other:?} is neither jsonl nor parquet").into()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Sink::Jsonl => "jsonl",
            Sink::Parquet => "parquet",
        }
    }
}

fn options(args: &[String]) -> Outcome<Options> {
    let mut options = Options { sink: Sink::Jsonl, kills: 200, seed: 1, blobs_per_minute: 240 };
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--sink" => options.sink = Sink::named(value)?,
            [name, value] if name == "--kills" => options.kills = value.parse()?,
            [name, value] if name == "--seed" => options.seed = value.parse()?,
            [name, value] if name == "--blobs-per-minute" => options.blobs_per_minute = value.parse()?,
            other => {
                return Err(
                    format!("{other:?}: there are --sink, --kills, --seed and --blobs-per-minute").into()
                );
            }
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Outcome<()> {
    let folder = TempDir::new()?;
    let sandbox = Sandbox::start_json(
        json!({"seed": options.seed, "days": 1, "blobs": BLOBS, "records": 20, "pageSize": 50, "shuffle": true,
            "live": {"blobsPerMinute": options.blobs_per_minute}, "late": {"share": 0.1, "seconds": 15}})
        .to_string()
        .as_bytes(),
    )?;
    for rule in faults() {
        sandbox.control("fault", rule)?;
    }
    std::fs::write(folder.path().join("about.json"), sandbox.describe().to_string())?;

    let mut random = fastrand::Rng::with_seed(options.seed);
    let began = Instant::now();
    for number in 1..=options.kills {
        let mut child = start(folder.path(), options.sink, false)?;
        std::thread::sleep(Duration::from_secs_f64(LIFE.start + random.f64() * (LIFE.end - LIFE.start)));
        if let Some(status) = child.try_wait()? {
            return Err(format!("run {number} ended by itself with {status}, before it was killed").into());
        }
        child.kill()?;
        child.wait()?;
        if number % 20 == 0 {
            let (safe, open) = count(folder.path(), options.sink)?;
            println!(
                "  {:3.0} s: {number} kills, {safe} records in whole files, {open} lines in open ones",
                began.elapsed().as_secs_f64()
            );
        }
    }
    sandbox.control("live", json!({"blobsPerMinute": null}))?;
    let mut last_runs = 0;
    loop {
        // Past the lag of the follower and the delay of late content, and to where what failed is due again.
        sandbox.control("advance", json!({"seconds": 120}))?;
        last_runs += 1;
        let status = start(folder.path(), options.sink, true)?.wait()?;
        if !status.success() {
            return Err(format!("a run that was not killed ended with {status}").into());
        }
        let files = Files::read(folder.path(), options.sink)?;
        let feed = feed(&sandbox)?;
        if last_runs == LAST_RUNS || feed.iter().all(|id| files.records.contains_key(id)) {
            return report(options, &files, &feed, &sandbox, began.elapsed());
        }
    }
}

fn start(folder: &Path, sink: Sink, to_the_end: bool) -> Outcome<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").arg(folder).arg(sink.name()).args(to_the_end.then_some("--to-the-end"));
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
}

/// The child: follows into files until it is killed, or has caught up.
fn follow(folder: &Path, sink: Sink, to_the_end: bool) -> Outcome<()> {
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("about.json"))?)?;
    let args = json!({
        "follow": {"state": folder.join("state"), "last": "25h", "poll_interval": 0.2, "lag": 3,
            "stop_when_caught_up": to_the_end},
        "directory": folder.join("out"), "max_bytes": 200_000, "max_age": 5,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client_of(&about).rate_limit(REQUESTS_PER_MINUTE).build()?;
        let mut pages =
            client.pages(&format!("audit.follow.into_{}", sink.name()), args.to_string().as_bytes())?;
        while pages.next().await?.is_some() {}
        Ok(())
    })
}

fn feed(sandbox: &Sandbox) -> Outcome<BTreeSet<String>> {
    let feed = sandbox.control("feed", json!({"ids": true, "bytes": false}))?;
    let ids = feed["ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(ids.map(str::to_owned).collect())
}

/// What stands in the files in the end.
#[derive(Default)]
struct Files {
    whole: usize,
    /// Files that are not whole.
    open: usize,
    /// Files that were made when the program was killed, before they were known: nothing ever stands in them.
    empty: usize,
    /// Lines that are not whole, or files that cannot be read.
    torn: usize,
    /// How often each record is there.
    records: HashMap<String, u32>,
}

impl Files {
    fn read(folder: &Path, sink: Sink) -> Outcome<Files> {
        let mut files = Files::default();
        for path in paths(folder)? {
            let bytes = std::fs::read(&path)?;
            let is_open = is_open(&path);
            let kind = match (is_open, bytes.is_empty()) {
                (false, _) => &mut files.whole,
                (true, false) => &mut files.open,
                (true, true) => &mut files.empty,
            };
            *kind += 1;
            match sink {
                Sink::Jsonl => files.take_lines(&bytes),
                // What waits for its file is in none.
                Sink::Parquet if is_open => {}
                Sink::Parquet => match parquet::ids(&path) {
                    Ok(ids) => ids.into_iter().for_each(|id| files.take(id)),
                    Err(complaint) => {
                        println!("{complaint}");
                        files.torn += 1;
                    }
                },
            }
        }
        Ok(files)
    }

    fn take_lines(&mut self, text: &[u8]) {
        #[derive(Deserialize)]
        struct Line {
            #[serde(rename = "Id")]
            id: String,
        }

        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice::<Line>(line) {
                Ok(line_of) if line.ends_with(b"\n") => self.take(line_of.id),
                _ => self.torn += 1,
            }
        }
    }

    fn take(&mut self, id: String) {
        *self.records.entry(id).or_insert(0) += 1;
    }
}

fn is_open(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "partial")
}

fn paths(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder.join("out")) else { return Ok(Vec::new()) };
    Ok(entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?)
}

/// Records in whole files, and lines in those that are being written.
fn count(folder: &Path, sink: Sink) -> Outcome<(usize, usize)> {
    let lines = |path: &Path| {
        Ok::<_, std::io::Error>(std::fs::read(path)?.split(|byte| *byte == b'\n').skip(1).count())
    };
    let (mut whole, mut open) = (0, 0);
    for path in paths(folder)? {
        match sink {
            _ if is_open(&path) => open += lines(&path)?,
            Sink::Jsonl => whole += lines(&path)?,
            Sink::Parquet => whole += parquet::count(&path)?,
        }
    }
    Ok((whole, open))
}

fn report(
    options: &Options,
    files: &Files,
    feed: &BTreeSet<String>,
    sandbox: &Sandbox,
    took: Duration,
) -> Outcome<()> {
    let lost = feed.iter().filter(|id| !files.records.contains_key(*id)).count();
    let double = files.records.values().filter(|times| **times > 1).count();
    let foreign = files.records.keys().filter(|id| !feed.contains(*id)).count();
    let ledger = sandbox.control("ledger", json!({"path": "/audit/"}))?;
    let requests = ledger["requests"].as_array().map_or(0, Vec::len);
    let stats = sandbox.control("fault_stats", json!({}))?;
    let damaged: u64 =
        stats["hits"].as_object().into_iter().flatten().filter_map(|(_, hits)| hits.as_u64()).sum();
    println!("files of                 {}", options.sink.name());
    println!("kills                    {}", options.kills);
    println!("answers damaged          {damaged}");
    println!("requests for content     {requests}");
    println!(
        "files                    {} whole, {} not whole, {} empty",
        files.whole, files.open, files.empty
    );
    println!("records in the feed      {}", feed.len());
    println!("records in the files     {}", files.records.values().sum::<u32>());
    println!("lost                     {lost}");
    println!("double                   {double}");
    println!("of no feed               {foreign}");
    println!("torn                     {}", files.torn);
    println!("time                     {:.0} s", took.as_secs_f64());
    if lost + double + foreign + files.torn + files.open > 0 || feed.is_empty() {
        return Err("the files are not the feed".into());
    }
    Ok(())
}
