//! Plays a scenario: a sandbox, a client and a folder of its own, its steps, and what the sandbox saw of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use m365kit::dispatch::Pages;
use m365kit::{Client, Error};
use m365kit_sandbox::Sandbox;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::credential::{Caches, Failure, client};
use crate::download::{self, gives_bytes};
use crate::evidence;
use crate::fill::Filling;
use crate::listing::{self, Outcome, Until, is_paged};
use crate::matching::{self, parse};
use crate::scenario::{Call, Close, Commit, Control, Expect, NewClient, Next, Scenario, Step, Write};
use crate::secrets::Issued;

/// Plays `scenario`; the error says which step went otherwise than expected, and how.
pub async fn play(scenario: &Scenario, issued: &Issued) -> Result<(), String> {
    let config = Value::Object(scenario.sandbox.clone()).to_string();
    let sandbox = Sandbox::start_json(config.as_bytes()).map_err(|e| format!("sandbox: {e}"))?;
    let sandbox = Arc::new(sandbox);
    let mut stage = Stage {
        options: options(&sandbox.describe(), &scenario.client),
        sandbox,
        folder: TempDir::new().map_err(|e| format!("the scenario's folder: {e}"))?,
        client: None,
        caches: Caches::new(),
        saved: BTreeMap::new(),
        open: BTreeMap::new(),
        delivered: BTreeMap::new(),
    };
    for (number, step) in scenario.steps.iter().enumerate() {
        let done = match step {
            Step::Control(step) => stage.control(step),
            Step::Call(step) => stage.call(step).await,
            Step::Client(step) => stage.new_client(step).await,
            Step::Next(step) => stage.next(step).await,
            Step::Commit(step) => stage.commit(step).await,
            Step::Close(step) => stage.close(step),
            Step::Write(step) => stage.write(step),
        };
        done.map_err(|complaint| format!("step {}: {complaint}", number + 1))?;
    }
    issued.note(&stage.sandbox)?;
    let ledger = stage.tell("ledger", json!({}))?;
    let requests = ledger["requests"].as_array().ok_or("the ledger has no requests")?;
    scenario.ledger.iter().try_for_each(|seen| evidence::ledger(seen, requests))
}

/// The client options that fit a sandbox, with those of the scenario laid over.
fn options(sandbox: &Value, over: &Map<String, Value>) -> Map<String, Value> {
    let mut cloud = sandbox["cloud"].clone();
    cloud["name"] = json!("custom");
    let mut options = Map::new();
    options.insert("tenant".into(), sandbox["tenant"].clone());
    options.insert(
        "credential".into(),
        json!({"kind": "client_secret", "client_id": sandbox["clientId"], "secret": sandbox["clientSecret"]}),
    );
    options.insert("cloud".into(), cloud);
    if !sandbox["caCertificate"].is_null() {
        options.insert("root_certificates".into(), sandbox["caCertificate"].clone());
    }
    lay_over(&mut options, over);
    options
}

fn lay_over(options: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (options.get_mut(key), value) {
            (_, Value::Null) => {
                options.remove(key);
            }
            (Some(Value::Object(below)), Value::Object(above)) if same_sort(below, above) => {
                lay_over(below, above);
            }
            _ => {
                options.insert(key.clone(), value.clone());
            }
        }
    }
}

fn same_sort(below: &Map<String, Value>, above: &Map<String, Value>) -> bool {
    ["kind", "name"].iter().all(|tag| above.get(*tag).is_none_or(|value| below.get(*tag) == Some(value)))
}

struct Stage {
    sandbox: Arc<Sandbox>,
    options: Map<String, Value>,
    folder: TempDir,
    client: Option<Client>,
    caches: Caches,
    saved: BTreeMap<String, Value>,
    /// Listings that were left open, by name.
    open: BTreeMap<String, Pages>,
    /// What the listings with a name delivered, also after they ended.
    delivered: BTreeMap<String, Vec<Value>>,
}

impl Stage {
    fn control(&mut self, step: &Control) -> Result<(), String> {
        let answer = self.tell(&step.control, self.filled(&step.args)?)?;
        if let Some(pattern) = &step.expect {
            matching::part(&self.filled(pattern)?, &answer).map_err(|e| format!("{}: {e}", step.control))?;
        }
        if let Some(name) = &step.save {
            self.saved.insert(name.clone(), answer);
        }
        Ok(())
    }

    fn tell(&self, name: &str, args: Value) -> Result<Value, String> {
        self.sandbox.control(name, args).map_err(|e| format!("{name}: {e}"))
    }

    async fn new_client(&mut self, step: &NewClient) -> Result<(), String> {
        let mut options = self.options.clone();
        let Value::Object(over) = self.filled(&step.client)? else { return Err("no client options".into()) };
        lay_over(&mut options, &over);
        match (client(&self.sandbox, &mut self.caches, &options).await, &step.expect.error) {
            (Ok(client), None) => {
                self.client = Some(client);
                Ok(())
            }
            (Ok(_), Some(pattern)) => Err(format!("expected error {pattern}, got a client")),
            (Err(Failure::Refused(error)), _) => self.judge_error(&step.expect, Some(&error)),
            (Err(Failure::Runner(complaint)), _) => Err(complaint),
        }
    }

