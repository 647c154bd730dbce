//! How the feed grows, and by which clock.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::audit::ContentType;

/// Growth of the feed while the clock runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Live {
    /// New blobs a minute over all content types, above 0 and at most 1,000,000.
    pub blobs_per_minute: f64,
    /// Mean number of records in a new blob. Default: as in the rest of the feed.
    #[serde(default)]
    pub records: Option<usize>,
    /// The content types that grow. Default: all that have a feed.
    #[serde(default)]
    pub content_types: Option<Vec<ContentType>>,
}

impl Live {
    /// Refuses what cannot be; `place` is how the member is called where it was written.
    pub(crate) fn check(&self, place: &str) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(format!("{place}{what}")));
        if !(self.blobs_per_minute > 0.0 && self.blobs_per_minute <= 1_000_000.0) {
            return wrong(format!(
                "blobsPerMinute: {} is not above 0 and at most 1,000,000",
                self.blobs_per_minute
            ));
        }
        if self.records.is_some_and(|records| records == 0 || records > 1_000_000) {
            return wrong("records: must be between 1 and 1,000,000".into());
        }
        if let Some(content_types) = &self.content_types {
            if content_types.is_empty() {
                return wrong("contentTypes: must name at least one".into());
            }
            if content_types.iter().collect::<BTreeSet<_>>().len() != content_types.len() {
                return wrong("contentTypes: names one twice".into());
            }
        }
        Ok(())
    }
}

/// Content that is listed late (management-activity, 4.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Late {
    /// The share of the content that is late, 0 to 1.
    pub share: f64,
    /// Seconds from its `contentCreated` until it is listed and can be fetched.
    pub seconds: f64,
}

impl Late {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(ConfigError(format!("late.share: {} is not between 0 and 1", self.share)));
        }
        if !(0.0..=604_800.0).contains(&self.seconds) {
            return Err(ConfigError(format!("late.seconds: {} is not between 0 and 604,800", self.seconds)));
        }
        Ok(())
    }
}

/// Which clock the sandbox goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "clock: takes `\"process\"` or `{\"file\": path}`")]
pub enum ClockSource {
    /// One of its own, which ends with it.
    #[default]
    #[serde(with = "process")]
    Process,
    /// One in a file: for sandboxes in several processes, and for one that is started again.
    File(ClockFile),
}

/// Where a clock is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockFile {
    /// Path of the file; made if it is not there.
    pub file: PathBuf,
}

mod process {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("process")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "process" => Ok(()),
            other => Err(serde::de::Error::custom(format!("clock: {other:?} is not known"))),
        }
    }
}
