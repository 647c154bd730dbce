//! Fifty tenants at once: as many feeds that grow, and as many followers in one process. Prints how much memory they take
//! in the first and in the last minute, and how far behind each of them is; fails if one of them starves.
//!
//! `cargo run --release -p m365kit-tests --bin tenants -- [--tenants 50] [--minutes 10] [--blobs-per-minute 30]`
#![allow(clippy::print_stdout, reason = "it is a report")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use m365kit::Client;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};
use tempfile::TempDir;

type Outcome<T> = Result<T, Box<dyn Error>>;

const POLL_INTERVAL: Duration = Duration::from_secs(5);
const LAG: Duration = Duration::from_secs(3);
/// Who is further behind than this starves: the lag, and some rounds of polling.
const STARVED: f64 = 60.0;

struct Options {
    tenants: usize,
    minutes: f64,
    blobs_per_minute: f64,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, number, pace] = args.as_slice()
        && word == "--serve"
    {
        return serve(number.parse()?, pace.parse()?);
    }
    run(&options(&args)?).await
}

fn options(args: &[String]) -> Outcome<Options> {
    let mut options = Options { tenants: 50, minutes: 10.0, blobs_per_minute: 30.0 };
    for pair in args.chunks(2) {
        match pair {
            [name, value] if name == "--tenants" => options.tenants = value.parse()?,
            [name, value] if name == "--minutes" => options.minutes = value.parse()?,
            [name, value] if name == "--blobs-per-minute" => options.blobs_per_minute = value.parse()?,
            other => {
                return Err(
                    format!("{other:?}: there are --tenants, --minutes and --blobs-per-minute").into()
                );
            }
        }
    }
    Ok(options)
}

/// How one tenant fares.
#[derive(Clone)]
struct Fares {
    records: u64,
    records_before_the_last_part: u64,
    /// What the follower said last of how far it is behind, and when.
    behind: f64,
    said_at: Instant,
    errors: u64,
}

impl Fares {
    /// A follower that says nothing does not get any less behind.
    fn behind(&self) -> f64 {
        self.behind + (self.said_at.elapsed().as_secs_f64() - POLL_INTERVAL.as_secs_f64() * 5.0).max(0.0)
    }
}

async fn run(options: &Options) -> Outcome<()> {
    let (mut serving, tenants) = Serving::start(options)?;
    let folder = TempDir::new()?;
    let began = Instant::now();
    let fares = Fares { records: 0, records_before_the_last_part: 0, behind: 0.0, said_at: began, errors: 0 };
    let fares: Vec<_> = tenants.iter().map(|_| Arc::new(Mutex::new(fares.clone()))).collect();
    let mut followers = Vec::new();
    for (about, fares) in tenants.iter().zip(&fares) {
        let client = client_of(about).build()?;
        followers.push(tokio::spawn(follow(client, folder.path().to_owned(), Arc::clone(fares))));
    }

    let whole = Duration::from_secs_f64(options.minutes * 60.0);
    let part = Duration::from_secs(60).min(whole / 3);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut has_last_begun = false;
    let mut said = Instant::now();
    while began.elapsed() < whole {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let memory = resident_megabytes()?;
        if began.elapsed() < part {
            first.push(memory);
        } else if began.elapsed() + part > whole {
            if !std::mem::replace(&mut has_last_begun, true) {
                for fares in &fares {
                    let mut fares = lock(fares);
                    fares.records_before_the_last_part = fares.records;
                }
            }
            last.push(memory);
        }
        if said.elapsed() > Duration::from_secs(30) {
            said = Instant::now();
            let records: u64 = fares.iter().map(|fares| lock(fares).records).sum();
            println!("  {:3.0} s: {records} records, {memory:.0} MB", began.elapsed().as_secs_f64());
        }
    }
    let outcomes: Vec<Fares> = fares.iter().map(|fares| lock(fares).clone()).collect();
    for follower in &followers {
        follower.abort();
    }
    let feeds = serving.records()?;
    serving.end()?;
    report(options, &outcomes, &feeds, &first, &last)
}

