//! The library, as a program in Rust uses it.

#![allow(missing_docs, reason = "a program has no users of its items")]

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use arrow_array::RecordBatch;
use clap::{Parser, ValueEnum};
use futures::TryStreamExt;
use m365kit::audit::OnError;
use m365kit::{Client, ClientSecret, Cloud, CustomCloud};
use m365kit_bench::Error;
use m365kit_bench::measure::Run;
use m365kit_bench::tenant::Tenant;
use serde_json::{Value, json};

/// Reads the feed of the server that `BENCH_TENANT` names, and prints what it took.
#[derive(Parser)]
struct Args {
    /// In which form.
    #[arg(value_enum)]
    what: What,
    /// Requests at a time; without it, what the library chooses.
    #[arg(long)]
    concurrency: Option<u32>,
    /// Requests a minute; without it, what the library takes for granted.
    #[arg(long)]
    rate_limit: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Records, three fields of each.
    Records,
    /// JSON Lines into /dev/null.
    Lines,
    /// Arrow record batches with the common columns and `raw`, each let go of when it is counted.
    Arrow,
    /// The same, all held until the end: what a frame does.
    Table,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    let at = Tenant::from_environment()?;
    let run = Run::new();
    let hosts: CustomCloud = serde_json::from_value(serde_json::to_value(&at.cloud)?)?;
    let mut builder = Client::builder(&at.tenant)
        .credential(ClientSecret::new(at.client_id, at.client_secret))
        .cloud(Cloud::custom(hosts));
    if let Some(concurrency) = args.concurrency {
        builder = builder.concurrency(concurrency);
    }
    if let Some(rate) = args.rate_limit {
        builder = builder.rate_limit(rate);
    }
    let client = builder.build()?;
    let found = match args.what {
        What::Records => records(&client).await?,
        What::Lines => lines(&client).await?,
        What::Arrow => arrow(&client).await?,
        What::Table => table(&client).await?,
    };
    run.end(&found);
    Ok(())
}

async fn records(client: &Client) -> Result<Value, Error> {
    let mut records = client.audit().records([]).last(DAY).on_error(OnError::Collect).stream();
    let (mut count, mut touched, mut bytes) = (0_u64, 0, 0);
    while let Some(record) = records.try_next().await? {
        count += 1;
        touched += usize::from(record.creation_time().is_some());
        touched += record.operation().map_or(0, str::len);
        touched += record.user_id().map_or(0, str::len);
        bytes += record.raw().len();
    }
    let refusals = records.report().map_or(0, |report| report.refusals);
    let lost = records.errors().len();
    Ok(json!({"records": count, "touched": touched, "bytes": bytes, "refusals": refusals, "errors": lost}))
}

async fn lines(client: &Client) -> Result<Value, Error> {
    let mut sink = File::create("/dev/null")?;
    let mut pages = client.audit().records([]).last(DAY).lines();
    let (mut count, mut bytes) = (0, 0);
    while let Some(page) = pages.next_page().await? {
        for lines in page.items {
            sink.write_all(&lines.bytes)?;
            count += lines.records;
            bytes += lines.bytes.len();
        }
    }
    Ok(json!({"records": count, "bytes": bytes}))
}

async fn arrow(client: &Client) -> Result<Value, Error> {
    let mut batches = client.audit().records([]).last(DAY).batches().stream()?.into_batches();
    let (mut count, mut bytes) = (0, 0);
    while let Some(batch) = batches.try_next().await? {
        count += batch.num_rows();
        bytes += batch.get_array_memory_size();
    }
    Ok(json!({"records": count, "bytes": bytes}))
}

async fn table(client: &Client) -> Result<Value, Error> {
    let batches = client.audit().records([]).last(DAY).batches().stream()?.into_batches();
    let table: Vec<_> = batches.try_collect().await?;
    let count: usize = table.iter().map(RecordBatch::num_rows).sum();
    let bytes: usize = table.iter().map(RecordBatch::get_array_memory_size).sum();
    Ok(json!({"records": count, "bytes": bytes}))
}
