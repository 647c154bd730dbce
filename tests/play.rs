//! Plays a scenario: a sandbox and a client of its own, its steps, and what the sandbox saw of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use m365kit::{Client, Error};
use m365kit_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::matching;
use crate::scenario::{Call, Control, Expect, Feed, NewClient, Scenario, Seen, Step};

/// Plays `scenario`; the error says which step went otherwise than expected, and how.
pub async fn play(scenario: &Scenario) -> Result<(), String> {
    let config = Value::Object(scenario.sandbox.clone()).to_string();
    let sandbox = Sandbox::start_json(config.as_bytes()).map_err(|e| format!("sandbox: {e}"))?;
    let mut stage = Stage {
        options: options(&sandbox.describe(), &scenario.client),
        sandbox,
        client: None,
        saved: BTreeMap::new(),
    };
    for (number, step) in scenario.steps.iter().enumerate() {
        let done = match step {
            Step::Control(step) => stage.control(step),
            Step::Call(step) => stage.call(step).await,
            Step::Client(step) => stage.new_client(step),
        };
        done.map_err(|complaint| format!("step {}: {complaint}", number + 1))?;
    }
    scenario.ledger.iter().try_for_each(|seen| stage.seen(seen))
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
    sandbox: Sandbox,
    options: Map<String, Value>,
    client: Option<Client>,
    saved: BTreeMap<String, Value>,
}

impl Stage {
    fn control(&mut self, step: &Control) -> Result<(), String> {
        let answer = self.tell(&step.control, self.filled(&step.args)?)?;
        if let Some(pattern) = &step.expect {
            matching::part(pattern, &answer).map_err(|e| format!("{}: {e}", step.control))?;
        }
        if let Some(name) = &step.save {
            self.saved.insert(name.clone(), answer);
        }
        Ok(())
    }

    fn tell(&self, name: &str, args: Value) -> Result<Value, String> {
        self.sandbox.control(name, args).map_err(|e| format!("{name}: {e}"))
    }

    fn new_client(&mut self, step: &NewClient) -> Result<(), String> {
        let mut options = self.options.clone();
        lay_over(&mut options, &step.client);
        match (build(&options), &step.expect.error) {
            (Ok(client), None) => {
                self.client = Some(client);
                Ok(())
            }
            (Ok(_), Some(pattern)) => Err(format!("expected error {pattern}, got a client")),
            (Err(error), pattern) => judge_error(pattern.as_ref(), Some(&error)),
        }
    }

    async fn call(&mut self, step: &Call) -> Result<(), String> {
        let client = match &self.client {
            Some(client) => client,
            None => self.client.insert(build(&self.options).map_err(|e| format!("client: {e}"))?),
        }
        .clone();
        let args = self.filled(&step.args)?.to_string();
        if is_paged(&step.call) {
            let outcome = read_pages(&client, &step.call, args.as_bytes(), step.take).await?;
            self.judge_pages(&step.expect, &outcome)
        } else {
            let payload = step.payload.as_ref().map(|text| text.clone().into_bytes().into());
            match client.call(&step.call, args.as_bytes(), payload).await {
                Ok(reply) => {
                    judge_error(step.expect.error.as_ref(), None)?;
                    let mut result: Value = parse(&reply.json)?;
                    if !reply.payload.is_empty() {
                        result = String::from_utf8_lossy(&reply.payload).into();
                    }
                    let pattern = step.expect.result.as_ref();
                    pattern.map_or(Ok(()), |pattern| matching::part(pattern, &result))
                }
                Err(error) => judge_error(step.expect.error.as_ref(), Some(&error)),
            }
        }
    }

