//! What happened two months ago, when the feed no longer knows?

use std::error::Error;

use jiff::{SignedDuration, Timestamp};
use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::open()?;
    let month = SignedDuration::from_hours(30 * 24);
    let end = Timestamp::now() - month;
    let mut found =
        tenant.client.audit().search(end - month).end(end).display_name("m365kit example").stream();
    while let Some(page) = found.next_page().await? {
        // Until the service has carried it out, the pages are empty.
        if let Some(status) = page.report.and_then(|report| report.status) {
            eprintln!("{}: {} records", status.as_str(), page.items.len());
        }
        for record in page.items {
            println!("{:?} {:?} {:?}", record.creation_time(), record.operation(), record.user_id());
        }
    }
    Ok(())
}