    async fn call(&mut self, step: &Call) -> Result<(), String> {
        let client = if let Some(client) = &self.client {
            client.clone()
        } else {
            let made = client(&self.sandbox, &mut self.caches, &self.options).await;
            let made = made.map_err(|failure| match failure {
                Failure::Refused(error) => format!("client: {error}"),
                Failure::Runner(complaint) => complaint,
            })?;
            self.client.insert(made).clone()
        };
        let args = self.filled(&step.args)?;
        if is_paged(&step.call) {
            return self.listing(&client, step, &args).await;
        }
        if gives_bytes(&step.call) {
            return self.download(&client, step, &args).await;
        }
        if listing::runs(&step.call) {
            return self.run(&client, step, &args).await;
        }
        let payload = match &step.payload {
            None => None,
            Some(Value::String(text)) => Some(text.clone().into_bytes().into()),
            Some(json) => Some(self.filled(json)?.to_string().into_bytes().into()),
        };
        let reply = client.call(&step.call, args.to_string().as_bytes(), payload).await;
        self.judge_error(&step.expect, reply.as_ref().err())?;
        if let Ok(reply) = reply
            && let Some(pattern) = &step.expect.result
        {
            let mut result: Value = parse(&reply.json)?;
            if !reply.payload.is_empty() {
                result = String::from_utf8_lossy(&reply.payload).into();
            }
            matching::part(&self.filled(pattern)?, &result)?;
        }
        self.judge_files(&step.expect)
    }

    async fn download(&mut self, client: &Client, step: &Call, args: &Value) -> Result<(), String> {
        let to = step.to.as_ref().map(|to| Ok::<_, String>(self.filling()?.path(to))).transpose()?;
        let outcome = download::take(client, step, args, to.as_deref()).await?;
        self.judge_error(&step.expect, outcome.error.as_ref())?;
        if let Some(pattern) = &step.expect.result {
            matching::part(&self.filled(pattern)?, &outcome.saved)?;
        }
        if let Some(pattern) = &step.expect.bytes {
            download::judge(pattern, &outcome)?;
        }
        self.judge_files(&step.expect)
    }

    async fn listing(&mut self, client: &Client, step: &Call, args: &Value) -> Result<(), String> {
        let kept = step.name.is_some();
        let until = match (step.pages, step.take) {
            (Some(pages), _) => Until::Pages(pages),
            (None, Some(items)) if kept => Until::Filled(items),
            (None, Some(items)) => Until::Items(items),
            (None, None) => Until::End,
        };
        let outcome = match listing::open(client, &step.call, args) {
            Err(refused) => *refused,
            Ok(mut pages) => {
                let outcome = listing::read(&mut pages, until).await?;
                if let Some(name) = &step.name {
                    self.open.insert(name.clone(), pages);
                }
                outcome
            }
        };
        self.judge_pages(&step.expect, &outcome)?;
        if let Some(name) = &step.name {
            self.delivered.insert(name.clone(), outcome.items);
        }
        self.judge_files(&step.expect)
    }

    /// Reads to the end what is there to be done; its last page holds what came of it.
    async fn run(&mut self, client: &Client, step: &Call, args: &Value) -> Result<(), String> {
        let outcome = match listing::open(client, &step.call, args) {
            Err(refused) => *refused,
            Ok(mut pages) => listing::read(&mut pages, Until::End).await?,
        };
        self.judge_pages(&step.expect, &outcome)?;
        if outcome.error.is_none() && outcome.items.len() != 1 {
            return Err(format!("{} results, and one was to come", outcome.items.len()));
        }
        if let Some(pattern) = &step.expect.result {
            matching::part(&self.filled(pattern)?, outcome.items.first().unwrap_or(&Value::Null))?;
        }
        self.judge_files(&step.expect)
    }

    async fn next(&mut self, step: &Next) -> Result<(), String> {
        let until = match (step.pages, step.take) {
            (Some(pages), _) => Until::Pages(pages),
            (None, Some(items)) => Until::Filled(items),
            (None, None) => Until::End,
        };
        let pages = self.open.get_mut(&step.next).ok_or_else(|| format!("{} is closed", step.next))?;
        let outcome = listing::read(pages, until).await?;
        self.judge_pages(&step.expect, &outcome)?;
        self.delivered.entry(step.next.clone()).or_default().extend(outcome.items);
        self.judge_files(&step.expect)
    }

    async fn commit(&mut self, step: &Commit) -> Result<(), String> {
        let pages = self.open.get(&step.commit).ok_or_else(|| format!("{} is closed", step.commit))?;
        let committer = pages.committer().ok_or_else(|| format!("{} keeps no position", step.commit))?;
        let done = committer.commit().await;
        self.judge_error(&step.expect, done.as_ref().err())?;
        self.judge_files(&step.expect)
    }

