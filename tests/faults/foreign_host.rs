//! A listener on a foreign host, named in every `contentUri` and in every next link: it must see nothing.
//!
//! `cargo run -p m365kit-tests --bin foreign_host`
#![allow(clippy::print_stdout, reason = "it is a report")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::TryStreamExt;
use m365kit::audit::OnError;
use m365kit_sandbox::Sandbox;
use m365kit_tests::clients::client_of;
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let foreign = format!("http://{}", listener.local_addr()?);
    let seen = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&seen);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });

    let by_content = pull(&json!({"foreignUri": foreign}), 200).await?;
    let by_page = pull(&json!({"foreignNext": foreign}), 2).await?;
    // Whoever connected has had time to be counted.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let seen = seen.load(Ordering::Relaxed);
    println!("foreign contentUri       {by_content}");
    println!("foreign next link        {by_page}");
    println!("connections seen by {foreign}: {seen}");
    if seen == 0 { Ok(()) } else { Err("the foreign host was called".into()) }
}

/// Reads a feed in which every listing names the foreign host, and says what came of it.
async fn pull(action: &serde_json::Value, page_size: u32) -> Result<String, Box<dyn Error>> {
    let config = json!({"blobs": 20, "records": 5, "pageSize": page_size});
    let sandbox = Sandbox::start_json(config.to_string().as_bytes())?;
    sandbox.control(
        "fault",
        json!({"match": {"operation": "content"}, "action": action, "when": "always", "times": 8}),
    )?;
    let client = client_of(&sandbox.describe()).rate_limit(60_000.0).attempts(2u32).build()?;
    let mut records =
        client.audit().records([]).last(Duration::from_secs(25 * 3_600)).on_error(OnError::Collect).stream();
    let mut count = 0;
    while records.try_next().await?.is_some() {
        count += 1;
    }
    let feed = sandbox.control("feed", json!({}))?;
    let hits = sandbox.control("fault_stats", json!({}))?;
    let named: u64 = hits["hits"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    let first = records.errors().first().map(|error| format!(", the first: {error}")).unwrap_or_default();
    let errors = records.errors().len();
    Ok(format!("named in {named} listings; {count} of {} records, {errors} errors{first}", feed["records"]))
}
