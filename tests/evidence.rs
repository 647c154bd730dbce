//! What a scenario left behind: records against the sandbox's feed, lines in files, requests in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::matching;
use crate::scenario::{Feed, Files, Seen};

/// Compares the ids that were delivered with those that a feed has.
pub fn feed(wanted: &[String], delivered: &[&str], repeats: bool) -> Result<(), String> {
    if wanted.is_empty() {
        return Err("feed: the sandbox's feed is empty, which proves nothing".into());
    }
    let mut missing: BTreeMap<&str, i64> = wanted.iter().map(|id| (id.as_str(), 1)).collect();
    for id in delivered {
        *missing.entry(id).or_insert(0) -= 1;
    }
    let known: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let lost: Vec<_> = missing.iter().filter(|(_, n)| **n > 0).map(|(id, _)| *id).collect();
    let too_many: Vec<_> = missing
        .iter()
        .filter(|(id, n)| **n < 0 && !(repeats && known.contains(*id)))
        .map(|(id, _)| *id)
        .collect();
    if lost.is_empty() && too_many.is_empty() {
        return Ok(());
    }
    Err(format!(
        "feed: of {} records {} lost and {} too many, such as {:?} and {:?}",
        wanted.len(),
        lost.len(),
        too_many.len(),
        lost.first(),
        too_many.first()
    ))
}

/// What the sandbox is asked for its feed with.
pub fn feed_args(feed: &Feed) -> Value {
    match feed {
        Feed::All(_) => json!({"ids": true, "bytes": false}),
        Feed::Types(types) => json!({"ids": true, "bytes": false, "contentTypes": types}),
    }
}

/// The record ids in the sandbox's answer.
pub fn feed_ids(answer: &Value) -> Result<Vec<String>, String> {
    let ids = answer["ids"].as_array().ok_or("the sandbox's feed has no ids")?;
    Ok(ids.iter().map(|id| id.as_str().unwrap_or_default().to_owned()).collect())
}

/// Looks into files; `glob` is what `wanted` says, filled in, and `feed` the ids of the sandbox's feed.
pub fn files(wanted: &Files, glob: &str, feed: &[String]) -> Result<(), String> {
    let paths = matching_paths(Path::new(glob))?;
    let complain = |what: &str| format!("files {}: {what}", wanted.glob);
    if let Some(count) = &wanted.count {
        matching::part(count, &json!(paths.len()))
            .map_err(|e| complain(&format!("count: {e}: {paths:?}")))?;
    }
    for path in paths.iter().filter(|_| wanted.ends.is_some() || wanted.text.is_some()) {
        holds(wanted, path).map_err(|e| complain(&format!("{}: {e}", path.display())))?;
    }
    let mut ids = Vec::new();
    for path in paths.iter().filter(|_| wanted.are_lines()) {
        let read = lines(path).map_err(|e| complain(&format!("{}: {e}", path.display())))?;
        ids.extend(read);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    match &wanted.records {
        Some(Value::String(word)) if word == "feed" => {
            self::feed(feed, &ids, !wanted.unique).map_err(|e| complain(&e))?;
        }
        Some(count) => {
            matching::part(count, &json!(ids.len())).map_err(|e| complain(&format!("records: {e}")))?;
        }
        None => {}
    }
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    if wanted.unique && distinct.len() < ids.len() {
        return Err(complain(&format!(
            "{} lines of {} are repetitions",
            ids.len() - distinct.len(),
            ids.len()
        )));
    }
    Ok(())
}

/// Compares the bytes of a file with what each must hold.
fn holds(wanted: &Files, path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    if let Some(ends) = wanted.ends.as_ref().map(String::as_bytes)
        && !(bytes.starts_with(ends) && bytes.ends_with(ends) && bytes.len() >= 2 * ends.len())
    {
        return Err(format!("its {} bytes do not begin and end as they must", bytes.len()));
    }
    if wanted.text.as_ref().is_some_and(|text| text.as_bytes() != bytes) {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        return Err(format!("it holds another text: {start}"));
    }
    Ok(())
}

/// The `Id`s in a file of JSON lines, each of which must be whole.
fn lines(path: &Path) -> Result<Vec<String>, String> {
    /// Nothing but the id is read: a record may hold what no text of this language can, such as half a character.
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "Id")]
        id: String,
    }

    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    if !text.is_empty() && text.last() != Some(&b'\n') {
        return Err("the last line has no end".into());
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let read = serde_json::from_slice::<Line>(line).map(|line| line.id);
            read.map_err(|e| format!("{e} in {}", String::from_utf8_lossy(line)))
        })
        .collect()
}