    fn close(&mut self, step: &Close) -> Result<(), String> {
        self.open.remove(&step.close).ok_or_else(|| format!("{} is closed already", step.close))?;
        self.judge_files(&step.expect)
    }

    fn write(&self, step: &Write) -> Result<(), String> {
        let path = self.filling()?.path(&step.write);
        let text = match (&step.text, &step.json) {
            (Some(text), None) => self.filled(text)?.as_str().unwrap_or_default().to_owned(),
            (None, Some(json)) => self.filled(json)?.to_string(),
            _ => return Err("a file is written with text or json".to_owned()),
        };
        let written = Path::new(&path)
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, text))
            .and_then(|()| if step.executable { make_executable(&path) } else { Ok(()) });
        written.map_err(|e| format!("{path}: {e}"))
    }

    fn judge_pages(&self, expect: &Expect, outcome: &Outcome) -> Result<(), String> {
        self.judge_error(expect, outcome.error.as_ref())?;
        let items = &outcome.items;
        if let Some(count) = &expect.count {
            matching::part(count, &json!(items.len())).map_err(|e| format!("count: {e}"))?;
        }
        if let Some(records) = &expect.records {
            let of = |item: &Value| item["records"].as_u64().or(item["rows"].as_u64()).unwrap_or(0);
            let sum: u64 = items.iter().map(of).sum();
            matching::part(records, &json!(sum)).map_err(|e| format!("records: {e}"))?;
        }
        let named = [("first", &expect.first, items.first()), ("last", &expect.last, items.last())];
        for (name, pattern, item) in named {
            if let Some(pattern) = pattern {
                matching::part(&self.filled(pattern)?, item.unwrap_or(&Value::Null))
                    .map_err(|e| format!("{name}: {e}"))?;
            }
        }
        let lists = [
            ("items", &expect.items, items),
            ("errors", &expect.errors, &outcome.errors),
            ("warnings", &expect.warnings, &outcome.warnings),
        ];
        for (name, pattern, list) in lists {
            if let Some(pattern) = pattern {
                matching::part(&self.filled(&json!({name: pattern}))?, &json!({name: list}))?;
            }
        }
        if let Some(pattern) = &expect.report {
            matching::part(&json!({"report": pattern}), &json!({"report": outcome.report}))?;
        }
        let Some(feed) = &expect.feed else { return Ok(()) };
        let wanted = evidence::feed_ids(&self.tell("feed", evidence::feed_args(feed))?)?;
        let earlier = expect.also.iter().filter_map(|name| self.delivered.get(name)).flatten();
        let ids: Vec<&str> =
            earlier.chain(items).map(|item| item["id"].as_str().unwrap_or_default()).collect();
        evidence::feed(&wanted, &ids, expect.repeats)
    }

    fn judge_error(&self, expect: &Expect, error: Option<&Error>) -> Result<(), String> {
        if let Some(error) = error {
            // What programs print of it.
            tracing::trace!(%error, ?error, json = %String::from_utf8_lossy(&error.to_json()));
        }
        match (&expect.error, error) {
            (None, None) => Ok(()),
            (Some(pattern), None) => Err(format!("expected error {pattern}, got none")),
            (None, Some(error)) => Err(format!("got error {}", String::from_utf8_lossy(&error.to_json()))),
            (Some(pattern), Some(error)) => {
                let error: Value = parse(&error.to_json())?;
                matching::error(&self.filled(pattern)?, &error)
                    .map_err(|e| format!("error: {e} in {}", matching::short(&error)))
            }
        }
    }

    fn judge_files(&self, expect: &Expect) -> Result<(), String> {
        for files in &expect.files {
            let feed = match &files.records {
                Some(Value::String(_)) => {
                    evidence::feed_ids(&self.tell("feed", json!({"ids": true, "bytes": false}))?)?
                }
                _ => Vec::new(),
            };
            evidence::files(files, &self.filling()?.path(&files.glob), &feed)?;
        }
        Ok(())
    }

    /// `value`, an object or a pattern, with times, saved values and the folder filled in.
    fn filled(&self, value: &(impl Clone + Into<Value>)) -> Result<Value, String> {
        self.filling()?.value(&value.clone().into())
    }

    fn filling(&self) -> Result<Filling<'_>, String> {
        let clock = self.tell("clock", json!({}))?;
        let now = clock["now"].as_str().unwrap_or_default().parse();
        Ok(Filling {
            now: now.map_err(|e| format!("the sandbox's clock: {e}"))?,
            saved: &self.saved,
            folder: self.folder.path().to_str().ok_or("the scenario's folder is no text")?,
        })
    }
}

#[cfg(unix)]
fn make_executable(path: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &str) -> std::io::Result<()> {
    Ok(())
}