    fn judge_pages(&self, expect: &Expect, outcome: &Outcome) -> Result<(), String> {
        judge_error(expect.error.as_ref(), outcome.error.as_ref())?;
        let items = &outcome.items;
        if expect.count.is_some_and(|count| count != items.len()) {
            return Err(format!("count: expected {:?}, got {}", expect.count, items.len()));
        }
        let named = [("first", &expect.first, items.first()), ("last", &expect.last, items.last())];
        for (name, pattern, item) in named {
            if let Some(pattern) = pattern {
                matching::part(pattern, item.unwrap_or(&Value::Null)).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        let lists = [
            ("items", &expect.items, items),
            ("errors", &expect.errors, &outcome.errors),
            ("warnings", &expect.warnings, &outcome.warnings),
        ];
        for (name, pattern, list) in lists {
            if let Some(pattern) = pattern {
                matching::part(&json!({name: pattern}), &json!({name: list}))?;
            }
        }
        if let Some(pattern) = &expect.report {
            matching::part(&json!({"report": pattern}), &json!({"report": outcome.report}))?;
        }
        expect.feed.as_ref().map_or(Ok(()), |feed| self.judge_feed(feed, items))
    }

    fn judge_feed(&self, feed: &Feed, items: &[Value]) -> Result<(), String> {
        let mut args = json!({"ids": true});
        if let Feed::Types(types) = feed {
            args["contentTypes"] = json!(types);
        }
        let answer = self.tell("feed", args)?;
        let mut missing: BTreeMap<&str, i64> = BTreeMap::new();
        for id in answer["ids"].as_array().ok_or("the sandbox's feed has no ids")? {
            missing.insert(id.as_str().unwrap_or_default(), 1);
        }
        if missing.is_empty() {
            return Err("feed: the sandbox's feed is empty, which proves nothing".into());
        }
        for item in items {
            *missing.entry(item["id"].as_str().unwrap_or_default()).or_insert(0) -= 1;
        }
        let lost: Vec<_> = missing.iter().filter(|(_, n)| **n > 0).map(|(id, _)| *id).collect();
        let double: Vec<_> = missing.iter().filter(|(_, n)| **n < 0).map(|(id, _)| *id).collect();
        if lost.is_empty() && double.is_empty() {
            return Ok(());
        }
        Err(format!(
            "feed: of {} records {} lost and {} too many, such as {:?} and {:?}",
            missing.len(),
            lost.len(),
            double.len(),
            lost.first(),
            double.first()
        ))
    }

    fn seen(&self, seen: &Seen) -> Result<(), String> {
        let ledger = self.tell("ledger", json!({}))?;
        let requests = ledger["requests"].as_array().ok_or("the ledger has no requests")?;
        let wanted = &seen.matching;
        let matches = |request: &&Value| {
            wanted.path.as_ref().is_none_or(|path| request["path"].as_str().is_some_and(|p| p.contains(path)))
                && wanted.method.as_ref().is_none_or(|method| request["method"] == json!(method))
                && wanted.query.as_ref().is_none_or(|query| matching::part(query, &request["query"]).is_ok())
        };
        let count = requests.iter().filter(matches).count();
        matching::part(&seen.count, &json!(count)).map_err(|complaint| {
            let all: Vec<String> = requests
                .iter()
                .map(|r| format!("{} {} {} -> {}", r["method"], r["path"], r["query"], r["status"]))
                .collect();
            format!("ledger {wanted:?}: {complaint}; seen were\n  {}", all.join("\n  "))
        })
    }

    /// `args` with times and saved values filled in. One look at the clock serves them all.
    fn filled(&self, args: &Map<String, Value>) -> Result<Value, String> {
        let clock = self.tell("clock", json!({}))?;
        let now = clock["now"].as_str().unwrap_or_default().parse();
        let now = now.map_err(|e| format!("the sandbox's clock: {e}"))?;
        self.filled_value(&Value::Object(args.clone()), now)
    }

    fn filled_value(&self, value: &Value, now: Timestamp) -> Result<Value, String> {
        match value {
            Value::String(text) => self.filled_text(text, now),
            Value::Array(items) => items.iter().map(|item| self.filled_value(item, now)).collect(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| Ok((key.clone(), self.filled_value(value, now)?))).collect()
            }
            other => Ok(other.clone()),
        }
    }

    fn filled_text(&self, text: &str, now: Timestamp) -> Result<Value, String> {
        if let Some(path) = text.strip_prefix('$') {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            // Parameters such as `$top` are no variables.
            let Some(saved) = self.saved.get(name) else { return Ok(text.into()) };
            let mut members = rest.split('.').filter(|member| !member.is_empty());
            let found = members.try_fold(saved, |value, member| value.get(member));
            return found.cloned().ok_or_else(|| format!("{text}: {saved} has no such member"));
        }
        let Some(offset) = text.strip_prefix("now").and_then(offset) else { return Ok(text.into()) };
        let time = now.checked_add(offset).map_err(|e| format!("{text}: {e}"))?;
        Ok(time.to_string().into())
    }
}

/// `""`, `-24h`, `+7d`, `-90m`, `-10s`.
fn offset(text: &str) -> Option<SignedDuration> {
    if text.is_empty() {
        return Some(SignedDuration::ZERO);
    }
    let (sign, text) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let (number, unit) = text.split_at_checked(text.len() - 1)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(sign * seconds * number.parse::<i64>().ok()?))
}

