//! What is thrown into JavaScript.
//!
//! An asynchronous napi method cannot choose the class or the code of its error, so the details cross as JSON in the
//! message, and `src-ts/errors.ts` makes the instance that users catch.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

/// The core's error as the message of a JavaScript one.
pub(crate) fn thrown(error: &m365kit::Error) -> napi::Error {
    napi::Error::from_reason(String::from_utf8_lossy(&error.to_json()))
}

/// A failure that the core did not see: its kind, and what happened.
pub(crate) fn failure(kind: &str, message: &str) -> napi::Error {
    let details = serde_json::json!({ "kind": kind, "message": message, "retryable": false, "causes": [] });
    napi::Error::from_reason(details.to_string())
}

/// Runs a call of the core until it is done or told to stop.
///
/// A panic is a bug of ours: it ends as an error that says so, since napi would leave the promise pending for ever.
pub(crate) async fn guarded<T>(
    stop: &CancellationToken,
    call: impl Future<Output = Result<T, m365kit::Error>>,
) -> napi::Result<T> {
    let call = AssertUnwindSafe(call).catch_unwind();
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(failure("Cancelled", "the call was cancelled")),
        done = call => match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(thrown(&error)),
            Err(panic) => Err(panicked(panic.as_ref())),
        },
    }
}

/// What a panic said, as an error of no kind that the core has.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> napi::Error {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    failure("Bug", &format!("m365kit has a bug, please report it: {said}"))
}

/// Bytes of the core that are JSON, as the text that JavaScript parses.
pub(crate) fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}
