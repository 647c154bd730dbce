//! What is this tenant subscribed to, and how do I start what is missing?

use std::collections::HashSet;
use std::error::Error;

use m365kit::ErrorKind;
use m365kit::audit::{ContentType, Subscription};
use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::open()?;
    let audit = tenant.client.audit();
    let subscriptions = audit.list_subscriptions().await?;
    for Subscription { content_type, status, .. } in &subscriptions {
        println!("{:<28} {status:?}", content_type.as_str());
    }

    let enabled: HashSet<_> =
        subscriptions.into_iter().filter(Subscription::is_enabled).map(|found| found.content_type).collect();
    for missing in ContentType::KNOWN.iter().filter(|wanted| !enabled.contains(wanted)) {
        match audit.start(missing.clone()).await {
            Ok(_) => println!("{:<28} started: content comes within 12 hours", missing.as_str()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                println!("{:<28} {}", missing.as_str(), error.hint().unwrap_or("permission denied"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