fn build(options: &Map<String, Value>) -> Result<Client, Error> {
    Client::from_json(Value::Object(options.clone()).to_string().as_bytes(), None)
}

fn judge_error(pattern: Option<&Value>, error: Option<&Error>) -> Result<(), String> {
    match (pattern, error) {
        (None, None) => Ok(()),
        (Some(pattern), None) => Err(format!("expected error {pattern}, got none")),
        (None, Some(error)) => Err(format!("got error {}", String::from_utf8_lossy(&error.to_json()))),
        (Some(pattern), Some(error)) => {
            let error: Value = parse(&error.to_json())?;
            matching::error(pattern, &error).map_err(|e| format!("error: {e} in {}", matching::short(&error)))
        }
    }
}

fn parse(json: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(json).map_err(|e| format!("not JSON: {e}: {}", String::from_utf8_lossy(json)))
}

/// What came of a paged operation before it ended, failed or was left.
#[derive(Default)]
struct Outcome {
    items: Vec<Value>,
    errors: Vec<Value>,
    warnings: Vec<Value>,
    report: Value,
    error: Option<Error>,
}

async fn read_pages(
    client: &Client,
    name: &str,
    args: &[u8],
    take: Option<usize>,
) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let mut pages = match client.pages(name, args) {
        Ok(pages) => pages,
        Err(error) => return Ok(Outcome { error: Some(error), ..outcome }),
    };
    loop {
        let page = match pages.next().await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(outcome),
            Err(error) => return Ok(Outcome { error: Some(error), ..outcome }),
        };
        let meta: Value = parse(&page.meta)?;
        outcome.errors.extend(meta["errors"].as_array().into_iter().flatten().cloned());
        outcome.warnings.extend(meta["warnings"].as_array().into_iter().flatten().cloned());
        if !meta["report"].is_null() {
            outcome.report = meta["report"].clone();
        }
        let Value::Array(items) = parse(&page.items)? else { return Err("items are no list".into()) };
        for mut item in items {
            if let Some(place) = item.get("raw").cloned() {
                item["raw"] = original(&place, &page.payload)?.into();
            }
            outcome.items.push(item);
            if take.is_some_and(|take| outcome.items.len() >= take) {
                return Ok(outcome);
            }
        }
    }
}

/// The original text of a record, which lies beside the page.
fn original(place: &Value, payload: &[u8]) -> Result<String, String> {
    let number = |index: usize| place[index].as_u64().and_then(|n| usize::try_from(n).ok());
    let text = number(0).zip(number(1)).and_then(|(start, length)| payload.get(start..start + length));
    let text =
        text.ok_or_else(|| format!("raw {place} lies outside of the page's {} bytes", payload.len()))?;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn is_paged(operation: &str) -> bool {
    matches!(
        operation,
        "audit.list_content" | "audit.get_content" | "audit.list_notifications" | "audit.records"
    )
}
