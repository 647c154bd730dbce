//! The scenarios as they are written down, read strictly: a key that nobody knows is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::check;

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
    /// The situation: what the service or the machine does.
    pub about: Option<String>,
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
    /// Goes on with a listing that was left open.
    Next(Box<Next>),
    /// Says that what a listing handed out is safe.
    Commit(Box<Commit>),
    /// Ends a listing.
    Close(Box<Close>),
    /// Writes a file.
    Write(Write),
}

impl TryFrom<Value> for Step {
    type Error = String;

    // An untagged enum would do, but says only that nothing matched, not which key was misspelled.
    fn try_from(step: Value) -> Result<Self, String> {
        let has = |key: &str| step.get(key).is_some();
        let read = if has("control") {
            serde_json::from_value(step).map(Step::Control)
        } else if has("call") {
            serde_json::from_value(step).map(Step::Call)
        } else if has("client") {
            serde_json::from_value(step).map(Step::Client)
        } else if has("next") {
            serde_json::from_value(step).map(Step::Next)
        } else if has("commit") {
            serde_json::from_value(step).map(Step::Commit)
        } else if has("close") {
            serde_json::from_value(step).map(Step::Close)
        } else if has("write") {
            serde_json::from_value(step).map(Step::Write)
        } else {
            return Err(format!("{step} is no kind of step"));
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
    /// Text that is sent as bytes beside the arguments, or JSON that is filled in as they are and sent as its text.
    pub payload: Option<Value>,
    /// How many items, or chunks of a download, are read before the iteration is left.
    pub take: Option<usize>,
    /// Whether a download is read all at once.
    #[serde(default)]
    pub whole: bool,
    /// The file or folder that a download is saved in.
    pub to: Option<String>,
    /// Whether a file that is there is replaced then.
    #[serde(default)]
    pub overwrite: bool,
    /// How many pages are read before the iteration is left.
    pub pages: Option<usize>,
    /// The name under which the listing is kept open.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// What must come of it.
    pub expect: Expect,
}

/// Goes on with a listing that was left open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// The name of the listing.
    pub next: String,
    /// Whole pages are read until there are so many items.
    pub take: Option<usize>,
    /// How many pages are read; to the end if neither is said.
    pub pages: Option<usize>,
    /// What must come of it.
    pub expect: Expect,
}

/// Says that what a listing handed out is safe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The name of the listing.
    pub commit: String,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expect,
}

/// Ends a listing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The name of the listing.
    pub close: String,
    /// What must be there then.
    #[serde(default)]
    pub expect: Expect,
}

/// Writes a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Where; the folders above are made.
    pub write: String,
    /// What is in it.
    pub text: Option<String>,
    /// The same as JSON.
    pub json: Option<Value>,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
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
    /// The bytes of a download: how many they are, how they begin, their digest, and what is said of them.
    pub bytes: Option<Value>,
    /// How many items were delivered: a number or `{"$gte": n}`.
    pub count: Option<Value>,
    /// The first item.
    pub first: Option<Value>,
    /// The last item.
    pub last: Option<Value>,
    /// All items.
    pub items: Option<Vec<Value>>,
    /// How many records the items stand for: the sum of their `records` or `rows`.
    pub records: Option<Value>,
    /// That the record ids delivered are those of the sandbox's feed.
    pub feed: Option<Feed>,
    /// Listings whose items count for `feed` as well.
    #[serde(default)]
    pub also: Vec<String>,
    /// That a record may come more than once for `feed`.
    #[serde(default)]
    pub repeats: bool,
    /// What must be in files.
    #[serde(default, deserialize_with = "one_or_more")]
    pub files: Vec<Files>,
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

/// What must be in files: of JSON lines where records are looked at, else of any kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Which files: a path, in whose last part `*` is any text.
    pub glob: String,
    /// How many files: a number or `{"$gte": n}`.
    pub count: Option<Value>,
    /// How many lines in all, or `"feed"`: that their `Id`s are those of the sandbox's feed.
    pub records: Option<Value>,
    /// That no `Id` is there twice.
    #[serde(default)]
    pub unique: bool,
    /// What each file begins and ends with.
    pub ends: Option<String>,
    /// All that each file holds.
    pub text: Option<String>,
}

impl Files {
    /// Whether the files must be JSON lines.
    pub fn are_lines(&self) -> bool {
        self.unique || self.records.is_some()
    }
}

/// What must be true of requests in the sandbox's ledger.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Which requests it is about.
    #[serde(rename = "match")]
    pub matching: Request,
    /// How many there must be: a number or `{"$gte": n}`.
    pub count: Option<Value>,
    /// How often each path among them must be there.
    pub each: Option<usize>,
    /// That the spans they ask for leave no gap, for each content type.
    #[serde(default)]
    pub contiguous: bool,
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
    /// A part of the whole entry.
    pub request: Option<Value>,
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Files>, D::Error> {
    let files = match Value::deserialize(deserializer)? {
        Value::Array(files) => files,
        one => vec![one],
    };
    let read = files.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
    read.map_err(serde::de::Error::custom)
}

/// `null` as a value that was said, not as a key that was left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Where the scenarios are: `M365KIT_CONFORMANCE` or the folder beside this file, and the folder `faults` beside it.
pub fn folders() -> [PathBuf; 2] {
    let first = std::env::var_os("M365KIT_CONFORMANCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance"), PathBuf::from);
    let second = first.parent().unwrap_or(Path::new("")).join("faults");
    [first, second]
}

/// Reads all scenarios with their groups, such as `faults/token`, and complains of everything that cannot be meant.
pub fn read(folders: &[PathBuf]) -> Result<Vec<(String, Scenario)>, String> {
    let mut all = Vec::new();
    let mut names = BTreeSet::new();
    for folder in folders {
        let before = all.len();
        let within = folder.file_name().unwrap_or_default().to_string_lossy();
        for path in files(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
            let group = format!("{within}/{}", path.file_stem().unwrap_or_default().to_string_lossy());
            let complain = |e: &dyn std::fmt::Display| format!("{group}.json: {e}");
            let text = std::fs::read(&path).map_err(|e| complain(&e))?;
            let file: File = serde_json::from_slice(&text).map_err(|e| complain(&e))?;
            for scenario in file.scenarios {
                check::scenario(&scenario).map_err(|e| complain(&format!("{:?}: {e}", scenario.name)))?;
                if !names.insert(scenario.name.clone()) {
                    return Err(complain(&format!("{:?} is there twice", scenario.name)));
                }
                all.push((group.clone(), scenario));
            }
        }
        if all.len() == before {
            return Err(format!("no scenario in {}", folder.display()));
        }
    }
    Ok(all)
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    Ok(paths)
}
