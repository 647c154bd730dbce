//! The examples run, on the simulated tenant.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn output_of(program: &str) -> String {
    output_with(program, &[])
}

fn output_with(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).env_remove("TENANT").output().expect("the example starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the example prints text")
}

#[test]
fn a_day_is_pulled_one_record_a_line() {
    let lines = output_of(env!("CARGO_BIN_EXE_pull_a_day"));
    assert!(lines.lines().count() > 100);
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn failed_sign_ins_are_counted() {
    assert!(output_of(env!("CARGO_BIN_EXE_failed_sign_ins")).contains("@contoso.example"));
}

#[test]
fn what_is_missing_is_started() {
    let text = output_of(env!("CARGO_BIN_EXE_subscriptions"));
    assert_eq!(text.matches("started").count(), 3, "{text}");
}

#[test]
fn a_copy_is_kept_once_however_often_it_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_follow");
    assert!(output_with(program, &[path, "once"]).contains("is whole"));
    let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
    let whole: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "jsonl")).collect();
    assert!(whole.len() >= 2, "{whole:?}");
    let records = whole.iter().map(|file| std::fs::read_to_string(file).unwrap().lines().count());
    assert!(records.sum::<usize>() > 100);
}

#[test]
fn what_the_feed_no_longer_knows_is_found() {
    assert!(output_of(env!("CARGO_BIN_EXE_search")).lines().count() > 100);
}

#[test]
fn a_diagnosis_says_what_is_missing() {
    let text = output_of(env!("CARGO_BIN_EXE_diagnose"));
    assert!(text.contains("Audit.Exchange") && text.contains("publisher_id"), "{text}");
}

#[test]
fn what_breaks_and_what_is_repaired_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let text = output_with(env!("CARGO_BIN_EXE_watch_health"), &[file.to_str().unwrap()]);
    assert!(text.contains("issueOpened") && text.matches("issueResolved").count() >= 2, "{text}");
    assert!(!std::fs::read_to_string(file).unwrap().is_empty());
}

#[test]
fn a_webhook_is_served_and_its_feed_followed() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_webhook"))
        .arg(folder.path())
        .env_remove("TENANT")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.next().is_some());
    let began = Instant::now();
    // What was there from the beginning has come by then, and the next poll is a minute away.
    let announced = lines.find(|_| began.elapsed() > Duration::from_secs(5));
    assert!(announced.is_some() && began.elapsed() < Duration::from_secs(45));
    program.kill().unwrap();
    program.wait().unwrap();
}
