//! Messages that are made up.

use serde_json::{Value, json};

use super::catalogue::{ATTACHMENTS, CHANGES, TAGS};
use super::services::Service;
use super::times::stamp;
use crate::clock::{DAY, HOUR, SECOND};
use crate::random::{Random, guid, hash, salt};

/// A message that was there when the clock began, the `number`-th of `of`, the oldest first.
pub(super) fn past(services: &[Service], seed: u64, number: usize, of: usize, span: i64, end: i64) -> Value {
    let mut random = Random::new(hash(&[seed, salt("message"), number as u64]));
    let pace = span / (of as i64).max(1);
    let ago = pace * (of - number) as i64 - random.between(0, (pace / 2).max(1));
    let start = (end - ago).div_euclid(SECOND) * SECOND;
    // Some are changed later.
    let changed = if random.below(3) == 0 { (start + random.between(HOUR, 5 * DAY)).min(end) } else { start };
    make(services, &mut random, &format!("MC{}", 600_001 + number), start, changed)
}

/// A message that appears while the clock runs.
pub(super) fn coming(services: &[Service], seed: u64, number: u64, start: i64) -> Value {
    let mut random = Random::new(hash(&[seed, salt("livemsg"), number]));
    make(services, &mut random, &format!("MC{}", 1_000_001 + number), start, start)
}

fn make(services: &[Service], random: &mut Random, id: &str, start: i64, changed: i64) -> Value {
    let (title, paragraph) = CHANGES[random.below(CHANGES.len())];
    let major = random.below(4) == 0;
    let mut tags: Vec<&str> = vec![TAGS[random.below(2)]];
    if major {
        tags.push("Major change");
    }
    tags.extend((random.below(2) == 0).then(|| TAGS[3 + random.below(3)]));
    let reach = services.len().min(6);
    let mut about: Vec<&str> = vec![];
    for _ in 0..=random.below(2) {
        about.extend(services.get(random.below(reach)).map(|service| service.name.as_str()));
    }
    about.dedup();
    let severity = ["normal", "normal", "normal", "high", "critical"][random.below(5)];
    let category = ["stayInformed", "planForChange", "preventOrFixIssue"][random.below(3)];
    let attachments = attachments(random, changed);
    json!({
        "title": title.replace("&amp;", "&"),
        "startDateTime": stamp(start),
        "endDateTime": stamp(start + random.between(60, 200) * DAY),
        "lastModifiedDateTime": stamp(changed),
        "details": details(random, id),
        "category": category,
        "severity": severity,
        "body": {
            "contentType": "html",
            "content": format!("<p>{paragraph}</p><p><b>When this will happen:</b> in the coming weeks.</p>"),
        },
        "hasAttachments": !attachments.is_empty(),
        "actionRequiredByDateTime": (random.below(5) == 0).then(|| stamp(start + 45 * DAY)),
        "isMajorChange": major,
        "services": about,
        "tags": tags,
        "attachments": attachments,
        "id": id,
    })
}

/// Names that the older wire has members for come last, in the order in which whoever unifies the wires adds them.
fn details(random: &mut Random, id: &str) -> Vec<Value> {
    let mut details = vec![("Summary".to_owned(), "What changes, and when.".to_owned())];
    let mut add = |name: &str, value: String| {
        if random.below(2) == 0 {
            details.push((name.to_owned(), value));
        }
    };
    add("ExternalLink", format!("https://learn.contoso.example/{id}?view=o365"));
    add("BlogLink", format!("https://blog.contoso.example/{id}"));
    add("AppliesTo", "Business".into());
    add("ActionType", "Awareness".into());
    details.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn attachments(random: &mut Random, changed: i64) -> Vec<Value> {
    if random.below(4) != 0 {
        return vec![];
    }
    let first = random.below(ATTACHMENTS.len());
    (0..=random.below(3))
        .map(|place| {
            let (name, content_type) = ATTACHMENTS[(first + place) % ATTACHMENTS.len()];
            json!({
                "id": guid(random.next()),
                "name": name,
                "contentType": content_type,
                "size": random.between(200, 40_000),
                "lastModifiedDateTime": stamp(changed),
            })
        })
        .collect()
}