async fn follow(client: Client, states: std::path::PathBuf, fares: Arc<Mutex<Fares>>) -> m365kit::Result<()> {
    let mut pages = client
        .audit()
        .follow(states)
        .last(Duration::from_secs(25 * 3_600))
        .poll_interval(POLL_INTERVAL)
        .lag(LAG)
        .stream();
    while let Some(page) = pages.next_page().await? {
        let mut fares = lock(&fares);
        fares.records += page.items.len() as u64;
        fares.errors += page.errors.len() as u64;
        fares.said_at = Instant::now();
        if let Some(behind) = page.report.and_then(|report| report.behind) {
            fares.behind = behind;
        }
    }
    Ok(())
}

fn report(options: &Options, fared: &[Fares], feeds: &[u64], first: &[f64], last: &[f64]) -> Outcome<()> {
    let mean = |samples: &[f64]| samples.iter().sum::<f64>() / as_float(samples.len().max(1) as u64);
    let mut behind: Vec<f64> = fared.iter().map(Fares::behind).collect();
    behind.sort_by(f64::total_cmp);
    let mut records: Vec<u64> = fared.iter().map(|fares| fares.records).collect();
    records.sort_unstable();
    let mut shares: Vec<f64> = fared
        .iter()
        .zip(feeds)
        .map(|(fares, feed)| as_float(fares.records) / as_float((*feed).max(1)))
        .collect();
    shares.sort_by(f64::total_cmp);
    let middle = fared.len() / 2;
    let errors: u64 = fared.iter().map(|fares| fares.errors).sum();
    let silent = fared.iter().filter(|fares| fares.records == fares.records_before_the_last_part).count();
    println!("tenants                  {}, for {} minutes", fared.len(), options.minutes);
    println!("memory, first minute     {:.1} MB", mean(first));
    println!("memory, last minute      {:.1} MB", mean(last));
    println!("records                  {}, {errors} errors", records.iter().sum::<u64>());
    println!(
        "records of a tenant      {} least, {} median, {} most",
        records[0],
        records[middle],
        records[records.len() - 1]
    );
    println!("share of its feed        {:.3} least, {:.3} median", shares[0], shares[middle]);
    println!(
        "behind, in seconds       {:.1} least, {:.1} median, {:.1} most",
        behind[0],
        behind[middle],
        behind[behind.len() - 1]
    );
    println!("without a record lately  {silent}");
    if silent > 0 || behind.last().is_none_or(|most| *most > STARVED) {
        return Err("a tenant starves".into());
    }
    Ok(())
}

/// The sandboxes, in a process of their own so that their memory does not count.
struct Serving {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(options: &Options) -> Outcome<(Serving, Vec<Value>)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", &options.tenants.to_string(), &options.blobs_per_minute.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("the sandboxes have no standard output")?);
        let mut serving = Serving { child, answers };
        let Value::Array(tenants) = serving.answer()? else { return Err("no tenants".into()) };
        Ok((serving, tenants))
    }

    /// How many records each feed has by now.
    fn records(&mut self) -> Outcome<Vec<u64>> {
        let commands = self.child.stdin.as_mut().ok_or("the sandboxes have no standard input")?;
        commands.write_all(b"feeds\n")?;
        Ok(serde_json::from_value(self.answer()?)?)
    }

    fn answer(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|e| format!("the sandboxes said {line:?}: {e}").into())
    }

    fn end(&mut self) -> Outcome<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

/// The child: one sandbox a tenant, until its standard input ends.
fn serve(tenants: u64, blobs_per_minute: f64) -> Outcome<()> {
    let sandboxes: Vec<Sandbox> = (1..=tenants)
        .map(|seed| {
            let config = json!({"seed": seed, "days": 1, "blobs": 24, "records": 20, "pageSize": 100,
                "live": {"blobsPerMinute": blobs_per_minute}});
            Sandbox::start_json(config.to_string().as_bytes())
        })
        .collect::<Result<_, _>>()?;
    let about: Vec<Value> = sandboxes.iter().map(Sandbox::describe).collect();
    println!("{}", Value::Array(about));
    for _ in std::io::stdin().lock().lines() {
        let mut records = Vec::new();
        for sandbox in &sandboxes {
            records.push(sandbox.control("feed", json!({"bytes": false}))?["records"].clone());
        }
        println!("{}", Value::Array(records));
    }
    Ok(())
}

/// The memory that this process holds now, as the kernel counts it.
fn resident_megabytes() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1_024.0)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::cast_precision_loss, reason = "counts of records")]
fn as_float(count: u64) -> f64 {
    count as f64
}
