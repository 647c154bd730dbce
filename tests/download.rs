//! Downloads as scenarios take them: chunk by chunk, all at once, or into a file.

use m365kit::{Client, Error};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::matching::{self, parse};
use crate::scenario::Call;

/// What came of a download before it ended, failed or was left.
#[derive(Default)]
pub struct Outcome {
    /// What is said of the bytes: `contentType`, `fileName`, and as `announced` their number.
    pub head: Value,
    /// The bytes that were handed out, or those of the file.
    pub bytes: Vec<u8>,
    /// What was saved.
    pub saved: Value,
    /// The error that was raised.
    pub error: Option<Error>,
}

/// Whether an operation is answered with bytes.
pub fn gives_bytes(operation: &str) -> bool {
    matches!(
        operation,
        "download"
            | "service_health.incident_report"
            | "service_health.attachment_content"
            | "service_health.attachments_archive"
    )
}

/// Takes a download as a step says: `to` is its path, filled in.
pub async fn take(client: &Client, step: &Call, args: &Value, to: Option<&str>) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let chunks = match client.bytes(&step.call, args.to_string().as_bytes()).await {
        Ok(chunks) => chunks,
        Err(error) => return Ok(Outcome { error: Some(error), ..outcome }),
    };
    outcome.head = parse(&chunks.head())?;
    outcome.head["announced"] = outcome.head["length"].take();
    if let Some(to) = to {
        match chunks.save(to, step.overwrite).await {
            Ok(saved) => {
                outcome.saved = parse(&saved)?;
                let path = outcome.saved["path"].as_str().unwrap_or_default();
                outcome.bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
            }
            Err(error) => outcome.error = Some(error),
        }
    } else if step.whole {
        match chunks.read().await {
            Ok(bytes) => outcome.bytes = bytes.into(),
            Err(error) => outcome.error = Some(error),
        }
    } else {
        let mut received = 0;
        while step.take.is_none_or(|enough| received < enough as u64) {
            match chunks.next(received).await {
                Ok(Some(chunk)) if chunk.len() > 256 * 1024 => return Err("a chunk is too long".to_owned()),
                Ok(Some(chunk)) => outcome.bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
            received += 1;
        }
    }
    chunks.close().await;
    Ok(outcome)
}

/// Whether the bytes are those that a scenario expects.
pub fn judge(pattern: &Value, outcome: &Outcome) -> Result<(), String> {
    let mut pattern = pattern.clone();
    let begins = pattern.as_object_mut().and_then(|members| members.remove("startsWith"));
    if let Some(begins) = begins.as_ref().and_then(Value::as_str)
        && !outcome.bytes.starts_with(begins.as_bytes())
    {
        return Err(format!("the bytes do not begin with {begins:?}"));
    }
    let digest = Sha256::digest(&outcome.bytes)
        .iter()
        .fold(String::new(), |digest, byte| digest + &format!("{byte:02x}"));
    let mut actual = json!({"length": outcome.bytes.len(), "sha256": digest});
    for name in ["announced", "contentType", "fileName"] {
        actual[name] = outcome.head[name].clone();
    }
    matching::part(&json!({"bytes": pattern}), &json!({"bytes": actual}))
}
