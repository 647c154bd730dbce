//! How do I keep a copy of the feed, complete and without duplicates, whatever happens to the program?
//!
//! `cargo run -p m365kit-examples --bin follow -- records` goes on until it is stopped, and where it was left when it
//! is started again. With `once` behind the folder it ends when it has caught up, as a job of cron should.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "records".to_owned()));
    let once = env::args().nth(2).as_deref() == Some("once");
    std::fs::create_dir_all(&directory)?;

    let tenant = Tenant::open()?;
    let feed = tenant.client.audit().follow(directory.join("position.m365state")).stop_when_caught_up(once);
    let mut steps = feed.into_jsonl(&directory).stream();
    while let Some(page) = steps.next_page().await? {
        for step in page.items {
            println!("{} records of {} blobs, {} bytes", step.records, step.blobs, step.bytes);
            for path in step.sealed {
                // Nothing changes in it any more: here it would be handed on.
                println!("{path} is whole");
            }
        }
        for error in page.errors {
            eprintln!("not read: {error}");
        }
        for warning in page.warnings {
            eprintln!("{}", warning.message);
        }
    }
    Ok(())
}
