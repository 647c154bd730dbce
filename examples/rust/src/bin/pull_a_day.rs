//! How do I keep a day of audit records? Writes them to standard output, one a line, as they came.
//!
//! `cargo run -p m365kit-examples --bin pull_a_day > day.jsonl`

use std::error::Error;
use std::io::{BufWriter, Write, stdout};
use std::time::Duration;

use futures::TryStreamExt;
use m365kit::audit::OnError;
use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::open()?;
    let day = Duration::from_secs(24 * 3_600);
    let mut records = tenant.client.audit().records([]).last(day).on_error(OnError::Collect).stream();
    let mut out = BufWriter::new(stdout().lock());
    while let Some(record) = records.try_next().await? {
        // A line break in it can only be one between its members.
        for piece in record.raw().lines() {
            out.write_all(piece.as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;

    eprintln!("{:?}", records.report());
    for error in records.errors() {
        eprintln!("not read: {error}");
    }
    Ok(())
}
