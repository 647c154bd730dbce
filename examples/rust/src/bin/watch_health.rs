//! How do I hear of what breaks and what is repaired, each once, also when the program was stopped in between?

use std::error::Error;
use std::{env, fs, time::Duration};

use m365kit::Interval;
use m365kit::service_health::{HealthChangeKind, WatchHealth};
use m365kit_examples::Tenant;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulated = json!({"blobs": 0, "serviceHealth": {"issues": 6, "live": {"every": 1, "lasts": 2}}});
    let real = env::var("TENANT").is_ok();
    let file = env::args().nth(1).unwrap_or_else(|| "health.token".into());

    let tenant = Tenant::open_or_simulate(serde_json::from_value(simulated)?)?;
    let mut changes = tenant.client.service_health().watch(WatchHealth {
        messages: false,
        only_content: true,
        poll_interval: (!real).then_some(Interval(Duration::from_millis(250))),
        // A simulated tenant is a new one each time, and knows nothing of the place in another.
        token: fs::read_to_string(&file).ok().filter(|_| real),
        ..WatchHealth::default()
    })?;
    let mut over = 0;
    while let Some(page) = changes.next_page().await? {
        for change in page.items {
            let Some(issue) = &change.issue else { continue };
            let (service, title) = (issue.service.as_deref(), issue.title.as_deref());
            println!(
                "{:<18} {:<10} {}: {}",
                change.kind.as_str(),
                change.id,
                service.unwrap_or_default(),
                title.unwrap_or_default()
            );
            // From here on it is not told again.
            fs::write(&file, &change.token)?;
            over += usize::from(change.kind == HealthChangeKind::IssueResolved);
        }
        for error in page.errors {
            eprintln!("not seen: {error}");
        }
        // A simulated tenant goes on for ever.
        if !real && over >= 2 {
            break;
        }
    }
    Ok(())
}