fn matching_paths(glob: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = glob.parent().unwrap_or(Path::new(""));
    let pattern = glob.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if fits(&pattern, &path.file_name().unwrap_or_default().to_string_lossy()) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a name fits a pattern in which `*` is any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, rest)) => name.strip_prefix(before).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest, &name[at..]))
        }),
    }
}

/// Compares the ledger with what must have been seen.
pub fn ledger(seen: &Seen, requests: &[Value]) -> Result<(), String> {
    let wanted = &seen.matching;
    let fits = |pattern: &Option<Value>, actual: &Value| {
        pattern.as_ref().is_none_or(|pattern| matching::part(pattern, actual).is_ok())
    };
    let chosen: Vec<&Value> = requests
        .iter()
        .filter(|request| {
            let path = request["path"].as_str().unwrap_or_default();
            wanted.path.as_ref().is_none_or(|part| path.contains(part))
                && wanted.method.as_ref().is_none_or(|method| request["method"] == json!(method))
                && fits(&wanted.query, &request["query"])
                && fits(&wanted.request, request)
        })
        .collect();
    let mut done = seen.count.as_ref().map_or(Ok(()), |count| matching::part(count, &json!(chosen.len())));
    if let Some(each) = seen.each {
        done = done.and_then(|()| each_path(each, &chosen));
    }
    if seen.contiguous {
        done = done.and_then(|()| contiguous(&chosen));
    }
    done.map_err(|complaint| {
        let all: Vec<String> = requests
            .iter()
            .map(|r| format!("{} {} {} -> {}", r["method"], r["path"], r["query"], r["status"]))
            .collect();
        format!("ledger {wanted:?}: {complaint}; seen were\n  {}", all.join("\n  "))
    })
}

fn each_path(times: usize, requests: &[&Value]) -> Result<(), String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in requests {
        *counts.entry(request["path"].as_str().unwrap_or_default()).or_insert(0) += 1;
    }
    let other = counts.iter().find(|(_, count)| **count != times);
    other.map_or(Ok(()), |(path, count)| Err(format!("{path} was asked for {count} times, not {times}")))
}

/// Times without a zone, all in one format, so that their order is that of their text.
fn contiguous(requests: &[&Value]) -> Result<(), String> {
    let mut spans: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for request in requests {
        let text = |name: &str| request["query"][name].as_str();
        if let (Some(content_type), Some(start), Some(end)) =
            (text("contentType"), text("startTime"), text("endTime"))
        {
            spans.entry(content_type).or_default().push((start, end));
        }
    }
    if spans.is_empty() {
        return Err("none of them asks for a span".into());
    }
    for (content_type, mut spans) in spans {
        spans.sort_unstable();
        let mut reached = spans[0].0;
        for (start, end) in spans {
            if start > reached {
                return Err(format!("nobody asked for {content_type} from {reached} to {start}"));
            }
            reached = reached.max(end);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_feed_is_complete_and_has_nothing_else() {
        assert!(feed(&ids(&["a", "b"]), &["b", "a"], false).is_ok());
        assert!(feed(&ids(&["a", "b"]), &["b"], true).is_err());
        assert!(feed(&ids(&["a", "b"]), &["b", "a", "a"], false).is_err());
        assert!(feed(&ids(&["a", "b"]), &["b", "a", "a"], true).is_ok());
        assert!(feed(&ids(&["a", "b"]), &["b", "a", "c"], true).is_err());
        assert!(feed(&[], &[], true).is_err());
    }

    #[test]
    fn a_star_is_any_text() {
        assert!(fits("*.jsonl", "2026-11-22.Audit.Exchange.000001.jsonl"));
        assert!(!fits("*.jsonl", "2026-11-22.Audit.Exchange.000001.jsonl.partial"));
        assert!(fits("*Exchange*", "2026-11-22.Audit.Exchange.000001.jsonl"));
        assert!(fits("a*", "a") && !fits("a*", "b") && fits("a", "a"));
    }

    #[test]
    fn spans_may_overlap_but_leave_no_gap() {
        let asked = |spans: &[(&str, &str)]| -> Vec<Value> {
            let query = |(start, end): &(&str, &str)| json!({"query": {"contentType": "x", "startTime": start, "endTime": end}});
            spans.iter().map(query).collect()
        };
        let check = |spans: &[(&str, &str)]| {
            let requests = asked(spans);
            contiguous(&requests.iter().collect::<Vec<_>>())
        };
        assert!(check(&[("1", "3"), ("2", "4"), ("4", "5")]).is_ok());
        assert!(check(&[("1", "5"), ("2", "3"), ("5", "6")]).is_ok());
        assert!(check(&[("1", "2"), ("3", "4")]).is_err());
        assert!(check(&[]).is_err());
    }
}
