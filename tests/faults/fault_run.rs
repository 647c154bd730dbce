//! The fault run: a service that allows 600 requests a minute and damages one blob in ten, and a client that is told
//! neither. Prints what was delivered, and what it cost in time and in refusals.
//!
//! `cargo run --release -p m365kit-tests --bin fault_run [blobs]`
#![allow(clippy::print_stdout, reason = "it is a report")]

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::{Value, json};

const PER_MINUTE: f64 = 600.0;

/// Each of the faults falls on this share of the blobs, once; together they are one in ten.
const FAULTS: [(&str, f64); 4] = [("cut", 0.03), ("truncate", 0.03), ("delay", 0.02), ("status 500", 0.02)];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let blobs: u64 = std::env::args().nth(1).map_or(Ok(600), |text| text.parse())?;
    let sandbox = Sandbox::start_json(
        json!({"days": 1, "blobs": blobs, "records": 50, "shuffle": true,
               "rateLimit": {"perMinute": PER_MINUTE, "shape": "403", "retryAfter": null}})
        .to_string()
        .as_bytes(),
    )?;
    for (seed, (fault, share)) in FAULTS.into_iter().enumerate() {
        let action = match fault {
            "cut" => json!({"cutAfter": 3_000}),
            "truncate" => json!({"truncate": 3_000}),
            "delay" => json!({"delay": 3}),
            _ => json!({"status": 500}),
        };
        let rule =
            json!({"match": {"operation": "blob"}, "action": action, "when": {"share": share, "seed": seed}});
        sandbox.control("fault", rule)?;
    }

    let client = client_of(&sandbox.describe()).build()?;
    let began = Instant::now();
    let mut delivered: HashMap<String, u32> = HashMap::new();
    let mut records = client.audit().records([]).last(Duration::from_secs(25 * 3_600)).stream();
    let mut last_said = Instant::now();
    while let Some(record) = records.try_next().await? {
        *delivered.entry(record.id().unwrap_or_default().to_owned()).or_insert(0) += 1;
        if last_said.elapsed() > Duration::from_secs(10) {
            last_said = Instant::now();
            println!("  {:3.0} s: {} records", began.elapsed().as_secs_f64(), delivered.len());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    report(&sandbox, &delivered, seconds)
}

fn report(sandbox: &Sandbox, delivered: &HashMap<String, u32>, seconds: f64) -> Result<(), Box<dyn Error>> {
    let feed = sandbox.control("feed", json!({"ids": true}))?;
    let ids: Vec<&str> = feed["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let lost = ids.iter().filter(|id| !delivered.contains_key(**id)).count();
    let double = delivered.values().filter(|times| **times > 1).count();

    let ledger = sandbox.control("ledger", json!({"path": "/activity/feed/"}))?;
    let requests: Vec<&Value> = ledger["requests"].as_array().into_iter().flatten().collect();
    let refused = requests.iter().filter(|request| request["status"] == 403).count();
    let damaged: u64 = {
        let hits = sandbox.control("fault_stats", json!({}))?;
        hits["hits"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum()
    };
    let (granted, all) = (requests.len() - refused, requests.len());
    let asked: HashSet<(String, String)> =
        requests.iter().map(|request| (request["path"].to_string(), request["query"].to_string())).collect();
    let (ideal, unharmed) = (as_seconds(granted), as_seconds(asked.len()));
    let share = as_share(refused, all);
    println!("records in the feed      {}", ids.len());
    println!("delivered                {}", delivered.len());
    println!("lost                     {lost}");
    println!("double                   {double}");
    println!("answers damaged          {damaged}");
    println!("requests                 {all}");
    println!("refusals                 {refused} ({:.1} % of requests)", share * 100.0);
    println!("time                     {seconds:.1} s");
    println!("ideal time               {ideal:.1} s ({granted} requests at {PER_MINUTE} a minute)");
    println!("time over ideal time     {:.3}", seconds / ideal);
    println!("  had nothing been damaged {:.3} ({} requests)", seconds / unharmed, asked.len());
    if lost > 0 || double > 0 || delivered.len() != ids.len() {
        return Err("records were lost or came twice".into());
    }
    Ok(())
}

/// How long the service needs to grant so many requests.
#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn as_seconds(requests: usize) -> f64 {
    requests as f64 * 60.0 / PER_MINUTE
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn as_share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
