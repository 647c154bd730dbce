use std::path::PathBuf;
use std::time::{Duration, Instant};

use m365kit_sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::visitor::{Visitor, send};

/// A path in a folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("m365kit-sandbox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ids(visitor: &Visitor) -> Value {
    visitor.control("feed", json!({"bytes": false, "ids": true}))["ids"].clone()
}

#[test]
fn a_clock_in_a_file_outlives_the_sandbox_and_so_does_the_feed() {
    let folder = Folder::new("clock");
    let config = json!({
        "clock": {"file": folder.file("clock.json")}, "now": "2026-11-20T12:00:00Z", "records": 2,
        "live": {"blobsPerMinute": 60},
    });
    let first = Visitor::new(config.clone());
    first.control("advance", json!({"seconds": 3_600}));
    first.control("live", json!({"blobsPerMinute": null}));
    let (before, now) = (ids(&first), first.control("clock", json!({}))["now"].clone());
    drop(first);
    let second = Visitor::new(config.clone());
    assert!(second.control("clock", json!({}))["now"].as_str() >= now.as_str());
    let after = ids(&second);
    let known: std::collections::HashSet<_> = after.as_array().unwrap().iter().collect();
    assert!(before.as_array().unwrap().iter().all(|id| known.contains(id)));

    // Two at a time have the same time.
    let third = Visitor::new(config);
    second.control("set_clock", json!({"now": "2027-01-01T00:00:00Z"}));
    // It looks at the file every few milliseconds.
    let begun = Instant::now();
    while !third.control("clock", json!({}))["now"].as_str().unwrap().starts_with("2027-01-01T00:0") {
        assert!(begun.elapsed() < Duration::from_secs(5), "{}", third.control("clock", json!({})));
    }
    let left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["clock.json"], "no drafts are left");
}

#[test]
fn a_clock_file_that_is_none_is_refused() {
    let folder = Folder::new("noclock");
    std::fs::write(folder.file("x"), "hello").unwrap();
    let refuse = |clock: Value, what: &str| {
        let config = json!({ "clock": clock }).to_string();
        let error = Sandbox::start_json(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refuse(json!({"file": folder.file("x")}), "not a clock");
    refuse(json!({"file": folder.file("no/such/folder/clock")}), "clock.file");
    refuse(json!("sundial"), "clock: takes");
    refuse(json!({"path": "x"}), "clock: takes");
}

#[cfg(target_os = "linux")]
#[test]
fn fifty_sandboxes_are_few_threads_and_start_at_once() {
    let threads = || {
        let named = |task: &std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|name| name.starts_with("m365kit-sandbox"))
        };
        std::fs::read_dir("/proc/self/task").unwrap().filter(|task| named(task.as_ref().unwrap())).count()
    };
    let begun = Instant::now();
    let sandboxes: Vec<_> =
        (0..50).map(|seed| Sandbox::start(Config { seed, blobs: 5, ..Config::default() }).unwrap()).collect();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Other tests of this process run on them too.
    assert!(threads() <= 8, "{}", threads());
    let urls: std::collections::HashSet<_> = sandboxes.iter().map(Sandbox::url).collect();
    assert_eq!(urls.len(), 50);
}

#[tokio::test]
async fn a_sandbox_that_is_dropped_lets_go_of_its_port_and_leaves_the_others() {
    let stays = Visitor::new(json!({"blobs": 5}));
    let goes = Visitor::new(json!({"blobs": 5}));
    let url = goes.operation("subscriptions/list");
    assert_eq!(goes.fetch(&url).await.status, 200);
    let (http, token, address) =
        (goes.http.clone(), goes.token.clone(), goes.sandbox.url().replace("http://", ""));
    drop(goes);
    assert!(std::net::TcpListener::bind(address).is_ok(), "the port is free");
    assert!(send(http.get(&url).bearer_auth(token)).await.is_err(), "and the connection is closed");
    assert_eq!(stays.get("subscriptions/list").await.status, 200);
}

#[tokio::test]
async fn connections_are_counted_and_limited() {
    let visitor = Visitor::new(json!({"blobs": 5, "maxConnections": 2}));
    let open = || std::net::TcpStream::connect(visitor.sandbox.url().replace("http://", "")).unwrap();
    let held = (open(), open());
    let stats = || visitor.control("stats", json!({}));
    let until = async |member: &str, count: u64| {
        for _ in 0..200 {
            if stats()[member] == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{member}: {}", stats());
    };
    until("openConnections", 2).await;
    let refused = send(visitor.request(reqwest::Method::GET, &visitor.operation("subscriptions/list"))).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(stats()["refusedConnections"].as_u64() >= Some(1));
    assert_eq!(stats()["connections"], 2);
    drop(held);
    until("openConnections", 0).await;
    assert_eq!(visitor.get("subscriptions/list").await.status, 200);
    visitor.control("max_connections", json!({"max": null}));
    let many: Vec<_> = (0..10).map(|_| open()).collect();
    until("connections", 13).await;
    drop(many);
}

#[tokio::test]
async fn the_ledger_may_be_short() {
    let visitor = Visitor::new(json!({"blobs": 5, "ledger": 2}));
    for path in ["subscriptions/list?a=1", "subscriptions/list?a=2", "subscriptions/list?a=3"] {
        visitor.get(path).await;
    }
    let kept: Vec<_> = visitor.ledger(json!({})).iter().map(|row| row["query"]["a"].clone()).collect();
    assert_eq!(kept, [json!("2"), json!("3")]);
    let none = Visitor::new(json!({"blobs": 5, "ledger": 0}));
    assert_eq!(none.get("subscriptions/list").await.status, 200);
    assert!(none.ledger(json!({})).is_empty());
    assert_eq!(none.control("stats", json!({}))["requests"], 1);
}
