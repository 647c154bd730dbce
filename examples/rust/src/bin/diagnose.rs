//! Why do no records come?

use std::error::Error;
use std::process::ExitCode;

use m365kit_examples::Tenant;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let tenant = Tenant::open()?;
    let diagnosis = tenant.client.audit().diagnose().await?;
    for finding in &diagnosis.findings {
        let of = finding.content_type.as_deref().unwrap_or_default();
        println!("{:<8} {of:<27} {}", finding.severity.as_str(), finding.message);
        if let Some(action) = &finding.action {
            println!("{:<36} {action}", "");
        }
    }
    Ok(if diagnosis.healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
