//! Streams a feed of about 1 GB from a sandbox in a process of its own, and prints how much memory this one took at most.
//!
//! `cargo build --release -p m365kit-sandbox -p m365kit-tests && target/release/memory [blobs] [records] [bytes a record]`
#![allow(clippy::print_stdout, reason = "it is a report")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use m365kit_tests::clients::client_of;
use serde_json::Value;

/// What the project promises for Rust.
const PROMISED_MB: f64 = 150.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let (blobs, records, bytes) = (number("1000"), number("500"), number("2048"));
    let (mut sandbox, about) = start(&blobs, &records, &bytes)?;
    let streamed = stream(&about).await;
    // Its standard input is watched, so that it ends with this process at the latest.
    drop(sandbox.stdin.take());
    sandbox.wait()?;
    streamed
}

async fn stream(about: &Value) -> Result<(), Box<dyn Error>> {
    let before = peak_megabytes()?;
    let client = client_of(about).rate_limit(120_000.0).build()?;
    let mut records = client.audit().records([]).last(Duration::from_secs(25 * 3_600)).stream();
    let (mut count, mut bytes, began) = (0_u64, 0, Instant::now());
    while let Some(record) = records.try_next().await? {
        count += 1;
        bytes += record.raw().len();
    }
    let seconds = began.elapsed().as_secs_f64();
    let megabytes = as_megabytes(bytes);
    let peak = peak_megabytes()?;
    println!("records                  {count}");
    println!("streamed                 {megabytes:.0} MB in {seconds:.1} s: {:.0} MB/s", megabytes / seconds);
    println!("memory at the start      {before:.0} MB");
    println!("memory at most           {peak:.0} MB");
    if peak > PROMISED_MB { Err(format!("more than {PROMISED_MB} MB").into()) } else { Ok(()) }
}

/// The sandbox's own memory must not count, so it is the command that lies beside this program.
fn start(blobs: &str, records: &str, bytes: &str) -> Result<(Child, Value), Box<dyn Error>> {
    let command = std::env::current_exe()?.with_file_name("m365kit-sandbox");
    let mut sandbox = Command::new(&command)
        .args(["--port", "0", "--days", "1", "--watch-stdin"])
        .args(["--blobs", blobs, "--records", records, "--record-bytes", bytes])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| {
            format!("{}: {e}; build it with `cargo build --release -p m365kit-sandbox`", command.display())
        })?;
    let mut line = String::new();
    BufReader::new(sandbox.stdout.take().ok_or("the sandbox has no standard output")?)
        .read_line(&mut line)?;
    let about = serde_json::from_str(&line).map_err(|e| format!("the sandbox said {line:?}: {e}"))?;
    Ok((sandbox, about))
}

/// The most memory this process ever held, as the kernel counts it.
fn peak_megabytes() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

#[allow(clippy::cast_precision_loss, reason = "shown to the megabyte")]
fn as_megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
