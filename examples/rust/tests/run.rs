//! The examples run, on the simulated tenant.

use std::process::Command;

fn output_of(program: &str) -> String {
    let output = Command::new(program).env_remove("TENANT").output().expect("the example starts");
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
