//! Who failed to sign in, and from where?

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use futures::TryStreamExt;
use m365kit::audit::ContentType;
use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::open()?;
    let day = Duration::from_secs(24 * 3_600);
    let mut failures: HashMap<_, u32> = HashMap::new();
    let mut records = tenant.client.audit().records([ContentType::AzureActiveDirectory]).last(day).stream();
    while let Some(record) = records.try_next().await? {
        if record.operation() == Some("UserLoginFailed") {
            // Not one of the fields that all workloads share: it is read by its name in the schema.
            let reason = record.typed("LogonError").unwrap_or_default();
            let who = (record.user_id().unwrap_or("?").to_owned(), record.client_address());
            *failures.entry((who, reason.to_string())).or_default() += 1;
        }
    }

    let mut most: Vec<_> = failures.into_iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (((user, address), reason), count) in most.into_iter().take(20) {
        let address = address.map_or_else(|| "?".to_owned(), |address| address.to_string());
        println!("{count:5}  {user:<40} {address:<20} {reason}");
    }
    Ok(())
}
