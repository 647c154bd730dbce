//! Plays all scenarios of `conformance/` and `faults/` against the sandbox, a few at a time.
//!
//! `M365KIT_ONLY` plays those whose file or name contains its text.
#![allow(clippy::print_stdout, reason = "the result of a test run is what it prints")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures::StreamExt;
use m365kit::ErrorKind;
use m365kit_tests::play::play;
use m365kit_tests::scenario::{self, Scenario, Step};
use m365kit_tests::secrets::{Issued, Log};

/// Most scenarios wait rather than work, so more than there are cores.
const AT_ONCE: usize = 8;

/// No scenario takes long; one that hangs shall not hold up the run.
const LONGEST: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    let started = Instant::now();
    let issued = Issued::default();
    let log = match Log::begin(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance.log")) {
        Ok(log) => log,
        Err(complaint) => {
            println!("the log: {complaint}");
            return ExitCode::FAILURE;
        }
    };
    let all = match scenario::read(&scenario::folders()) {
        Ok(all) => all,
        Err(complaint) => {
            println!("{complaint}");
            return ExitCode::FAILURE;
        }
    };
    let mut failed = Vec::new();
    for (what, missing) in [("operations", untested(&all)), ("kinds of error", unexpected(&all))] {
        if !missing.is_empty() {
            failed.push(format!("{what} without a scenario: {missing:?}"));
        }
    }
    let only = std::env::var("M365KIT_ONLY").unwrap_or_default();
    let chosen: Vec<_> = all
        .into_iter()
        .filter(|(group, scenario)| format!("{group}: {}", scenario.name).contains(&only))
        .collect();
    let count = chosen.len();
    let mut running = futures::stream::iter(chosen)
        .map(|(group, scenario)| (group, scenario, issued.clone()))
        .map(|(group, scenario, issued)| async move {
            let name = format!("{group}: {}", scenario.name);
            let began = Instant::now();
            let playing =
                tokio::spawn(async move { tokio::time::timeout(LONGEST, play(&scenario, &issued)).await });
            let outcome = match playing.await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(format!("not done after {LONGEST:?}")),
                Err(panic) => Err(panic.to_string()),
            };
            (group, name, outcome, began.elapsed())
        })
        .buffer_unordered(AT_ONCE);
    let slow = std::env::var_os("M365KIT_TIMES").is_some();
    let mut groups: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    while let Some((group, name, outcome, took)) = running.next().await {
        if slow {
            println!("{:7.0} ms  {name}", took.as_secs_f64() * 1e3);
        }
        let counts = groups.entry(group).or_default();
        match outcome {
            Ok(()) => counts[0] += 1,
            Err(complaint) => {
                counts[1] += 1;
                failed.push(format!("{name}\n    {complaint}"));
            }
        }
    }
    failed.sort();
    for failure in &failed {
        println!("FAILED  {failure}");
    }
    for (group, [passed, failed]) in &groups {
        println!("{group:30} {passed:4} passed {failed:4} failed");
    }
    let passed: usize = groups.values().map(|counts| counts[0]).sum();
    println!("{passed} passed, {} failed, of {count} scenarios, in {:.1?}", failed.len(), started.elapsed());
    if !is_free_of_secrets(&log, &issued) {
        return ExitCode::FAILURE;
    }
    if failed.is_empty() && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether none of the secrets and tokens of this run is in what it logged.
fn is_free_of_secrets(log: &Log, issued: &Issued) -> bool {
    let found = match log.search(issued) {
        Ok(found) => found,
        Err(complaint) => {
            println!("FAILED  the log cannot be searched: {complaint}");
            return false;
        }
    };
    for occurrence in found.occurrences.iter().take(20) {
        println!("FAILED  a secret is logged: {occurrence}");
    }
    println!(
        "{} secrets and tokens issued, {} occurrences in {} lines ({} bytes) of log at trace level",
        found.secrets,
        found.occurrences.len(),
        found.lines,
        found.bytes
    );
    found.occurrences.is_empty() && found.secrets > 0 && found.lines > 0
}

/// The operations of the core that no scenario calls.
fn untested(all: &[(String, Scenario)]) -> Vec<&'static str> {
    let called: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, scenario)| &scenario.steps)
        .filter_map(|step| if let Step::Call(step) = step { Some(step.call.as_str()) } else { None })
        .collect();
    m365kit::dispatch::operations().filter(|name| !called.contains(name)).collect()
}

/// The kinds of error that no scenario expects.
fn unexpected(all: &[(String, Scenario)]) -> Vec<&'static str> {
    // Closing a client is each language's own test.
    const ELSEWHERE: [ErrorKind; 1] = [ErrorKind::Cancelled];
    let expected: BTreeSet<&str> = all
        .iter()
        .flat_map(|(_, scenario)| &scenario.steps)
        .filter_map(|step| match step {
            Step::Call(step) => step.expect.error.as_ref()?.get("kind")?.as_str(),
            _ => None,
        })
        .collect();
    let kinds = ErrorKind::ALL.iter().filter(|kind| !ELSEWHERE.contains(kind));
    kinds.map(|kind| kind.as_str()).filter(|kind| !expected.contains(kind)).collect()
}
