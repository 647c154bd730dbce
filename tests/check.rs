//! What a scenario cannot mean: names that nobody gave, and expectations that hold whatever happens.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::matching::WAYS;
use crate::scenario::{Expect, Scenario, Seen, Step};

/// Everything that an expectation may ask to be absent. Elsewhere a misspelled name fails by itself; here it would be
/// absent indeed.
const MAY_BE_ABSENT: &[&str] = &[
    "Missing",
    "alreadyEnabled",
    "appAccessContext",
    "authId",
    "clientAddress",
    "clientIp",
    "clientPort",
    "code",
    "contentId",
    "contentType",
    "contentUri",
    "creationTime",
    "errors",
    "expiration",
    "extended",
    "family",
    "hint",
    "id",
    // Of a download, where its answer does not say it.
    "announced",
    "name",
    "objectId",
    "operation",
    "organizationId",
    "recordType",
    "requestId",
    "resultStatus",
    "retryAfter",
    "scope",
    "serviceEndpointUri",
    "serviceResourceId",
    "status",
    "userId",
    "userKey",
    "userType",
    "webhook",
    "workload",
    // Of service health, where a wire does not tell it or it was not asked for.
    "actionRequiredByDateTime",
    "body",
    "category",
    "classification",
    "classificationFrom",
    "content",
    "details",
    "endDateTime",
    "feature",
    "featureGroup",
    "featureId",
    "features",
    "hasAttachments",
    "history",
    "impactDescription",
    "incidentIds",
    "isArchived",
    "isComputed",
    "isDerived",
    "isFavorited",
    "isMajorChange",
    "isRead",
    "isResolved",
    "issue",
    "issues",
    "lastModifiedDateTime",
    "message",
    "newPosts",
    "origin",
    "posts",
    "selected",
    "service",
    "services",
    "severity",
    "size",
    "startDateTime",
    "statusDisplayName",
    "statusFrom",
    "statusTime",
    "tags",
    "title",
    "viewPoint",
    "wire",
    "workloads",
];

/// Complains of what cannot be meant.
pub fn scenario(scenario: &Scenario) -> Result<(), String> {
    if scenario.steps.is_empty() {
        return Err("no steps".into());
    }
    let mut names = BTreeSet::new();
    let known = |names: &BTreeSet<&str>, name: &str| {
        if names.contains(name) { Ok(()) } else { Err(format!("no listing is called {name:?}")) }
    };
    for step in &scenario.steps {
        match step {
            Step::Control(step) => step.expect.iter().try_for_each(pattern)?,
            Step::Write(_) => {}
            Step::Client(step) => expectation(&step.expect)?,
            Step::Commit(step) => {
                known(&names, &step.commit)?;
                expectation(&step.expect)?;
            }
            Step::Close(step) => {
                known(&names, &step.close)?;
                expectation(&step.expect)?;
            }
            Step::Next(step) => {
                known(&names, &step.next)?;
                step.expect.also.iter().try_for_each(|name| known(&names, name))?;
                expectation(&step.expect)?;
            }
            Step::Call(step) => {
                step.expect.also.iter().try_for_each(|name| known(&names, name))?;
                expectation(&step.expect)?;
                if let Some(name) = &step.name
                    && !names.insert(name)
                {
                    return Err(format!("two listings are called {name:?}"));
                }
            }
        }
    }
    scenario.ledger.iter().try_for_each(seen)
}

fn expectation(expect: &Expect) -> Result<(), String> {
    let Expect { result, bytes, count, first, last, items, records, errors, warnings, report, error, .. } =
        expect;
    let single = [result, bytes, count, first, last, records, report, error].into_iter().flatten();
    let many = [items, errors, warnings].into_iter().flatten().flatten();
    single.chain(many).try_for_each(pattern)?;
    for files in &expect.files {
        let nothing = files.count.is_none() && files.ends.is_none() && files.text.is_none();
        if nothing && !files.are_lines() {
            return Err(format!("nothing is expected of the files {}", files.glob));
        }
    }
    Ok(())
}

fn seen(seen: &Seen) -> Result<(), String> {
    if seen.count.is_none() && seen.each.is_none() && !seen.contiguous {
        return Err(format!("nothing is expected of the requests {:?}", seen.matching));
    }
    seen.count.iter().try_for_each(pattern)
}

fn pattern(wanted: &Value) -> Result<(), String> {
    match wanted {
        Value::Array(items) => items.iter().try_for_each(pattern),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| match value {
            // Annotations are dropped wherever they stand.
            Value::Null if !key.contains('@') && !MAY_BE_ABSENT.contains(&key.as_str()) => {
                Err(format!("{key:?} is expected to be absent, and no result has such a member"))
            }
            _ if key.starts_with('$') && !WAYS.contains(&key.as_str()) => {
                Err(format!("{key:?} is no way to match"))
            }
            _ => pattern(value),
        }),
        _ => Ok(()),
    }
}
