//! The scenarios as they are written down, read strictly: a key that nobody knows is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// One file: scenarios on one subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The subject, in a sentence.
    pub about: String,
    /// The scenarios, each of which stands alone.
    pub scenarios: Vec<Scenario>,
}

/// One thing that must be true.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What must be true, in a sentence.
    pub name: String,
    /// The configuration of the sandbox.
    #[serde(default)]
    pub sandbox: Map<String, Value>,
    /// Options laid over those that fit the sandbox.
    #[serde(default)]
    pub client: Map<String, Value>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What the sandbox must have seen in the end.
    #[serde(default)]
    pub ledger: Vec<Seen>,
}

/// One step of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum Step {
    /// Tells the sandbox something.
    Control(Control),
    /// Calls an operation.
    Call(Box<Call>),
    /// Makes a new client for the steps that follow.
    Client(Box<NewClient>),
}

impl TryFrom<Value> for Step {
    type Error = String;

    // An untagged enum would do, but says only that nothing matched, not which key was misspelled.
    fn try_from(step: Value) -> Result<Self, String> {
        let read = if step.get("control").is_some() {
            serde_json::from_value(step).map(Step::Control)
        } else if step.get("call").is_some() {
            serde_json::from_value(step).map(Step::Call)
        } else if step.get("client").is_some() {
            serde_json::from_value(step).map(Step::Client)
        } else {
            return Err(format!("{step} is neither a control nor a call nor a client"));
        };
        read.map_err(|e| e.to_string())
    }
}

/// Tells the sandbox something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The control operation.
    pub control: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// The name under which the answer is kept.
    pub save: Option<String>,
    /// What the answer must contain.
    pub expect: Option<Value>,
}

/// Calls an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The operation, by its name in the core.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// Text that is sent as bytes beside the arguments.
    pub payload: Option<String>,
    /// How many items are read before the iteration is left.
    pub take: Option<usize>,
    /// What must come of it.
    pub expect: Expect,
}

/// Makes a new client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Options laid over those of the scenario.
    pub client: Map<String, Value>,
    /// What must come of it; a client when it is left out.
    #[serde(default)]
    pub expect: Expect,
}

/// What must come of a step; what is left out is not looked at, except that an error must be expected.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The result of a call.
    #[serde(default, deserialize_with = "said")]
    pub result: Option<Value>,
    /// How many items were delivered.
    pub count: Option<usize>,
    /// The first item.
    pub first: Option<Value>,
    /// The last item.
    pub last: Option<Value>,
    /// All items.
    pub items: Option<Vec<Value>>,
    /// That the record ids delivered are those of the sandbox's feed.
    pub feed: Option<Feed>,
    /// The errors that were collected.
    pub errors: Option<Vec<Value>>,
    /// The warnings.
    pub warnings: Option<Vec<Value>>,
    /// The report.
    pub report: Option<Value>,
    /// The error that was raised.
    pub error: Option<Value>,
}

/// Which part of the sandbox's feed must have been delivered.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Feed {
    /// All of it.
    All(bool),
    /// These content types.
    Types(Vec<String>),
}

/// A count of requests in the sandbox's ledger.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Which requests count.
    #[serde(rename = "match")]
    pub matching: Request,
    /// How many there must be: a number or `{"$gte": n}`.
    pub count: Value,
}

/// Which requests count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Text that the path contains.
    pub path: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// A part of the query.
    pub query: Option<Value>,
}

/// `null` as a value that was said, not as a key that was left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Where the scenarios are: `M365KIT_CONFORMANCE`, or the folder beside this file.
pub fn folder() -> PathBuf {
    std::env::var_os("M365KIT_CONFORMANCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance"), PathBuf::from)
}

/// Reads all scenarios, in the order of their files, and complains of everything that cannot be meant.
pub fn read(folder: &Path) -> Result<Vec<(String, Scenario)>, String> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    let mut all = Vec::new();
    let mut names = BTreeSet::new();
    for path in paths {
        let subject = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let complain = |e: &dyn std::fmt::Display| format!("{subject}.json: {e}");
        let text = std::fs::read(&path).map_err(|e| complain(&e))?;
        let file: File = serde_json::from_slice(&text).map_err(|e| complain(&e))?;
        for scenario in file.scenarios {
            check(&scenario).map_err(|e| complain(&format!("{:?}: {e}", scenario.name)))?;
            if !names.insert(scenario.name.clone()) {
                return Err(complain(&format!("{:?} is there twice", scenario.name)));
            }
            all.push((subject.clone(), scenario));
        }
    }
    if all.is_empty() { Err(format!("no scenario in {}", folder.display())) } else { Ok(all) }
}

/// Everything that an expectation may ask to be absent. Elsewhere a misspelled name fails by itself; here it would be
/// absent indeed.
const MAY_BE_ABSENT: &[&str] = &[
    "alreadyEnabled",
    "appAccessContext",
    "authId",
    "clientAddress",
    "clientIp",
    "clientPort",
    "code",
    "contentId",
    "contentType",
    "creationTime",
    "errors",
    "expiration",
    "extended",
    "family",
    "hint",
    "id",
    "name",
    "objectId",
    "operation",
    "organizationId",
    "recordType",
    "requestId",
    "resultStatus",
    "retryAfter",
    "scope",
    "status",
    "userId",
    "userKey",
    "userType",
    "webhook",
    "workload",
    // A column that the record lacks, in `extended`.
    "Missing",
];

fn check(scenario: &Scenario) -> Result<(), String> {
    if scenario.steps.is_empty() {
        return Err("no steps".into());
    }
    for step in &scenario.steps {
        match step {
            Step::Control(step) => step.expect.iter().try_for_each(check_pattern)?,
            Step::Client(step) => step.expect.error.iter().try_for_each(check_pattern)?,
            Step::Call(step) => {
                let Expect { result, first, last, items, errors, warnings, report, error, .. } = &step.expect;
                let single = [result, first, last, report, error].into_iter().flatten();
                let many = [items, errors, warnings].into_iter().flatten().flatten();
                single.chain(many).try_for_each(check_pattern)?;
            }
        }
    }
    Ok(())
}

fn check_pattern(pattern: &Value) -> Result<(), String> {
    match pattern {
        Value::Array(items) => items.iter().try_for_each(check_pattern),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| match value {
            Value::Null if !MAY_BE_ABSENT.contains(&key.as_str()) => {
                Err(format!("{key:?} is expected to be absent, and no result has such a member"))
            }
            _ if key.starts_with('$') && !["$any", "$gte", "$contains"].contains(&key.as_str()) => {
                Err(format!("{key:?} is no way to match"))
            }
            _ => check_pattern(value),
        }),
        _ => Ok(()),
    }
}
