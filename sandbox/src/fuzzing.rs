//! What a fuzz target compares the client's filters with: this side's own reading of them.

use serde_json::Value;

/// Which of these messages an expression lets through, or why it cannot be read.
///
/// # Errors
///
/// It is no expression over messages.
pub fn messages(filter: &str, rows: &[Value]) -> Result<Vec<bool>, String> {
    let filter = crate::odata::Filter::read(filter, &crate::service_health::MESSAGE)?;
    Ok(rows.iter().map(|row| filter.lets(row)).collect())
}
