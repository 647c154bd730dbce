use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use m365kit_sandbox::{Config, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};

use crate::visitor::{Visitor, send};

#[tokio::test]
async fn operations_work_over_http_too_and_leave_no_trace() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let url = |name: &str| format!("{}/sandbox/{name}", visitor.sandbox.url());
    let post = async |name: &str, body: &str| {
        send(visitor.http.post(url(name)).body(body.to_owned())).await.unwrap()
    };
    let about = post("describe", "").await.json();
    assert_eq!(about, visitor.sandbox.describe());
    assert_eq!(send(visitor.http.get(url("describe"))).await.unwrap().json(), about);
    assert_eq!(about["config"]["pageSize"], 200);
    let moved = post("set_clock", r#"{"now":"2030-01-02T03:04:05Z"}"#).await.json();
    assert!(moved["now"].as_str().unwrap().starts_with("2030-01-02T03:04:05"));
    let unknown = post("explode", "{}").await;
    assert_eq!((unknown.status, unknown.json()["error"].is_string()), (400, true));
    let argument = post("advance", r#"{"seconds":1,"minutes":2}"#).await;
    assert!(argument.json()["error"].as_str().unwrap().contains("minutes"), "{argument:?}");
    assert!(post("advance", "{").await.json()["error"].as_str().unwrap().contains("JSON"));
    let get = visitor.request(Method::GET, &url("stats"));
    assert_eq!(send(get).await.unwrap().status, 405);
    assert!(visitor.ledger(json!({})).is_empty());
}

#[test]
fn arguments_are_checked() {
    let visitor = Visitor::new(json!({"blobs": 0}));
    let refuse = |name: &str, args: Value, what: &str| {
        let error = visitor.sandbox.control(name, args).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refuse("advance", json!({}), "seconds");
    refuse("advance", json!({"seconds": 1e12}), "out of range");
    refuse("set_clock", json!({"now": "soon"}), "soon");
    refuse("clock", json!({"x": 1}), "x");
    refuse("ledger", json!({"verb": "GET"}), "verb");
    refuse("add_content", json!({"contentType": "Audit.Exchange"}), "records");
    refuse("add_content", json!({"contentType": "Audit.Word", "records": []}), "Audit.Word");
    refuse("rate_limit", json!({"perMinute": 0}), "perMinute");
    refuse("set_subscription", json!({"contentType": "DLP.All", "status": "on"}), "on");
    refuse("live", json!({"blobsPerMinute": 0}), "live: blobsPerMinute");
    refuse("live", json!({"blobsPerMinute": null, "records": 1}), "without a pace");
    refuse("live", json!({"blobsPerMinute": 1, "contentTypes": []}), "contentTypes");
    refuse("add_content", json!({"contentType": "DLP.All", "records": [], "listedAt": "soon"}), "listedAt");
    refuse("expire_content", json!({"contentId": "x", "at": "soon"}), "at");
    refuse("max_connections", json!({"max": 0}), "max");
    refuse("credential_state", json!({"state": "tired"}), "tired");
    refuse("auditing", json!({"enabled": "yes"}), "yes");
    refuse("webhook_faults", json!({"share": 1.5}), "share");
    refuse("webhook_faults", json!({"actions": []}), "actions");
    refuse("webhook_faults", json!({"actions": ["eat"]}), "eat");
    let webhook = json!({"contentType": "DLP.All", "status": "enabled", "webhook": {"status": "off"}});
    refuse("set_subscription", webhook, "off");
    refuse("nothing", json!({}), "nothing");
}

#[test]
fn configurations_are_checked() {
    let refuse = |config: &str, what: &str| {
        let error = Sandbox::start_json(config.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refuse(r#"{"blobz":1}"#, "blobz");
    refuse(r#"{"paging":{"size":1}}"#, "size");
    refuse(r#"{"rateLimit":{"perMinute":1,"shape":"418"}}"#, "418");
    refuse(r#"{"rateLimit":{"perMinute":-1}}"#, "perMinute");
    refuse(r#"{"tenant":"contoso"}"#, "contoso");
    refuse(r#"{"days":0}"#, "days");
    refuse(r#"{"subscribed":["Audit.Word"]}"#, "subscribed: takes");
    refuse(r#"{"compression":"zip"}"#, "compression: takes");
    refuse(r#"{"pageSize":0}"#, "pageSize");
    refuse(r#"{"records":0}"#, "records");
    refuse(r#"{"contentTypes":[]}"#, "contentTypes");
    refuse(r#"{"contentTypes":["DLP.All","DLP.All"]}"#, "twice");
    refuse(r#"{"now":"soon"}"#, "soon");
    refuse(r#"{"tokenLifetime":0}"#, "tokenLifetime");
    refuse(r#"{"live":{"blobsPerMinute":-1}}"#, "live.blobsPerMinute");
    refuse(r#"{"live":{}}"#, "blobsPerMinute");
    refuse(r#"{"live":{"blobsPerMinute":1,"contentTypes":["DLP.All","DLP.All"]}}"#, "twice");
    refuse(r#"{"late":{"share":2,"seconds":1}}"#, "late.share");
    refuse(r#"{"late":{"share":1,"seconds":-1}}"#, "late.seconds");
    refuse(r#"{"webhookFaults":{"share":-1}}"#, "webhookFaults.share");
    refuse(r#"{"webhookRetry":[]}"#, "webhookRetry");
    refuse(r#"{"webhookRetry":[0]}"#, "webhookRetry");
    refuse(r#"{"maxConnections":0}"#, "maxConnections");
    refuse(r#"{"credentialState":"tired"}"#, "tired");
    refuse(r#"{"searchDelay":-1}"#, "searchDelay");
    refuse(r#"{"archiveDays":100000}"#, "archiveDays");
    refuse("{", "configuration");
    assert!(Sandbox::start_json(b"").is_ok());
}

#[test]
fn a_configuration_survives_its_own_description() {
    let config = Config { seed: 3, blobs: 7, ..Config::default() };
    let sandbox = Sandbox::start(config).unwrap();
    let mut about = sandbox.describe()["config"].clone();
    about["port"] = json!(0);
    let again = Sandbox::start_json(about.to_string().as_bytes()).unwrap();
    assert_eq!(again.describe()["clientSecret"], sandbox.describe()["clientSecret"]);
    assert!(!format!("{sandbox:?}").contains(sandbox.describe()["clientSecret"].as_str().unwrap()));
}

#[test]
fn the_command_prints_where_it_is_and_ends_with_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_m365kit-sandbox"))
        .args([
            "--watch-stdin",
            "--seed",
            "5",
            "--blobs",
            "3",
            "--content-type",
            "audit.general",
            "--live",
            "60",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let about: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&about["config"]["seed"], &about["config"]["contentTypes"]),
        (&json!(5), &json!(["Audit.General"]))
    );
    assert_eq!(about["config"]["live"]["blobsPerMinute"], 60.0);
    let address = about["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(address).is_ok());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn latency_is_before_every_answer_and_takes_no_thread() {
    let visitor = Visitor::new(json!({"blobs": 1, "latency": 0.2}));
    let began = Instant::now();
    // Far more than there are threads.
    let all = (0..64).map(|_| visitor.get("subscriptions/list"));
    assert!(futures::future::join_all(all).await.iter().all(|answer| answer.status == 200));
    let took = began.elapsed();
    assert!((Duration::from_millis(200)..Duration::from_secs(5)).contains(&took), "{took:?}");
    visitor.control("latency", json!({"seconds": 0}));
    let error = visitor.sandbox.control("latency", json!({"seconds": -1})).unwrap_err();
    assert!(error.to_string().contains("seconds"), "{error}");
}
